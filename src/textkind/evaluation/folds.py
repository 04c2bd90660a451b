"""What a cross-validation says of the next fit: figures over folds, and two models' folds compared.

In go one number a fold; out come plain numbers. The folds' training parts overlap, so their figures
are more alike than those of independent fits: the usual variance of a mean is too small, and is
corrected by Nadeau & Bengio 2003, "Inference for the generalization error".
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from textkind.evaluation.intervals import TAILS


@dataclass(frozen=True)
class OverFolds:
    """Mean and standard deviation of a figure over folds, and the corrected 95 % interval."""

    mean: float
    deviation: float
    low: float
    high: float


def over_folds(
    values: np.ndarray, share: float, least: float = -math.inf, most: float = math.inf
) -> OverFolds:
    """The figure over J folds from its values (J,), J 2 or more.

    share: rows of a test part by rows of its training part, 1 / (J - 1) of plain folds. The
    interval is symmetric, and cut where the figure ends: it can be from least to most.
    """
    mean, deviation = float(values.mean()), float(values.std(ddof=1))
    reach = float(stdtrit(len(values) - 1, TAILS[1] / 100)) * _error(values, share)
    return OverFolds(mean, deviation, max(mean - reach, least), min(mean + reach, most))


def corrected_t_test(differences: np.ndarray, share: float) -> float:
    """Two-sided p of the corrected resampled t-test, of two models' differences (J,) on J folds."""
    error = _error(differences, share)
    if error == 0:
        return 1.0 if differences.mean() == 0 else 0.0
    return float(2 * stdtr(len(differences) - 1, -abs(float(differences.mean())) / error))


def _error(values: np.ndarray, share: float) -> float:
    return math.sqrt((1 / len(values) + share) * float(values.var(ddof=1)))
