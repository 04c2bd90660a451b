"""How far to trust it: what can be promised, and what calibration did for the probabilities.

Thresholds are fitted on validation; the test part shows what the promises came to.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.decision.abstention import CONFIDENCE, Abstention, area_under_risk, fit_abstention
from textkind.decision.conformal import Conformal, ConformalSettings, fit_conformal, label_sets
from textkind.decision.decision import decide, probabilities
from textkind.decision.evidence import Evidence, evidence_of
from textkind.decision.promises import LEAST_ROWS
from textkind.decision.temperature import Uncalibrated
from textkind.evaluation.intervals import interval, resampled_means, share_interval
from textkind.evaluation.scorecard import score_probabilities

ERRORS = (0.01, 0.02, 0.05, 0.1, 0.2)  # at most, among the answered
COVERAGES = (0.8, 0.9, 0.95, 0.99)  # at least, of sets


def trust_facts(
    classifier: Classifier, tested: tuple[Corpus, np.ndarray] | None
) -> dict[str, Any] | None:
    """The entry "trust" of metrics.json; None without validation, and for few rows of it.

    tested is the test part with its (N, K) probabilities, where there is one.
    """
    fitted = classifier.evidence
    if fitted is None or len(fitted) < LEAST_ROWS:
        return None
    shown = None
    if tested is not None and len(tested[0]):
        part, given = tested
        shown = evidence_of(classifier.decision, given, part.targets, part.texts)
    return {
        "level": CONFIDENCE,
        "risk_area": None if shown is None else area_under_risk(shown.confidence, shown.correct),
        "abstention": [
            abstention_facts(fit_abstention(fitted.confidence, fitted.correct, most), shown)
            for most in ERRORS
        ],
        "sets": [
            set_facts(fit_conformal(fitted, ConformalSettings("lac", coverage)), shown, tested)
            for coverage in COVERAGES
        ],
    }


def uncalibrated_facts(
    classifier: Classifier, part: Corpus, logits: np.ndarray
) -> dict[str, Any] | None:
    """The entry "uncalibrated" of metrics.json: a part by its (N, K) logits, as the model says.

    None where they are not calibrated.
    """
    decision = classifier.decision
    plain = replace(decision, calibrator=Uncalibrated())
    if plain == decision:
        return None
    given = probabilities(plain, logits)
    return score_probabilities(given, decide(plain, given), part.targets)


def abstention_facts(found: Abstention, shown: Evidence | None) -> dict[str, Any]:
    """One line of "abstention"; shown is what the test part shows."""
    told: dict[str, Any] = {
        "max_error": found.max_error,
        "confidence": float(found.confidence) if np.isfinite(found.confidence) else None,
        "answered": found.answered,
        "test_answered": None,
        "test_error": None,
    }
    if shown is not None:
        rows = shown.confidence >= found.confidence
        told["test_answered"] = float(rows.mean())
        told["test_error"] = float((~shown.correct[rows]).mean()) if rows.any() else None
    return told


def set_facts(
    fitted: Conformal, shown: Evidence | None, tested: tuple[Corpus, np.ndarray] | None
) -> dict[str, Any]:
    """One line of "sets"; a part and its probabilities are `tested` where they are `shown`."""
    threshold = float(fitted.thresholds[0])
    told: dict[str, Any] = {
        "coverage": fitted.settings.coverage,
        "threshold": threshold if np.isfinite(threshold) else None,
        "test_coverage": dict.fromkeys(("value", "low", "high")),
        "mean_size": None,
        "single": None,
    }
    if shown is not None and tested is not None:
        member = label_sets(fitted, tested[1], shown.shares)
        sizes = member.sum(axis=1)
        told["test_coverage"] = coverage_facts(kept_labels(member, shown), shown.several)
        told["mean_size"], told["single"] = float(sizes.mean()), float((sizes == 1).mean())
    return told


def kept_labels(member: np.ndarray, shown: Evidence) -> np.ndarray:
    """The share of a text's true labels that are in its set, of every text with any: (M,)."""
    labels = np.bincount(shown.rows, minlength=len(shown))
    kept = np.bincount(shown.rows, member[shown.rows, shown.targets], minlength=len(shown))
    found: np.ndarray = kept[labels > 0] / labels[labels > 0]
    return found


def coverage_facts(kept: np.ndarray, several: bool) -> dict[str, float | None]:
    """The mean of (M,) shares with its 95 % interval: by Wilson, of several labels by bootstrap."""
    if not len(kept):
        return dict.fromkeys(("value", "low", "high"))
    value = float(kept.mean())
    if several:
        low, high = interval(value, resampled_means(kept, seed=0))
    else:
        low, high = map(float, share_interval(np.array(kept.sum()), np.array(len(kept))))
    return {"value": value, "low": low, "high": high}
