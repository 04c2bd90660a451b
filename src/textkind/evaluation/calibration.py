"""Whether a probability of 0.8 is right 80 % of the time: reliability bins and their mean gap.

In go confidences and whether each was right, out come bins and plain numbers. One label a text:
one pair a row, the predicted label's probability and whether it is gold. Several labels: one pair
for every row and label, the label's probability and whether the row has it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from textkind.evaluation.ranking import tied

BINS = 15  # Guo et al. 2017, "On Calibration of Modern Neural Networks"

Binning = Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True)
class ReliabilityBin:
    """Pairs of like confidence: the bin's borders, its size, mean confidence, share right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def confidence_pairs(
    probabilities: np.ndarray, predicted: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Confidence and correctness, both float64: (N, 1) for one label, (N, K) for several."""
    if targets.ndim == 2:
        return probabilities.astype(np.float64), (targets != 0).astype(np.float64)
    confidence = np.take_along_axis(probabilities, predicted[:, None], axis=1)
    return confidence.astype(np.float64), (predicted == targets).astype(np.float64)[:, None]


def equal_width_bins(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """The bin of each confidence (M,): bin j holds [j / bins, (j + 1) / bins), the last also 1."""
    return np.minimum((confidence * bins).astype(np.int64), bins - 1)


def equal_mass_bins(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """The bin of each confidence (M,), cut by rank so that bins are of one size within one.

    Equal confidences stay together, in the bin of their lowest rank, so the order of the rows
    never matters; many ties therefore leave some bins larger and some empty.
    """
    order = np.argsort(confidence, kind="stable")
    starts, ends = tied(confidence[order])
    bin_of = np.empty(len(confidence), np.int64)
    bin_of[order] = np.repeat(bins * starts // max(len(confidence), 1), ends - starts)
    return bin_of


def calibration_error(
    confidence: np.ndarray, correct: np.ndarray, binning: Binning, bins: int = BINS
) -> float:
    """Gap between confidence and accuracy, averaged over bins by size; 0 is perfect.

    confidence and correct are float64 of one shape; `binning` is one of the two above. NaN where
    there is no pair.
    """
    if confidence.size == 0:
        return float("nan")
    bin_of = binning(confidence.ravel(), bins)
    gaps = np.bincount(bin_of, weights=(confidence - correct).ravel(), minlength=bins)
    return float(np.abs(gaps).sum() / confidence.size)


def reliability_bins(
    confidence: np.ndarray, correct: np.ndarray, binning: Binning, bins: int = BINS
) -> list[ReliabilityBin]:
    """The bins that hold any pair, by rising confidence.

    Equal-width bins have their nominal borders, equal-mass bins the lowest and highest confidence
    found in them.
    """
    confidence, correct = confidence.ravel(), correct.ravel()
    bin_of = binning(confidence, bins)
    found = []
    for number in np.unique(bin_of):
        inside = confidence[bin_of == number]
        borders = (number / bins, (number + 1) / bins)
        if binning is equal_mass_bins:
            borders = (inside.min(), inside.max())
        found.append(
            ReliabilityBin(
                float(borders[0]),
                float(borders[1]),
                len(inside),
                float(inside.mean()),
                float(correct[bin_of == number].mean()),
            )
        )
    return found
