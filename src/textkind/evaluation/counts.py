"""Rows counted by label, and the figures that depend on nothing else: precision, recall, F1, kappa.

In go label ids (one label a text) or 0/1 tables (several); out come three counts a label. Every
figure works on the last axis, so one formula serves one evaluation, counts (K,), and a batch of
resamples, counts (B, K). Undefined figures are NaN here and null in metrics.json.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class LabelCounts:
    """How often each label is gold, predicted, and both: three arrays (..., K)."""

    gold: np.ndarray
    predicted: np.ndarray
    hits: np.ndarray


@dataclass(frozen=True, eq=False)
class LabelRows:
    """The rows of each label: those of label k are rows[starts[k] : starts[k + 1]].

    rows (P,) int32, starts (K + 1,) int64.
    """

    rows: np.ndarray
    starts: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """(K,) int64, the number of rows of each label."""
        return np.diff(self.starts)


def rows_by_label(
    assigned: np.ndarray, label_count: int, kept: np.ndarray | None = None
) -> LabelRows:
    """The rows of each label in `assigned`: (N,) ids, or (N, K) 0/1.

    `kept` (N,) bool leaves out rows of ids; it is not used with a 0/1 table.
    """
    if assigned.ndim == 2:
        label, row = np.nonzero(assigned.T)
    else:
        row = np.arange(len(assigned)) if kept is None else np.flatnonzero(kept)
        order = np.argsort(assigned[row], kind="stable")
        row = row[order]
        label = assigned[row]
    counts = np.bincount(label, minlength=label_count)
    return LabelRows(row.astype(np.int32), np.concatenate([[0], np.cumsum(counts)]))


def hit_rows(predicted: np.ndarray, targets: np.ndarray, label_count: int) -> LabelRows:
    """The rows of each label that are both gold and predicted."""
    if targets.ndim == 2:
        return rows_by_label((predicted != 0) & (targets != 0), label_count)
    return rows_by_label(targets, label_count, predicted == targets)


def label_rows_of(
    predicted: np.ndarray, targets: np.ndarray, label_count: int
) -> tuple[LabelRows, LabelRows, LabelRows]:
    """The rows of which each label is gold, predicted, and both."""
    return (
        rows_by_label(targets, label_count),
        rows_by_label(predicted, label_count),
        hit_rows(predicted, targets, label_count),
    )


def count_labels(predicted: np.ndarray, targets: np.ndarray, label_count: int) -> LabelCounts:
    """Count each label; predicted and targets are both (N,) ids or both (N, K) 0/1."""
    return LabelCounts(*(rows.counts for rows in label_rows_of(predicted, targets, label_count)))


def confusion_table(predicted: np.ndarray, targets: np.ndarray, label_count: int) -> np.ndarray:
    """(K, K) int64: how often gold label (row) was predicted as (column). One label a text."""
    cell = targets.astype(np.int64) * label_count + predicted
    return np.bincount(cell, minlength=label_count**2).reshape(label_count, label_count)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide part by whole in float64; 0 where whole is 0 (scikit-learn's zero_division=0)."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) != 0)


def precision(counts: LabelCounts) -> np.ndarray:
    """(..., K): hits / predicted; 0 for a label that is never predicted."""
    return ratio(counts.hits, counts.predicted)


def recall(counts: LabelCounts) -> np.ndarray:
    """(..., K): hits / gold; 0 for a label that is never gold."""
    return ratio(counts.hits, counts.gold)


def f1(counts: LabelCounts) -> np.ndarray:
    """(..., K): 2 hits / (gold + predicted); 0 for a label that is neither."""
    return ratio(2 * counts.hits, counts.gold + counts.predicted)


def jaccard(counts: LabelCounts) -> np.ndarray:
    """(..., K): hits / (gold or predicted); 0 for a label that is neither."""
    return ratio(counts.hits, counts.gold + counts.predicted - counts.hits)


def occurs(counts: LabelCounts) -> np.ndarray:
    """(..., K) bool: the labels that are gold or predicted somewhere; the others have no figure."""
    return (counts.gold + counts.predicted) > 0


def pooled(counts: LabelCounts) -> LabelCounts:
    """The counts of all labels added up, as of one label: what micro figures are made of."""
    parts = (counts.gold, counts.predicted, counts.hits)
    return LabelCounts(*(part.sum(axis=-1, keepdims=True) for part in parts))


def macro(figure: Callable[[LabelCounts], np.ndarray], counts: LabelCounts) -> np.ndarray:
    """(...): the plain mean over the labels that occur; NaN where none does."""
    kept = occurs(counts)
    total = (figure(counts) * kept).sum(axis=-1)
    return _mean(total, kept.sum(axis=-1))


def micro(figure: Callable[[LabelCounts], np.ndarray], counts: LabelCounts) -> np.ndarray:
    """(...): the figure of the pooled counts; NaN where no label occurs."""
    together = pooled(counts)
    return np.where(occurs(together), figure(together), np.nan)[..., 0]


def weighted(figure: Callable[[LabelCounts], np.ndarray], counts: LabelCounts) -> np.ndarray:
    """(...): the mean weighted by how often a label is gold; NaN where no row has a label."""
    return _mean((figure(counts) * counts.gold).sum(axis=-1), counts.gold.sum(axis=-1))


def balanced_accuracy(counts: LabelCounts) -> np.ndarray:
    """(...): the plain mean of recall over the labels that are gold somewhere; NaN without any."""
    return _mean(recall(counts).sum(axis=-1), (counts.gold > 0).sum(axis=-1))


def matthews(counts: LabelCounts) -> np.ndarray:
    """(...): the correlation of gold and predicted label, -1 to 1; one label a text.

    For K labels by Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation
    coefficient". 0 where all rows have one gold label or one predicted label, NaN without a row.
    """
    rows, hits, together = _totals(counts)
    spread = [rows**2 - (one.astype(np.float64) ** 2).sum(axis=-1)
              for one in (counts.gold, counts.predicted)]  # fmt: skip
    found = ratio(hits * rows - together, np.sqrt(spread[0] * spread[1]))
    return np.where(rows > 0, found, np.nan)


def cohens_kappa(counts: LabelCounts) -> np.ndarray:
    """(...): how far gold and predicted agree beyond chance, 1 at most; one label a text.

    Cohen 1960, "A coefficient of agreement for nominal scales". NaN where all rows have one and
    the same gold and predicted label, and without a row.
    """
    rows, hits, together = _totals(counts)
    return _mean(hits * rows - together, rows**2 - together)


def _totals(counts: LabelCounts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three (...) float64: rows, rows right, and the sum over labels of gold times predicted."""
    together = (counts.gold.astype(np.float64) * counts.predicted).sum(axis=-1)
    return counts.gold.sum(axis=-1) * 1.0, counts.hits.sum(axis=-1) * 1.0, together


