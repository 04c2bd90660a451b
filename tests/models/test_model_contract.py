"""The contract of every model: what holds for one member of the ladder holds for all."""

import atexit
import importlib.util
import json
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.explain.trace_checks import check_trace
from textkind.classifier import Classifier, model_kind
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision, probabilities
from textkind.decision.temperature import Temperature
from textkind.encoding.subwords import SubwordSettings
from textkind.errors import ModelFolderError, TextkindError
from textkind.models.long_settings import LongSettings
from textkind.models.networks.pretrained_settings import FrozenSettings, PretrainedSettings
from textkind.models.networks.settings import (
    CnnSettings,
    MeanPoolSettings,
    NetworkSettings,
    PerceptronSettings,
    RnnSettings,
    TransformerSettings,
)
from textkind.models.neural_settings import NeuralSettings
from textkind.models.settings import LinearSettings
from textkind.training.settings import TrainingSettings
from textkind.workflow.trace import trace_text

FIXED = LinearSettings(features="words", strength=1.0, naive_bayes=False)
LINEAR = {
    "linear words": FIXED,
    "linear characters": replace(FIXED, features="characters"),
    "linear across borders": replace(FIXED, features="characters", word_borders=False),
    "linear both": replace(FIXED, features="both", word_ngrams=(1, 3)),
    "linear naive bayes": replace(FIXED, naive_bayes=True),
    "linear logistic": replace(FIXED, objective="logistic"),
    "linear multinomial": replace(FIXED, objective="multinomial", strength=10.0),
    "linear sgd": replace(FIXED, objective="multinomial", solver="sgd", strength=10.0),
    "linear weights": replace(FIXED, imbalance="weights"),
    "linear chosen": LinearSettings(),
}
MOST_TOKENS = 40  # more than a toy text has, fewer than some odd ones
TRAINING = TrainingSettings(
    epochs=10, patience=15, learning_rate=0.1, batch_texts=32, precision="float32"
)
SLOWER = {"training": replace(TRAINING, learning_rate=0.05)}
SLOWEST = {"training": replace(TRAINING, learning_rate=0.03, epochs=15)}
BRIEF = {"training": replace(TRAINING, epochs=2)}
WINDOWS = {"max_tokens": 5, "long": LongSettings("windows", overlap=2)}  # a toy text has 6 or more
SUBWORDS = SubwordSettings(size=600, minimum_count=1)


def network(layers: NetworkSettings, **settings: Any) -> NeuralSettings:
    given = {"max_tokens": MOST_TOKENS, "training": TRAINING} | settings
    return NeuralSettings(layers=replace(layers, dropout=0.1), **given)


