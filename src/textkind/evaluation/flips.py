"""How answers move when texts are changed: arrays of both in, plain numbers out."""

from typing import Any

import numpy as np

from textkind.evaluation.lifts import share_of


def flip_figures(
    before: np.ndarray,
    after: np.ndarray,
    answered: np.ndarray,
    answered_after: np.ndarray,
) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """The figures of N changed texts, (N,) bool which flipped, and (N,) float64 how far each moved.

    before and after (N, K) probabilities; answered and answered_after (N,) ids or (N, K) 0/1. A
    text flips where its label, or its set of labels, is another; it moves by the change of the
    probability of the label answered before, of several labels by the largest change.
    """
    flipped = answered != answered_after
    if answered.ndim == 2:
        flipped = flipped.any(axis=1)
        moved = np.abs(after - before).max(axis=1, initial=0)
    else:
        rows = np.arange(len(answered))
        moved = np.abs(after[rows, answered] - before[rows, answered])
    moved = moved.astype(np.float64)
    share = share_of(int(flipped.sum()), len(flipped))
    figures = {
        "rows": len(flipped),
        "flips": int(flipped.sum()),
        "rate": {"value": share.value, "low": share.low, "high": share.high},
        "moved_mean": float(moved.mean()) if len(moved) else None,
        "moved_most": float(np.quantile(moved, 0.95)) if len(moved) else None,
    }
    return figures, flipped, moved
