"""N-grams of a corpus larger than memory: hashed once, weighed once, and read from disk ever after.

    cached = cache_ngrams(blocks, settings, bits, folder, labels)    counted buckets, in cells
    encoder = learned_encoder(cached, settings)                      that of fit_ngrams
    weigh_cells(cached.cells, encoder)                               columns and weights, in order

In every cell the rows end up in the canonical order, and cells are ranges of its keys: all cells
one behind the other are the canonical order of the corpus.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from textkind.data.cell_kernels import gather_runs
from textkind.data.cells import Cells, Column, Runs, bits_for
from textkind.data.labels import LabelSet
from textkind.encoding import row_kernels as kernels
from textkind.encoding.ngrams import (
    NgramEncoder,
    NgramSettings,
    bucket_count,
    encoder_of,
    exact_keys,
    hash_texts,
    key_order,
    weigh_texts,
)
from textkind.encoding.reweighing import rescale_rows
from textkind.encoding.rows import Rows
from textkind.parallel import run_blocks

# bytes of cached n-grams for a byte of text, roughly: to choose a number of cells by
BYTES_OF_WORDS, BYTES_OF_CHARACTERS = 3, 24


@dataclass(eq=False)
class CachedNgrams:
    """The rows on disk, how many texts they are of, and in how many each bucket stands."""

    cells: Cells
    bits: int
    frequency: np.ndarray
    texts: int = 0


def cache_ngrams(
    blocks: Iterable[tuple[pa.LargeStringArray, np.ndarray]],
    settings: NgramSettings,
    bits: int,
    folder: Path,
    labels: LabelSet,
    text_bytes: int,
    threads: int | None = None,
) -> CachedNgrams:
    """Hash blocks of texts with their targets into cells of (bucket, count); OSError of the disk.

    text_bytes are those of all texts: by them the number of cells is chosen.
    """
    factor = BYTES_OF_WORDS * (settings.words is not None)
    factor += BYTES_OF_CHARACTERS * (settings.characters is not None)
    target = Column("uint8", len(labels)) if labels.several else Column("int32")
    columns = {
        "key": Column("uint64"),
        "target": target,
        "words": Column("int32"),
        "length": Column("int32"),
        "columns": Column("int32", ragged=True),
        "values": Column("float32", ragged=True),
    }
    cells = Cells(folder, columns, bits_for(factor * text_bytes))
    frequency = np.zeros(bucket_count(settings, bits), np.int32)
    cached = CachedNgrams(cells, bits, frequency)
    for texts, targets in blocks:
        rows = hash_texts(texts, settings, bits, threads)
        appeared = np.empty(min(rows.stored, frequency.size) + 1, np.int32)
        kernels.count_documents(rows.starts, rows.ends, rows.columns, frequency, appeared)
        append_rows(cells, exact_keys(texts), rows, targets)
        cached.texts += len(texts)
    return cached


def learned_encoder(cached: CachedNgrams, settings: NgramSettings) -> NgramEncoder:
    """The encoder that fit_ngrams learns from the same texts; equals are in order of bucket."""
    appeared = np.flatnonzero(cached.frequency).astype(np.int32)
    return encoder_of(appeared, cached.frequency, cached.texts, settings, cached.bits)


def append_rows(cells: Cells, keys: np.ndarray, rows: Rows, targets: np.ndarray) -> None:
    """Append rows to the cells of their keys (N,)."""
    cells.append(
        keys,
        {
            "key": keys,
            "target": targets,
            "words": rows.middles - rows.starts,
            "length": rows.ends - rows.starts,
            "columns": Runs(rows.starts, rows.ends, rows.columns),
            "values": Runs(rows.starts, rows.ends, rows.values),
        },
    )


def weigh_cells(cells: Cells, encoder: NgramEncoder, threads: int | None = None) -> None:
    """Turn buckets and counts into columns and weights, and put the rows in order."""

    def weigh(rows: Rows) -> None:
        weigh_texts(encoder, rows, 1)

    _each_cell(cells, weigh, threads)


def rescale_cells(cells: Cells, scale: np.ndarray, threads: int | None = None) -> None:
    """Weigh every column by `scale` (V,) float32 besides."""

    def weigh(rows: Rows) -> None:
        rescale_rows(rows, scale, 1)

    _each_cell(cells, weigh, threads)


def order_cells(cells: Cells, threads: int | None = None) -> None:
    """Put the rows of every cell in the canonical order."""
    _each_cell(cells, lambda rows: None, threads)


def _each_cell(cells: Cells, change: Callable[[Rows], None], threads: int | None) -> None:
    """Read each cell, change its rows in place, and write them back in the canonical order."""

    def work(cell: int) -> None:
        if not cells.rows[cell]:
            return
        rows, targets = read_rows(cells, [cell])
        change(rows)
        keys = cells.read([cell], "key")
        order = key_order(keys, targets)
        lengths = rows.ends - rows.starts
        flat = {"columns": np.empty(lengths.sum(), np.int32),
                "values": np.empty(lengths.sum(), np.float32)}  # fmt: skip
        for name, gathered in flat.items():
            gather_runs(rows.starts, rows.ends, getattr(rows, name), order, gathered)
        fixed = {
            "key": keys[order],
            "target": targets[order],
            "words": (rows.middles - rows.starts)[order].astype(np.int32),
            "length": lengths[order].astype(np.int32),
        }
        cells.replace(cell, fixed | flat)

    run_blocks(work, len(cells), threads)


def read_rows(cells: Cells, chosen: Sequence[int]) -> tuple[Rows, np.ndarray]:
    """The rows of some cells, one cell behind the other, and their targets."""
    lengths = cells.read(chosen, "length")
    ends = np.cumsum(lengths, dtype=np.int64)
    starts = ends - lengths
    middles = starts + cells.read(chosen, "words")
    rows = Rows(starts, middles, ends, cells.read(chosen, "columns"), cells.read(chosen, "values"))
    return rows, cells.read(chosen, "target")
