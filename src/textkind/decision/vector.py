"""Vector scaling: a scale and an offset for each label, fitted together.

softmax(scale_k * logit_k / temperature + offset_k), Guo et al. 2017; where the shared fit is a
sigmoid, the normalised sigmoids of the same in place of the softmax. A Gaussian prior around scale
1 and offset 0, which is the shared fit, keeps many labels with few rows each from saying much.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from textkind.decision.parameters import as_row, check_row
from textkind.decision.shared import Shared, check_shared, fit_shared
from textkind.decision.sigmoid import Sigmoid, normalised_terms
from textkind.decision.temperature import plain_probabilities

RIDGE = 32.0  # inverse variance of the prior
STEPS = 100  # of L-BFGS at most


@dataclass(frozen=True)
class Vector:
    """The shared fit, with (K,) scales of its scaled logits and (K,) offsets."""

    name: ClassVar[str] = "vector"
    keeps_order: ClassVar[bool] = False
    least_rows: ClassVar[int] = 100
    several: ClassVar[bool] = False  # fitted alone, each label's would be Platt scaling

    shared: Shared
    scales: tuple[float, ...]
    offsets: tuple[float, ...]

    def __post_init__(self) -> None:
        check_shared(self.shared)
        check_row("scales", self.scales, self.labels, 0)
        check_row("offsets", self.offsets, self.labels)

    @property
    def labels(self) -> int:
        """How many it is for."""
        return len(self.scales)

    @classmethod
    def fit(cls, logits: np.ndarray, targets: np.ndarray, shared: Shared | None = None) -> "Vector":
        """L-BFGS with the prior's ridge; no scale is below 0."""
        from scipy.optimize import minimize

        labels = logits.shape[1]
        shared = fit_shared(logits, targets) if shared is None else shared
        found = minimize(
            loss_and_slopes,
            np.concatenate([np.ones(labels), np.zeros(labels)]),
            args=(logits.astype(np.float64), targets, shared),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0, None)] * labels + [(None, None)] * labels,
            options={"maxiter": STEPS},
        )
        return cls(shared, as_row(found.x[:labels]), as_row(found.x[labels:]))

    def transform(self, logits: np.ndarray, several: bool) -> np.ndarray:
        """(N, K) probabilities."""
        scales, offsets = np.array(self.scales), np.array(self.offsets)
        moved = logits * scales + offsets * self.shared.temperature
        return self.shared.transform(moved, several).astype(logits.dtype)


def loss_and_slopes(
    point: np.ndarray, logits: np.ndarray, targets: np.ndarray, shared: Shared
) -> tuple[float, np.ndarray]:
    """Penalised mean log loss at the K scales and K offsets, and its slopes (2 K,)."""
    rows, labels = logits.shape
    scales, offsets = point[:labels], point[labels:]
    scaled = (logits * scales) / shared.temperature + offsets
    if isinstance(shared, Sigmoid):
        losses, error = normalised_terms(scaled + shared.offset, targets)
    else:
        error = plain_probabilities(scaled, 1.0, several=False)
        every = np.arange(rows)
        losses = -np.log(np.maximum(error[every, targets], 1e-300))
        error[every, targets] -= 1
    slopes = np.concatenate(
        [
            np.einsum("nk,nk->k", error, logits) / shared.temperature + RIDGE * (scales - 1),
            error.sum(axis=0) + RIDGE * offsets,
        ]
    )
    penalty = RIDGE / 2 * (((scales - 1) ** 2).sum() + (offsets**2).sum())
    return float((losses.sum() + penalty) / rows), slopes / rows
