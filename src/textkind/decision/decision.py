"""The decision: logits -> calibrated probabilities -> labels. Fitted on validation, saved as JSON.

One label a text: softmax(logits / temperature), or where it fits better the shared sigmoid of
offset.py. Several labels: sigmoid(logits / temperature) of each label. Labels follow by the rule
of rule.py.
"""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from textkind.decision.offset import (
    HIGHEST_OFFSET,
    LOWEST_OFFSET,
    fit_offset,
    shared_sigmoid,
)
from textkind.decision.rule import Rule, given_labels, rule_from_json
from textkind.decision.temperature import HIGHEST, LOWEST, fit_temperature
from textkind.errors import ModelFolderError, SettingsError
from textkind.evaluation.calibration import calibration_error, confidence_pairs, equal_mass_bins

FAR = np.float32(80)  # exp of it stays finite in float32


@dataclass(frozen=True)
class Decision:
    """How logits become labels.

    several      whether a text may have several labels
    temperature  divides the logits; above 1 makes probabilities less sure
    offset       one label only: added before the shared sigmoid; None for the softmax
    rule         how probabilities become labels
    """

    several: bool
    temperature: float = 1.0
    offset: float | None = None
    rule: Rule = field(default_factory=Rule)

    def __post_init__(self) -> None:
        if not isinstance(self.several, bool):
            raise SettingsError("several must be true or false", found=self.several)
        if not LOWEST <= _number(self.temperature) <= HIGHEST:
            raise SettingsError(
                f"temperature must be a number of {LOWEST:g} to {HIGHEST:g}", found=self.temperature
            )
        if self.offset is not None and (
            self.several or not LOWEST_OFFSET <= _number(self.offset) <= HIGHEST_OFFSET
        ):
            raise SettingsError(
                f"offset must be a number of {LOWEST_OFFSET:g} to {HIGHEST_OFFSET:g}, "
                "and None for several labels",
                found=self.offset,
            )
        if self.rule.of_one_label if self.several else self.rule.of_several:
            raise SettingsError("the rule is not for these labels", found=self.rule)


def probabilities(decision: Decision, logits: np.ndarray) -> np.ndarray:
    """(N, K) float32 probabilities of (N, K) float32 logits.

    One label: rows sum to 1 within 1e-6, and the most probable label is that of the highest logit,
    the lowest id among equals.
    """
    sharpness = np.float32(1 / decision.temperature)
    if decision.several:
        return 1 / (1 + np.exp(np.clip(logits * -sharpness, -FAR, FAR)))
    if decision.offset is not None:
        scaled = logits * sharpness + np.float32(decision.offset)
        return _keep_order(shared_sigmoid(scaled), logits)
    scaled = logits - np.maximum.reduce(logits, axis=1, keepdims=True)
    scaled *= sharpness
    odds = np.exp(scaled, out=scaled)
    odds /= np.add.reduce(odds, axis=1, keepdims=True)
    return _keep_order(odds, logits)


def decide(decision: Decision, probabilities: np.ndarray) -> np.ndarray:
    """Labels of (N, K) probabilities: (N,) int32 ids, or (N, K) uint8 for several labels."""
    return given_labels(decision.rule, probabilities, decision.several)


def fit_decision(
    logits: np.ndarray, targets: np.ndarray, several: bool
) -> tuple[Decision, dict[str, Any]]:
    """Fit temperature and offset on validation; the rule is the usual one.

    logits (N, K) float32; targets (N,) ids or (N, K) 0/1. Returns the decision and JSON-able facts:
    temperature, offset (None for the softmax), log loss and equal-mass calibration error before and
    after scaling (None where N = 0), notes.
    """
    plain = Decision(several)
    if len(logits) == 0:
        return plain, {
            "temperature": 1.0,
            "offset": None,
            "log_loss_before": None,
            "log_loss_after": None,
            "ece_before": None,
            "ece_after": None,
            "notes": ["no validation rows: probabilities are not calibrated"],
        }
    fit = fit_temperature(logits, targets)
    scaled = Decision(several, fit.temperature)
    log_loss = fit.log_loss_after
    if not several and not fit.notes:
        better = fit_offset(logits, targets, fit.temperature, fit.log_loss_after)
        if better is not None:
            scaled = Decision(several, better.temperature, better.offset)
            log_loss = better.log_loss
    given = probabilities(scaled, logits)
    notes = list(fit.notes)
    return scaled, {
        "temperature": scaled.temperature,
        "offset": scaled.offset,
        "log_loss_before": fit.log_loss_before,
        "log_loss_after": log_loss,
        "ece_before": _calibration_error(plain, probabilities(plain, logits), targets),
        "ece_after": _calibration_error(scaled, given, targets),
        "notes": notes,
    }


def decision_to_json(decision: Decision) -> dict[str, Any]:
    """The decision as a JSON-able dict, one key a field."""
    return asdict(decision)


def decision_from_json(found: object, labels: int) -> Decision:
    """The decision that `decision_to_json` wrote for so many labels; else ModelFolderError."""
    keys = {"several", "temperature", "offset", "rule"}
    if not isinstance(found, dict) or set(found) != keys:
        raise ModelFolderError(
            f"the decision must be an object with the keys {', '.join(sorted(keys))}",
            found=sorted(map(str, found)) if isinstance(found, dict) else found,
        )
    try:
        rule = rule_from_json(found["rule"])
        rule.check_labels(labels)
        return Decision(**found | {"rule": rule})
    except SettingsError as error:
        raise ModelFolderError(f"the decision: {error.args[0]}", found=error.found) from error


def _number(value: object) -> float:
    """The value if it is a finite number (true and false are not), else NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if abs(value) < 1e300 else math.nan


def _keep_order(odds: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Raise the winner's probability by one unit in the last place where rounding made a tie."""
    winner = logits.argmax(axis=1)
    tied = winner != odds.argmax(axis=1)
    if tied.any():
        rows = np.flatnonzero(tied)
        winner = winner[rows]
        odds[rows, winner] = np.nextafter(odds[rows].max(axis=1), np.float32(2))
    return odds


def _calibration_error(decision: Decision, given: np.ndarray, targets: np.ndarray) -> float:
    pairs = confidence_pairs(given, decide(decision, given), targets)
    return calibration_error(*pairs, equal_mass_bins)
