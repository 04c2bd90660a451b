"""What a threshold buys, over all thresholds: arrays in, lists of points out.

`risk_curve` leaves the unsure unanswered and shows how often the others are wrong; `label_curve`
gives a label from a probability on and shows its precision and recall.
"""

from typing import Any

import numpy as np

from textkind.evaluation.intervals import share_interval

MOST_POINTS = 50  # of a risk curve
THRESHOLDS = (0.01, 0.02, *(step / 20 for step in range(1, 20)), 0.98, 0.99)


def risk_curve(confidence: np.ndarray, correct: np.ndarray) -> list[dict[str, float]]:
    """Points of the risk-coverage curve (El-Yaniv & Wiener 2010), the fewest answered first.

    confidence (N,) and correct (N,) of the answers. A point answers all texts of a confidence or
    more: `answered` is their share of N, `error` how many of them are wrong, as a share, with the
    95 % interval of Wilson. At most MOST_POINTS, evenly spaced over the texts; none without a text.
    """
    rows = len(confidence)
    order = np.argsort(-confidence, kind="stable")
    falling, wrong = confidence[order], np.cumsum(~correct[order].astype(bool))
    asked = np.unique(np.linspace(0, rows, min(rows, MOST_POINTS) + 1).astype(np.int64)[1:])
    # texts of one confidence are answered together
    ends = np.unique(np.searchsorted(-falling, -falling[asked - 1], side="right"))
    low, high = share_interval(wrong[ends - 1], ends)
    return [
        {
            "answered": float(end / rows),
            "confidence": float(falling[end - 1]),
            "error": float(wrong[end - 1] / end),
            "low": float(low[place]),
            "high": float(high[place]),
        }
        for place, end in enumerate(ends.tolist())
    ]


def label_curve(given: np.ndarray, gold: np.ndarray) -> list[dict[str, Any]]:
    """Precision, recall and F1 where a label is given from each of THRESHOLDS on.

    given holds probabilities, gold 0 or 1, of one shape: decisions on one label or on many.
    Precision is None where the label is never given, recall where it is never gold.
    """
    thresholds = np.array(THRESHOLDS, given.dtype)  # as a decision compares them
    given, gold = given.ravel(), gold.ravel() != 0
    # how many thresholds each probability reaches; adding up from above counts who reaches one
    reached = np.searchsorted(thresholds, given, side="right")
    size = len(thresholds) + 1
    predicted = np.bincount(reached, minlength=size)[::-1].cumsum()[::-1][1:].tolist()
    hits = np.bincount(reached[gold], minlength=size)[::-1].cumsum()[::-1][1:].tolist()
    total = int(gold.sum())
    return [
        {
            "threshold": threshold,
            "predicted": number,
            "precision": hit / number if number else None,
            "recall": hit / total if total else None,
            "f1": 2 * hit / (number + total) if number + total else None,
        }
        for threshold, number, hit in zip(THRESHOLDS, predicted, hits, strict=True)
    ]
