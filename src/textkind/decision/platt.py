"""Platt scaling label by label: sigmoid(slope_k * log-odds + intercept_k).

Platt 1999; one label against the rest, then normalised where a text has one (Zadrozny and Elkan
2002). The log-odds are those of the shared fit, so slope 1 and intercept 0 leave all as it is. That
is where the prior lies, in place of the pseudo-counts of Platt.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from textkind.decision.logistic import fit_labels
from textkind.decision.parameters import as_row, check_row
from textkind.decision.shared import Shared, check_shared, finished, fit_shared, log_chances, truth
from textkind.decision.temperature import sigmoids


@dataclass(frozen=True)
class Platt:
    """The shared fit, then (K,) slopes of 0 or more and (K,) intercepts."""

    name: ClassVar[str] = "platt"
    keeps_order: ClassVar[bool] = False
    least_rows: ClassVar[int] = 100
    several: ClassVar[bool] = True

    shared: Shared
    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]

    def __post_init__(self) -> None:
        check_shared(self.shared)
        check_row("slopes", self.slopes, self.labels, 0)
        check_row("intercepts", self.intercepts, self.labels)

    @property
    def labels(self) -> int:
        """How many it is for."""
        return len(self.slopes)

    @classmethod
    def fit(cls, logits: np.ndarray, targets: np.ndarray, shared: Shared | None = None) -> "Platt":
        """Newton steps for all labels at once; rare labels share one fit."""
        shared = fit_shared(logits, targets) if shared is None else shared
        having, lacking = log_chances(shared, logits, targets.ndim == 2)
        slopes, intercepts = fit_labels(
            [having - lacking], truth(targets, logits.shape[1]), (1.0, 0.0)
        ).T
        return cls(shared, as_row(slopes), as_row(intercepts))

    def transform(self, logits: np.ndarray, several: bool) -> np.ndarray:
        """(N, K) probabilities."""
        having, lacking = log_chances(self.shared, logits, several)
        scores = np.array(self.slopes) * (having - lacking) + np.array(self.intercepts)
        return finished(sigmoids(scores), having, logits, several)
