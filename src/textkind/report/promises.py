"""What can be promised of answers, as two tables: the unsure left out, and sets of labels."""

import math
from typing import Any

from markupsafe import Markup

from textkind.report.bars import interval_bar
from textkind.report.figures import Metrics
from textkind.report.wording import DASH, known, number, span

NEVER = Markup("no such promise")


def promise_tables(metrics: Metrics) -> dict[str, list[dict[str, Any]]]:
    """Rows of both tables; empty where nothing was fitted."""
    trust = metrics.get("trust") or {}
    return {
        "abstention": [_abstention(one) for one in trust.get("abstention", [])],
        "sets": [_set(one, _lowest(trust["sets"])) for one in trust.get("sets", [])],
    }


def _abstention(one: dict[str, Any]) -> dict[str, Any]:
    possible = known(one["confidence"]) is not None
    return {
        "most": number(one["max_error"], "percent"),
        "confidence": number(one["confidence"], "percent") if possible else NEVER,
        "answered": _shown(one["test_answered"]) if possible else Markup("0"),
        "error": _shown(one["test_error"]) if possible else DASH,
    }


def _set(one: dict[str, Any], low: float) -> dict[str, Any]:
    """A line of the table of sets; `low` is where its bars begin."""
    size, held = known(one["mean_size"]), one["test_coverage"]
    return {
        "coverage": number(one["coverage"], "percent"),
        "covered": _shown(held["value"]),
        "interval": span(held["low"], held["high"], "percent"),
        "bar": interval_bar(held["value"], held["low"], held["high"], one["coverage"], (low, 1.0)),
        "size": DASH if size is None else number(size, "plain"),
        "single": _shown(one["single"]),
    }


def _lowest(sets: list[dict[str, Any]]) -> float:
    """The tenth at or below all that is asked and held."""
    ends = [
        value for one in sets for value in (one["coverage"], known(one["test_coverage"]["low"]))
    ]
    least = min((value for value in ends if value is not None), default=0.0)
    return math.floor(10 * min(least, 0.9)) / 10


def _shown(value: float | None) -> Markup:
    return DASH if known(value) is None else number(value, "percent")
