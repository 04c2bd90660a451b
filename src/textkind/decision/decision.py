"""The decision: logits -> calibrated probabilities -> labels. Fitted on validation, saved as JSON.

calibrators.py has what makes the probabilities, rule.py what makes the labels.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from textkind.decision.calibrate import Calibration, CalibrationSettings, calibrate
from textkind.decision.calibrators import (
    Calibrator,
    calibrator_from_json,
    calibrator_to_json,
)
from textkind.decision.rule import Rule, given_labels, rule_from_json, rule_to_json
from textkind.decision.temperature import Uncalibrated, fit_temperature
from textkind.errors import ModelFolderError, SettingsError
from textkind.evaluation.calibration import (
    calibration_error,
    confidence_pairs,
    equal_mass_bins,
    equal_width_bins,
)
from textkind.evaluation.metrics import row_log_loss


@dataclass(frozen=True)
class Decision:
    """How logits become labels.

    several     whether a text may have several labels
    calibrator  logits to probabilities
    rule        how probabilities become labels
    """

    several: bool
    calibrator: Calibrator = field(default_factory=Uncalibrated)
    rule: Rule = field(default_factory=Rule)

    def __post_init__(self) -> None:
        if not isinstance(self.several, bool):
            raise SettingsError("several must be true or false", found=self.several)
        if self.several and not self.calibrator.several:
            raise SettingsError(
                f"the calibrator {self.calibrator.name} is for one label a text", found="several"
            )
        if self.rule.of_one_label if self.several else self.rule.of_several:
            raise SettingsError("the rule is not for these labels", found=self.rule)


@dataclass(frozen=True, eq=False)
class FittedDecision:
    """A decision, what it came from (JSON-able), and validation by it.

    probabilities  (N, K) float32 of validation, by calibrators that did not see the row
    """

    decision: Decision
    probabilities: np.ndarray
    facts: dict[str, Any]


def probabilities(decision: Decision, logits: np.ndarray) -> np.ndarray:
    """(N, K) float32 probabilities of (N, K) float32 logits.

    One label: rows sum to 1 within 1e-6, and where the calibrator keeps the order the most probable
    label is that of the highest logit, the lowest id among equals.
    """
    found = decision.calibrator.transform(logits, decision.several)
    if decision.several or not decision.calibrator.keeps_order:
        return found
    return _keep_order(found, logits)


def decide(decision: Decision, probabilities: np.ndarray) -> np.ndarray:
    """Labels of (N, K) probabilities: (N,) int32 ids, or (N, K) uint8 for several labels."""
    return given_labels(decision.rule, probabilities, decision.several)


def fit_decision(
    logits: np.ndarray,
    targets: np.ndarray,
    several: bool,
    settings: CalibrationSettings = CalibrationSettings(),
    seed: int = 0,
) -> FittedDecision:
    """Fit a calibrator on validation; the rule is the usual one.

    logits (N, K) float32; targets (N,) ids or (N, K) 0/1. SettingsError where the calibrator that
    is asked for is none for several labels. The facts: docs/decision.md.
    """
    if len(logits) == 0:
        note = "no validation rows: probabilities are not calibrated"
        return FittedDecision(Decision(several), logits, {"notes": [note]})
    found = calibrate(logits, targets, settings, seed)
    decision = Decision(several, found.calibrator)
    facts = {
        "asked": settings.method,
        **calibration_facts(found, decision, logits, targets),
        "notes": list(fit_temperature(logits, targets).notes),
    }
    return FittedDecision(decision, found.probabilities, facts)


def calibration_facts(
    found: Calibration, decision: Decision, logits: np.ndarray, targets: np.ndarray
) -> dict[str, Any]:
    """What metrics.json says of the calibration.

    Figures "before" and "after" are of the N rows of validation; after, by fits that did not see
    the row. labels_changed: rows whose likeliest label is another than before; None for several.
    """
    plain = probabilities(Decision(decision.several), logits)
    told = calibrator_to_json(found.calibrator)
    changed = found.probabilities.argmax(axis=1) != plain.argmax(axis=1)
    return {
        "calibrator": found.calibrator.name,
        **{key: value for key, value in told.items() if isinstance(value, int | float)},
        **{f"{key}_before": value for key, value in _figures(plain, targets).items()},
        **{f"{key}_after": value for key, value in _figures(found.probabilities, targets).items()},
        "labels_changed": None if decision.several else int(changed.sum()),
        "candidates": [
            {
                "name": one.name,
                **_figures(one.probabilities, found.targets),
                "standard_error": float(one.losses.std() / np.sqrt(len(one.losses))),
            }
            for one in found.candidates
        ],
    }


def _figures(given: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    pairs = confidence_pairs(given, given.argmax(axis=1), targets)
    return {
        "log_loss": float(row_log_loss(given, targets).mean()),
        "ece": calibration_error(*pairs, equal_mass_bins),
        "ece_width": calibration_error(*pairs, equal_width_bins),
    }


def decision_to_json(decision: Decision) -> dict[str, Any]:
    """The decision as a JSON-able dict, one key a field."""
    return {
        "several": decision.several,
        "calibrator": calibrator_to_json(decision.calibrator),
        "rule": rule_to_json(decision.rule),
    }


def decision_from_json(found: object, labels: int) -> Decision:
    """The decision that `decision_to_json` wrote for so many labels; else ModelFolderError."""
    keys = {"several", "calibrator", "rule"}
    if not isinstance(found, dict) or set(found) != keys:
        raise ModelFolderError(
            f"the decision must be an object with the keys {', '.join(sorted(keys))}",
            found=sorted(map(str, found)) if isinstance(found, dict) else found,
        )
    calibrator = calibrator_from_json(found["calibrator"])
    if calibrator.labels not in (None, labels):
        raise ModelFolderError(
            f"the calibrator of the decision must be for the {labels:,} labels of the model",
            found=calibrator.labels,
        )
    try:
        rule = rule_from_json(found["rule"])
        rule.check_labels(labels)
        return Decision(found["several"], calibrator, rule)
    except SettingsError as error:
        raise ModelFolderError(f"the decision: {error.args[0]}", found=error.found) from error


def _keep_order(odds: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Raise the winner's probability by one unit in the last place where rounding made a tie."""
    winner = logits.argmax(axis=1)
    tied = winner != odds.argmax(axis=1)
    if tied.any():
        rows = np.flatnonzero(tied)
        winner = winner[rows]
        odds[rows, winner] = np.nextafter(odds[rows].max(axis=1), np.float32(2))
    return odds
