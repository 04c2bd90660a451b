"""One step: what moves, by how much, and what is left behind."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from textkind.data.labels import LabelSet  # noqa: E402
from textkind.errors import TrainingError  # noqa: E402
from textkind.progress import SILENT  # noqa: E402
from textkind.training.fit import Examples  # noqa: E402
from textkind.training.losses import disagreement, text_losses  # noqa: E402
from textkind.training.processes import Processes  # noqa: E402
from textkind.training.settings import TrainingSettings  # noqa: E402
from textkind.training.steps import (  # noqa: E402
    Standing,
    _passes_losses,
    take_step,
    training_steps,
)
from textkind.training.tasks import make_task  # noqa: E402

CPU = torch.device("cpu")


def task_of(network, examples, labels, **changes):
    settings = TrainingSettings(precision="float32", **changes)
    return make_task(network, examples, labels, settings, Processes(), CPU, 0, SILENT)


def weights(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def assert_same(one, other, tolerance=0.0):
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, other[name], atol=tolerance, rtol=0)


@pytest.mark.parametrize(
    "changes",
    [{}, {"imbalance": "weights"}, {"optimizer": "sgd"}, {"head": "sigmoid"}, {"clip": 0.01}],
)
def test_a_step_of_two_batches_is_one_of_both(tiny, examples_of, labels, changes):
    found, expected = tiny(), tiny()
    one, other = (
        task_of(network, examples_of(), labels, learning_rate=0.1, **changes)
        for network in (found, expected)
    )
    standings = Standing(), Standing()
    for begin in range(0, 120, 40):
        rows = np.arange(begin, begin + 40)
        in_parts = take_step(one, [rows[:11], rows[11:]], 0.1, standings[0])
        at_once = take_step(other, [rows], 0.1, standings[1])
        assert in_parts.loss == pytest.approx(at_once.loss, rel=1e-5)
        assert in_parts.gradient == pytest.approx(at_once.gradient, rel=1e-5)
        assert (in_parts.texts, in_parts.tokens) == (at_once.texts, at_once.tokens)
    assert_same(weights(found), weights(expected), 1e-5)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_steps_through_the_loop_are_torchs_own_where_every_row_is_used(
    tiny, tokens_of, labels, optimizer
):
    random = np.random.default_rng(0)
    rows = [random.permutation(40).tolist()[: 40 if n == 0 else 7] for n in range(12)]
    examples = Examples(tokens_of(rows), random.integers(0, 3, 12).astype(np.int32))
    lazy, whole = tiny(), tiny()
    task = task_of(lazy, examples, labels, optimizer=optimizer, weight_decay=0.0, clip=0.5)
    theirs = (
        torch.optim.AdamW(whole.parameters(), lr=0.05, weight_decay=0)
        if optimizer == "adamw"
        else torch.optim.SGD(whole.parameters(), lr=0.05, momentum=0.9)
    )
    standing = Standing()
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.arange(longest) < torch.tensor([[len(row)] for row in rows])
    for _ in range(10):
        taken = take_step(task, [np.arange(12)], 0.05, standing)
        theirs.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            whole(ids, mask), torch.from_numpy(examples.targets).long()
        )
        loss.backward()
        length = torch.nn.utils.clip_grad_norm_(whole.parameters(), 0.5)
        theirs.step()
        assert taken.loss == pytest.approx(loss.item(), rel=1e-5)
        assert taken.gradient == pytest.approx(float(length), rel=1e-5)
    assert_same(weights(lazy), weights(whole), 2e-6)


def test_only_matrices_decay(tiny, examples_of, labels):
    found, plain = tiny(), tiny()
    rows = [np.arange(50)]
    take_step(task_of(found, examples_of(), labels, weight_decay=0.5), rows, 0.1, Standing())
    take_step(task_of(plain, examples_of(), labels, weight_decay=0.0), rows, 0.1, Standing())
    assert torch.equal(found.head.bias, plain.head.bias)
    assert torch.equal(found.embedding.weight, plain.embedding.weight)
    moved = plain.head.weight - 0.1 * 0.5 * tiny().head.weight
    torch.testing.assert_close(found.head.weight.detach(), moved.detach(), atol=1e-6, rtol=0)


def test_token_rate_0_leaves_the_tables_as_they_are(tiny, examples_of, labels):
    network = tiny()
    task = task_of(network, examples_of(), labels, token_rate=0.0)
    take_step(task, [np.arange(50)], 0.1, Standing())
    assert torch.equal(network.embedding.weight, tiny().embedding.weight)
    assert not torch.equal(network.head.weight, tiny().head.weight)


class Unsteady(torch.nn.Module):
    """A network whose logits are not a number in some of its training steps."""

    token_tables = ("embedding.weight",)

    def __init__(self, inner, bad, value=math.nan):
        super().__init__()
        self.inner, self.embedding = inner, inner.embedding
        self.bad, self.value, self.calls = bad, value, 0

    def forward(self, input_ids, attention_mask):
        logits = self.inner(input_ids, attention_mask)
        if not self.training:
            return logits
        self.calls += 1
        return logits * self.value if self.calls in self.bad else logits


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_step_that_is_not_finite_moves_nothing_and_halves_the_rate(
    tiny, examples_of, labels, value
):
    network = Unsteady(tiny(), {2, 4}, value)
    task = task_of(
        network, examples_of(), labels, schedule="constant", warmup=0.0, learning_rate=0.1,
        batch_texts=16, epochs=1,
    )  # fmt: skip
    before, rates, skipped, seen = weights(network), [], [], []
    moments = [moment.clone() for moment in task.tables[0].moments]
    for step in training_steps(task, Standing()):
        now = weights(network)
        seen.append(all(torch.equal(before[name], now[name]) for name in now))
        if step.skipped:
            for one, other in zip(task.tables[0].moments, moments, strict=True):
                assert torch.equal(one, other)
        moments = [moment.clone() for moment in task.tables[0].moments]
        before = now
        rates.append(step.rate)
        skipped.append(step.skipped)
    assert skipped[:6] == [False, True, False, True, False, False]
    assert seen == skipped
    np.testing.assert_allclose(rates[:6], [0.1, 0.1, 0.05, 0.05, 0.025, 0.025])


def test_five_steps_in_a_row_that_are_not_finite_end_the_training(tiny, examples_of, labels):
    network = Unsteady(tiny(), set(range(4, 100)))
    task = task_of(network, examples_of(), labels, batch_texts=8)
    steps = []
    with pytest.raises(TrainingError, match="5 steps in a row") as caught:
        steps.extend(step.skipped for step in training_steps(task, Standing()))
    assert steps == [False] * 3 + [True] * 4
    assert "--learning-rate" in caught.value.hint
    assert math.isnan(caught.value.found)


def test_four_in_a_row_do_not_and_the_count_begins_anew(tiny, examples_of, labels):
    network = Unsteady(tiny(), {2, 3, 4, 5, 7, 8, 9, 10})
    task = task_of(network, examples_of(), labels, batch_texts=8, epochs=1)
    standing = Standing()
    skipped = [step.skipped for step in training_steps(task, standing)]
    assert sum(skipped) == 8
    assert standing.updates == len(skipped) - 8
    assert standing.slowdown == 2.0**-8


@pytest.mark.parametrize("error", [RuntimeError("broken"), MemoryError(), KeyboardInterrupt()])
def test_tables_are_whole_again_after_an_error_in_the_network(
    tiny, examples_of, labels, monkeypatch, error
):
    network = tiny()
    task = task_of(network, examples_of(), labels)
    table = network.embedding.weight

    def fail(x):
        assert network.embedding.weight is not table
        raise error

    monkeypatch.setattr(network.head, "forward", fail)
    kind = TrainingError if isinstance(error, MemoryError) else type(error)
    with pytest.raises(kind):
        take_step(task, [np.arange(5)], 0.1, Standing())
    assert network.embedding.weight is table
    assert table.grad is None
    assert all(parameter.grad is None for parameter in network.parameters())


def test_steps_tell_where_the_training_is(tiny, examples_of, labels):
    task = task_of(tiny(), examples_of(), labels, batch_texts=16, epochs=3, step_texts=20)
    steps = list(training_steps(task, Standing()))
    ends = [step.number for step in steps if step.ends_epoch]
    assert len(ends) == 3
    assert ends[-1] == len(steps)
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert [step.epoch for step in steps] == sorted(step.epoch for step in steps)
    progress = [step.progress for step in steps]
    assert progress == sorted(progress)
    assert progress[-1] == pytest.approx(1)
    for epoch in range(3):
        assert sum(step.texts for step in steps if step.epoch == epoch) == 120
    assert all(0 < step.tokens <= step.positions for step in steps)
    assert all(step.rate > 0 for step in steps)


@pytest.mark.parametrize("step_texts", [1, 16, 20, 40, 1000])
def test_a_step_has_the_texts_that_are_asked_for(tiny, examples_of, labels, step_texts):
    asked = {"batch_texts": 16, "epochs": 1, "step_texts": step_texts}
    steps = list(training_steps(task_of(tiny(), examples_of(), labels, **asked), Standing()))
    assert sum(step.texts for step in steps) == 120
    assert all(step_texts <= step.texts < step_texts + 16 for step in steps[:-1])


def test_progress_of_a_training_with_a_budget_never_passes_its_end(tiny, examples_of, labels):
    task = task_of(tiny(), examples_of(), labels, batch_texts=16, epochs=2, budget=1e-9)
    assert max(step.progress for step in training_steps(task, Standing())) <= 1


def test_a_training_of_one_text_has_one_step_an_epoch(tiny, tokens_of, labels):
    examples = Examples(tokens_of([[1]]), np.zeros(1, np.int32))
    task = task_of(tiny(), examples, labels, epochs=1)
    assert len(list(training_steps(task, Standing()))) == 1


def test_texts_that_are_all_empty_are_learned_from_as_well(tiny, tokens_of):
    examples = Examples(tokens_of([[], [], []]), np.array([0, 1, 1], np.int32))
    task = task_of(tiny(outputs=1), examples, LabelSet(("a", "b")), epochs=2)
    assert all(math.isfinite(step.loss) for step in training_steps(task, Standing()))


def test_two_passes_are_judged_together_and_by_how_far_they_disagree(tiny, examples_of, labels):
    rows = np.arange(12)
    plain = task_of(tiny(), examples_of(), labels)
    same = task_of(tiny(), examples_of(), labels, consistency=5.0)  # nothing is dropped in it
    alike = [take_step(task, [rows], 0.1, Standing()) for task in (plain, same)]
    assert alike[0].loss == pytest.approx(alike[1].loss, rel=1e-6)
    assert alike[0].gradient == pytest.approx(alike[1].gradient, rel=1e-5)
    passes = [torch.zeros(3, 3), torch.tensor([[5.0, 0, 0], [0, 0, 0], [0, 5, 0]])]
    gold = torch.tensor([0, 1, 2])
    found = _passes_losses(same.loss, passes, gold)
    mean = sum(text_losses(same.loss, logits, gold) for logits in passes) / 2
    apart = 5.0 * disagreement(same.loss, *passes)
    torch.testing.assert_close(found, mean + apart)
    assert (apart > 0).tolist() == [True, False, True]
