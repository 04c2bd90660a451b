"""The figure that a rule is chosen for, without it and with it, on the rows that chose it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from textkind.data.labels import LabelSet
from textkind.decision.rule import Rule, given_labels
from textkind.decision.rule_settings import AUTO, COSTS, NUMBER, PRIOR, TOP
from textkind.evaluation.counts import (
    LabelCounts,
    count_labels,
    f1,
    macro,
    micro,
    precision,
    recall,
)
from textkind.evaluation.intervals import interval, resampled_counts, resampled_means

MEAN_COST = "mean cost"
Figure = tuple[str, Callable[[LabelCounts], np.ndarray]]  # its name, and (..., K) counts to (...)

MICRO_F1: Figure = ("micro F1", lambda counts: micro(f1, counts))
MACRO_F1: Figure = ("macro F1", lambda counts: macro(f1, counts))
MEAN_F1: Figure = (
    "mean of macro and micro F1",
    lambda counts: (macro(f1, counts) + micro(f1, counts)) / 2,
)
# name of a rule for several labels -> what it is chosen for
OF_SEVERAL: dict[str, Figure] = {
    AUTO: MEAN_F1,
    NUMBER: MICRO_F1,
    TOP: MICRO_F1,
    "micro-f1": MICRO_F1,
    "macro-f1": MACRO_F1,
    "per-label-f1": MACRO_F1,
    PRIOR: MEAN_F1,
    "precision": ("micro precision", lambda counts: micro(precision, counts)),
    "recall": ("micro recall", lambda counts: micro(recall, counts)),
    "per-label-precision": ("macro precision", lambda counts: macro(precision, counts)),
    "per-label-recall": ("macro recall", lambda counts: macro(recall, counts)),
}
OF_POSITIVE = {
    "f1": f1,
    NUMBER: f1,
    "precision": precision,
    "recall": recall,
}  # of the positive label


def figure_of(name: str, labels: LabelSet, positive: int) -> Figure | None:
    """The figure that the rule of that name is chosen for; None where it is chosen for none."""
    if labels.several:
        return OF_SEVERAL[name]
    if name not in OF_POSITIVE:
        return OF_SEVERAL[name] if name in (PRIOR, "macro-f1") else None
    function = OF_POSITIVE[name]
    told = "F1" if function is f1 else function.__name__
    return f"{told} of {labels.names[positive]}", lambda counts: function(counts)[..., positive]


def rule_figures(
    name: str,
    rule: Rule,
    labels: LabelSet,
    positive: int,
    probabilities: np.ndarray,
    targets: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """figure, value with its 95 % bootstrap interval low and high, and plain: without the rule.

    All None where the rule is chosen for no figure. The rule stays what it is in every resample.
    """
    given, plain = (
        given_labels(one, probabilities, labels.several) for one in (rule, Rule())
    )  # fmt: skip
    if name == COSTS:
        costs = np.array(rule.costs)
        told: str | None = MEAN_COST
        value, without = costs[targets, given].mean(), costs[targets, plain].mean()
        resampled = resampled_means(costs[targets, given], seed)
    else:
        figure = figure_of(name, labels, positive)
        if figure is None:
            return dict.fromkeys(("figure", "value", "low", "high", "plain"))
        told, function = figure
        value, without = (
            function(count_labels(one, targets, len(labels))) for one in (given, plain)
        )
        resampled = function(resampled_counts(given, targets, len(labels), seed))
    low, high = interval(float(value), resampled)
    numbers = {"value": value, "low": low, "high": high, "plain": without}
    return {"figure": told} | {
        name: None if np.isnan(number) else float(number) for name, number in numbers.items()
    }
