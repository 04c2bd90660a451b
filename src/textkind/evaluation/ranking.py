"""How well scores put the rows of a label above the others: ROC-AUC and average precision.

In go scores (N,) and 0/1 truth (N,); out come plain numbers. The sort is kept as a `Ranking`, so
that resampled figures need no second sort (evaluation/intervals.py).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Ranking:
    """Rows of one label from the highest score to the lowest, cut into groups of equal scores.

    order        (N,) int32 rows, highest score first
    starts, ends (G,) int64: group g is order[starts[g] : ends[g]]; only groups with a positive row
    hits         (P,) int32 the positive rows, highest score first
    hit_ends     (G,) int64: the positive rows of the groups 0 .. g are hits[: hit_ends[g]]
    """

    order: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    hits: np.ndarray
    hit_ends: np.ndarray

    @property
    def defined(self) -> bool:
        """Whether there are both positive and negative rows."""
        return 0 < len(self.hits) < len(self.order)


def rank(scores: np.ndarray, positive: np.ndarray) -> Ranking:
    """Sort rows by score: scores (N,) floats, positive (N,) bool or 0/1."""
    order = np.argsort(-scores, kind="stable")
    is_hit = positive[order] != 0
    starts, ends = tied(scores[order])
    group_of_hit = np.searchsorted(ends, np.flatnonzero(is_hit), side="right")
    groups, hits_of_group = np.unique(group_of_hit, return_counts=True)
    order = order.astype(np.int32)
    return Ranking(
        order, starts[groups], ends[groups], order[is_hit], np.cumsum(hits_of_group, dtype=np.int64)
    )


def tied(ordered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends (int64) of the stretches of equal values in a sorted array (N,)."""
    cuts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    first = np.zeros(min(len(ordered), 1), np.int64)
    last = np.full(min(len(ordered), 1), len(ordered), np.int64)
    return np.concatenate([first, cuts]), np.concatenate([cuts, last])


def area_under_roc(ranking: Ranking) -> float:
    """The chance that a positive row scores above a negative one, ties counting half.

    Equal to the trapezoidal area under the ROC curve (Hanley & McNeil 1982). NaN where all rows
    are positive or none is.
    """
    if not ranking.defined:
        return float("nan")
    hits = np.diff(ranking.hit_ends, prepend=0)
    misses_above = ranking.starts - (ranking.hit_ends - hits)
    misses_tied = (ranking.ends - ranking.starts) - hits
    beaten = (hits * (misses_above + misses_tied / 2)).sum()
    positives, negatives = len(ranking.hits), len(ranking.order) - len(ranking.hits)
    return float(1 - beaten / (positives * negatives))


def average_precision(ranking: Ranking) -> float:
    """The area under the precision-recall curve as steps: sum of (recall gained) x precision.

    No interpolation, as in scikit-learn. NaN where all rows are positive or none is.
    """
    if not ranking.defined:
        return float("nan")
    hits = np.diff(ranking.hit_ends, prepend=0)
    return float((hits * (ranking.hit_ends / ranking.ends)).sum() / len(ranking.hits))
