"""Slices of the test texts beside the other rows, as a table: the surest to be worse first."""

from typing import Any

from markupsafe import Markup

from textkind.report.figures import Metrics
from textkind.report.wording import known, name, number, span

NAMES = {"accuracy": "Accuracy", "micro_f1": "Micro F1"}
CLEAR = 0.05  # adjusted p, below which a difference is called clear


def slice_section(metrics: Metrics, limit: int) -> dict[str, Any] | None:
    """What the template shows: the figure, the rows, what is left out; None without a slice."""
    slices = metrics.get("slices")
    if not slices:
        return None
    figure = slices["figure"]
    return {
        "figure": NAMES[figure],
        "compared": number(slices["compared"], "count"),
        "fewest": number(slices["fewest"], "count"),
        "rows": [_row(one, figure) for one in slices["found"][:limit]],
        "more": max(len(slices["found"]) - limit, 0),
    }


def _row(one: dict[str, Any], figure: str) -> dict[str, Any]:
    difference = one["difference"] or {}
    p = known(difference.get("p_holm"))
    value = known(difference.get("value"))
    return {
        "column": name(one["column"]),
        "value": name(one["value"]),
        "count": number(one["rows"], "count"),
        "figure": number(one[figure]["value"], "percent"),
        "interval": span(one[figure]["low"], one[figure]["high"], "percent"),
        "difference": Markup("few rows") if value is None else number(100 * value, "signed"),
        "verdict": ""
        if p is None or value is None or p >= CLEAR
        else "clearly worse"
        if value < 0
        else "clearly better",
    }
