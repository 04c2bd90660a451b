"""The gradient by distance from the end of the text: fit.gradients in, pictures and a table out."""

from typing import Any

import numpy as np
from markupsafe import Markup

from textkind.report.axes import Words
from textkind.report.line_chart import Line, line_chart
from textkind.report.wording import number, plural

GROUPS = ("network", "cells")
SHOWN = (0, 1, 2, 5, 10, 20, 50, 100)  # distances in the table; and the last there is
TITLES = {"network": "This network", "cells": "The three cells before training"}


def gradient_section(fit: dict[str, Any]) -> dict[str, Any] | None:
    """Pictures, a table and the facts of both; None where nothing was measured."""
    told = fit.get("gradients")
    if not told or not told["series"]:
        return None
    return {
        "pictures": [
            {"title": TITLES[group], "picture": _picture(told, group)}
            for group in GROUPS
            if _of(told, group)
        ],
        "has_cells": bool(_of(told, "cells")),
        "texts": plural(told["texts"], "training text"),
        "shortest": number(told["shortest"], "count"),
        "longest": number(told["longest"], "count"),
        "heads": [f"{one['name']}" for group in GROUPS for one in _of(told, group)],
        "rows": _rows(told),
    }


def shown_places(distance: list[int]) -> list[int]:
    """Which entries of the distances a table shows: some near the end, and the farthest."""
    return [
        place for place, away in enumerate(distance) if away in SHOWN or place == len(distance) - 1
    ]


def _of(told: dict[str, Any], group: str) -> list[dict[str, Any]]:
    return [one for one in told["series"] if one["group"] == group]


def _picture(told: dict[str, Any], group: str) -> Markup:
    distance = np.array(told["distance"], np.float64)
    series = _of(told, group)
    lines = [Line(one["name"], distance, np.array(one["norm"], np.float64)) for one in series]
    ends = "; ".join(
        f"{one['name']}: {one['norm'][0]:.1e} at the end, {one['norm'][-1]:.1e} at "
        f"{told['distance'][-1]} tokens from it"
        for one in series
    )
    return line_chart(
        lines,
        Words(
            f"gradients-{group}",
            f"Gradient by distance from the end: {TITLES[group].lower()}",
            f"Mean norm of the gradient, by tens. {ends}.",
            "tokens from the end of the text",
            "norm of the gradient",
        ),
        by_tens=True,
    )


def _rows(told: dict[str, Any]) -> list[dict[str, Any]]:
    series = [one for group in GROUPS for one in _of(told, group)]
    return [
        {
            "distance": number(told["distance"][place], "count"),
            "norms": [number(one["norm"][place], "power") for one in series],
        }
        for place in shown_places(told["distance"])
    ]
