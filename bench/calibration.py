"""How far probabilities are from what they say, worked out here and not by textkind."""

from itertools import pairwise

import numpy as np

BINS = 15
DRAWS = 200  # of outcomes that the probabilities themselves would give


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Gap between mean confidence and accuracy, averaged over bins of equally many texts."""
    gaps = (confidence - right)[np.argsort(confidence, kind="stable")]
    edges = [round(i * len(gaps) / BINS) for i in range(BINS + 1)]
    return float(sum(abs(gaps[low:high].sum()) for low, high in pairwise(edges)) / len(gaps))


def by_chance(confidence: np.ndarray) -> float:
    """The mean error where every confidence is right."""
    random = np.random.default_rng(0)
    drawn = (random.random(len(confidence)) < confidence for _ in range(DRAWS))
    return float(np.mean([calibration_error(confidence, right) for right in drawn]))
