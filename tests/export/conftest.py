"""Small fitted networks of our own wording, fitted once, that the tests of exports share."""

from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from tests.workflow.conftest import tickets
from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.decision.rule import Rule
from textkind.decision.temperature import Temperature
from textkind.models.long_settings import LongSettings
from textkind.models.networks.pretrained_settings import FrozenSettings
from textkind.models.networks.settings import (
    CnnSettings,
    MeanPoolSettings,
    RnnSettings,
    TransformerSettings,
)
from textkind.models.neural_settings import NeuralSettings
from textkind.training.settings import TrainingSettings

TEXTS, LABELS = tickets(60)
NAMES = tuple(sorted(set(LABELS)))
TRAINING = TrainingSettings(epochs=6, learning_rate=0.1, batch_texts=16, precision="float32")
ODD = [
    "",
    "late!!!! box",
    "It's NOT the U.S. parcel, isn't it? 1,000.5",
    "最初の parcel",
    "x " * 90,
]
SUBWORDS = {"max_tokens": 20, "training": TRAINING}
SETTINGS = {
    "words": NeuralSettings(layers=MeanPoolSettings(8), training=TRAINING),
    "runs": NeuralSettings(layers=MeanPoolSettings(8), ngrams=3, buckets=512, training=TRAINING),
    "bpe runs": NeuralSettings(
        layers=MeanPoolSettings(8), tokens="bpe", ngrams=2, buckets=256, training=TRAINING
    ),
    "head-tail": NeuralSettings(
        layers=CnnSettings(8, (2,), 4),
        tokens="wordpiece",
        long=LongSettings("head-tail"),
        **SUBWORDS,
    ),
    "retrieve": NeuralSettings(
        layers=RnnSettings(8, units=4), tokens="unigram", long=LongSettings("retrieve"), **SUBWORDS
    ),
    "windows": NeuralSettings(
        layers=TransformerSettings(8, 1, 2), long=LongSettings("windows"), **SUBWORDS
    ),
    "encoder": NeuralSettings(layers=FrozenSettings(strength=100.0), training=TRAINING),
    "encoder with <s>": NeuralSettings(layers=FrozenSettings(strength=100.0), training=TRAINING),
}
ENCODERS = {"encoder": "bert", "encoder with <s>": "mpnet"}


@pytest.fixture(scope="session")
def fitted(tmp_path_factory):
    """name of SETTINGS -> a classifier, fitted when it is first asked for."""
    from tests.models.encoder_folders import write_encoder
    from textkind.models.neural import fit_neural

    targets = np.array([NAMES.index(label) for label in LABELS], np.int32)
    texts = pa.array(TEXTS, pa.large_string())
    corpus = Corpus(texts, targets, LabelSet(NAMES), np.arange(len(TEXTS)))
    words = sorted({word for text in TEXTS for word in text.split()})

    @cache
    def of(name):
        settings = SETTINGS[name]
        if name in ENCODERS:
            folder = tmp_path_factory.mktemp("encoder")
            encoder = write_encoder(folder, ENCODERS[name], words=words)
            settings = replace(settings, encoder=str(encoder))
        model = fit_neural(corpus, None, settings, seed=0).model
        rule = Rule(weights=(1.0, 2.0, 0.5))
        return Classifier(model, Decision(False, Temperature(1.7), rule), NAMES)

    return of
