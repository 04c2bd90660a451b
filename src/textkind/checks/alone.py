"""What gives the label away without reading: another column, a word, a length, the row's place.

Each is a model of one feature: the commonest label of each of its values is learned from one half
of the rows (or from train) and tried on the other (or on test).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.text_keys import mixed


@dataclass(frozen=True)
class Alone:
    """How well one feature tells the label.

    rows     that were judged, whose value had been seen
    right    of them, by the feature's commonest label
    base     right by the commonest label of all, of the same rows
    """

    rows: int
    right: int
    base: int

    @property
    def gain(self) -> float:
        """The share of the commonest label's mistakes that the feature saves; 0 at least."""
        wrong = self.rows - self.base
        return max(0.0, (self.right - self.base) / wrong) if wrong else 0.0


def halves(keys: np.ndarray) -> np.ndarray:
    """(N,) bool: half of the rows, by the keys of their texts: equal texts are in one half."""
    return (mixed(keys, 7) & np.uint64(1)).astype(bool)


def judged_alone(
    values: np.ndarray,
    targets: np.ndarray,
    learned: np.ndarray,
    labels: int,
) -> Alone:
    """How well values (N,) int64, -1 for none, tell targets (N,) int; learned (N,) bool.

    Those that were learned from are not judged, nor are values that only the others have.
    """
    learned = learned & (values >= 0)
    count = int(values.max(initial=-1)) + 1
    pairs, times = np.unique(
        values[learned] * np.int64(labels) + targets[learned], return_counts=True
    )
    value, label = np.divmod(pairs, labels)
    best = np.full(count, -1, np.int64)
    rising = np.lexsort((-label, times, value))
    best[value[rising]] = label[rising]
    judged = ~learned & (values >= 0)
    judged[judged] = best[values[judged]] >= 0
    gold = targets[judged]
    commonest = np.bincount(targets[learned], minlength=labels).argmax() if learned.any() else 0
    right = int((best[values[judged]] == gold).sum())
    return Alone(int(judged.sum()), right, int((gold == commonest).sum()))


def codes_of(columns: list[pa.ChunkedArray]) -> np.ndarray:
    """(N,) int64 codes of the values of a column in all parts together, -1 for missing ones."""
    whole = pa.chunked_array([chunk for column in columns for chunk in column.chunks])
    indices = pc.dictionary_encode(whole).combine_chunks().indices
    found: np.ndarray = indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def ranked(numbers: np.ndarray, bins: int = 20) -> np.ndarray:
    """(N,) int64: numbers as bins that hold about as many rows each."""
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, numbers, side="right").astype(np.int64)
