"""The decision as a graph: logits to calibrated probabilities, and those to labels.

    probabilities = calibrated(graph, decision, "logits")           (B, K) float32
    labels = decided(graph, decision, logits, probabilities)        (B,) ids or (B, K) 0/1, int64

So every runtime of ONNX gives our probabilities and labels, in whatever language. As in decision/,
what is more than a temperature is computed in float64.
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
from textkind.decision.shared import RISE, SMALLEST
from textkind.decision.sigmoid import Sigmoid
from textkind.decision.temperature import FAR, Temperature, Uncalibrated
from textkind.decision.vector import Vector
from textkind.models.graph import Graph

LIFT = -20  # far below 0 the sigmoid is an exponential, as in decision/sigmoid.py
UNIT = 2.0**-23  # a float32's last place, relative


def _number(graph: Graph, value: Any) -> str:
    return graph.constant(value, np.float64)


def _plus(graph: Graph, *terms: str) -> str:
    first, *others = terms
    for other in others:
        first = graph.one("Add", first, other)
    return first


def _times(graph: Graph, left: str, right: str) -> str:
    return graph.one("Mul", left, right)


def _sigmoids(graph: Graph, scaled: str) -> str:
    away = graph.one("Neg", scaled)
    away = graph.one("Clip", away, _number(graph, -FAR), _number(graph, FAR))
    ones = _number(graph, 1)
    return graph.one("Div", ones, graph.one("Add", ones, graph.one("Exp", away)))


def _rows_to_one(graph: Graph, odds: str) -> str:
    total = graph.one("ReduceSum", odds, graph.integers(1), keepdims=1)
    return graph.one("Div", odds, total)


def _plain(graph: Graph, logits: str, fit: Uncalibrated | Temperature, several: bool) -> str:
    scaled = _times(graph, logits, _number(graph, 1 / fit.temperature))
    return _sigmoids(graph, scaled) if several else graph.one("Softmax", scaled, axis=1)


def _sigmoid(graph: Graph, logits: str, fit: Sigmoid, several: bool) -> str:
    scaled = _times(graph, logits, _number(graph, 1 / fit.temperature))
    scaled = _plus(graph, scaled, _number(graph, fit.offset))
    if several:
        return _sigmoids(graph, scaled)
    highest = graph.one("ReduceMax", scaled, graph.integers(1), keepdims=1)
    lift = graph.one("Max", graph.one("Sub", _number(graph, LIFT), highest), _number(graph, 0))
    return _rows_to_one(graph, _sigmoids(graph, _plus(graph, scaled, lift)))


def _log_chances(graph: Graph, logits: str, shared: Any, several: bool) -> tuple[str, str]:
    chances = SCALED[type(shared)](graph, logits, shared, several)
    least, most = _number(graph, SMALLEST), _number(graph, 1 - SMALLEST)
    chances = graph.one("Clip", chances, least, most)
    lacking = graph.one("Sub", _number(graph, 1), chances)
    return graph.one("Log", chances), graph.one("Log", lacking)


def _finished(graph: Graph, chances: str, having: str, several: bool) -> str:
    towards = graph.one("Sub", graph.one("Exp", having), chances)
    chances = _plus(graph, chances, _times(graph, towards, _number(graph, RISE)))
    return chances if several else _rows_to_one(graph, chances)


def _platt(graph: Graph, logits: str, fit: Platt, several: bool) -> str:
    having, lacking = _log_chances(graph, logits, fit.shared, several)
    odds = graph.one("Sub", having, lacking)
    scores = _plus(
        graph, _times(graph, odds, _number(graph, fit.slopes)), _number(graph, fit.intercepts)
    )
    return _finished(graph, _sigmoids(graph, scores), having, several)


def _beta(graph: Graph, logits: str, fit: Beta, several: bool) -> str:
    having, lacking = _log_chances(graph, logits, fit.shared, several)
    towards = _times(graph, having, _number(graph, fit.a))
    away = _times(graph, lacking, _number(graph, np.negative(fit.b)))
    scores = _plus(graph, towards, away, _number(graph, fit.c))
    return _finished(graph, _sigmoids(graph, scores), having, several)


def _isotonic(graph: Graph, logits: str, fit: Isotonic, several: bool) -> str:
    """Every curve as its first value and what each of its straight lines has added so far."""
    having, lacking = _log_chances(graph, logits, fit.shared, several)
    curves = [fit.curves[place] for place in fit.curve_of]
    most = max(len(scores) for scores, _ in curves) - 1
    begins, widths, rises = (np.zeros((len(curves), max(most, 1))) for _ in range(3))
    for label, (scores, values) in enumerate(curves):
        here = slice(0, len(scores) - 1)
        begins[label, here], widths[label, here] = scores[:-1], np.diff(scores)
        rises[label, here] = np.diff(values)
    shares = np.divide(1, widths, out=np.zeros_like(widths), where=widths > 0)
    odds = graph.one("Unsqueeze", graph.one("Sub", having, lacking), graph.integers(2))
    into = graph.one("Sub", odds, _number(graph, begins))  # (B, K, S)
    done = _times(graph, into, _number(graph, shares))
    done = graph.one("Clip", done, _number(graph, 0), _number(graph, 1))
    risen = _times(graph, done, _number(graph, rises))
    first = _number(graph, [values[0] for _, values in curves])
    chances = _plus(graph, graph.one("ReduceSum", risen, graph.integers(2), keepdims=0), first)
    return _finished(graph, chances, having, several)


def _vector(graph: Graph, logits: str, fit: Vector, several: bool) -> str:
    moved = _times(graph, logits, _number(graph, fit.scales))
    offsets = np.array(fit.offsets) * fit.shared.temperature
    moved = _plus(graph, moved, _number(graph, offsets))
    return SCALED[type(fit.shared)](graph, moved, fit.shared, several)


SCALED: dict[type[Any], Callable[..., str]] = {
    Uncalibrated: _plain,
    Temperature: _plain,
    Sigmoid: _sigmoid,
    Platt: _platt,
    Vector: _vector,
    Beta: _beta,
    Isotonic: _isotonic,
}


def calibrated(graph: Graph, decision: Decision, logits: str) -> str:
    """(B, K) float32 probabilities of (B, K) float32 logits, as decision.probabilities gives."""
    calibrator: Calibrator = decision.calibrator
    wide = graph.cast(logits, "DOUBLE")
    found = SCALED[type(calibrator)](graph, wide, calibrator, decision.several)
    found = graph.cast(found, "FLOAT")
    if decision.several or not calibrator.keeps_order:
        return found
    return _order_kept(graph, found, logits)


def _order_kept(graph: Graph, found: str, logits: str) -> str:
    """The winner's probability is raised by a last place where rounding made a tie."""
    winner = graph.one("ArgMax", logits, axis=1, keepdims=1)
    best = graph.one("ArgMax", found, axis=1, keepdims=1)
    tied = graph.one("Not", graph.one("Equal", winner, best))  # (B, 1)
    here = graph.one("And", tied, _is_place(graph, winner, found))
    highest = graph.one("ReduceMax", found, graph.integers(1), keepdims=1)
    raised = graph.one("Mul", highest, graph.constant(1 + UNIT, np.float32))
    return graph.one("Where", here, raised, found)


