"""The gradient by distance from the end of a text, drawn in plain characters."""

import math
from typing import Any

import numpy as np

from textkind.errors import SettingsError
from textkind.report.gradients import shown_places
from textkind.report.line_chart import decades
from textkind.workflow.train import READ_IN_ORDER

BAR = 40  # characters of the longest
GROUPS = {
    "network": "This network",
    "cells": "The three cells before training: one direction, the last state read",
}


def gradients_of(metrics: dict[str, Any] | None, model: str, folder: str) -> dict[str, Any]:
    """fit.gradients of a run; SettingsError says why there is none."""
    if model not in READ_IN_ORDER:
        raise SettingsError(
            "gradients by distance are of networks that read a text in order",
            found=model,
            hint="train one of them: " + " or ".join(f"--model {name}" for name in READ_IN_ORDER),
        )
    if metrics is None:
        raise SettingsError(
            "a model folder by itself knows no gradients: they stand in metrics.json of its run",
            where=folder,
            hint="name the run folder that `textkind train` wrote",
        )
    if "gradients" not in metrics["fit"]:
        raise SettingsError(
            "this run did not measure gradients", where=folder, hint="train the model again"
        )
    told: dict[str, Any] | None = metrics["fit"]["gradients"]
    if not told or not told["series"]:
        raise SettingsError(
            "there are no gradients by distance: no training text has two tokens", where=folder
        )
    return told


def gradient_picture(told: dict[str, Any]) -> str:
    """Bars by powers of ten, a block for each line of the report's pictures."""
    blocks = [
        f"""\
How far back it learns: the length of the loss's gradient by the vector of a token,
by the token's distance from the end of the text. Mean over {told["texts"]:,} training texts
of {told["shortest"]:,} to {told["longest"]:,} tokens."""
    ]
    for group, title in GROUPS.items():
        series = [one for one in told["series"] if one["group"] == group]
        if series:
            low, high = decades(np.array([one["norm"] for one in series]))
            blocks.append(f"{title}\n(bars by tens, from 1e{low:+03d} to 1e{high:+03d})")
            blocks += [_block(one, told["distance"], low, high) for one in series]
    return "\n\n".join(blocks)


def _block(one: dict[str, Any], distance: list[int], low: int, high: int) -> str:
    lines = [f"  {one['name']}"]
    for place in shown_places(distance):
        norm = one["norm"][place]
        share = (math.log10(norm) - low) / (high - low) if norm > 0 else 0.0
        bar = "#" * max(0, round(BAR * share))
        lines.append(f"  {distance[place]:>5}  {norm:.1e}  {bar}".rstrip())
    return "\n".join(lines)
