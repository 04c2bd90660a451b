"""A decision in the few forms that readers of a compact file know.

Probabilities are shares of sigmoids or of exponentials of a line through each logit, and where
there are curves those are bent label by label; every calibrator is a case of that.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from textkind.decision.beta import Beta
from textkind.decision.calibrators import Calibrator
from textkind.decision.decision import Decision
from textkind.decision.isotonic import Isotonic
from textkind.decision.platt import Platt
from textkind.decision.rule import Rule
from textkind.decision.sigmoid import Sigmoid
from textkind.decision.vector import Vector

Curve = dict[str, Any]


def compact_decision(decision: Decision, labels: int) -> dict[str, Any]:
    """The decision for so many labels, as docs/compact-file.md has it."""
    calibrator = decision.calibrator
    shared = calibrator.shared
    move = shared.offset if isinstance(shared, Sigmoid) else 0.0
    scales, offsets = [1 / shared.temperature] * labels, [move] * labels
    if isinstance(calibrator, Vector):
        scales = [scale / shared.temperature for scale in calibrator.scales]
        offsets = [offset + move for offset in calibrator.offsets]
    curves = CURVES.get(type(calibrator))
    return {
        "scales": scales,
        "offsets": offsets,
        "sigmoid": isinstance(shared, Sigmoid),
        "curves": None if curves is None else curves(calibrator),
        "rule": _rule(decision.rule, labels),
    }


def _platt(found: Platt) -> list[Curve]:
    pairs = zip(found.slopes, found.intercepts, strict=True)
    return [{"a": slope, "b": slope, "c": intercept} for slope, intercept in pairs]


def _beta(found: Beta) -> list[Curve]:
    return [{"a": a, "b": b, "c": c} for a, b, c in zip(found.a, found.b, found.c, strict=True)]


def _isotonic(found: Isotonic) -> list[Curve]:
    curves = [{"scores": scores, "values": values} for scores, values in found.curves]
    return [curves[place] for place in found.curve_of]


# none, temperature, sigmoid and vector are straight
CURVES: dict[type[Calibrator], Callable[[Any], list[Curve]]] = {
    Platt: _platt,
    Beta: _beta,
    Isotonic: _isotonic,
}


def _rule(rule: Rule, labels: int) -> dict[str, Any]:
    return {
        "weights": [1.0] * labels if rule.weights is None else rule.weights,
        "costs": rule.costs,
        "thresholds": np.full(labels, rule.lowest, np.float64).tolist(),
        "top": rule.top,
        "at_least_one": rule.at_least_one,
    }
