"""Sparse rows: the features of many texts in flat arrays."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Rows:
    """Sparse rows: text i has columns[starts[i]:ends[i]] with values[starts[i]:ends[i]].

    Word n-grams stand before middles[i], character n-grams behind it. columns is int32, values is
    float32, the index arrays are (N,) int64; between rows there may be gaps.
    """

    starts: np.ndarray
    middles: np.ndarray
    ends: np.ndarray
    columns: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return self.starts.size

    @property
    def stored(self) -> int:
        """How many numbers the rows hold."""
        return int((self.ends - self.starts).sum())

    def words(self) -> "Rows":
        """The same rows with word n-grams only; shares the memory."""
        return Rows(self.starts, self.middles, self.middles, self.columns, self.values)

    def part(self, rows: slice) -> "Rows":
        """Some of the rows; shares the memory."""
        return Rows(
            self.starts[rows], self.middles[rows], self.ends[rows], self.columns, self.values
        )

    def copy(self) -> "Rows":
        """The same rows in memory of their own."""
        arrays = (self.starts, self.middles, self.ends, self.columns, self.values)
        return Rows(*(array.copy() for array in arrays))

    def characters(self) -> "Rows":
        """The same rows with character n-grams only; shares the memory."""
        return Rows(self.middles, self.middles, self.ends, self.columns, self.values)


def join_rows(first: Rows, second: Rows) -> Rows:
    """The rows of both, one after the other."""
    behind = first.columns.size
    return Rows(
        np.concatenate([first.starts, second.starts + behind]),
        np.concatenate([first.middles, second.middles + behind]),
        np.concatenate([first.ends, second.ends + behind]),
        np.concatenate([first.columns, second.columns]),
        np.concatenate([first.values, second.values]),
    )
