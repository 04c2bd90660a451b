"""The contract of every model: what holds for one member of the ladder holds for all."""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision, probabilities
from textkind.errors import ModelFolderError, TextkindError
from textkind.models.linear import LinearModel, fit_linear
from textkind.models.settings import LinearSettings


@dataclass(frozen=True)
class Member:
    """One model of the contract: how to fit it, and with which settings."""

    settings: dict[str, Any] = field(default_factory=dict)
    fit: Any = fit_linear
    kind: type = LinearModel
    make_settings: type = LinearSettings


FIXED = {"features": "words", "strength": 1.0, "naive_bayes": False}
MEMBERS = {
    "linear words": Member(FIXED),
    "linear characters": Member(FIXED | {"features": "characters"}),
    "linear across borders": Member(FIXED | {"features": "characters", "word_borders": False}),
    "linear both": Member(FIXED | {"features": "both", "word_ngrams": (1, 3)}),
    "linear naive bayes": Member(FIXED | {"naive_bayes": True}),
    "linear logistic": Member(FIXED | {"objective": "logistic"}),
    "linear multinomial": Member(FIXED | {"objective": "multinomial", "strength": 10.0}),
    "linear sgd": Member(FIXED | {"objective": "multinomial", "solver": "sgd", "strength": 10.0}),
    "linear balanced": Member(FIXED | {"class_weight": "balanced"}),
    "linear chosen": Member(),
}
ONE_LABEL = list(MEMBERS)
SEVERAL = ["linear words", "linear characters", "linear both", "linear logistic", "linear chosen"]
ODD_TEXTS = [
    "",
    " ",
    "\n\t\r",
    "\u0000",
    "a",
    "\U0010ffff\ue000",
    "🙂" * 500,
    "e\u0301" * 50,
    "\u202eright to left\u202c",
    "日本語のテキスト",
    "word " * 20_000,
    "x" * 200_000,
    "<script>alert(1)</script>",
    "A\u2028B\x85C",
]
TOPICS = {
    "animals": ["cat", "dog", "horse", "sheep", "goat"],
    "colors": ["red", "green", "blue", "yellow", "violet"],
    "foods": ["bread", "cheese", "apple", "rice", "soup"],
}


def toy(rows: int, labels: int = 3, several: bool = False, seed: int = 0) -> Corpus:
    """Short texts whose words give their label away, among words that say nothing."""
    generator = np.random.default_rng(seed)
    names = tuple(sorted(TOPICS)[:labels])
    texts, targets = [], []
    for _ in range(rows):
        member = generator.random(labels) < 0.5
        if not several or not member.any():
            member = np.zeros(labels, bool)
            member[generator.integers(labels)] = True
        words = [str(generator.choice(TOPICS[names[k]])) for k in np.flatnonzero(member)] * 2
        words += generator.choice(["the", "of", "and", "so", "now", "here"], 4).tolist()
        generator.shuffle(words)
        texts.append(" ".join(words))
        targets.append(member.astype(np.uint8) if several else int(member.argmax()))
    return Corpus(
        pa.array(texts, pa.large_string()),
        np.array(targets, np.uint8 if several else np.int32),
        LabelSet(names, several),
        np.arange(rows, dtype=np.int64),
    )


def fit(name: str, train: Corpus, seed: int = 0, threads: int | None = None, **changed: Any) -> Any:
    member = MEMBERS[name]
    settings = member.make_settings(**(member.settings | changed))
    validation = toy(60, len(train.labels), train.labels.several, seed=9)
    return member.fit(train, validation, settings, seed=seed, threads=threads).model


