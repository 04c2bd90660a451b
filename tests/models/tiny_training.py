"""A training of a pretrained encoder on sixty texts, and what it starts from."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.models.networks.pretrained_settings import FrozenSettings, PretrainedSettings
from textkind.models.neural import fit_neural
from textkind.models.neural_settings import NeuralSettings
from textkind.progress import Talk
from textkind.training.settings import TrainingSettings

TOPICS = {"a": ["cat", "dog"], "b": ["red", "blue"], "c": ["walk", "talk"]}
TRAINING = TrainingSettings(
    epochs=2, learning_rate=0.003, batch_texts=16, precision="float32", patience=9
)
# one step on all texts together, straight down the slope
ONCE = replace(
    TRAINING, optimizer="sgd", momentum=0.0, weight_decay=0.0, epochs=1, batch_texts=60,
    learning_rate=0.5, clip=1e9, schedule="constant", warmup=0.0,
)  # fmt: skip
STILL = PretrainedSettings(dropout=0.0, strength=10.0, interpolation=1.0)


def corpus(rows=60, seed=0, longest=9):
    random = np.random.default_rng(seed)
    targets = random.integers(0, 3, rows).astype(np.int32)
    texts = [
        " ".join([random.choice(TOPICS["abc"[k]]), *random.choice(["the", "sat", "ran"], length)])
        for k, length in zip(targets, random.integers(1, longest, rows), strict=True)
    ]
    return Corpus(pa.array(texts, pa.large_string()), targets, LabelSet(tuple("abc")),
                  np.arange(rows))  # fmt: skip


def fit(folder, layers, seed=0, validation=True, talk=None, **settings):
    layers = replace(layers, label_names=False)
    if isinstance(layers, PretrainedSettings) and layers.few_shot is None:
        layers = replace(layers, few_shot=False)
    given = NeuralSettings(layers=layers, encoder=folder, **({"training": TRAINING} | settings))
    held_out = corpus(30, seed=1) if validation else None
    talk = Talk() if talk is None else talk
    return fit_neural(corpus(), held_out, given, seed=seed, threads=1, talk=talk)


def weights_of(model):
    return {key: value.clone() for key, value in model.network.state_dict().items()}


def untrained(folder):
    """The encoder as it is: its weights before any training."""
    return weights_of(fit(folder, FrozenSettings(strength=10.0), validation=False).model)
