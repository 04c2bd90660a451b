"""Cuts: where to part scores so that what lies above is worth most. Scores and gold in, a cut out.

A cut lies half way between two scores, which favors neither; what is at or above it is given. All
cuts are tried, since between two neighbouring scores all do the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# hits and number given (N,) of every cut, and the number that is gold -> (N,) worth
Worth = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def f1_worth(hits: np.ndarray, given: np.ndarray, gold: int) -> np.ndarray:
    """F1 of what is given."""
    return 2 * hits / (given + gold)


def floor_worth(name: str, floor: float) -> Worth:
    """The other of precision and recall where the named one reaches its floor.

    Where no cut reaches it, the named one itself, so that the best there is wins.
    """

    def worth(hits: np.ndarray, given: np.ndarray, gold: int) -> np.ndarray:
        precision, recall = hits / given, hits / gold
        kept, other = (precision, recall) if name == "precision" else (recall, precision)
        reached = kept >= floor
        return np.where(reached, other, -1.0) if reached.any() else kept

    return worth


def best_cut(scores: np.ndarray, gold: np.ndarray, worth: Worth) -> float:
    """The cut of (N,) scores that is worth most, the highest of equals; gold holds a 1."""
    order = np.argsort(scores, kind="stable")[::-1]
    ordered = scores[order].astype(np.float64)
    hits = np.cumsum(gold[order] != 0)
    last = np.flatnonzero(_parts(ordered))  # places behind which a cut can lie
    found = worth(hits[last], last + 1, int(hits[-1]))
    return _behind(ordered, int(last[found.argmax()]), 0.0)


@dataclass(frozen=True)
class SharedCut:
    """One cut for all labels after their scores are lowered by `share` of the label's own offset.

    worth is the mean of macro and micro F1, or macro F1 alone.
    """

    share: float
    cut: float
    worth: float


def best_shared_cut(
    scores: np.ndarray, gold: np.ndarray, offsets: np.ndarray, shares: np.ndarray, micro: float
) -> SharedCut:
    """The share and the cut of scores (N, K) - share * offsets (K,) with the best F1.

    Best is micro times micro F1 and the rest macro F1 (over the labels that are gold or given),
    of the least share among equals; gold (N, K) holds a 1.
    """
    best = SharedCut(0.0, 0.0, -1.0)
    for share in shares:
        lowered = scores - share * offsets
        order = np.argsort(lowered, axis=None, kind="stable")[::-1]
        ordered = lowered.ravel()[order]
        found = _all_f1(order % scores.shape[1], gold.ravel()[order] != 0, scores.shape[1], micro)
        place = int(np.where(_parts(ordered), found, -np.inf).argmax())
        if found[place] > best.worth:
            cut = _behind(ordered, place, float(ordered[-1]))
            best = SharedCut(float(share), cut, float(found[place]))
    return best


def _all_f1(labels: np.ndarray, gold: np.ndarray, count: int, micro: float) -> np.ndarray:
    """(M,) F1 after each of M decisions is given, in turn: micro and macro, mixed."""
    rise = np.empty(len(labels))  # of the label's F1 by this decision
    joins = np.zeros(
        len(labels)
    )  # 1 where a label that is nowhere gold is given for the first time
    by_label = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=count))
    present = 0
    for end, begin in zip(ends, np.concatenate([[0], ends[:-1]]), strict=True):
        places = by_label[begin:end]
        hits = np.cumsum(gold[places])
        total = int(hits[-1])
        f1 = 2 * hits / (np.arange(1, len(hits) + 1) + total)
        rise[places] = np.diff(f1, prepend=0.0)
        if total:
            present += 1
        else:
            joins[places[0]] = 1
    macro = np.cumsum(rise) / (present + np.cumsum(joins))
    hits = np.cumsum(gold)
    together = 2 * hits / (np.arange(1, len(hits) + 1) + hits[-1])
    return micro * together + (1 - micro) * macro


def _parts(ordered: np.ndarray) -> np.ndarray:
    """(M,) bool: whether a cut behind this score parts it from the next, which may be equal."""
    return np.append(ordered[1:] != ordered[:-1], True)


def _behind(ordered: np.ndarray, place: int, lowest: float) -> float:
    """The cut half way between a falling score and the next; behind the last comes `lowest`."""
    low = float(ordered[place + 1]) if place + 1 < len(ordered) else lowest
    high = float(ordered[place])
    middle = (high + low) / 2
    return middle if middle > low else high
