"""What can be promised of answers, as two tables: the unsure left out, and sets of labels."""

from typing import Any

from markupsafe import Markup

from textkind.report.figures import Metrics
from textkind.report.wording import known, number

NEVER = Markup("no such promise")


def promise_tables(metrics: Metrics) -> dict[str, list[dict[str, Any]]]:
    """Rows of both tables; empty where nothing was fitted."""
    trust = metrics.get("trust") or {}
    return {
        "abstention": [_abstention(one) for one in trust.get("abstention", [])],
        "sets": [_set(one) for one in trust.get("sets", [])],
    }


def _abstention(one: dict[str, Any]) -> dict[str, Any]:
    possible = known(one["confidence"]) is not None
    return {
        "most": number(one["max_error"], "percent"),
        "confidence": number(one["confidence"], "percent") if possible else NEVER,
        "answered": _shown(one["test_answered"]) if possible else Markup("0"),
        "error": _shown(one["test_error"]) if possible else Markup("–"),
    }


def _set(one: dict[str, Any]) -> dict[str, Any]:
    size = known(one["mean_size"])
    return {
        "coverage": number(one["coverage"], "percent"),
        "covered": _shown(one["test_coverage"]),
        "size": Markup("–") if size is None else Markup(f"{size:.2f}"),
        "single": _shown(one["single"]),
    }


def _shown(value: float | None) -> Markup:
    return Markup("–") if known(value) is None else number(value, "percent")
