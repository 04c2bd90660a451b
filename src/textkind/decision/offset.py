"""Temperature and offset: calibration of one-against-rest logits by two numbers.

    probability_k is proportional to sigmoid(logit_k / temperature + offset)

One Platt scaling (Platt 1999) shared by all classes, then normalised (Zadrozny and Elkan 2002). As
the offset falls it becomes softmax(logit / temperature), so it can only fit better. The sigmoid
flattens where a class is sure already, which margins of support vector machines need: their
softmax is too sure at the top and not sure enough at the bottom.
"""

from dataclasses import dataclass

import numpy as np

LOWEST_OFFSET, HIGHEST_OFFSET = -20.0, 20.0
WORTH = 2.0  # nats over all rows that a second parameter must gain: Akaike's criterion, twice


@dataclass(frozen=True)
class OffsetFit:
    """Temperature, offset and mean log loss (nats)."""

    temperature: float
    offset: float
    log_loss: float


def shared_sigmoid(scaled: np.ndarray) -> np.ndarray:
    """Rows of sigmoid(scaled) divided by their sums; (N, K), same dtype.

    Far below 0 the sigmoid is an exponential, so such rows may be lifted: their ratios stay.
    """
    lift = np.maximum(-20 - np.maximum.reduce(scaled, axis=1, keepdims=True), 0)
    odds = 1 / (1 + np.exp(np.clip(-(scaled + lift), -80, 80)))
    return odds / np.add.reduce(odds, axis=1, keepdims=True)


def loss_and_slopes(
    point: np.ndarray, logits: np.ndarray, targets: np.ndarray
) -> tuple[float, np.ndarray]:
    """Mean log loss at (log of the inverse temperature, offset), and its two slopes."""
    sharpness, offset = np.exp(point[0]), point[1]
    scaled = sharpness * logits + offset
    probabilities = shared_sigmoid(scaled)
    rows = np.arange(len(targets))
    gold = np.maximum(probabilities[rows, targets], 1e-300)
    error = probabilities
    error[rows, targets] -= 1
    error /= 1 + np.exp(np.clip(scaled, -80, 80))  # times 1 - sigmoid
    slopes = np.array([sharpness * np.einsum("nk,nk->", error, logits), error.sum()])
    return float(-np.log(gold).mean()), slopes / len(targets)


def fit_offset(
    logits: np.ndarray, targets: np.ndarray, temperature: float, log_loss: float
) -> OffsetFit | None:
    """Temperature and offset of least log loss on (N, K) logits and (N,) ids, found by BFGS.

    Starts from the temperature alone and its log loss; None where the offset is not worth its
    degree of freedom, or runs off to where it is the softmax.
    """
    from scipy.optimize import minimize

    found = minimize(
        loss_and_slopes,
        np.array([-np.log(temperature), 0.0]),
        args=(logits.astype(np.float64), targets),
        jac=True,
        method="BFGS",  # of SciPy's, the one in NumPy: L-BFGS-B starts threads for two numbers
    )
    inside = LOWEST_OFFSET < found.x[1] < HIGHEST_OFFSET and abs(found.x[0]) < np.log(1e3)
    if not inside or not (log_loss - found.fun) * len(targets) > WORTH:
        return None
    return OffsetFit(float(np.exp(-found.x[0])), float(found.x[1]), float(found.fun))
