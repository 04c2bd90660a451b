"""A network learns on: its parameters are where it begins, and its head grows by new labels."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet

torch = pytest.importorskip("torch")

from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.settings import (  # noqa: E402
    CnnSettings,
    MeanPoolSettings,
    PerceptronSettings,
)
from textkind.models.neural import fit_neural  # noqa: E402
from textkind.models.neural_settings import NeuralSettings  # noqa: E402
from textkind.models.neural_update import RATE_SHARE, grown_network, update_neural  # noqa: E402
from textkind.models.replay import Replay  # noqa: E402
from textkind.progress import Talk  # noqa: E402
from textkind.training.settings import TrainingSettings  # noqa: E402

TWO, THREE, FOUR = (LabelSet(tuple(names)) for names in ("ac", "acd", "abcd"))
TRAINING = TrainingSettings(epochs=6, learning_rate=0.02, batch_texts=16)
SEVERAL = LabelSet(tuple("acd"), several=True)
WIDER = LabelSet(tuple("abcd"), several=True)


class Listener(Talk):
    """Remembers what is told."""

    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def made(rows, labels, seed, present=None):
    random = np.random.default_rng(seed)
    present = labels.names if present is None else present
    names = random.choice([*present], rows)
    texts = [f"{name}{random.integers(9)} {name}{random.integers(9)} the of" for name in names]
    targets = np.array([labels.id_of(str(name)) for name in names], np.int32)
    if labels.several:
        targets = np.eye(len(labels), dtype=np.uint8)[targets]
    return Corpus(pa.array(texts, pa.large_string()), targets, labels, np.arange(rows))


def fitted(labels, layers, **more):
    settings = NeuralSettings(layers=layers, training=TRAINING, **more)
    train, held_out = made(200, labels, 1), made(40, labels, 2)
    return fit_neural(train, held_out, settings, threads=1)


def right(model, part):
    return float((model.logits(part.texts).argmax(axis=1) == part.targets).mean())


WINDOWS = {"max_tokens": 3, "long": LongSettings(strategy="windows", pooled="logits")}


@pytest.mark.parametrize(
    ("before", "after", "layers", "more"),
    [
        (TWO, TWO, MeanPoolSettings(width=8), {}),
        (TWO, FOUR, MeanPoolSettings(width=8), {}),
        (THREE, FOUR, CnnSettings(width=8, filters=8), {}),
        (THREE, FOUR, PerceptronSettings(hidden=()), {}),
        (TWO, FOUR, PerceptronSettings(hidden=()), {}),
        (THREE, FOUR, MeanPoolSettings(width=8), WINDOWS),
        (SEVERAL, WIDER, MeanPoolSettings(width=8), {}),
    ],
)
def test_a_grown_network_gives_the_old_labels_the_logits_that_they_had(before, after, layers, more):
    model = fitted(before, layers, **more).model
    head = "softmax" if model.head == "binary" and len(after) > 2 else model.head
    grown = replace(
        model, labels=after, head=head, network=grown_network(model, after, head, seed=0)
    )
    texts = made(30, before, 3).texts
    places = [after.names.index(name) for name in before.names]
    found = grown.logits(texts)
    assert found.shape == (30, len(after))
    np.testing.assert_allclose(found[:, places], model.logits(texts), atol=1e-5)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("labels", [THREE, FOUR])
def test_it_learns_new_labels_and_keeps_the_old_ones(labels):
    fit = fitted(THREE, MeanPoolSettings(width=16))
    model = fit.model
    old, held_out = made(150, labels, 1, "acd"), made(40, labels, 2, "acd")
    logits = fit.validation_logits
    replay = Replay(old, np.ones(150), held_out, logits, learned=False, complete=True)
    new, more = made(120, labels, 3, labels.names[1:2]), made(30, labels, 4, labels.names[1:2])
    listener = Listener()
    found = update_neural(model, replay, new, more, threads=1, talk=listener)
    assert right(found.model, made(200, labels, 5, "acd")) > 0.9
    assert right(found.model, made(200, labels, 6)) > 0.85
    assert found.validation_logits.shape == (70, len(labels))
    assert found.model.encoder is model.encoder
    rate = TRAINING.learning_rate * (RATE_SHARE if labels == THREE else 1)
    assert found.model.facts["update_rate"] == pytest.approx(rate)
    settings = found.model.facts["settings"]["training"]
    assert settings["learning_rate"] == TRAINING.learning_rate  # of the next update as well
    told = any("words that the network does not know" in note for note in listener.notes)
    assert told == (labels == FOUR)


def test_logits_of_validation_texts_that_it_has_learned_are_those_of_then_and_what_was_added():
    fit = fitted(THREE, MeanPoolSettings(width=8))
    old, held_out = made(100, THREE, 1), made(40, THREE, 2)
    strange = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    whole = Replay(old, np.ones(100), held_out, strange, learned=False, complete=True)
    new, none = made(50, THREE, 3), made(0, THREE, 4)
    plain = update_neural(fit.model, whole, new, none, threads=1)
    honest = update_neural(fit.model, replace(whole, learned=True), new, none, threads=1)
    np.testing.assert_allclose(
        honest.validation_logits - strange,
        plain.validation_logits - fit.model.logits(held_out.texts), atol=1e-4,
    )  # fmt: skip
