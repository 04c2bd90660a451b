"""Isotonic regression label by label: the rising steps that fit best (Zadrozny and Elkan 2002).

One label against the rest, then normalised where a text has one. Scores are the log-odds of the
shared fit; between two steps the curve is a straight line, beyond the ends it is level. One row
more lies at either end, against the curve: at the lowest score one with the label, which counts as
much as the label's share; at the highest one without it, which counts as the rest. So no end is 0
or 1, however many rows agree, and the curve still rises. Labels too rare share one curve.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from textkind.decision.logistic import pooled_labels, rare_labels
from textkind.decision.parameters import as_row, is_number
from textkind.decision.shared import (
    Shared,
    check_shared,
    finished,
    fit_shared,
    log_chances,
    truth,
)
from textkind.errors import SettingsError


@dataclass(frozen=True)
class Isotonic:
    """The shared fit; curves, each (S,) rising scores and (S,) values; the curve of each label."""

    name: ClassVar[str] = "isotonic"
    keeps_order: ClassVar[bool] = False
    least_rows: ClassVar[int] = 1000  # Niculescu-Mizil and Caruana 2005: with fewer it overfits
    several: ClassVar[bool] = True

    shared: Shared
    curves: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
    curve_of: tuple[int, ...]

    def __post_init__(self) -> None:
        check_shared(self.shared)
        if not isinstance(self.curves, tuple) or not all(map(is_curve, self.curves)):
            raise SettingsError("curves must be pairs of rising scores and values", found=None)
        places = range(len(self.curves))
        if not isinstance(self.curve_of, tuple) or not all(
            type(place) is int and place in places for place in self.curve_of
        ):
            raise SettingsError("curve_of must be places of curves", found=self.curve_of)

    @property
    def labels(self) -> int:
        """How many it is for."""
        return len(self.curve_of)

    @classmethod
    def fit(
        cls, logits: np.ndarray, targets: np.ndarray, shared: Shared | None = None
    ) -> "Isotonic":
        """Pool adjacent violators, label by label."""
        shared = fit_shared(logits, targets) if shared is None else shared
        having, lacking = log_chances(shared, logits, targets.ndim == 2)
        scores, has = having - lacking, truth(targets, logits.shape[1])
        rare = rare_labels(has)
        curves = [fit_curve(scores[:, label], has[:, label]) for label in np.flatnonzero(~rare)]
        curve_of = np.where(rare, len(curves), np.cumsum(~rare) - 1)
        if rare.any():
            pool = pooled_labels(has)
            curves.append(fit_curve(scores[:, pool].ravel(), has[:, pool].ravel()))
        return cls(shared, tuple(curves), tuple(curve_of.tolist()))

    def transform(self, logits: np.ndarray, several: bool) -> np.ndarray:
        """(N, K) probabilities."""
        having, lacking = log_chances(self.shared, logits, several)
        scores = having - lacking
        chances = np.empty_like(scores)
        for label, place in enumerate(self.curve_of):
            chances[:, label] = np.interp(scores[:, label], *self.curves[place])
        return finished(chances, having, logits, several)


def fit_curve(scores: np.ndarray, has: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Scores and values at both ends of every step, of scores (N,) and 0/1 (N,); N at least 1."""
    from sklearn.isotonic import isotonic_regression

    share = np.clip(has.mean(), 1e-6, 1 - 1e-6)
    different, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    positive = np.bincount(place, weights=has)
    # the two rows beside the data, at its lowest and its highest score
    counts = np.concatenate([[share], counts, [1 - share]])
    means = np.concatenate([[1.0], positive / counts[1:-1], [0.0]])
    values = isotonic_regression(means, sample_weight=counts)[1:-1]
    is_end = np.ones(len(values), bool)  # of a step: its first or its last score
    is_end[1:-1] = (values[1:-1] != values[:-2]) | (values[1:-1] != values[2:])
    return as_row(different[is_end]), as_row(values[is_end])


def is_curve(found: object) -> bool:
    """Whether it is a pair of rising scores and values, the values above 0 and up to 1."""
    if not isinstance(found, tuple) or len(found) != 2:
        return False
    scores, values = found
    for row in found:
        if not isinstance(row, tuple) or not row or not all(map(is_number, row)):
            return False
    rises = all(low < high for low, high in pairwise(scores))
    holds = all(low <= high for low, high in pairwise(values))
    return len(scores) == len(values) and rises and holds and values[0] > 0 and values[-1] <= 1
