"""Labelled texts that are read in blocks, as often as needed: a corpus larger than memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from textkind.data.labels import LabelSet


@dataclass(frozen=True, eq=False)
class TextStream:
    """N texts with their targets.

    labels  the label set
    texts   N
    bytes   UTF-8 bytes of all texts
    counts  (K,) int64 texts with each label
    keys    (M,) uint64 rising keys of texts that were read (data/text_keys.py); None: too many
    blocks  gives the texts and targets block by block, the same each time
    folder  where what is made of them may be cached
    """

    labels: LabelSet
    texts: int
    bytes: int
    counts: np.ndarray
    keys: np.ndarray | None
    blocks: Callable[[], Iterator[tuple[pa.LargeStringArray, np.ndarray]]]
    folder: Path

    def __len__(self) -> int:
        return self.texts
