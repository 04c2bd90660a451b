"""The verdict on a ladder: the simplest model that is not significantly worse than the best.

Rungs come in the order of the ladder, simplest first. A rung may win if it keeps to the limits;
the best is the best of those that may, and each of the others is tested against it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from textkind.errors import SettingsError
from textkind.evaluation.paired import holm
from textkind.workflow.ladder import PRIOR

LEVEL = 0.05
NAMES = {"accuracy": "accuracy", "micro_f1": "micro F1"}

Comparison = Callable[[str, str], dict[str, Any]]


@dataclass(frozen=True)
class Limits:
    """What a model may cost to be chosen; None: anything."""

    milliseconds: float | None = None  # for one text, the median
    megabytes: float | None = None  # on disk

    def __post_init__(self) -> None:
        for name in ("milliseconds", "megabytes"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise SettingsError(f"the limit of {name} must be a number above 0", found=value)

    def broken_by(self, cost: dict[str, float]) -> str:
        """What a model of this cost breaks, in words; empty where it keeps to the limits."""
        broken = []
        if self.milliseconds is not None and cost["one_text_ms"] > self.milliseconds:
            broken.append(f"{cost['one_text_ms']:.3g} ms a text, above {self.milliseconds:g}")
        if self.megabytes is not None and cost["disk_mb"] > self.megabytes:
            broken.append(f"{cost['disk_mb']:.3g} MB on disk, above {self.megabytes:g}")
        return " and ".join(broken)


def verdict(
    rungs: list[dict[str, Any]], headline: str, rows: int, limits: Limits, compared: Comparison
) -> dict[str, Any]:
    """The entry "verdict" of compare.json, its sentences in plain words.

    rungs are the finished ones; compared(first, second) is their paired comparison. "winner" is
    None where the limits leave no model.
    """
    excluded = [
        {"name": rung["name"], "reason": reason}
        for rung in rungs
        if (reason := limits.broken_by(rung["cost"]))
    ]
    outside = {one["name"] for one in excluded}
    allowed = [rung for rung in rungs if rung["name"] not in outside]
    if not allowed:
        told = "; ".join(f"{one['name']}: {one['reason']}" for one in excluded)
        sentence = f"No model keeps to the limits: {told}."
        return {"winner": None, "best": None, "excluded": excluded, "tests": [],
                "sentences": [sentence]}  # fmt: skip
    best = max(allowed, key=lambda rung: rung["test"][headline]["value"])  # of equals the simplest
    others = [rung for rung in allowed if rung is not best]
    tests = [compared(rung["name"], best["name"]) for rung in others]
    for test, adjusted in zip(tests, holm(np.array([t["p"] for t in tests])), strict=True):
        test["p_holm"] = float(adjusted)
    worse = {test["name"] for test in tests if test["p_holm"] < LEVEL}
    winner = next(rung for rung in allowed if rung["name"] not in worse)
    against = {test["name"]: test for test in tests}
    sentences = [
        _quality(winner, best, allowed[0], against, headline, rows, bool(excluded)),
        _cost(winner, best, _cheaper(winner, allowed, worse)),
    ]
    if excluded:
        sentences.append(_excluded(excluded, rungs, best, headline))
    return {
        "winner": winner["name"],
        "best": best["name"],
        "excluded": excluded,
        "tests": tests,
        "sentences": sentences,
    }


def _quality(
    winner: dict[str, Any],
    best: dict[str, Any],
    simplest: dict[str, Any],
    against: dict[str, dict[str, Any]],
    headline: str,
    rows: int,
    bounded: bool,
) -> str:
    """How good the winner is, and how far from the best; bounded: limits excluded a model."""
    figure = winner["test"][headline]
    no_model = "no model that keeps to the limits" if bounded else "no model"
    told = (
        f"{winner['name']} is the model to use: {_percent(figure['value'])} {NAMES[headline]} on "
        f"{rows:,} test texts"
    )
    if figure["low"] is not None:
        told += f" (95 % interval {_percent(figure['low'])} to {_percent(figure['high'])})"
    if winner is not best:
        test = against[winner["name"]]
        told += (
            f", not significantly worse than the best, {best['name']} with "
            f"{_percent(best['test'][headline]['value'])} (difference {points(test['value'])}, "
            f"95 % interval {points(test['low'])} to {points(test['high'])}, "
            f"p = {_p(test['p_holm'])})."
        )
    elif not against:
        told += (
            ", the only one that keeps to the limits." if bounded else ", the only one finished."
        )
    elif winner is simplest:
        told += f"; it is the simplest, and {no_model} is better."
    else:
        told += f"; {no_model} is better, and every simpler one is significantly worse."
    if winner["name"] == PRIOR:
        told += " It reads no text: these texts do not show that any model learned something."
    return told


def _cost(winner: dict[str, Any], best: dict[str, Any], cheaper: dict[str, Any] | None) -> str:
    told = f"It was fitted in {_cost_of(winner)}"
    told += f"; {best['name']} in {_cost_of(best)}." if winner is not best else "."
    if cheaper is not None:
        told += (
            f" {cheaper['name']} stands higher on the ladder but is no worse either, and both "
            f"faster and smaller: {cheaper['cost']['one_text_ms']:.3g} ms and "
            f"{cheaper['cost']['disk_mb']:.3g} MB."
        )
    return told


def _cost_of(rung: dict[str, Any]) -> str:
    cost = rung["cost"]
    return (
        f"{_seconds(cost['fit_seconds'])}, takes {cost['one_text_ms']:.3g} ms a text and "
        f"{cost['disk_mb']:.3g} MB on disk"
    )


def _cheaper(
    winner: dict[str, Any], allowed: list[dict[str, Any]], worse: set[str]
) -> dict[str, Any] | None:
    """The fastest of those that are no worse than the best, and faster and smaller than winner."""
    cost = winner["cost"]
    found = [
        rung
        for rung in allowed
        if rung["name"] not in worse
        and rung["cost"]["one_text_ms"] < cost["one_text_ms"]
        and rung["cost"]["disk_mb"] < cost["disk_mb"]
    ]
    return min(found, key=lambda rung: rung["cost"]["one_text_ms"]) if found else None


def _excluded(
    excluded: list[dict[str, Any]],
    rungs: list[dict[str, Any]],
    best: dict[str, Any],
    headline: str,
) -> str:
    value = {rung["name"]: rung["test"][headline]["value"] for rung in rungs}
    told = "; ".join(f"{one['name']} ({one['reason']})" for one in excluded)
    sentence = f"The limits exclude {told}"
    better = [one["name"] for one in excluded if value[one["name"]] > value[best["name"]]]
    if better:
        highest = max(better, key=lambda name: value[name])
        return sentence + f". Of these {highest} is better, with {_percent(value[highest])}."
    return sentence + "; none of these is better."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """A difference of shares in points, with its sign."""
    return f"{100 * difference:+.1f} points".replace("-", "\u2212")


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 0.001 else "under 0.001"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 120 else f"{value / 60:.1f} min"
