"""What an update changed: the old model and the updated one on the old and on the new test texts.

The old test texts have none of the labels that are new, and the more labels there are to choose
from, the more mistakes are made: something is lost there for every label that is added, by
retraining as well. So where there are new labels, what was forgotten shows among the old labels
alone, and new labels may take ROOM of the accuracy (micro F1) besides. Of the new test texts some
may have labels that the old model cannot give: it is wrong on them, which is what the update is
for, and figures of its probabilities are undefined there.
"""

from typing import Any

import numpy as np

from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.evaluation.differences import (
    CHANGES,
    LOWER_IS_BETTER,
    Pair,
    agreement,
    changes,
    figure_differences,
    is_worse,
    label_differences,
)
from textkind.evaluation.scorecard import HEADLINE, HEADLINE_SEVERAL
from textkind.evaluation.slices import compared_figure
from textkind.workflow.diff import pair_of

OF_PROBABILITIES = LOWER_IS_BETTER - {"hamming_loss"} | {"roc_auc", "pr_auc"}
NO_FIGURE = dict.fromkeys(("first", "second", "value", "low", "high", "p"))
ROOM = 0.05  # of accuracy, that new labels may take on texts that have none of them


def compared_part(
    first: Classifier,
    second: Classifier,
    part: Corpus,
    given: tuple[np.ndarray, np.ndarray],
    figure: str,
    level: float,
    seed: int,
) -> dict[str, Any] | None:
    """The figures of both models on a test part of one row or more, and whether it got worse.

    part has the labels of the second, given the probabilities of both. None without a row.
    """
    if not len(part):
        return None
    labels, targets = part.labels, part.targets
    pair = pair_of([first, second], [*given], labels)
    names = (*HEADLINE, *HEADLINE_SEVERAL) if labels.several else HEADLINE
    every = figure_differences(pair, targets, seed)
    kinds = changes(pair, targets)
    fresh = np.array([name not in first.labels.names for name in labels.names])
    has_fresh = np.asarray(targets[:, fresh].any(axis=1) if labels.several else fresh[targets])
    undefined = OF_PROBABILITIES if has_fresh.any() else frozenset()
    figures = {name: NO_FIGURE if name in undefined else every[name] for name in names}
    among = None
    regression = _is_regression(figure, figures[figure], level)
    if fresh.any() and not has_fresh.any():
        within = among_labels(second, given[1], ~fresh)
        among = figure_differences(
            pair_of([first, second], [given[0], within], labels), targets, seed
        )[figure]
        taken = every[compared_figure(labels.several)]["high"] < -ROOM
        regression = taken or _is_regression(figure, among, level)
    told = label_differences(pair, targets, seed)
    return {
        "rows": len(part),
        "figures": figures,
        "among_old_labels": among,
        "of_new_labels": _right(pair, targets, has_fresh),
        "of_old_labels": _right(pair, targets, ~has_fresh),
        "agreement": agreement(pair),
        "changes": {name: int((kinds == place).sum()) for place, name in enumerate(CHANGES)},
        "labels": [
            {"label": name} | one
            for name, one in zip(labels.names, told, strict=True)
            if one["support"]
        ],
        "regression": regression,
    }


def among_labels(classifier: Classifier, given: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """(N, K) probabilities of some labels alone, (K,) bool; of one label a text they sum to 1."""
    within = given * kept
    if classifier.labels.several:
        return within
    whole = within.sum(axis=1, keepdims=True)
    return np.where(whole > 0, within / np.maximum(whole, 1e-30), kept / kept.sum())


def _is_regression(figure: str, told: dict[str, Any], level: float) -> bool:
    worse = told["value"] is not None and is_worse(figure, told["value"])
    return bool(worse and told["p"] < level)


def _right(pair: Pair, targets: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
    """How many of some rows each model gets wholly right."""
    right = [labels[rows] == targets[rows] for labels in (pair.first_labels, pair.second_labels)]
    if targets.ndim == 2:
        right = [one.all(axis=1) for one in right]
    first, second = (int(one.sum()) for one in right)
    return {"rows": int(rows.sum()), "first": first, "second": second}


def refusal(compared: dict[str, Any], figure: str) -> str | None:
    """Why the updated model should not replace the one before, in one sentence; None: it may."""
    found = []
    for key, name in (("old_test", "old"), ("new_test", "new")):
        told = compared[key]
        if told is not None and told["regression"]:
            sentence = f"on the {name} test texts ({told['rows']:,}): {figure} "
            sentence += _difference(told["figures"][figure])
            if told["among_old_labels"] is not None:
                sentence += "; among the labels of before " + _difference(told["among_old_labels"])
            found.append(sentence)
    if not found:
        return None
    return "the updated model is significantly worse " + "; and ".join(found)


def _difference(one: dict[str, Any]) -> str:
    p = "< 0.001" if one["p"] < 0.001 else f"{one['p']:.2g}"
    return (
        f"{one['first']:.3f} before, {one['second']:.3f} after, a difference of "
        f"{one['value']:+.3f} (95 % interval {one['low']:+.3f} to {one['high']:+.3f}), p {p}"
    )