def _is_place(graph: Graph, chosen: str, values: str) -> str:
    """(B, K) bool: whether a column of (B, K) values is the chosen one, of (B, 1)."""
    number = graph.one("Squeeze", graph.one("Shape", values, start=1, end=2))
    zero, one = graph.constant(0, np.int64), graph.constant(1, np.int64)
    return graph.one("Equal", graph.one("Range", zero, number, one), chosen)


def decided(graph: Graph, decision: Decision, logits: str, probabilities: str) -> str:
    """Labels as decide gives them: (B,) ids, or (B, K) 0/1 where a text may have several."""
    rule = decision.rule
    if decision.several:
        return graph.cast(_given(graph, rule, probabilities), "INT64")
    if rule == Rule() and decision.calibrator.keeps_order:
        return graph.one("ArgMax", logits, axis=1, keepdims=0)
    wide = graph.cast(probabilities, "DOUBLE")
    if rule.costs is not None:
        expected = graph.one("MatMul", wide, _number(graph, rule.costs))
        return graph.one("ArgMin", expected, axis=1, keepdims=0)
    if rule.weights is not None:
        wide = _times(graph, wide, _number(graph, rule.weights))
    return graph.one("ArgMax", wide, axis=1, keepdims=0)


def _given(graph: Graph, rule: Rule, probabilities: str) -> str:
    """(B, K) bool of several labels."""
    if rule.top is not None:
        _, best = graph.add("TopK", [probabilities, graph.integers(rule.top)], 2, axis=1)
        ones = graph.cast(graph.one("GreaterOrEqual", best, graph.constant(0, np.int64)), "FLOAT")
        empty = graph.one("Mul", probabilities, graph.constant(0, np.float32))
        return graph.cast(graph.one("ScatterElements", empty, best, ones, axis=1), "BOOL")
    wide = graph.cast(probabilities, "DOUBLE")
    given = graph.one("GreaterOrEqual", wide, _number(graph, rule.lowest))
    if not rule.at_least_one:
        return given
    number = graph.one("ReduceSum", graph.cast(given, "INT64"), graph.integers(1), keepdims=1)
    bare = graph.one("Equal", number, graph.constant(0, np.int64))
    best = graph.one("ArgMax", probabilities, axis=1, keepdims=1)
    return graph.one("Or", given, graph.one("And", bare, _is_place(graph, best, probabilities)))
