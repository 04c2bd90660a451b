"""The mistakes worth reading first: those made with most confidence, and the labels mixed up.

In go probabilities, predicted labels and targets; out come row numbers and plain numbers. Names,
texts and n-grams are added by those who hold them.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mistake:
    """One wrong row, counted from 0 in the arrays given.

    gold, predicted   label ids; several labels: all of them, perhaps none
    label             the wrongly predicted label; several labels: the one that was decided wrongly
                      with most confidence, be it predicted or missed
    probability       of that decision: of `label`, or of not `label` where it was missed
    gold_probability  one label: of the gold label; several labels: 1 - probability
    """

    row: int
    gold: tuple[int, ...]
    predicted: tuple[int, ...]
    label: int
    probability: float
    gold_probability: float


@dataclass(frozen=True)
class ConfusedPair:
    """Two label ids and how often the first was predicted as the second."""

    gold: int
    predicted: int
    count: int


def confident_mistakes(
    probabilities: np.ndarray, predicted: np.ndarray, targets: np.ndarray, limit: int
) -> list[Mistake]:
    """Up to `limit` wrong rows, most confident first, equal ones in row order.

    probabilities (N, K) float; predicted and targets are both (N,) ids or both (N, K) 0/1.
    """
    if targets.ndim == 2:
        return _mistakes_of_several(probabilities, predicted, targets, limit)
    wrong = np.flatnonzero(predicted != targets)
    confidence = probabilities[wrong, predicted[wrong]]
    return [
        Mistake(
            row=int(row),
            gold=(int(targets[row]),),
            predicted=(int(predicted[row]),),
            label=int(predicted[row]),
            probability=float(probabilities[row, predicted[row]]),
            gold_probability=float(probabilities[row, targets[row]]),
        )
        for row in wrong[_highest(confidence, limit)]
    ]


def confused_pairs(predicted: np.ndarray, targets: np.ndarray, limit: int) -> list[ConfusedPair]:
    """Up to `limit` pairs of label ids mixed up, most often first, equal ones in label order.

    predicted and targets (N,) ids.
    """
    wrong = predicted != targets
    pairs, counts = np.unique(
        np.column_stack([targets[wrong], predicted[wrong]]), axis=0, return_counts=True
    )
    return [
        ConfusedPair(int(pairs[place, 0]), int(pairs[place, 1]), int(counts[place]))
        for place in _highest(counts, limit)
    ]


def _mistakes_of_several(
    probabilities: np.ndarray, predicted: np.ndarray, targets: np.ndarray, limit: int
) -> list[Mistake]:
    is_wrong = (predicted != 0) != (targets != 0)
    wrong = np.flatnonzero(is_wrong.any(axis=1))
    decided = np.where(predicted[wrong] != 0, probabilities[wrong], 1 - probabilities[wrong])
    decided = np.where(is_wrong[wrong], decided, -1)
    label = decided.argmax(axis=1)
    confidence = decided.max(axis=1, initial=-1)
    return [
        Mistake(
            row=int(wrong[place]),
            gold=tuple(np.flatnonzero(targets[wrong[place]]).tolist()),
            predicted=tuple(np.flatnonzero(predicted[wrong[place]]).tolist()),
            label=int(label[place]),
            probability=float(confidence[place]),
            gold_probability=1 - float(confidence[place]),
        )
        for place in _highest(confidence, limit)
    ]


def _highest(values: np.ndarray, limit: int) -> np.ndarray:
    """Places of the `limit` highest values (N,), highest first, equal ones in order."""
    return np.argsort(-values, kind="stable")[: max(limit, 0)]
