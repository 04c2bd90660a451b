"""Choosing the rule on validation: which threshold, weights or costs turn probabilities to labels.

    rule, facts = fit_rule(settings, labels, prior, probabilities, targets)

Probabilities are calibrated to the labels as often as they come; a rule may then favor rare labels,
or keep a floor of precision, without the probabilities losing their meaning. Thresholds of several
labels are chosen before the curves of single labels, which know rare labels by a handful of rows,
and are then told as probabilities.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from textkind.data.labels import LabelSet
from textkind.decision.calibrators import Calibrator, calibrated_thresholds
from textkind.decision.costs import read_costs
from textkind.decision.rule import Rule, given_labels
from textkind.decision.rule_choice import (
    Chosen,
    Fitting,
    at_threshold,
    best_rule,
    prior_weights,
)
from textkind.decision.rule_figures import rule_figures
from textkind.decision.rule_settings import (
    AUTO,
    FLOORS,
    MOST_PROBABLE,
    NUMBER,
    OF_TWO,
    PER_LABEL,
    PRIOR,
    TOP,
    RuleSettings,
)
from textkind.evaluation.counts import (
    count_labels,
    micro,
    precision,
    recall,
)

MOST_NAMED = 5  # labels in a note


def _ready(
    settings: RuleSettings, labels: LabelSet, prior: np.ndarray, positive: int
) -> Chosen | None:
    """The rule where nothing is left to validation, else None."""
    name, value = settings.asked
    if settings.costs is not None:
        return Chosen(Rule(costs=read_costs(settings.costs, labels)))
    if name == TOP:
        return Chosen(Rule(top=settings.top))
    if name == NUMBER and value is not None:
        return Chosen(at_threshold(labels, positive, value))
    if not labels.several and name == PRIOR and value is not None:
        return Chosen(Rule(weights=prior_weights(prior, value)), value)
    is_usual = not labels.several and name in (AUTO, MOST_PROBABLE)
    return Chosen(Rule()) if is_usual else None


def _calibrated(rule: Rule, calibrator: Calibrator | None, labels: int) -> Rule:
    """The rule for probabilities by the calibrator, of one for those by its shared fit."""
    if calibrator is None or rule.thresholds is None:
        return rule
    return replace(rule, thresholds=calibrated_thresholds(calibrator, rule.thresholds, labels))


def _notes(chosen: Chosen, fitting: Fitting) -> list[str]:
    """What must be told of a rule: labels without rows, floors that were not reached."""
    notes, borrowed, labels = [], chosen.borrowed, fitting.labels
    if borrowed:
        notes.append(
            f"no validation row has {_listed(borrowed)}: the threshold of all labels together "
            "serves"
        )
    if fitting.name not in FLOORS or fitting.value is None:
        return notes
    kept = precision if fitting.name.endswith("precision") else recall
    given = given_labels(chosen.rule, fitting.probabilities, labels.several)
    counts = count_labels(given, fitting.targets, len(labels))
    if fitting.name.startswith(PER_LABEL):
        low = np.flatnonzero((kept(counts) < fitting.value) & (counts.gold > 0))
        missed = _listed(tuple(labels.names[label] for label in low))
    elif labels.several:
        missed = "all labels together" if micro(kept, counts) < fitting.value else ""
    else:
        is_low = kept(counts)[fitting.positive] < fitting.value
        missed = repr(labels.names[fitting.positive]) if is_low else ""
    if missed:
        notes.append(
            f"no threshold reaches a {kept.__name__} of {fitting.value:g} on validation for "
            f"{missed}: the nearest to it is taken"
        )
    return notes


def _listed(names: tuple[str, ...]) -> str:
    """Some names, and how many more there are."""
    shown = ", ".join(map(repr, names[:MOST_NAMED]))
    more = len(names) - MOST_NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown


def fit_rule(
    settings: RuleSettings,
    labels: LabelSet,
    prior: np.ndarray,
    probabilities: np.ndarray | None,
    targets: np.ndarray | None,
    seed: int = 0,
    logits: np.ndarray | None = None,
    calibrator: Calibrator | None = None,
) -> tuple[Rule, dict[str, Any]]:
    """Choose the rule that the settings ask for; what they leave open is chosen on validation.

    prior (K,) float64 are the labels' shares of the training texts, above 0; probabilities (N, K)
    float32 and targets are of validation, None where there is none; so are logits (N, K) float32,
    which the calibrator has learned from. Without these the probabilities are all that is known.
    Returns the rule and JSON-able facts (docs/decision.md). Raises SettingsError or DataError.
    """
    settings.check_labels(labels)
    name, value = settings.asked
    positive = 1 if settings.positive is None else labels.id_of(settings.positive)
    chosen = _ready(settings, labels, prior, positive)
    notes = []
    facts: dict[str, Any] = dict.fromkeys(("figure", "value", "low", "high", "plain"))
    if probabilities is None or targets is None or len(targets) == 0:
        if chosen is None:
            notes.append(f"no validation rows, so {name} cannot choose how labels are given")
    else:
        ranked = probabilities
        if labels.several and logits is not None and calibrator is not None:
            ranked = calibrator.shared.transform(logits, several=True)
            probabilities = calibrator.transform(logits, several=True)
        fitting = Fitting(name, value, positive, labels, ranked, targets, prior, seed)
        if chosen is None and not fitting.has_positive:
            notes.append("no validation row has a label to choose by: the threshold stays at 0.5")
        elif chosen is None:
            chosen = best_rule(fitting)
            notes += _notes(chosen, fitting)
            chosen = replace(chosen, rule=_calibrated(chosen.rule, calibrator, len(labels)))
        if chosen is not None:
            facts = rule_figures(name, chosen.rule, labels, positive, probabilities, targets, seed)
    chosen = Chosen(Rule()) if chosen is None else chosen
    rule = replace(chosen.rule, at_least_one=settings.at_least_one)
    return rule, {
        "asked": name,
        "asked_value": value,
        "positive": None if labels.several or name not in OF_TWO else labels.names[positive],
        "exponent": chosen.exponent,
        "borrowed": list(chosen.borrowed),
        **facts,
        "notes": notes,
    }
