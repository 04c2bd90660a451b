"""The whole training: it learns, stops where it should, and leaves nothing behind."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from textkind.data.labels import LabelSet  # noqa: E402
from textkind.errors import TrainingError  # noqa: E402
from textkind.progress import Talk  # noqa: E402
from textkind.training import fit  # noqa: E402
from textkind.training.fit import Examples, fit_network  # noqa: E402
from textkind.training.forward import network_outputs  # noqa: E402
from textkind.training.losses import head_of, logits_of, outputs_of  # noqa: E402
from textkind.training.settings import TrainingSettings  # noqa: E402

QUICK = {"precision": "float32", "learning_rate": 0.05, "batch_texts": 16, "epochs": 8}


class Remembering(Talk):
    def __init__(self):
        self.notes, self.advances = [], []

    def note(self, message):
        self.notes.append(message)

    def advance(self, done, total, detail=""):
        self.advances.append((done, total, detail))


def state_of(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def is_same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize(
    ("names", "several", "head"),
    [
        ("ab", False, "auto"),
        ("ab", False, "softmax"),
        ("ab", False, "sigmoid"),
        ("abc", False, "auto"),
        ("abc", False, "sigmoid"),
        ("abc", True, "auto"),
    ],
)
def test_every_head_learns_the_toy_task(tiny, examples_of, names, several, head, optimizer):
    labels = LabelSet(tuple(names), several)
    train, held_out = (examples_of(200, len(names), seed=n, several=several) for n in (0, 1))
    outputs = outputs_of(head_of(labels, head), len(labels))
    network = tiny(outputs=outputs, dropout=0.1)
    rate = 0.05 if optimizer == "adamw" else 1.0
    settings = TrainingSettings(
        **QUICK | {"head": head, "optimizer": optimizer, "learning_rate": rate, "epochs": 15}
    )
    trained = fit_network(network, train, held_out, labels, settings)
    assert trained.validation_logits.shape == (200, len(names))
    assert trained.validation_logits.dtype == np.float32
    found = trained.validation_logits > 0 if several else trained.validation_logits.argmax(axis=1)
    assert (found == held_out.targets).mean() > 0.95
    assert trained.facts["best"]["accuracy"] > 0.9
    computed = logits_of(head_of(labels, head), network_outputs(network, held_out.tokens, outputs))
    np.testing.assert_array_equal(trained.validation_logits, computed)
    assert not network.training


@pytest.mark.parametrize("imbalance", ["none", "sampling"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(
    tiny, examples_of, labels, imbalance
):
    settings = TrainingSettings(**QUICK | {"epochs": 3, "imbalance": imbalance})
    states = []
    for seed in (4, 4, 5):
        network = tiny(dropout=0.3)
        fit_network(network, examples_of(), examples_of(60, seed=1), labels, settings, seed=seed)
        states.append(state_of(network))
        torch.rand(3)
        np.random.rand(3)  # noqa: NPY002 - the global state must not matter
    assert is_same(states[0], states[1])
    assert not is_same(states[0], states[2])


def test_global_random_states_are_left_alone(tiny, examples_of, labels):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    fit_network(
        tiny(dropout=0.3), examples_of(), None, labels, TrainingSettings(**QUICK | {"epochs": 1})
    )
    fit_network(
        tiny(), examples_of(), None, labels,
        TrainingSettings(**QUICK | {"epochs": 1, "precision": "auto", "imbalance": "sampling"}),
    )  # fmt: skip
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


def scripted(monkeypatch, log_losses):
    """Validation whose figures are told instead of computed."""
    left = iter(log_losses)

    def figures(logits, targets):
        return {"log_loss": next(left), "accuracy": 0.5, "macro_f1": 0.5}

    monkeypatch.setattr(fit, "validation_figures", figures)


def test_training_ends_when_validation_gains_no_more_with_the_best_weights(
    tiny, examples_of, labels, monkeypatch
):
    scripted(monkeypatch, [0.9, 0.8, 0.85, 0.8, 0.95, 0.1])
    states = []
    network = tiny()

    class Watch(Talk):
        def advance(self, done, total, detail=""):
            states.append(state_of(network))

    settings = TrainingSettings(**QUICK | {"patience": 3, "epochs": 20})
    trained = fit_network(
        network, examples_of(), examples_of(60, seed=1), labels, settings, talk=Watch()
    )
    facts = trained.facts
    assert facts["ended"] == "validation gained no more"
    assert facts["epochs"] == len(facts["history"]) == 5
    assert facts["best"]["epoch"] == 2
    assert facts["best"]["log_loss"] == 0.8
    assert is_same(state_of(network), states[facts["best"]["step"] - 1])


def test_without_validation_the_last_weights_stay(tiny, examples_of, labels):
    network = tiny()
    states = []

    class Watch(Talk):
        def advance(self, done, total, detail=""):
            states.append(state_of(network))

    settings = TrainingSettings(**QUICK | {"epochs": 2})
    trained = fit_network(network, examples_of(), None, labels, settings, talk=Watch())
    assert trained.validation_logits is None
    assert trained.facts["best"] is None
    assert trained.facts["epochs"] == 2
    assert trained.facts["ended"] == "the epochs were over"
    assert is_same(state_of(network), states[-1])


@pytest.mark.parametrize("has_validation", [True, False])
def test_a_spent_budget_ends_with_a_model_and_its_figures(
    tiny, examples_of, labels, has_validation
):
    settings = TrainingSettings(**QUICK | {"epochs": 50, "budget": 1e-9})
    held_out = examples_of(60, seed=1) if has_validation else None
    network = tiny()
    trained = fit_network(network, examples_of(), held_out, labels, settings)
    assert trained.facts["ended"] == "the time was spent"
    assert trained.facts["steps"] == 1
    assert trained.facts["epochs"] <= 1
    assert not is_same(state_of(network), state_of(tiny()))
    if has_validation:
        assert trained.facts["best"]["step"] == 1
        assert len(trained.facts["history"]) == 1
        assert np.isfinite(trained.validation_logits).all()


def test_a_label_that_validation_or_training_lacks_does_no_harm(tiny, examples_of, labels):
    def without(examples, label):
        kept = np.flatnonzero(examples.targets != label)
        lists = [
            examples.tokens.ids[slice(*examples.tokens.offsets[row : row + 2])] for row in kept
        ]
        offsets = np.concatenate(([0], np.cumsum([len(one) for one in lists])))
        kind = type(examples.tokens)
        return Examples(kind(np.concatenate(lists), offsets), examples.targets[kept])

    whole, other = examples_of(), examples_of(60, seed=1)
    settings = TrainingSettings(**QUICK | {"epochs": 3, "imbalance": "weights"})
    for train, held_out in ((whole, without(other, 1)), (without(whole, 2), other)):
        trained = fit_network(tiny(), train, held_out, labels, settings)
        assert all(math.isfinite(trained.facts["best"][name]) for name in ("log_loss", "macro_f1"))


class Unsteady(torch.nn.Module):
    token_tables = ("embedding.weight",)

    def __init__(self, inner, bad):
        super().__init__()
        self.inner, self.embedding, self.bad, self.calls = inner, inner.embedding, bad, 0

    def forward(self, input_ids, attention_mask):
        logits = self.inner(input_ids, attention_mask)
        if self.training:
            self.calls += 1
            return logits * math.nan if self.calls in self.bad else logits
        return logits


def test_a_step_that_is_not_finite_is_told_once_and_counted(tiny, examples_of, labels):
    talk = Remembering()
    settings = TrainingSettings(**QUICK | {"epochs": 2})
    network = Unsteady(tiny(), {3, 6})
    trained = fit_network(network, examples_of(), None, labels, settings, talk=talk)
    assert trained.facts["steps_skipped"] == 2
    told = [note for note in talk.notes if "not finite" in note]
    assert [note.split(":")[0] for note in told] == ["step 3", "step 6"]
    assert all("halved" in note for note in told)


def test_a_network_that_never_is_finite_ends_in_our_error(tiny, examples_of, labels):
    network = Unsteady(tiny(), range(100))
    with pytest.raises(TrainingError, match="in a row") as caught:
        fit_network(network, examples_of(), None, labels, TrainingSettings(**QUICK))
    assert "--learning-rate" in str(caught.value)


def test_a_network_that_is_not_finite_on_validation_still_ends(tiny, examples_of, labels):
    network = tiny()
    plain = network.forward
    network.forward = lambda ids, mask: plain(ids, mask) * (1 if network.training else math.nan)
    settings = TrainingSettings(**QUICK | {"epochs": 2})
    trained = fit_network(network, examples_of(), examples_of(60, seed=1), labels, settings)
    assert trained.facts["best"]["log_loss"] == pytest.approx(math.log(3))


def test_progress_is_told_from_the_first_step_to_the_whole(tiny, examples_of, labels):
    talk = Remembering()
    settings = TrainingSettings(**QUICK | {"epochs": 2})
    trained = fit_network(tiny(), examples_of(), None, labels, settings, talk=talk)
    assert len(talk.advances) == trained.facts["steps"]
    done = [advance[0] for advance in talk.advances]
    assert done == sorted(done)
    assert done[-1] == talk.advances[-1][1]
    assert "epoch 2, loss" in talk.advances[-1][2]


def test_facts_are_json(tiny, examples_of, labels):
    import json

    settings = TrainingSettings(**QUICK | {"epochs": 2})
    trained = fit_network(tiny(), examples_of(), examples_of(60, seed=1), labels, settings)
    assert json.loads(json.dumps(trained.facts, allow_nan=False)) == trained.facts
    assert trained.facts["parameters"] == 40 * 8 + 8 * 3 + 3