def arrow(texts: list[str]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


@pytest.fixture(scope="module")
def fitted():
    made: dict[str, Any] = {}

    def make(name: str) -> Any:
        if name not in made:
            made[name] = fit(name, toy(200))
        return made[name]

    return make


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize("name", ONE_LABEL)
def test_learns_a_toy_task(name, labels):
    model = fit(name, toy(200, labels))
    test = toy(100, labels, seed=1)
    logits = model.logits(test.texts)
    assert logits.shape == (100, labels)
    assert logits.dtype == np.float32
    assert (logits.argmax(axis=1) == test.targets).mean() > 0.98


@pytest.mark.parametrize("name", SEVERAL)
def test_learns_a_toy_task_of_several_labels(name):
    model = fit(name, toy(300, several=True))
    test = toy(100, several=True, seed=1)
    assert ((model.logits(test.texts) > 0) == test.targets).mean() > 0.97


@pytest.mark.parametrize("name", ONE_LABEL)
def test_probabilities_sum_to_one(name, fitted):
    rows = probabilities(Decision(False, 0.5), fitted(name).logits(arrow(ODD_TEXTS)))
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", ONE_LABEL)
def test_the_same_twice_with_one_seed_and_any_number_of_threads(name, fitted):
    texts = toy(50, seed=2).texts
    again = fit(name, toy(200), threads=1)
    np.testing.assert_array_equal(fitted(name).logits(texts), again.logits(texts, threads=2))


@pytest.mark.parametrize("name", ONE_LABEL)
def test_the_same_before_and_after_saving(name, fitted):
    model = fitted(name)
    config, arrays = model.state()
    loaded = MEMBERS[name].kind.from_state(json.loads(json.dumps(config)), arrays, model.labels)
    texts = arrow(ODD_TEXTS + toy(50, seed=3).texts.to_pylist())
    np.testing.assert_array_equal(model.logits(texts), loaded.logits(texts))


@pytest.mark.parametrize("name", ONE_LABEL)
def test_the_same_alone_and_in_a_batch(name, fitted):
    model = fitted(name)
    texts = ODD_TEXTS + toy(20, seed=4).texts.to_pylist()
    together = model.logits(arrow(texts))
    for row, text in enumerate(texts):
        np.testing.assert_array_equal(model.logits(arrow([text]))[0], together[row])


@pytest.mark.parametrize("name", ONE_LABEL)
def test_odd_texts_are_safe_in_training_and_prediction(name):
    train = toy(200)
    odd = Corpus(
        arrow(ODD_TEXTS * 3),
        np.arange(len(ODD_TEXTS) * 3, dtype=np.int32) % 3,
        train.labels,
        np.arange(len(ODD_TEXTS) * 3),
    )
    model = fit(name, odd)
    assert np.isfinite(model.logits(arrow(ODD_TEXTS))).all()
    assert model.logits(arrow([])).shape == (0, 3)


@pytest.mark.parametrize("name", ONE_LABEL)
def test_row_order_changes_no_bit(name, fitted):
    train = toy(200)
    shuffled = train.take(np.random.default_rng(5).permutation(200))
    texts = toy(50, seed=6).texts
    np.testing.assert_array_equal(fitted(name).logits(texts), fit(name, shuffled).logits(texts))


@pytest.mark.parametrize("name", ONE_LABEL)
def test_texts_that_repeat_nothing_still_fit(name):
    texts = arrow([f"{i}q" for i in range(30)])
    corpus = Corpus(texts, np.arange(30, dtype=np.int32) % 3, toy(3).labels, np.arange(30))
    assert np.isfinite(fit(name, corpus).logits(texts)).all()


@pytest.mark.parametrize("name", ONE_LABEL)
def test_damaged_state_is_refused(name, fitted):
    model = fitted(name)
    config, arrays = model.state()
    for key, array in arrays.items():
        for damaged in (array[:-1], array.astype(np.float64), array[:0]):
            with pytest.raises(ModelFolderError):
                type(model).from_state(config, arrays | {key: damaged}, model.labels)
    for key in config:
        with pytest.raises(ModelFolderError):
            type(model).from_state(config | {key: None}, arrays, model.labels)
    with pytest.raises(ModelFolderError):
        type(model).from_state(config, arrays, LabelSet(("only", "two")))


@pytest.mark.parametrize("name", ONE_LABEL)
def test_settings_that_make_no_sense_are_refused(name):
    for changed in ({"features": "wrods"}, {"strength": -1.0}, {"word_ngrams": (2, 1)}):
        with pytest.raises(TextkindError):
            fit(name, toy(30), **changed)
