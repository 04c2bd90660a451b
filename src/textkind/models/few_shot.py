"""Few texts a label: the names of the labels are examples too, and training is another.

A pretrained encoder knows what the words of a name mean, so a name is worth about a text of its
label; where there are many texts it is worth nothing. Few texts make few steps, so these are more
and longer; the lower half of the encoder stays as it is, the head leaves it something to learn, and
half of the way is gone back (settings by other draws of banking77 than figures are told of).
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from textkind.data.corpus import Corpus
from textkind.data.label_names import words_of
from textkind.models.networks.pretrained_settings import FrozenSettings, PretrainedSettings
from textkind.models.networks.settings import NetworkSettings
from textkind.models.neural_settings import NeuralSettings
from textkind.progress import SILENT, Talk

FEW = 64  # texts for each label, taken together: a long tail of rare labels is no lack of texts
LEARNING_RATE, EPOCHS = 5e-4, 6
STRENGTH, INTERPOLATION = 10.0, 0.5


def with_label_names(
    train: Corpus, layers: NetworkSettings, talk: Talk = SILENT
) -> tuple[Corpus, bool]:
    """The training part with a text for each label, its name, behind the others; and whether so.

    As the settings of a pretrained encoder ask for; where they leave it open, if texts have one
    label, there are FEW for each label or fewer, and each name has a letter. An empty part
    stays as it is.
    """
    if not isinstance(layers, FrozenSettings) or len(train) == 0 or layers.label_names is False:
        return train, False
    if layers.label_names is None:
        if not names_help(train):
            return train, False
        talk.note(
            f"{FEW} texts a label or fewer, so the names of the labels are learned from as well "
            "(--label-names off: not)"
        )
    several, count = train.labels.several, len(train.labels)
    own = np.eye(count, dtype=train.targets.dtype) if several else np.arange(count, dtype=np.int32)
    names = pa.array([words_of(name) for name in train.labels.names], pa.large_string())
    whole = Corpus(
        pa.concat_arrays([train.texts, names]),
        np.concatenate([train.targets, own]),
        train.labels,
        np.concatenate([train.rows, np.full(count, -1, train.rows.dtype)]),
    )
    return whole, True


def names_help(train: Corpus) -> bool:
    """Whether labels have few texts each, and names with letters."""
    return has_few(train) and all(any(map(str.isalpha, name)) for name in train.labels.names)


def has_few(train: Corpus) -> bool:
    """Whether texts have one label, and there are FEW for each label or fewer."""
    return not train.labels.several and len(train) <= FEW * len(train.labels)


def few_shot_settings(
    settings: NeuralSettings, train: Corpus, talk: Talk = SILENT
) -> NeuralSettings:
    """The settings with few_shot decided; where it is on, more of what was left open is."""
    layers = settings.layers
    if not isinstance(layers, PretrainedSettings) or layers.few_shot is False:
        return settings
    if layers.few_shot is None:
        if not has_few(train):
            return replace(settings, layers=replace(layers, few_shot=False))
        talk.note(
            f"{FEW} texts a label or fewer, so the encoder is trained for that: a higher rate, "
            f"{EPOCHS} epochs, its lower half as it is (--few-shot off: not)"
        )
    training = settings.training
    if training.epochs is None:
        training = replace(training, epochs=EPOCHS)
    layers = replace(
        layers,
        few_shot=True,
        strength=STRENGTH if layers.strength is None else layers.strength,
        interpolation=INTERPOLATION if layers.interpolation is None else layers.interpolation,
    )
    return replace(settings, layers=layers, training=training)
