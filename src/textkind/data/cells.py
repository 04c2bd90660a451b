"""Rows on disk, each in the cell of its key: files to append to, and to read a few cells at a time.

    cells = Cells(folder, {"target": Column("int32"), "ids": Column("int32", ragged=True)}, 8)
    cells.append(keys, {"target": targets, "ids": Runs(starts, ends, flat)})
    cells.read([0, 1], "ids")

A cell is a range of keys, so that the rows of some neighbouring cells are a sample of all rows, and
the same whatever order the rows came in. The files are flat arrays and live as long as a training:
whoever makes the folder removes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import numpy as np

from textkind.data.cell_kernels import gather_runs

LEAST_BITS, MOST_BITS = 6, 11  # few enough cells to open the files of each for every block of rows
CELL_BYTES = 16 << 20  # of a cell, where there are not too many then


@dataclass(frozen=True)
class Column:
    """One value a row, `width` values a row, or, ragged, as many as the row has."""

    dtype: str
    width: int = 1
    ragged: bool = False


@dataclass(frozen=True, eq=False)
class Runs:
    """Ragged values of N rows: row i has flat[starts[i]:ends[i]]."""

    starts: np.ndarray
    ends: np.ndarray
    flat: np.ndarray


class Cells:
    """2^bits cells of the same columns below a folder. An OSError of the disk passes through."""

    def __init__(self, folder: Path, columns: Mapping[str, Column], bits: int) -> None:
        self.folder, self.columns, self.bits = folder, dict(columns), bits
        self.rows = np.zeros(1 << bits, np.int64)
        folder.mkdir(parents=True, exist_ok=True)

    def __len__(self) -> int:
        return self.rows.size

    def append(self, keys: np.ndarray, values: Mapping[str, np.ndarray | Runs]) -> None:
        """Append N rows; keys (N,) uint64 say by their highest bits in which cell each goes."""
        cell = (keys >> np.uint64(64 - self.bits)).astype(np.int64)
        order = np.argsort(cell, kind="stable")
        counts = np.bincount(cell, minlength=len(self))
        edges = np.concatenate(([0], np.cumsum(counts)))
        for name, column in self.columns.items():
            flat, bounds = _sorted(values[name], order, edges, column)
            for place in np.flatnonzero(np.diff(bounds)).tolist():
                with self._path(place, name).open("ab") as file:
                    file.write(flat[bounds[place] : bounds[place + 1]].data)
        self.rows += counts

    def read(self, cells: Sequence[int], name: str) -> np.ndarray:
        """The values of a column in these cells, one cell behind the other."""
        column = self.columns[name]
        paths = [self._path(cell, name) for cell in cells]
        sizes = [path.stat().st_size if path.exists() else 0 for path in paths]
        flat = np.empty(sum(sizes) // np.dtype(column.dtype).itemsize, column.dtype)
        room, end = flat.view(np.uint8).data, 0
        for path, size in zip(paths, sizes, strict=True):
            if size:
                with path.open("rb", buffering=0) as file:
                    _fill(file, room[end : end + size])
                end += size
        return flat if column.width == 1 else flat.reshape(-1, column.width)

    def replace(self, cell: int, values: Mapping[str, np.ndarray]) -> None:
        """Other values for some columns of one cell."""
        for name, flat in values.items():
            flat.tofile(self._path(cell, name))

    def remove(self, cell: int) -> None:
        """Remove the files of one cell, to make room for what was made of it."""
        for name in self.columns:
            self._path(cell, name).unlink(missing_ok=True)

    def bytes(self) -> np.ndarray:
        """(cells,) int64: how large each cell is."""
        return np.sum([self._sizes(name) for name in self.columns], axis=0)

    def values(self, name: str) -> int:
        """How many values a column has in all cells."""
        return int(self._sizes(name).sum()) // np.dtype(self.columns[name].dtype).itemsize

    def _sizes(self, name: str) -> np.ndarray:
        paths = [self._path(cell, name) for cell in range(len(self))]
        return np.array([path.stat().st_size if path.exists() else 0 for path in paths], np.int64)

    def _path(self, cell: int, name: str) -> Path:
        return self.folder / f"{cell:03d}.{name}"


def bits_for(size: int) -> int:
    """The bits of as many cells as hold `size` bytes, each CELL_BYTES or less, within limits."""
    return int(np.clip((size // CELL_BYTES).bit_length(), LEAST_BITS, MOST_BITS))


def _fill(file: FileIO, room: memoryview) -> None:
    """Read until the room is full; OSError where the file has become shorter."""
    while len(room):
        number = file.readinto(room)
        if not number:
            raise OSError(f"{file.name} ends too early")
        room = room[number:]


def _sorted(
    values: np.ndarray | Runs, order: np.ndarray, edges: np.ndarray, column: Column
) -> tuple[np.ndarray, np.ndarray]:
    """The values in the order of rows, flat, and where each cell's begin and end."""
    if not isinstance(values, Runs):
        return np.ascontiguousarray(values[order], column.dtype), edges
    lengths = (values.ends - values.starts)[order]
    ends = np.concatenate(([0], np.cumsum(lengths)))
    flat = np.empty(ends[-1], column.dtype)
    gather_runs(values.starts, values.ends, values.flat, order, flat)
    return flat, ends[edges]
