"""The headline figures of one evaluation: probabilities and labels in, plain numbers out.

`prepare` counts, sorts and scores every row once; `headline` reads the figures from that, and so
do their intervals (evaluation/intervals.py). Arithmetic is float64. Undefined figures are NaN here
and null in metrics.json. Formulas: docs/metrics.md.
"""

from dataclasses import dataclass

import numpy as np

from textkind.evaluation.calibration import (
    calibration_error,
    confidence_pairs,
    equal_mass_bins,
    equal_width_bins,
)
from textkind.evaluation.counts import (
    LabelCounts,
    LabelRows,
    figures_of_counts,
    label_rows_of,
)
from textkind.evaluation.label_order import in_top, label_order_figures, overlap_figures
from textkind.evaluation.ranking import Ranking, area_under_roc, average_precision, rank

SMALLEST = float(np.finfo(np.float64).eps)  # probability 0 counts as this, as in scikit-learn


@dataclass(frozen=True, eq=False)
class Scored:
    """All that the figures of one evaluation are read from.

    gold, predicted, hits   the rows of each label
    row_figures             name -> (N,) float64; the figure is the mean over rows
    confidence, correct     (N, 1) or (N, K) float64, see evaluation/calibration.py
    rankings                one a label
    """

    gold: LabelRows
    predicted: LabelRows
    hits: LabelRows
    row_figures: dict[str, np.ndarray]
    confidence: np.ndarray
    correct: np.ndarray
    rankings: list[Ranking]
    several: bool

    def __len__(self) -> int:
        return len(self.confidence)

    @property
    def counts(self) -> LabelCounts:
        """How often each label is gold, predicted and both."""
        return LabelCounts(self.gold.counts, self.predicted.counts, self.hits.counts)

    @property
    def headline_rankings(self) -> list[Ranking]:
        """The rankings whose mean is the headline: of two labels the second alone, else all."""
        chosen = self.rankings if self.several or len(self.rankings) != 2 else self.rankings[1:]
        return [ranking for ranking in chosen if ranking.defined]


def prepare(probabilities: np.ndarray, predicted: np.ndarray, targets: np.ndarray) -> Scored:
    """Count, sort and score every row.

    probabilities (N, K) float; predicted and targets are both (N,) ids or both (N, K) 0/1.
    """
    label_count = probabilities.shape[1]
    several = targets.ndim == 2
    confidence, correct = confidence_pairs(probabilities, predicted, targets)
    figures = {
        "accuracy": correct_rows(predicted, targets),
        "log_loss": row_log_loss(probabilities, targets),
        "brier": row_brier(probabilities, targets),
    }
    if several:
        figures["subset_accuracy"] = figures["accuracy"]
        figures["hamming_loss"] = row_hamming_loss(predicted, targets)
        figures |= overlap_figures(predicted, targets)
        figures |= label_order_figures(probabilities, targets)
    else:
        figures |= in_top(probabilities, targets)
    truth = targets.T if several else (targets == np.arange(label_count)[:, None])
    gold, given, hits = label_rows_of(predicted, targets, label_count)
    return Scored(
        gold=gold,
        predicted=given,
        hits=hits,
        row_figures=figures,
        confidence=confidence,
        correct=correct,
        rankings=[rank(probabilities[:, label], truth[label]) for label in range(label_count)],
        several=several,
    )


def headline(scored: Scored) -> dict[str, float]:
    """Every headline figure by its name in metrics.json; NaN where undefined."""
    figures = {
        name: float(rows.mean()) if len(rows) else float("nan")
        for name, rows in scored.row_figures.items()
    }
    found = figures_of_counts(scored.counts, scored.several)
    figures |= {name: float(value) for name, value in found.items()}
    rankings = scored.headline_rankings
    figures["roc_auc"] = _mean([area_under_roc(ranking) for ranking in rankings])
    figures["pr_auc"] = _mean([average_precision(ranking) for ranking in rankings])
    pairs = (scored.confidence, scored.correct)
    figures["ece_width"] = calibration_error(*pairs, equal_width_bins)
    figures["ece_mass"] = calibration_error(*pairs, equal_mass_bins)
    return figures


def correct_rows(predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N,) float64: 1 where the row's label, or its whole set of labels, is right."""
    same = predicted == targets
    return (same.all(axis=1) if targets.ndim == 2 else same).astype(np.float64)


def row_hamming_loss(predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N,) float64: the share of a row's K labels that are wrong. Several labels only."""
    return (predicted != targets).mean(axis=1)


def row_log_loss(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N,) float64: -log of the probability given to the truth, in nats.

    Several labels: the mean over labels. A probability of 0 counts as 2.2e-16.
    """
    if targets.ndim == 1:
        given = np.take_along_axis(probabilities, targets[:, None], axis=1)[:, 0]
        return -np.log(np.maximum(given.astype(np.float64), SMALLEST))
    given = probabilities.astype(np.float64)
    given = np.where(targets != 0, given, 1 - given)
    return -np.log(np.maximum(given, SMALLEST)).mean(axis=1)


def row_brier(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N,) float64: squared distance of the probabilities from the truth.

    Three labels or more: the sum over labels (0 to 2). Two labels: half of that sum, which is the
    squared error of one label's probability (0 to 1). Several labels a text: the mean over labels.
    """
    label_count = probabilities.shape[1]
    if targets.ndim == 2:
        return ((probabilities.astype(np.float64) - (targets != 0)) ** 2).mean(axis=1)
    given = np.take_along_axis(probabilities, targets[:, None], axis=1)[:, 0].astype(np.float64)
    squares = np.einsum("nk,nk->n", probabilities, probabilities, dtype=np.float64)
    total = np.maximum(squares - 2 * given + 1, 0)  # (p - 1)^2 = p^2 - 2 p + 1 for the truth
    return total / 2 if label_count == 2 else total


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