def _mean(total: np.ndarray, size: np.ndarray) -> np.ndarray:
    return np.divide(total, size, out=np.full(np.shape(total), np.nan), where=size != 0)


FIGURES_OF_COUNTS: dict[str, Callable[[LabelCounts], np.ndarray]] = {
    "macro_f1": lambda counts: macro(f1, counts),
    "micro_f1": lambda counts: micro(f1, counts),
    "weighted_f1": lambda counts: weighted(f1, counts),
    "macro_precision": lambda counts: macro(precision, counts),
    "macro_recall": lambda counts: macro(recall, counts),
    "macro_jaccard": lambda counts: macro(jaccard, counts),
    "micro_jaccard": lambda counts: micro(jaccard, counts),
}
FIGURES_OF_ONE_LABEL: dict[str, Callable[[LabelCounts], np.ndarray]] = {
    "balanced_accuracy": balanced_accuracy,
    "matthews": matthews,
    "cohens_kappa": cohens_kappa,
}


def figures_of_counts(counts: LabelCounts, several: bool) -> dict[str, np.ndarray]:
    """Name -> (...) figure, of those that texts with one label, or several, have."""
    table = FIGURES_OF_COUNTS if several else FIGURES_OF_COUNTS | FIGURES_OF_ONE_LABEL
    return {name: figure(counts) for name, figure in table.items()}
