"""What a threshold buys: the entry "curves" of metrics.json in, pictures and tables out."""

from typing import Any

import numpy as np
from markupsafe import Markup

from textkind.report.axes import Words
from textkind.report.figures import Metrics
from textkind.report.line_chart import Line, line_chart
from textkind.report.wording import clip, known, name, number, percent_text, span

SHARES = tuple(step / 10 for step in range(1, 11))  # answered, of the lines of the table
LINES = ("precision", "recall", "f1")
HEADROOM = 1.5  # the axis ends at so much of the highest error: few texts have endless intervals
TITLE_LENGTH = 40  # characters of a label


def curve_section(metrics: Metrics) -> dict[str, Any]:
    """The risk-coverage curve, and precision and recall by threshold; empty without them."""
    curves = metrics.get("curves") or {}
    return {
        "risk": _risk(curves["risk"]) if curves.get("risk") else None,
        "labels": [
            _label(one, f"threshold-{place}") for place, one in enumerate(curves.get("labels", []))
        ],
    }


def _risk(points: list[dict[str, float]]) -> dict[str, Any]:
    """The picture, lines of a table, and the errors of all texts and of the surest half."""
    answered, error, low, high = (
        np.array([one[key] for one in points]) for key in ("answered", "error", "low", "high")
    )
    half = points[int(np.abs(answered - 0.5).argmin())]
    places = np.unique([int(np.abs(answered - share).argmin()) for share in SHARES])
    top = max(HEADROOM * float(error.max()), float(high[-1]))
    description = (
        f"Of the surest {percent_text(half['answered'])} of the texts {percent_text(half['error'])}"
        f" are wrong, of all {percent_text(float(error[-1]))}. The table has more."
    )
    whole = np.array([answered[0], 1.0])
    return {
        "half": number(half["answered"], "percent"),
        "half_error": number(half["error"], "percent"),
        "error": number(points[-1]["error"], "percent"),
        "picture": line_chart(
            [
                Line("by confidence, with its 95 % interval", 100 * answered, 100 * error,
                     100 * low, 100 * np.minimum(high, top)),
                Line("at random", 100 * whole, np.full(2, 100 * error[-1])),
            ],
            Words("risk", "Error by share of texts answered", description,
                  "texts answered, the surest first, per cent", "of them wrong, per cent"),
        ),
        "rows": [
            {
                "answered": number(one["answered"], "percent"),
                "confidence": number(one["confidence"], "percent"),
                "error": number(one["error"], "percent"),
                "interval": span(one["low"], one["high"], "percent"),
            }
            for one in (points[place] for place in places)
        ],
    }  # fmt: skip


def _label(curve: dict[str, Any], identity: str) -> dict[str, Any]:
    """The picture and the table of one label, or of all decisions together."""
    points, label = curve["points"], curve["label"]
    threshold = np.array([100 * one["threshold"] for one in points])
    drawn = [
        Line(line.capitalize(), threshold, np.array([_percent(one[line]) for one in points]))
        for line in LINES
    ]
    best = max(points, key=lambda one: -1.0 if known(one["f1"]) is None else one["f1"])
    title = "All labels together" if label is None else clip(label, TITLE_LENGTH)
    description = "No text was given the label."
    if known(best["f1"]) is not None:
        description = (
            f"F1 is highest, {percent_text(best['f1'])}, from a probability of "
            f"{percent_text(best['threshold'])} on. The table has all figures."
        )
    words = Words(
        identity, f"Precision and recall by threshold: {title}", description,
        "least probability, per cent", "per cent",
    )  # fmt: skip
    return {
        "title": Markup("All labels together") if label is None else name(label),
        "gold": number(curve["gold"], "count"),
        "picture": line_chart(drawn, words),
        "rows": [
            {
                "threshold": number(one["threshold"], "percent"),
                "predicted": number(one["predicted"], "count"),
                **{line: number(one[line], "percent") for line in LINES},
                "best": one is best,
            }
            for one in points
        ],
    }


def _percent(value: float | None) -> float:
    return np.nan if value is None else 100 * value
