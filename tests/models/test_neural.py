"""fit_neural: what it adds to the training of a network on tokens."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")

from textkind.data.corpus import Corpus  # noqa: E402
from textkind.data.labels import LabelSet  # noqa: E402
from textkind.errors import DataError, TrainingError  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.settings import (  # noqa: E402
    CnnSettings,
    MeanPoolSettings,
    TransformerSettings,
)
from textkind.models.networks.windows import plain_network  # noqa: E402
from textkind.models.neural import fit_neural, joined, trained_again  # noqa: E402
from textkind.models.neural_settings import NeuralSettings, settings_of_json  # noqa: E402
from textkind.progress import Talk  # noqa: E402
from textkind.training import memory, steps  # noqa: E402
from textkind.training.settings import Places, TrainingSettings  # noqa: E402

TRAINING = TrainingSettings(
    epochs=4, learning_rate=0.05, batch_texts=16, patience=9, precision="float32"
)
CNN = NeuralSettings(layers=CnnSettings(width=6, windows=(1, 2), filters=4), training=TRAINING)
MEAN = NeuralSettings(layers=MeanPoolSettings(width=6), training=TRAINING)
WORDS = {"a": ["cat", "dog"], "b": ["red", "blue"], "c": ["bread", "rice"]}


class Remembering(Talk):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def corpus(texts, targets, names="abc", several=False):
    return Corpus(
        pa.array(texts, pa.large_string()),
        np.array(targets, np.uint8 if several else np.int32),
        LabelSet(tuple(names), several),
        np.arange(len(texts), dtype=np.int64),
    )


def toy(rows=60, seed=0, names="abc"):
    random = np.random.default_rng(seed)
    targets = random.integers(0, len(names), rows)
    texts = [
        " ".join([*random.choice(WORDS[names[k]], 2), *random.choice(["the", "of", "so"], 3)])
        for k in targets
    ]
    return corpus(texts, targets, names)


def train(settings=MEAN, rows=None, validation=None, **options):
    return fit_neural(toy() if rows is None else rows, validation, settings, threads=1, **options)


def state(fit):
    return {name: tensor.clone() for name, tensor in fit.model.network.state_dict().items()}


def is_same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_without_validation_there_are_no_validation_logits_and_no_best():
    for validation in (None, toy(0)):
        fit = train(validation=validation)
        assert fit.validation_logits is None
        assert fit.model.facts["best"] is None
        assert fit.model.facts["epochs"] == TRAINING.epochs


def test_validation_logits_are_those_of_the_model():
    held_out = toy(40, seed=1)
    fit = train(validation=held_out)
    assert fit.validation_logits.shape == (40, 3)
    np.testing.assert_array_equal(fit.validation_logits, fit.model.logits(held_out.texts, 1))


def test_refit_trains_on_both_parts_for_as_many_epochs_as_were_best():
    talk, held_out = Remembering(), toy(30, seed=1)
    once = train(validation=held_out)
    twice = train(replace(MEAN, refit=True), validation=held_out, talk=talk)
    epochs = once.model.facts["best"]["epoch"]
    assert any(f"on train and validation, {epochs} epochs" in note for note in talk.notes)
    by_hand = train(
        replace(MEAN, training=replace(TRAINING, epochs=epochs)), joined(toy(), held_out)
    )
    assert is_same(state(twice), state(by_hand))
    np.testing.assert_array_equal(twice.validation_logits, once.validation_logits)
    facts = twice.model.facts
    assert (facts["texts"], facts["refit"]["epochs"]) == (90, epochs)
    assert facts["best"] == once.model.facts["best"]


def test_the_facts_are_json_and_hold_the_settings():
    settings = replace(MEAN, max_tokens=7)
    facts = train(settings, validation=toy(20, seed=1)).model.facts
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert settings_of_json(facts["settings"]) == settings
    assert (facts["texts"], facts["tokens"], facts["vocabulary"]) == (60, 60 * 5, 2 + 6 + 3)


def test_a_label_that_validation_or_training_lacks_is_known_all_the_same():
    rows, held_out = toy(), toy(30, seed=1)
    kept = [np.flatnonzero(part.targets != 2) for part in (rows, held_out)]
    for train_rows, others in (
        (rows, held_out.take(kept[1])),
        (rows.take(kept[0]), held_out),
    ):
        fit = train(rows=train_rows, validation=others)
        assert fit.validation_logits.shape == (len(others), 3)
        assert np.isfinite(fit.validation_logits).all()


def test_texts_without_a_token_are_told_for_each_part_and_get_finite_logits():
    talk = Remembering()
    rows = corpus(["cat", "", " \n", "red blue"], [0, 1, 2, 1])
    fit = train(CNN, rows, corpus(["", "dog"], [0, 0]), talk=talk)
    told = [note for note in talk.notes if "no token" in note]
    assert told == [
        "2 of 4 training texts have no token",
        "1 of 2 validation texts have no token",
    ]
    assert np.isfinite(fit.model.logits(pa.array([""], pa.large_string()), 1)).all()


def test_a_cut_is_told_with_the_share_that_is_not_read():
    talk = Remembering()
    rows = corpus(["cat " * 100_000, "red blue", "bread"], [0, 1, 2])
    fit = train(replace(CNN, max_tokens=512, long=LongSettings("head")), rows, talk=talk)
    share = (100_000 - 512) / 100_003
    assert talk.notes[0] == (
        "1 of 3 training texts are not read whole: 99,488 of 100,003 tokens, "
        f"{share:.1%}, are left out"
    )
    assert fit.model.facts["tokens"] == 512 + 3
    long, cut = (pa.array(["cat " * n], pa.large_string()) for n in (100_000, 512))
    np.testing.assert_array_equal(fit.model.logits(long, 1), fit.model.logits(cut, 1))


TRANSFORMER = NeuralSettings(layers=TransformerSettings(longest=16))


@pytest.mark.parametrize(
    ("settings", "most"),
    [
        (MEAN, None),
        (replace(MEAN, max_tokens=9), 9),
        (replace(MEAN, max_tokens=9, long=LongSettings("native")), None),
        (TRANSFORMER, 16),
        (replace(TRANSFORMER, max_tokens=9), 9),
        (replace(TRANSFORMER, max_tokens=9, long=LongSettings("native")), 16),
    ],
)
def test_no_more_tokens_are_read_at_once_than_the_network_has_positions_for(settings, most):
    assert settings.tokens_at_once == most


@pytest.mark.parametrize("strategy", ["auto", "head-tail", "windows", "retrieve", "native"])
def test_where_no_text_is_too_long_training_comes_to_the_same_bits_by_every_strategy(strategy):
    settings = replace(CNN, max_tokens=8)
    head = train(replace(settings, long=LongSettings("head")), validation=toy(20, seed=1))
    talk = Remembering()
    fit = train(
        replace(settings, long=LongSettings(strategy)), validation=toy(20, seed=1), talk=talk
    )
    inner = plain_network(fit.model.network).state_dict()
    assert is_same(inner, state(head))
    np.testing.assert_array_equal(fit.validation_logits, head.validation_logits)
    assert talk.notes == []
    assert all(part["texts_cut"] == 0 for part in fit.model.facts["long"]["parts"].values())


def test_the_ledger_of_training_and_validation_is_in_the_facts():
    rows, held_out = (corpus(["cat " * n for n in lengths], [0] * 3) for lengths in
                      ((3, 9, 20), (30, 1, 0)))  # fmt: skip
    long = LongSettings("head-tail")
    facts = train(replace(CNN, max_tokens=8, long=long), rows, held_out).model.facts["long"]
    assert facts["parts"] == {
        "train": {"texts": 3, "texts_cut": 2, "tokens": 32, "tokens_unread": 13},
        "validation": {"texts": 3, "texts_cut": 1, "tokens": 31, "tokens_unread": 22},
    }


def test_the_second_training_of_a_refit_reads_as_auto_chose_for_the_first():
    rows, held_out = toy(), corpus(["cat " * 500, "red"], [0, 1])
    settings = replace(CNN, max_tokens=8, refit=True)
    talk = Remembering()
    fit = train(settings, rows, held_out, talk=talk)  # with validation auto would choose windows
    assert fit.model.reading.long.strategy == "head"
    assert fit.model.network is plain_network(fit.model.network)
    assert any("training texts are not read whole" in note for note in talk.notes)


@pytest.mark.parametrize("settings", [MEAN, CNN])
def test_a_vocabulary_of_one_word_trains(settings):
    fit = train(settings, corpus(["word", "word word", ""], [0, 1, 2]))
    assert fit.model.encoder.size == 3
    assert np.isfinite(fit.model.logits(pa.array(["word", "other"], pa.large_string()), 1)).all()


def test_no_text_is_our_error_and_no_endless_loop():
    for validation in (None, toy(20)):
        with pytest.raises(DataError, match="no text to train on"):
            train(rows=toy(0), validation=validation)


def test_two_labels_have_one_logit_of_the_network_and_two_of_the_model():
    fit = train(rows=toy(names="ab"), validation=toy(20, 1, "ab"))
    assert fit.model.head == "binary"
    assert fit.model.network.head.out_features == 1
    logits = fit.model.logits(toy(8, 2, "ab").texts, 1)
    assert logits.shape == (8, 2)


def test_several_labels_train_with_texts_that_have_none_of_them():
    rows = toy()
    targets = np.eye(3, dtype=np.uint8)[rows.targets]
    targets[::5] = 0
    fit = train(rows=replace(rows, targets=targets, labels=LabelSet(("a", "b", "c"), True)))
    assert fit.model.head == "sigmoid"
    assert fit.model.logits(rows.texts, 1).shape == (60, 3)


def test_vectors_are_what_the_head_reads():
    model = train(replace(CNN, max_tokens=3)).model
    texts = pa.array(["cat dog", "", "red blue so the of"], pa.large_string())
    vectors = model.vectors(texts, 1)
    assert vectors.shape == (3, model.network.vector_width)
    logits = model.network.head(torch.from_numpy(vectors)).detach().numpy()
    np.testing.assert_allclose(logits, model.logits(texts, 1), atol=1e-6)
    both = model.logits_and_vectors(texts, 1)
    np.testing.assert_array_equal(both[0], model.logits(texts, 1))
    np.testing.assert_array_equal(both[1], vectors)


def test_too_little_memory_is_told_with_what_it_takes_and_the_settings_to_lower(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    with pytest.raises(TrainingError, match="a table of 11 tokens by 6 numbers") as caught:
        train()
    assert "--vocabulary-limit" in str(caught.value)
    assert "--width" in str(caught.value)


def test_tables_are_whole_again_where_memory_runs_out_while_they_are_lent(monkeypatch):
    lend, tasks = steps.lend_rows, []

    def lend_one(tables, rows):
        tasks.append(tables)
        lend(tables[:1], rows)
        assert tables[0].owner.weight is not tables[0].whole
        raise MemoryError

    monkeypatch.setattr(steps, "lend_rows", lend_one)
    with pytest.raises(TrainingError, match="memory ran out") as caught:
        train(replace(CNN, layers=replace(CNN.layers, channels="two")))
    assert "--batch-tokens" in str(caught.value)
    [tables] = tasks
    assert [table.owner.weight is table.whole for table in tables] == [True, True]


def test_a_checkpoint_of_another_network_is_refused_by_name(tmp_path):
    places = Places(checkpoints=tmp_path)
    train(replace(CNN, places=places))
    with pytest.raises(TrainingError, match="of another training") as caught:
        train(replace(MEAN, places=places))
    assert str(tmp_path) in str(caught.value)
    assert "--checkpoints" in str(caught.value)


@pytest.mark.parametrize("has_validation", [True, False])
def test_a_training_whose_budget_was_spent_ends_at_once_when_it_is_run_again(
    has_validation, tmp_path
):
    settings = replace(
        CNN, training=replace(TRAINING, budget=1e-9), places=Places(checkpoints=tmp_path)
    )
    held_out = toy(20, seed=1) if has_validation else None
    first, again = (train(settings, validation=held_out) for _ in range(2))
    assert first.model.facts["ended"] == again.model.facts["ended"] == "the time was spent"
    assert first.model.facts["steps"] == again.model.facts["steps"] == 1
    assert is_same(state(first), state(again))
    if has_validation:
        assert first.model.facts["best"] == again.model.facts["best"]
        np.testing.assert_array_equal(first.validation_logits, again.validation_logits)


def test_refit_keeps_what_it_writes_beside_that_of_the_first_training(tmp_path):
    places = Places(checkpoints=tmp_path / "kept", steps=tmp_path / "steps.jsonl")
    settings = replace(MEAN, refit=True, places=places)
    first, again = (train(settings, validation=toy(20, seed=1)) for _ in range(2))
    assert list((tmp_path / "kept").glob("step-*.safetensors"))
    assert list((tmp_path / "kept" / "refit").glob("step-*.safetensors"))
    assert (tmp_path / "steps.jsonl").stat().st_size > 0
    assert (tmp_path / "steps-refit.jsonl").stat().st_size > 0
    assert is_same(state(first), state(again))


@pytest.mark.parametrize("has_validation", [True, False])
def test_a_training_that_diverges_in_its_last_steps_is_told(has_validation):
    huge = replace(TRAINING, epochs=1, learning_rate=1e30, batch_texts=64, warmup=0.0)
    held_out = toy(20, seed=1) if has_validation else None
    with pytest.raises(TrainingError, match="diverged") as caught:
        train(replace(CNN, training=huge), validation=held_out)
    assert "--learning-rate" in str(caught.value)


def test_a_budget_ends_with_the_best_model_and_no_refit_beyond_its_epochs():
    settings = replace(MEAN, training=replace(TRAINING, epochs=1000, budget=1e-9))
    fit = train(settings, validation=toy(20, seed=1))
    assert fit.model.facts["ended"] == "the time was spent"
    assert fit.model.facts["best"]["step"] == fit.model.facts["steps"] == 1
    np.testing.assert_array_equal(fit.validation_logits, fit.model.logits(toy(20, seed=1).texts, 1))


class TickingClock:
    """Every look at it is a second later."""

    def __init__(self):
        self.seconds = 0

    def monotonic(self):
        self.seconds += 1
        return self.seconds


@pytest.mark.parametrize(("seconds", "steps_taken"), [(2, 3), (5, 8)])
def test_a_refit_has_the_time_of_the_first_training_by_its_texts(
    monkeypatch, tmp_path, seconds, steps_taken
):
    """60 and 30 texts, 16 in a step, of which each takes a second."""
    monkeypatch.setattr(steps, "time", TickingClock())
    settings = replace(
        MEAN,
        refit=True,
        training=replace(TRAINING, budget=seconds / 60),
        places=Places(steps=tmp_path / "steps.jsonl"),
    )
    talk = Remembering()
    facts = train(settings, validation=toy(30, seed=1), talk=talk).model.facts
    assert facts["steps"] == seconds
    assert facts["refit"]["steps"] == steps_taken
    assert facts["refit"]["ended"] == "the time was spent"
    assert any("minutes at most" in note for note in talk.notes)
    written = (tmp_path / "steps-refit.jsonl").read_text().splitlines()
    rates = [json.loads(line)["rate"] for line in written]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < rates[0] / 2  # the schedule ends with the time


def test_a_network_is_trained_again_as_a_refit_would():
    held_out = toy(30, seed=1)
    once = train(validation=held_out)
    whole = train(replace(MEAN, refit=True), validation=held_out)
    again = trained_again(once.model, toy(), held_out, replace(MEAN, refit=True), threads=1)
    assert is_same(state(whole), dict(again.network.state_dict()))
    timed = {"training_seconds", "history"}
    assert again.facts.keys() == whole.model.facts.keys()
    assert again.facts["settings"] == whole.model.facts["settings"]
    for name in again.facts.keys() - timed - {"refit"}:
        assert again.facts[name] == whole.model.facts[name]
