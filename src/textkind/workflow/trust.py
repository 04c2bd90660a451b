"""What can be promised: leaving the unsure unanswered, and sets that hold the true label.

Thresholds are fitted on validation; the test part shows what the promises came to.
"""

from typing import Any

import numpy as np

from textkind.data.corpus import Corpus
from textkind.decision.abstention import CONFIDENCE, area_under_risk, fit_abstention
from textkind.decision.conformal import ConformalSettings, fit_conformal, label_sets

ERRORS = (0.01, 0.02, 0.05, 0.1, 0.2)  # at most, among the answered
COVERAGES = (0.8, 0.9, 0.95, 0.99)  # at least, of sets
LEAST_ROWS = 50  # of validation: fewer can show next to nothing


def trust_facts(
    fitted: tuple[Corpus, np.ndarray], tested: tuple[Corpus, np.ndarray] | None
) -> dict[str, Any] | None:
    """The entry "trust" of metrics.json, of texts with one label; None for others, and few rows.

    Both are a part with its (N, K) probabilities: validation, and test where there is one.
    """
    validation, given = fitted
    if validation.labels.several or len(validation) < LEAST_ROWS:
        return None
    confidence, correct = answers(validation, given)
    test = None if tested is None else answers(*tested)
    return {
        "level": CONFIDENCE,
        "risk_area": None if test is None or not len(test[0]) else area_under_risk(*test),
        "abstention": [_abstention(confidence, correct, test, most) for most in ERRORS],
        "sets": [_sets(validation, given, tested, coverage) for coverage in COVERAGES],
    }


def answers(part: Corpus, given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) probability of the likeliest label, and (N,) bool whether it is right."""
    return given.max(axis=1), given.argmax(axis=1) == part.targets


def _abstention(
    confidence: np.ndarray,
    correct: np.ndarray,
    test: tuple[np.ndarray, np.ndarray] | None,
    most: float,
) -> dict[str, Any]:
    found = fit_abstention(confidence, correct, most)
    possible = np.isfinite(found.confidence)
    told: dict[str, Any] = {
        "max_error": most,
        "confidence": float(found.confidence) if possible else None,
        "answered": found.answered,
        "test_answered": None,
        "test_error": None,
    }
    if test is not None and len(test[0]):
        rows = test[0] >= found.confidence
        told["test_answered"] = float(rows.mean())
        told["test_error"] = float((~test[1][rows]).mean()) if rows.any() else None
    return told


def _sets(
    validation: Corpus,
    given: np.ndarray,
    tested: tuple[Corpus, np.ndarray] | None,
    coverage: float,
) -> dict[str, Any]:
    fitted = fit_conformal(given, validation.targets, ConformalSettings("lac", coverage))
    threshold = float(fitted.thresholds[0])
    told: dict[str, Any] = {
        "coverage": coverage,
        "threshold": threshold if np.isfinite(threshold) else None,
        "test_coverage": None,
        "mean_size": None,
        "single": None,
    }
    if tested is not None and len(tested[0]):
        test, probabilities = tested
        member = label_sets(fitted, probabilities)
        sizes = member.sum(axis=1)
        told["test_coverage"] = float(member[np.arange(len(test)), test.targets].mean())
        told["mean_size"], told["single"] = float(sizes.mean()), float((sizes == 1).mean())
    return told