MEAN = MeanPoolSettings(width=8)
CNN = CnnSettings(width=8, windows=(1, 2), filters=8)
RNN = RnnSettings(width=8, units=8)
TRANSFORMER = TransformerSettings(width=8, heads=2, layers=1)
NETWORKS = {
    "mean_pool": network(MEAN),
    "mean_pool n-grams": network(MEAN, ngrams=2, buckets=512, max_tokens=None),
    "mean_pool sif": network(
        replace(MEAN, pooling="sif"), training=replace(TRAINING, token_rate=30.0)
    ),
    "mean_pool attention": network(replace(MEAN, pooling="attention")),
    "mean_pool max": network(replace(MEAN, pooling="max")),
    "perceptron": network(PerceptronSettings(hidden=(8,))),
    "perceptron log-linear": network(PerceptronSettings(hidden=())),
    "cnn": network(CNN, **SLOWER),
    "cnn two channels": network(replace(CNN, channels="two"), **SLOWER),
    "rnn tanh": network(replace(RNN, cell="tanh", units=16), **SLOWER),
    "rnn lstm": network(RNN, **SLOWER),
    "rnn gru": network(replace(RNN, cell="gru", pooling="last"), **SLOWER),
    "transformer learned": network(
        replace(TRANSFORMER, positions="learned", pooling="cls", longest=32),
        max_tokens=32,
        **SLOWEST,
    ),
    "transformer rotary": network(TRANSFORMER, **SLOWEST),
    "cnn windows": network(CNN, **WINDOWS, **SLOWER),
    "cnn logits of windows": network(
        CNN, max_tokens=5, long=LongSettings("windows", pooling="max", pooled="logits"), **SLOWER
    ),
    "rnn hierarchical": network(
        RNN, max_tokens=5, long=LongSettings("hierarchical", pooling="attention"), **SLOWER
    ),
    "transformer windows": network(TRANSFORMER, **WINDOWS, **SLOWEST),
    "perceptron windows": network(PerceptronSettings(hidden=(8,)), **WINDOWS),
    "cnn head and tail": network(CNN, max_tokens=8, long=LongSettings("head-tail"), **SLOWER),
    "rnn retrieve": network(RNN, max_tokens=8, long=LongSettings("retrieve"), **SLOWER),
    "transformer native": network(TRANSFORMER, long=LongSettings("native"), **SLOWEST),
    "bpe": network(MEAN, tokens="bpe", subwords=SUBWORDS),
    "wordpiece": network(MEAN, tokens="wordpiece", subwords=SUBWORDS),
    "unigram": network(
        replace(CNN, windows=(2, 3), filters=16), tokens="unigram", subwords=SUBWORDS, **SLOWEST
    ),
}
# a random encoder of toy words; its folder is written when a model first needs it
WHOLE = replace(TRAINING, learning_rate=0.003, epochs=8)
PRETRAINED = {
    "frozen": NeuralSettings(layers=FrozenSettings(strength=300.0), training=WHOLE),
    "frozen unit length": NeuralSettings(layers=FrozenSettings(normalize=True)),
    "frozen label names": NeuralSettings(layers=FrozenSettings(strength=300.0, label_names=True)),
    "pretrained": NeuralSettings(layers=PretrainedSettings(), training=WHOLE),
    "pretrained label names": NeuralSettings(
        layers=PretrainedSettings(label_names=True), training=WHOLE
    ),
    "pretrained frozen below": NeuralSettings(
        layers=PretrainedSettings(freeze=1, pooling="attention"), training=WHOLE
    ),
    "pretrained low rank": NeuralSettings(
        layers=PretrainedSettings(lora=4, layer_decay=0.9), training=WHOLE
    ),
    "pretrained foreign": NeuralSettings(
        layers=PretrainedSettings(checkpointing=True),
        training=replace(WHOLE, learning_rate=0.01, epochs=12),
    ),
}
NETWORKS |= PRETRAINED
MEMBERS: dict[str, Any] = LINEAR | NETWORKS
HAS_NEURAL = all(importlib.util.find_spec(package) for package in ("torch", "tokenizers"))
NEEDS_NEURAL = pytest.mark.skipif(not HAS_NEURAL, reason="needs the extra neural")
HAS_TRANSFORMERS = HAS_NEURAL and all(
    importlib.util.find_spec(package) for package in ("transformers", "peft")
)
NEEDS_TRANSFORMERS = pytest.mark.skipif(
    not HAS_TRANSFORMERS, reason="needs transformers and peft of the extra pretrained"
)
NEURAL = [
    pytest.param(name, marks=NEEDS_TRANSFORMERS if name in PRETRAINED else NEEDS_NEURAL)
    for name in NETWORKS
]
ONE_LABEL = [*LINEAR, *NEURAL]
SEVERAL = [
    "linear words", "linear characters", "linear both", "linear logistic", "linear chosen", *NEURAL,
]  # fmt: skip
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
FILLERS = ["the", "of", "and", "so", "now", "here"]
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
        words += generator.choice(FILLERS, 4).tolist()
        generator.shuffle(words)
        texts.append(" ".join(words))
        targets.append(member.astype(np.uint8) if several else int(member.argmax()))
    return Corpus(
        pa.array(texts, pa.large_string()),
        np.array(targets, np.uint8 if several else np.int32),
        LabelSet(names, several),
        np.arange(rows, dtype=np.int64),
    )


