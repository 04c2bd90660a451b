"""Few texts a label: the names of the labels, read as texts, are examples too.

A pretrained encoder knows what the words of a name mean, so a name is worth about a text of its
label; where there are many texts it is worth nothing.
"""

import numpy as np
import pyarrow as pa

from textkind.data.corpus import Corpus
from textkind.data.label_names import words_of
from textkind.models.networks.pretrained_settings import FrozenSettings
from textkind.models.networks.settings import NetworkSettings
from textkind.progress import SILENT, Talk

FEW = 64  # texts of the median label


def with_label_names(
    train: Corpus, layers: NetworkSettings, talk: Talk = SILENT
) -> tuple[Corpus, bool]:
    """The training part with a text for each label, its name, behind the others; and whether so.

    As the settings of a pretrained encoder ask for; where they leave it open, if texts have one
    label, the median label has FEW of them or fewer, and each name has a letter. An empty part
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
    if train.labels.several:
        return False
    counts = np.bincount(train.targets, minlength=len(train.labels))
    lettered = all(any(map(str.isalpha, name)) for name in train.labels.names)
    return bool(np.median(counts) <= FEW) and lettered
