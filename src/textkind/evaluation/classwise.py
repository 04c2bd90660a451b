"""Calibration label by label: class-wise calibration error, and the Brier score in its parts.

In go probabilities and targets, out come arrays with a number for each label. Every label is asked
alone: its probability in every row, against whether the row has it, in 15 bins of equal mass.
"""

from dataclasses import dataclass

import numpy as np

from textkind.evaluation.calibration import BINS, equal_mass_bins
from textkind.evaluation.metrics import row_brier


@dataclass(frozen=True, eq=False)
class LabelCalibration:
    """(K,) float64 each, of one label alone; NaN where there is no row.

    error        mean gap between a bin's mean probability and its share of the label, by size
                 (class-wise ECE, Kull et al. 2019; with bins of equal mass, Nixon et al. 2019)
    reliability  the same gap, squared (Murphy 1973); 0 is perfect
    resolution   squared gap between a bin's share and the label's share of all rows: the more the
                 better
    uncertainty  share of the label times share of the others: what the data alone decides
    """

    error: np.ndarray
    reliability: np.ndarray
    resolution: np.ndarray
    uncertainty: np.ndarray


def label_calibration(
    probabilities: np.ndarray, targets: np.ndarray, bins: int = BINS
) -> LabelCalibration:
    """Of (N, K) probabilities and (N,) ids or (N, K) 0/1."""
    rows, labels = probabilities.shape
    if rows == 0:
        return LabelCalibration(*np.full((4, labels), np.nan))
    found = np.empty((labels, 4))
    for label in range(labels):
        given = probabilities[:, label].astype(np.float64)
        has = targets[:, label] != 0 if targets.ndim == 2 else targets == label
        bin_of = equal_mass_bins(given, bins)
        sizes = np.bincount(bin_of, minlength=bins)
        stated = np.bincount(bin_of, weights=given, minlength=bins)
        seen = np.bincount(bin_of, weights=has, minlength=bins)
        share = has.mean()
        gaps, beyond = stated - seen, seen - share * sizes
        size = np.maximum(sizes, 1)  # the gaps of an empty bin are 0
        found[label] = (
            np.abs(gaps).sum() / rows,
            (gaps**2 / size).sum() / rows,
            (beyond**2 / size).sum() / rows,
            share * (1 - share),
        )
    return LabelCalibration(*found.T)


def calibration_figures(
    found: LabelCalibration, probabilities: np.ndarray, targets: np.ndarray
) -> dict[str, float]:
    """The figures of all labels together; NaN without rows.

    brier = reliability - resolution + uncertainty + within_bins. The last is what probabilities
    that differ inside one bin add or spare (Stephenson et al. 2008); it is 0 where none do. All are
    put together as the Brier score is: one label a text, the sum over labels, half of it of two;
    several, the mean over labels.
    """
    labels = probabilities.shape[1]
    parts = found.reliability, found.resolution, found.uncertainty
    combine = np.mean if targets.ndim == 2 or labels == 2 else np.sum
    reliability, resolution, uncertainty = (float(combine(part)) for part in parts)
    brier = row_brier(probabilities, targets).mean() if len(targets) else np.nan
    return {
        "ece_classwise": float(found.error.mean()),
        "brier_reliability": reliability,
        "brier_resolution": resolution,
        "brier_uncertainty": uncertainty,
        "brier_within_bins": float(brier - (reliability - resolution + uncertainty)),
    }