@cache
def toy_encoder(family: str) -> Path:
    """The folder of a random encoder that knows the toy words."""
    from tests.models.encoder_folders import write_encoder

    place = Path(tempfile.mkdtemp(prefix="textkind-encoder-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    words = [*FILLERS, *(word for topic in TOPICS.values() for word in topic), "word", "q", "a"]
    return write_encoder(
        place / family, family, words=words, scale=0.1, hidden_size=32, intermediate_size=32,
        num_hidden_layers=2, max_position_embeddings=48,
    )  # fmt: skip


def fit(name: str, train: Corpus, seed: int = 0, threads: int | None = None, **changed: Any) -> Any:
    settings = replace(MEMBERS[name], **changed)
    if name in PRETRAINED:
        family = "electra" if name.endswith("foreign") else "bert"
        settings = replace(settings, encoder=toy_encoder(family))
    validation = toy(60, len(train.labels), train.labels.several, seed=9)
    kind = model_kind(settings.model)
    if threads is None and name in NETWORKS:
        threads = 1  # two that wait for each other are slower, for networks this small
    return kind.part(kind.fit)(train, validation, settings, seed=seed, threads=threads).model


def arrow(texts: list[str]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def odd_texts(name: str, most: int = 20_000) -> list[str]:
    """The odd texts; for networks, which read only the beginning, less of the huge ones."""
    return [text[:most] for text in ODD_TEXTS] if name in NETWORKS else ODD_TEXTS


def brief(name: str) -> dict[str, Any]:
    return BRIEF if name in NETWORKS else {}


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
def test_learns_a_toy_task(name, labels, fitted):
    model = fitted(name) if labels == 3 else fit(name, toy(200, labels))
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
    rows = probabilities(
        Decision(False, Temperature(0.5)), fitted(name).logits(arrow(odd_texts(name)))
    )
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", LINEAR)
def test_the_same_twice_with_one_seed_and_any_number_of_threads(name, fitted):
    texts = toy(50, seed=2).texts
    again = fit(name, toy(200), threads=1)
    np.testing.assert_array_equal(fitted(name).logits(texts), again.logits(texts, threads=2))


@pytest.mark.parametrize("name", NEURAL)
def test_the_same_twice_with_one_seed_and_not_with_another(name):
    texts = toy(50, seed=2).texts
    first, second, third = (fit(name, toy(100), seed, **BRIEF).logits(texts) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    # nothing is drawn for an encoder that stays as it is
    assert np.array_equal(first, third) == (name in PRETRAINED and name.startswith("frozen"))


@pytest.mark.parametrize("name", ONE_LABEL)
def test_the_same_before_and_after_saving(name, fitted):
    model = fitted(name)
    config, arrays = model.state()
    loaded = type(model).from_state(json.loads(json.dumps(config)), arrays, model.labels)
    texts = arrow(odd_texts(name) + toy(50, seed=3).texts.to_pylist())
    np.testing.assert_array_equal(model.logits(texts), loaded.logits(texts))


@pytest.mark.parametrize("name", ONE_LABEL)
def test_the_same_alone_and_in_a_batch(name, fitted):
    model = fitted(name)
    texts = odd_texts(name) + toy(20, seed=4).texts.to_pylist()
    together = model.logits(arrow(texts))
    alone = np.concatenate([model.logits(arrow([text])) for text in texts])
    tolerance = 1e-5 if name in NETWORKS else 0.0
    np.testing.assert_allclose(alone, together, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("name", ONE_LABEL)
def test_a_trace_ends_in_the_answer_and_each_step_takes_what_came_before(name, fitted):
    model = fitted(name)
    classifier = Classifier(model, Decision(False, Temperature(0.5)), model.labels.names)
    odd = ["", "\u0000", "a", "🙂" * 60, "e\u0301" * 50, "日本語のテキスト A\u2028B", "word " * 200]
    for text in [*toy(1, seed=7).texts.to_pylist(), *odd]:
        check_trace(trace_text(classifier, text, top=3 if text in odd else None), classifier)


@pytest.mark.parametrize("name", ONE_LABEL)
def test_odd_texts_are_safe_in_training_and_prediction(name):
    texts = odd_texts(name, 2000) * 3
    targets = np.arange(len(texts), dtype=np.int32) % 3
    odd = Corpus(arrow(texts), targets, toy(3).labels, np.arange(len(texts)))
    model = fit(name, odd, **brief(name))
    assert np.isfinite(model.logits(arrow(ODD_TEXTS))).all()
    assert model.logits(arrow([])).shape == (0, 3)


@pytest.mark.parametrize("name", ONE_LABEL)
def test_row_order_changes_no_bit(name):
    train = toy(100)
    shuffled = train.take(np.random.default_rng(5).permutation(100))
    texts = toy(50, seed=6).texts
    one, other = (fit(name, corpus, **brief(name)) for corpus in (train, shuffled))
    np.testing.assert_array_equal(one.logits(texts), other.logits(texts))


@pytest.mark.parametrize("name", ONE_LABEL)
def test_texts_that_repeat_nothing_still_fit(name):
    texts = arrow([f"{i}q" for i in range(30)])
    corpus = Corpus(texts, np.arange(30, dtype=np.int32) % 3, toy(3).labels, np.arange(30))
    assert np.isfinite(fit(name, corpus, **brief(name)).logits(texts)).all()


@pytest.mark.parametrize("name", ONE_LABEL)
def test_damaged_state_is_refused(name, fitted):
    model = fitted(name)
    config, arrays = model.state()
    for key, array in arrays.items():
        for damaged in (array[:-1], array.astype(np.float64), array[:0]):
            with pytest.raises(ModelFolderError):
                type(model).from_state(config, arrays | {key: damaged}, model.labels)
    for key in set(config) - {"max_tokens"}:  # which may be None
        with pytest.raises(ModelFolderError):
            type(model).from_state(config | {key: None}, arrays, model.labels)
    with pytest.raises(ModelFolderError):
        type(model).from_state(config, arrays, LabelSet(("only", "two")))


@pytest.mark.parametrize("name", ONE_LABEL)
def test_settings_that_make_no_sense_are_refused(name):
    linear = {"features": "wrods"}, {"strength": -1.0}, {"word_ngrams": (2, 1)}
    neural = {"tokens": "wrods"}, {"max_tokens": 0}, {"tokenizer": "none.json"}
    for changed in neural if name in NETWORKS else linear:
        with pytest.raises(TextkindError):
            fit(name, toy(30), **changed)


@pytest.mark.parametrize("name", NEURAL)
def test_no_text_to_learn_from_is_told(name):
    with pytest.raises(TextkindError):
        fit(name, toy(0))
