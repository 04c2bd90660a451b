"""The scorecard of one part: everything metrics.json says about its predictions.

In go probabilities, predicted labels and targets of the test or validation part; out comes a
JSON-able dict (docs/metrics.schema.json, "part"). An undefined figure is None, never NaN.
"""

import math
from typing import Any

import numpy as np

from textkind.data.labels import LabelSet
from textkind.evaluation.calibration import (
    Binning,
    equal_mass_bins,
    equal_width_bins,
    reliability_bins,
)
from textkind.evaluation.classwise import calibration_figures, label_calibration
from textkind.evaluation.counts import (
    LabelCounts,
    confusion_table,
    f1,
    occurs,
    precision,
    recall,
    rows_by_label,
)
from textkind.evaluation.intervals import (
    BIASED,
    edge_interval,
    interval,
    resample_count,
    resampled_headline,
    share_interval,
)
from textkind.evaluation.label_order import LABEL_ORDER_FIGURES, OVERLAP_FIGURES, TOP_ACCURACIES
from textkind.evaluation.metrics import Scored, headline, prepare
from textkind.evaluation.mistakes import confused_pairs
from textkind.evaluation.ranking import area_under_roc, average_precision

HEADLINE = (
    "accuracy",
    "macro_f1",
    "micro_f1",
    "weighted_f1",
    "macro_precision",
    "macro_recall",
    "roc_auc",
    "pr_auc",
    "log_loss",
    "brier",
    "ece_width",
    "ece_mass",
)
HEADLINE_SEVERAL = ("subset_accuracy", "hamming_loss")  # beside them, where texts have several

# What a part has beside its headline.
FURTHER = ("macro_jaccard", "micro_jaccard")
FURTHER_ONE = ("balanced_accuracy", "matthews", "cohens_kappa", *TOP_ACCURACIES)
FURTHER_SEVERAL = (*OVERLAP_FIGURES, *LABEL_ORDER_FIGURES)

# Figures that are a share of the rows, so that all right or all wrong bounds the true share.
SHARES, SHARES_SEVERAL = ("accuracy", "micro_f1"), ("accuracy", "subset_accuracy")

LARGEST_TABLE = 200  # labels; beyond it the confused pairs are listed instead
PAIRS = 200  # confused pairs listed


def score_part(
    probabilities: np.ndarray,
    predicted: np.ndarray,
    targets: np.ndarray,
    labels: LabelSet,
    seed: int = 0,
    resamples: int = 1000,
) -> dict[str, Any]:
    """Every figure of one part, headline figures with their 95 % bootstrap intervals.

    probabilities (N, K) float; predicted and targets are both (N,) ids of 0 .. K - 1, or both
    (N, K) 0/1 where texts have several labels. "resamples" tells how many were made: fewer than
    asked for very large parts. Works for N = 0, where every figure is None.
    """
    scored = prepare(probabilities, predicted, targets)
    by_label = label_calibration(probabilities, targets)
    told = calibration_figures(by_label, probabilities, targets)
    return {
        **_figures(scored, seed, resamples, figure_names(labels.several)),
        "calibration": {name: _number(value) for name, value in told.items()},
        "per_label": _per_label(scored, by_label.error, labels),
        "confusion": None if labels.several else _confusion(predicted, targets, labels),
        "reliability": _both_reliabilities(scored),
    }


def score_probabilities(
    probabilities: np.ndarray, predicted: np.ndarray, targets: np.ndarray
) -> dict[str, Any]:
    """The figures of the probabilities alone, without intervals; arguments as of score_part."""
    scored = prepare(probabilities, predicted, targets)
    figures = headline(scored)
    return {
        **{name: _number(figures[name]) for name in ("log_loss", "brier", "ece_width", "ece_mass")},
        "reliability": _both_reliabilities(scored),
    }


def score_headline(
    probabilities: np.ndarray,
    predicted: np.ndarray,
    targets: np.ndarray,
    seed: int = 0,
    resamples: int = 1000,
) -> dict[str, Any]:
    """The headline figures of some rows with their intervals; arguments as of score_part."""
    scored = prepare(probabilities, predicted, targets)
    return _figures(scored, seed, resamples, _headline_names(scored.several))


def figure_names(several: bool) -> tuple[str, ...]:
    """All figures of a part, the headline first."""
    return (*_headline_names(several), *FURTHER, *(FURTHER_SEVERAL if several else FURTHER_ONE))


