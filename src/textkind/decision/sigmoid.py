"""Temperature and offset: one Platt scaling (Platt 1999) shared by all labels.

    one label       probability_k is proportional to sigmoid(logit_k / temperature + offset)
    several labels  probability_k is sigmoid(logit_k / temperature + offset)

Of one label the sigmoids are normalised (Zadrozny and Elkan 2002). As the offset falls that becomes
softmax(logit / temperature), so it can only fit better. The sigmoid flattens where a label is sure
already, which margins of support vector machines need: their softmax is too sure at the top and not
sure enough at the bottom.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from textkind.decision.parameters import check_number
from textkind.decision.temperature import (
    FAR,
    HIGHEST,
    LOWEST,
    TemperatureFit,
    fit_temperature,
    sigmoids,
)

LOWEST_OFFSET, HIGHEST_OFFSET = -20.0, 20.0


@dataclass(frozen=True)
class Sigmoid:
    """Temperature and offset. The most probable label stays that of the highest logit."""

    name: ClassVar[str] = "sigmoid"
    keeps_order: ClassVar[bool] = True
    least_rows: ClassVar[int] = 1
    several: ClassVar[bool] = True
    labels: ClassVar[int | None] = None

    temperature: float
    offset: float

    def __post_init__(self) -> None:
        check_number("temperature", self.temperature, LOWEST, HIGHEST)
        check_number("offset", self.offset, LOWEST_OFFSET, HIGHEST_OFFSET)

    @property
    def shared(self) -> "Sigmoid":
        """Itself."""
        return self

    @classmethod
    def fit(cls, logits: np.ndarray, targets: np.ndarray, shared: object = None) -> "Sigmoid":
        """Those of least log loss."""
        if isinstance(shared, Sigmoid):
            return shared
        return fit_sigmoid(logits, targets, fit_temperature(logits, targets))

    def transform(self, logits: np.ndarray, several: bool) -> np.ndarray:
        """(N, K) probabilities."""
        number = logits.dtype.type
        scaled = logits * number(1 / self.temperature) + number(self.offset)
        return sigmoids(scaled) if several else shared_sigmoid(scaled)


def fit_sigmoid(logits: np.ndarray, targets: np.ndarray, alone: TemperatureFit) -> Sigmoid:
    """Temperature and offset of least log loss, by BFGS from the temperature alone.

    The temperature alone where the rows set it no limit (all are right, or worse than chance).
    """
    from scipy.optimize import minimize

    if alone.notes:
        return Sigmoid(alone.temperature, 0.0 if targets.ndim == 2 else LOWEST_OFFSET)
    found = minimize(
        loss_and_slopes,
        np.array([-np.log(alone.temperature), 0.0]),
        args=(logits.astype(np.float64), targets),
        jac=True,
        method="BFGS",  # of SciPy's, the one in NumPy: L-BFGS-B starts threads for two numbers
    )
    temperature = np.clip(np.exp(np.clip(-found.x[0], -FAR, FAR)), LOWEST, HIGHEST)
    return Sigmoid(float(temperature), float(np.clip(found.x[1], LOWEST_OFFSET, HIGHEST_OFFSET)))


def shared_sigmoid(scaled: np.ndarray) -> np.ndarray:
    """Rows of sigmoid(scaled) divided by their sums; (N, K), same dtype.

    Far below 0 the sigmoid is an exponential, so such rows may be lifted: their ratios stay.
    """
    lift = np.maximum(-20 - np.maximum.reduce(scaled, axis=1, keepdims=True), 0)
    odds = sigmoids(scaled + lift)
    return odds / np.add.reduce(odds, axis=1, keepdims=True)


def loss_and_slopes(
    point: np.ndarray, logits: np.ndarray, targets: np.ndarray
) -> tuple[float, np.ndarray]:
    """Mean log loss at (log of the inverse temperature, offset), and its two slopes."""
    sharpness, offset = np.exp(np.clip(point[0], -FAR, FAR)), point[1]
    scaled = sharpness * logits + offset
    if targets.ndim == 2:
        towards = np.where(targets != 0, scaled, -scaled)
        losses = np.log1p(np.exp(-np.abs(towards))) + np.maximum(-towards, 0)
        error = sigmoids(scaled) - (targets != 0)
    else:
        losses, error = normalised_terms(scaled, targets)
    slopes = np.array([sharpness * np.einsum("nk,nk->", error, logits), error.sum()])
    return float(losses.mean()), slopes / losses.size


def normalised_terms(scaled: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) losses of the normalised sigmoids, and their slopes (N, K) by what is scaled."""
    error = shared_sigmoid(scaled)
    rows = np.arange(len(targets))
    losses = -np.log(np.maximum(error[rows, targets], 1e-300))
    error[rows, targets] -= 1
    error /= 1 + np.exp(np.clip(scaled, -FAR, FAR))  # times 1 - sigmoid
    return losses, error
