"""Tokens of a corpus larger than memory: encoded once, read where they lie on disk.

Rows stand in the canonical order, which is by a hash: neighbours are a random part of the corpus,
so that a training may draw within stretches of it and read each stretch from one place.
"""

import mmap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from textkind.data.cell_kernels import gather_runs
from textkind.data.cells import Cells, Column, Runs, bits_for
from textkind.data.labels import LabelSet
from textkind.encoding.ngrams import exact_keys, key_order
from textkind.encoding.tokens import Tokens

STRETCH_TOKENS = 16 << 20  # that an epoch draws its batches from at a time: 64 MB


@dataclass(frozen=True, eq=False)
class MappedTokens(Tokens):
    """Tokens whose ids lie in a file that is mapped; None where there is not one."""

    file: mmap.mmap | None

    def release(self) -> None:
        """Give the pages that were read back to the system: they can be read again."""
        if self.file is not None and hasattr(mmap, "MADV_DONTNEED"):
            self.file.madvise(mmap.MADV_DONTNEED)


def cache_tokens(
    blocks: Iterable[tuple[pa.LargeStringArray, np.ndarray]],
    encode: Callable[[pa.LargeStringArray], Tokens],
    folder: Path,
    labels: LabelSet,
    text_bytes: int,
) -> tuple[MappedTokens, np.ndarray]:
    """The tokens of all texts, on disk and in the canonical order, and their targets in memory.

    An OSError of the disk passes through.
    """
    columns = {
        "key": Column("uint64"),
        "target": Column("uint8", len(labels)) if labels.several else Column("int32"),
        "length": Column("int32"),
        "ids": Column("int32", ragged=True),
    }
    cells = Cells(folder, columns, bits_for(text_bytes))
    for texts, targets in blocks:
        tokens, keys = encode(texts), exact_keys(texts)
        ids = Runs(tokens.offsets[:-1], tokens.offsets[1:], tokens.ids)
        fixed = {"key": keys, "target": targets, "length": tokens.lengths}
        cells.append(keys, fixed | {"ids": ids})
    return _mapped(cells, folder / "tokens.ids")


def _mapped(cells: Cells, path: Path) -> tuple[MappedTokens, np.ndarray]:
    """The rows of all cells in one file, each cell put in order."""
    lengths, targets = [], []
    with path.open("wb") as file:
        for cell in range(len(cells)):
            found = cells.read([cell], "target")
            order = key_order(cells.read([cell], "key"), found)
            own = cells.read([cell], "length").astype(np.int64)
            ends = np.cumsum(own)
            ids = np.empty(int(own.sum()), np.int32)
            gather_runs(ends - own, ends, cells.read([cell], "ids"), order, ids)
            file.write(ids.data)
            lengths.append(own[order])
            targets.append(found[order])
            cells.remove(cell)
    offsets = np.concatenate(([0], np.cumsum(np.concatenate(lengths))))
    if not offsets[-1]:
        return MappedTokens(np.empty(0, np.int32), offsets, None), np.concatenate(targets)
    with path.open("rb") as file:
        # a copy on write: the kernels take arrays that may be written to, and none is written to
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    ids = np.frombuffer(mapped, np.int32)
    return MappedTokens(ids, offsets, mapped), np.concatenate(targets)


def stretches(offsets: np.ndarray, most: int = STRETCH_TOKENS) -> np.ndarray:
    """Row numbers that cut texts into stretches of about `most` tokens: 0, ..., N."""
    cuts = np.searchsorted(offsets, np.arange(most, int(offsets[-1]), most))
    return np.unique(np.concatenate(([0], cuts, [offsets.size - 1])))