def majority_baseline(
    train_targets: np.ndarray, test_targets: np.ndarray, labels: LabelSet
) -> dict[str, Any]:
    """The headline figures of a classifier that has seen no text, on the test part.

    It predicts the label most frequent in training (the first in label order among equals) for
    every text, with the label shares of training as probabilities. One of several labels: that one
    label alone.
    """
    counts = rows_by_label(train_targets, len(labels)).counts
    shares = counts / max(len(train_targets), 1)
    most_frequent = int(shares.argmax())
    probabilities = np.broadcast_to(shares, (len(test_targets), len(labels)))
    predicted = np.full(len(test_targets), most_frequent, np.int32)
    if labels.several:
        predicted = (predicted[:, None] == np.arange(len(labels))).astype(np.uint8)
    figures = headline(prepare(probabilities, predicted, test_targets))
    return {
        "name": "majority label",
        "label": labels.names[most_frequent],
        **{name: _number(figures[name]) for name in _headline_names(labels.several)},
    }


def _headline_names(several: bool) -> tuple[str, ...]:
    return HEADLINE + HEADLINE_SEVERAL if several else HEADLINE


def _figures(scored: Scored, seed: int, resamples: int, names: tuple[str, ...]) -> dict[str, Any]:
    """Rows, resamples made, and each of the figures named with its interval."""
    made = resample_count(scored, resamples) if len(scored) else 0
    figures = headline(scored)
    resampled = resampled_headline(scored, seed, made) if made else {}
    shares = SHARES_SEVERAL if scored.several else SHARES
    table: dict[str, Any] = {"rows": len(scored), "resamples": made}
    for name in names:
        low = high = float("nan")
        if name in shares and figures[name] in (0.0, 1.0):
            low, high = edge_interval(figures[name], len(scored))
        elif name in resampled and not math.isnan(figures[name]):
            low, high = interval(figures[name], resampled[name], biased=name in BIASED)
        table[name] = {
            "value": _number(figures[name]),
            "low": _number(low),
            "high": _number(high),
        }
    return table


def _per_label(scored: Scored, errors: np.ndarray, labels: LabelSet) -> list[dict[str, Any]]:
    counts = scored.counts
    seen = occurs(counts)
    figures = {"precision": precision(counts), "recall": recall(counts), "f1": f1(counts)}
    intervals = _label_intervals(counts)
    return [
        {
            "label": name,
            "support": int(counts.gold[label]),
            "predicted": int(counts.predicted[label]),
            **{key: float(of[label]) if seen[label] else None for key, of in figures.items()},
            "roc_auc": _number(area_under_roc(scored.rankings[label])),
            "pr_auc": _number(average_precision(scored.rankings[label])),
            "ece": _number(errors[label]),
            "intervals": {
                key: {"low": _number(low[label]), "high": _number(high[label])}
                for key, (low, high) in intervals.items()
            },
        }
        for label, name in enumerate(labels.names)
    ]


def _label_intervals(counts: LabelCounts) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The 95 % intervals of precision, recall and F1, low and high (K,) each.

    Precision is a share of the rows predicted, recall of the rows gold. F1 rises with the Jaccard
    index J, a share of the rows that are either: it is 2 J / (1 + J).
    """
    low, high = share_interval(counts.hits, counts.gold + counts.predicted - counts.hits)
    return {
        "precision": share_interval(counts.hits, counts.predicted),
        "recall": share_interval(counts.hits, counts.gold),
        "f1": (2 * low / (1 + low), 2 * high / (1 + high)),
    }


def _confusion(predicted: np.ndarray, targets: np.ndarray, labels: LabelSet) -> dict[str, Any]:
    if len(labels) <= LARGEST_TABLE:
        return {"counts": confusion_table(predicted, targets, len(labels)).tolist()}
    names = labels.names
    return {
        "pairs": [
            {"gold": names[pair.gold], "predicted": names[pair.predicted], "count": pair.count}
            for pair in confused_pairs(predicted, targets, PAIRS)
        ]
    }


def _both_reliabilities(scored: Scored) -> dict[str, Any]:
    return {
        "equal_mass": _reliability(scored, equal_mass_bins),
        "equal_width": _reliability(scored, equal_width_bins),
    }


def _reliability(scored: Scored, binning: Binning) -> list[dict[str, Any]]:
    found = reliability_bins(scored.confidence, scored.correct, binning)
    return [vars(bin_found).copy() for bin_found in found]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
