"""Rows on disk read a buffer at a time, the next while the present one is at work.

A buffer is some neighbouring cells, as many as fit BUFFER_BYTES. Where one holds all rows it is
read once and stays.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textkind.data.cells import Cells
from textkind.encoding.cached_ngrams import read_rows
from textkind.encoding.rows import Rows

BUFFER_BYTES = 64 << 20  # of rows and dual states; three of them are in memory at once


@dataclass(frozen=True, eq=False)
class Buffer:
    """Some rows with their targets, in the canonical order, and their dual state.

    state is (blocks, n, width) float32, or None before the first pass.
    """

    place: int
    rows: Rows
    targets: np.ndarray
    state: np.ndarray | None


class Buffers:
    """The buffers of a corpus in cells; the states of a descent lie beside the cells."""

    def __init__(self, cells: Cells, state_bytes: int, most: int = BUFFER_BYTES) -> None:
        """state_bytes are those of one row's dual state."""
        self.cells = cells
        self.parts = cell_runs(cells.bytes() + state_bytes * cells.rows, most)
        rows = [int(cells.rows[part].sum()) for part in self.parts]
        self.edges = np.concatenate(([0], np.cumsum(rows)))
        self._shapes: dict[int, tuple[int, ...]] = {}
        self._only: Buffer | None = None

    def __len__(self) -> int:
        return len(self.parts)

    def ahead(self, places: np.ndarray) -> Iterator[Buffer]:
        """The buffers at these places, in this order, each read while the one before is used."""
        if self._only is not None:
            yield self._only
            return
        with ThreadPoolExecutor(1, "textkind-buffers") as reader:
            coming = reader.submit(self.read, int(places[0]))
            for following in [*places[1:].tolist(), None]:
                buffer = coming.result()
                if following is not None:
                    coming = reader.submit(self.read, following)
                yield buffer

    def read(self, place: int) -> Buffer:
        """The buffer at a place."""
        part = self.parts[place]
        rows, targets = read_rows(self.cells, range(part.start, part.stop))
        state = None
        if place in self._shapes:
            state = np.fromfile(self._path(place), np.float32).reshape(self._shapes[place])
        return Buffer(place, rows, targets, state)

    def keep(self, buffer: Buffer, state: np.ndarray) -> None:
        """The state of a buffer after a pass, for the next."""
        if len(self) == 1:
            self._only = Buffer(buffer.place, buffer.rows, buffer.targets, state)
            return
        state.tofile(self._path(buffer.place))
        self._shapes[buffer.place] = state.shape

    def _path(self, place: int) -> Path:
        return self.cells.folder / f"{place:04d}.state"


def cell_runs(sizes: np.ndarray, most: int) -> list[slice]:
    """Neighbouring cells in runs of `most` bytes or less; a larger cell is a run by itself."""
    runs, begin, total = [], 0, 0
    for cell, size in enumerate(sizes.tolist()):
        if total and total + size > most:
            runs.append(slice(begin, cell))
            begin, total = cell, 0
        total += size
    return [*runs, slice(begin, len(sizes))]
