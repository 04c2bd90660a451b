"""From logits to labels: calibration, the rule, and how far to trust what they came to."""

import numpy as np

from textkind.decision.decision import Decision, decide
from textkind.decision.rule import Rule
from textkind.decision.temperature import plain_probabilities
from textkind.explain.trace import Quantity, Step, by_falling, numbers, table


def probability_step(
    decision: Decision,
    logits: np.ndarray,
    probabilities: np.ndarray,
    labels: tuple[str, ...],
    top: int | None,
) -> Step:
    """Logits (K,) to probabilities (K,), before and after calibration."""
    plain = plain_probabilities(logits[None], 1.0, decision.several)[0]
    order = by_falling(probabilities)
    squashed = "A sigmoid of each logit" if decision.several else "The softmax of the logits"
    calibrator = decision.calibrator
    if calibrator.name == "none":
        told = f"{squashed}; they are not calibrated."
    else:
        told = f"{squashed}, and by the calibrator '{calibrator.name}', learned on validation"
        divided = f", which divides logits by {calibrator.shared.temperature:.4g}"
        told += (divided if calibrator.shared.temperature != 1 else "") + "."
    columns = [
        ("label", "text", np.array(labels, object)[order]),
        ("logit", "signed", logits[order]),
        ("before calibration", "share", plain[order]),
        ("probability", "share", probabilities[order]),
    ]
    return Step(
        "probabilities", told, numbers("logits", logits), numbers("probabilities", probabilities),
        (table("probabilities", columns, top),),
    )  # fmt: skip


def decision_step(
    decision: Decision, probabilities: np.ndarray, labels: tuple[str, ...], top: int | None
) -> Step:
    """Probabilities (K,) to the labels given; the sentence says why."""
    given = given_ids(decision, probabilities)
    names = np.array(labels, object)
    rule = decision.rule
    columns = [("label", "text", names), ("probability", "share", probabilities)]
    if rule.weights is not None:
        weights = np.array(rule.weights)
        columns += [("weight", "number", weights), ("product", "number", probabilities * weights)]
        order = by_falling(probabilities * weights)
        why = "its probability times its weight is the highest"
    elif rule.costs is not None:
        costs = probabilities.astype(np.float64) @ np.array(rule.costs)
        columns += [("expected cost", "number", costs)]
        order = by_falling(-costs)
        why = "its expected cost is the least"
    else:
        order = by_falling(probabilities)
        why = "its probability is the highest"
    if decision.several:
        why = _why_of_several(decision, probabilities, given)
    if decision.several and rule.top is None:
        columns += [("threshold", "share", thresholds_of(rule, len(labels)))]
    columns += [("given", "mark", np.isin(np.arange(len(labels)), given))]
    columns = [(name, kind, values[order]) for name, kind, values in columns]
    has_more = decision.several or rule != Rule()
    return Step(
        "decision",
        _sentence(names, probabilities, given, order, why),
        numbers("probabilities", probabilities),
        Quantity("labels", (len(given),)),
        (table("decision", columns, top),) if has_more else (),
    )


def given_ids(decision: Decision, probabilities: np.ndarray) -> np.ndarray:
    """(n,) ids of the labels given by probabilities (K,)."""
    found = decide(decision, probabilities[None])[0]
    return np.flatnonzero(found) if decision.several else np.array([found])


def thresholds_of(rule: Rule, labels: int) -> np.ndarray:
    """(K,) float64: the least probability with which each label is given."""
    return np.broadcast_to(np.asarray(rule.lowest, np.float64), labels)


def _why_of_several(decision: Decision, probabilities: np.ndarray, given: np.ndarray) -> str:
    rule = decision.rule
    if rule.top is not None:
        return f"always the {rule.top} most probable are given"
    if (probabilities >= thresholds_of(rule, len(probabilities))).any():
        return "these are all whose probability reaches its threshold"
    if len(given):
        return "no probability reaches its threshold, and then the most probable is given"
    return "no probability reaches its threshold"


def _sentence(
    names: np.ndarray, probabilities: np.ndarray, given: np.ndarray, order: np.ndarray, why: str
) -> str:
    if not len(given):
        return f"No label, since {why}."
    told = ", ".join(f"'{names[one]}' ({percent(probabilities[one])})" for one in given)
    others = [one for one in order if one not in given]
    behind = ""
    if others:
        behind = f"; next comes '{names[others[0]]}' ({percent(probabilities[others[0]])})"
    return f"{told}, since {why}{behind}."


def percent(share: float) -> str:
    """A share in percent: 97.8 %."""
    return f"{100 * share:.1f} %"
