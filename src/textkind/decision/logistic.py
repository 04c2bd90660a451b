"""Many small logistic regressions at once, one a label, kept near a prior and monotone.

    coefficients = fit_labels(features, targets, center)            (K, F + 1), the intercept last
    log-odds of label k in row n = sum_f coefficients[k, f] * features[f][n, k] + intercept

Labels too rare to be fitted alone share one fit of all their rows. A Gaussian prior around `center`
keeps few rows from saying much; no slope is below 0, so that a higher feature never makes a label
less likely.
"""

from collections.abc import Sequence

import numpy as np

from textkind.decision.temperature import sigmoids

RIDGE = 16.0  # inverse variance of the prior: a standard deviation of 1/4
LEAST = 10  # rows with the label, and without it, for a fit of its own
STEPS = 50  # Newton steps; a handful is usual
FARTHEST = 2.0  # that a coefficient moves in one step
NEAR = 1e-7  # a step that small is the last


def rare_labels(targets: np.ndarray) -> np.ndarray:
    """(K,) bool of (N, K) 0/1: the labels that too few rows have, or lack."""
    having = targets.sum(axis=0)
    return np.minimum(having, len(targets) - having) < LEAST


def pooled_labels(targets: np.ndarray) -> np.ndarray:
    """(K,) bool: whose rows the rare labels share; all labels where the rare are rare together."""
    rare = rare_labels(targets)
    return rare if targets[:, rare].sum() >= LEAST else np.ones_like(rare)


def fit_labels(
    features: Sequence[np.ndarray],
    targets: np.ndarray,
    center: Sequence[float],
    ridge: float = RIDGE,
) -> np.ndarray:
    """(K, F + 1) coefficients of F features (N, K) float64; targets (N, K) float64 of 0 or 1."""
    rare = rare_labels(targets)
    found = np.empty((targets.shape[1], len(center)))
    if not rare.all():
        own = [feature[:, ~rare] for feature in features]
        found[~rare] = fit_logistic(own, targets[:, ~rare], center, ridge)
    if rare.any():
        pool = pooled_labels(targets)
        together = [feature[:, pool].reshape(-1, 1) for feature in features]
        found[rare] = fit_logistic(together, targets[:, pool].reshape(-1, 1), center, ridge)
    return found


def fit_logistic(
    features: Sequence[np.ndarray], targets: np.ndarray, center: Sequence[float], ridge: float
) -> np.ndarray:
    """The same of every label alone; targets may be any share of 0 to 1.

    Newton steps. Slopes that would be below 0 are held at 0, and the rest is fitted again, as Kull
    et al. 2017 do.
    """
    held = np.zeros((targets.shape[1], len(center)), bool)
    while True:
        found = _newton(features, targets, np.asarray(center, np.float64), ridge, held)
        falling = found < 0
        falling[:, -1] = False  # the intercept may be anything
        if not falling.any():
            return found
        held |= falling


def _newton(
    features: Sequence[np.ndarray],
    targets: np.ndarray,
    center: np.ndarray,
    ridge: float,
    held: np.ndarray,
) -> np.ndarray:
    """Coefficients of least penalised loss; those held (K, F + 1) are 0."""
    columns = [*features, np.ones_like(targets)]
    found = np.where(held, 0.0, center)
    for _ in range(STEPS):
        scores = sum(found[:, place] * column for place, column in enumerate(columns))
        chances = sigmoids(scores)
        error, weight = chances - targets, chances * (1 - chances)
        slope = ridge * (found - center)
        curve = np.zeros((len(found), len(center), len(center)))
        for place, column in enumerate(columns):
            slope[:, place] += np.einsum("nk,nk->k", error, column)
            weighted = weight * column
            for other in range(place + 1):
                bend = np.einsum("nk,nk->k", weighted, columns[other])
                curve[:, place, other] = curve[:, other, place] = bend
        # what is held moves no more: its slope is 0, its curve a row of the identity
        slope[held] = 0
        curve[held[:, :, None] | held[:, None, :]] = 0
        curve[:, range(len(center)), range(len(center))] += np.where(held, 1, ridge + 1e-9)
        step = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
        largest = np.abs(step).max(axis=1, keepdims=True)
        found = found - step * np.minimum(1, FARTHEST / np.maximum(largest, FARTHEST))
        if largest.max() < NEAR:
            break
    return found
