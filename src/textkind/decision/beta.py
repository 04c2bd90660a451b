"""Beta calibration label by label: log-odds = a_k log(p) - b_k log(1 - p) + c_k.

Kull, Silva Filho and Flach 2017. p is the probability by the shared fit, so a = b = 1 and c = 0
leave all as it is, and a = b is Platt scaling. One label against the rest, then normalised where a
text has one.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from textkind.decision.logistic import fit_labels
from textkind.decision.parameters import as_row, check_row
from textkind.decision.shared import Shared, check_shared, finished, fit_shared, log_chances, truth
from textkind.decision.temperature import sigmoids


@dataclass(frozen=True)
class Beta:
    """The shared fit, then a, b (K,), 0 or more, and c (K,)."""

    name: ClassVar[str] = "beta"
    keeps_order: ClassVar[bool] = False
    least_rows: ClassVar[int] = 100
    several: ClassVar[bool] = True

    shared: Shared
    a: tuple[float, ...]
    b: tuple[float, ...]
    c: tuple[float, ...]

    def __post_init__(self) -> None:
        check_shared(self.shared)
        check_row("a", self.a, self.labels, 0)
        check_row("b", self.b, self.labels, 0)
        check_row("c", self.c, self.labels)

    @property
    def labels(self) -> int:
        """How many it is for."""
        return len(self.a)

    @classmethod
    def fit(cls, logits: np.ndarray, targets: np.ndarray, shared: Shared | None = None) -> "Beta":
        """Newton steps for all labels at once; rare labels share one fit."""
        shared = fit_shared(logits, targets) if shared is None else shared
        having, lacking = log_chances(shared, logits, targets.ndim == 2)
        found = fit_labels([having, -lacking], truth(targets, logits.shape[1]), (1.0, 1.0, 0.0))
        return cls(shared, *map(as_row, found.T))

    def transform(self, logits: np.ndarray, several: bool) -> np.ndarray:
        """(N, K) probabilities."""
        having, lacking = log_chances(self.shared, logits, several)
        scores = np.array(self.a) * having - np.array(self.b) * lacking + np.array(self.c)
        return finished(sigmoids(scores), having, logits, several)
