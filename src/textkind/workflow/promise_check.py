"""Promises checked on labelled texts: what was answered, what of it is wrong, what sets hold."""

from typing import Any

import numpy as np

from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.decision.abstention import Abstention
from textkind.decision.conformal import Conformal, label_sets
from textkind.decision.evidence import Evidence, evidence_of
from textkind.evaluation.lifts import share_of
from textkind.workflow.promised import Promises
from textkind.workflow.trust import coverage_facts, kept_labels

YES, CHANCE, NO = "yes", "within chance", "no"


def promise_check(
    promises: Promises, classifier: Classifier, part: Corpus, given: np.ndarray
) -> dict[str, Any] | None:
    """What promises came to on a part by its (N, K) probabilities; None where none was asked.

    answered and sets, each None where it was not asked: docs/trust.md. Shares of no rows are None.
    """
    if promises.least is None and promises.sets is None:
        return None
    shown = evidence_of(classifier.decision, given, part.targets, part.texts)
    names = part.labels.names
    return {
        "answered": None if promises.least is None else _answered(promises.least, shown, names),
        "sets": None if promises.sets is None else _sets(promises.sets, shown, given, names),
    }


def _answered(least: Abstention, shown: Evidence, names: tuple[str, ...]) -> dict[str, Any]:
    """The share answered and the error among the answers; by label over the texts that have it."""
    sure = shown.confidence >= least.confidence
    error = _share(~shown.correct[sure])
    by_label = []
    for label, name in enumerate(names):
        rows = shown.rows[shown.targets == label]
        answered = _share(sure[rows])
        by_label.append({"label": name, "rows": len(rows), "answered": answered["value"],
                         "error": _share(~shown.correct[rows[sure[rows]]])})  # fmt: skip
    return {
        "max_error": least.max_error,
        "confidence": float(least.confidence),
        "answered": _share(sure),
        "error": error,
        "holds": _holds(error, most=least.max_error),
        "per_label": by_label,
    }


def _sets(
    fitted: Conformal, shown: Evidence, given: np.ndarray, names: tuple[str, ...]
) -> dict[str, Any]:
    """How often the sets hold what they should, and their sizes; by label as above."""
    member = label_sets(fitted, given, shown.shares)
    sizes = member.sum(axis=1)
    held = member[shown.rows, shown.targets]
    coverage = coverage_facts(kept_labels(member, shown), shown.several)
    by_label, promised = [], fitted.settings.coverage
    for label, name in enumerate(names):
        own = shown.targets == label
        by_label.append({"label": name, "rows": int(own.sum()), "coverage": _share(held[own]),
                         "mean_size": _mean(sizes[shown.rows[own]])})  # fmt: skip
    return {
        "promised": promised,
        "method": fitted.settings.method,
        "per_class": fitted.settings.per_class,
        "coverage": coverage,
        "holds": _holds(coverage, least=promised),
        "mean_size": _mean(sizes),
        "sizes": [
            {"labels": size, "rows": rows}
            for size, rows in enumerate(np.bincount(sizes).tolist())
            if rows
        ],
        "per_label": by_label,
    }


def _holds(share: dict[str, Any], most: float = 1.0, least: float = 0.0) -> str | None:
    """Whether a share keeps its bound; else whether its interval reaches it; None of no rows."""
    if share["value"] is None:
        return None
    if least <= share["value"] <= most:
        return YES
    return CHANCE if share["low"] <= most and share["high"] >= least else NO


def _share(is_so: np.ndarray) -> dict[str, float | None]:
    """The share of (M,) bool that is true, with the 95 % interval of Wilson."""
    found = share_of(int(is_so.sum()), len(is_so))
    return {"value": found.value, "low": found.low, "high": found.high}


def _mean(numbers: np.ndarray) -> float | None:
    return float(numbers.mean()) if len(numbers) else None
