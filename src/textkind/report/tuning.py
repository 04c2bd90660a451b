"""The search for settings: tune.json in; sentences, pictures and tables of the page out."""

import math
from typing import Any

import numpy as np
from markupsafe import Markup

from textkind.report.axes import Words
from textkind.report.bars import share_bar
from textkind.report.ladder_rows import TITLES
from textkind.report.line_chart import Line, line_chart
from textkind.report.parallel_lines import Axis, Record, parallel_lines
from textkind.report.wording import DASH, clip, number, plural

MOST_ROWS = 40  # of the table of trials
MOST_AXES, MOST_LINES = 7, 80  # of the picture of settings
FALLBACK = 0.5  # where a value stands on an axis that has one place alone
ORIGINS = {"defaults": "the defaults", "known": "often good", "drawn": "proposed"}


def tuning_section(facts: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the page says of the search; None for a run without one."""
    if facts is None:
        return None
    trials = facts["trials"]
    finished = [one for one in trials if one["figures"] is not None]
    ranked = sorted(finished, key=lambda one: one["figures"]["log_loss"])
    others = [one for one in trials if one["figures"] is None]
    shown = (ranked + others)[:MOST_ROWS]
    importance = facts["importance"]
    return {
        "sentences": facts["sentences"],
        "figure": TITLES[facts["headline"]],
        "course": _course(finished) if len(finished) > 1 else None,
        "parallel": _parallel(facts, trials) if len(trials) > 1 else None,
        "rows": [_row(one, facts) for one in shown],
        "trials": number(len(trials), "count"),
        "is_cut": len(shown) < len(trials),
        "mattered": [] if importance is None else _mattered(facts, importance),
        "mattered_by": "" if importance is None else _by(importance),
        "fixed": [setting_name(name) for name in facts["fixed"]],
    }


def setting_name(name: str) -> str:
    """The name of a setting without the part it belongs to, in words."""
    return name.rpartition(".")[2].replace("_", " ")


def setting_value(value: Any) -> str:
    """A value of a setting in words."""
    if isinstance(value, list | tuple):
        return "-".join(map(str, value)) if value else "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None:
        return "open"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def changes_in_words(values: dict[str, Any], usual: dict[str, Any]) -> str:
    """What a trial has otherwise than the defaults."""
    changed = {k: v for k, v in values.items() if k not in usual or usual[k] != v}
    return ", ".join(f"{setting_name(k)} {setting_value(v)}" for k, v in changed.items())


def _by(importance: dict[str, Any]) -> Markup:
    share = importance["share_of_training"]
    told = Markup("at the end") if share == 1 else Markup("after {} of the training").format(
        number(share, "percent")
    )  # fmt: skip
    return plural(importance["trials"], "trial") + Markup(", by their log loss ") + told


def _mattered(facts: dict[str, Any], importance: dict[str, Any]) -> list[dict[str, Any]]:
    best = next(one for one in facts["trials"] if one["number"] == facts["best"])["values"]
    usual = facts["trials"][0]["values"]
    return [
        {
            "name": setting_name(one["name"]),
            "share": number(one["share"], "percent"),
            "bar": share_bar(one["share"]),
            "usual": setting_value(usual[one["name"]]),
            "best": setting_value(best[one["name"]]) if one["name"] in best else DASH,
        }
        for one in importance["settings"]
    ]


def _row(one: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    told = changes_in_words(one["values"], facts["trials"][0]["values"])
    figures, looks = one["figures"], one["looks"]
    ended: Any = one["status"]
    if ended == "pruned" and looks:
        ended = Markup("ended at {}, log loss {}").format(
            number(looks[-1]["share"], "percent"), number(looks[-1]["log_loss"], "plain")
        )
    elif one["reason"]:
        ended = clip(one["reason"], 100)
    return {
        "number": one["number"],
        "is_best": one["number"] == facts["best"],
        "origin": ORIGINS[one["origin"]],
        "log_loss": DASH if figures is None else number(figures["log_loss"], "plain"),
        "headline": DASH if figures is None else number(figures["headline"], "percent"),
        "seconds": number(one["seconds"], "seconds"),
        "ended": ended,
        "changed": told if told else "nothing",
    }


def _course(finished: list[dict[str, Any]]) -> Markup:
    """The least log loss by the minutes that were spent, a step at each trial that ended."""
    ended = sorted(finished, key=lambda one: one["began"] + one["seconds"])
    minutes = np.array([(one["began"] + one["seconds"]) / 60 for one in ended])
    losses = np.array([one["figures"]["log_loss"] for one in ended])
    best = np.minimum.accumulate(losses)
    seconds = minutes[-1] < 2
    words = Words(
        "search-course",
        "Log loss of validation by the time that the search took",
        f"{len(ended)} trials that were trained to their end; the least log loss falls from "
        f"{best[0]:.4f} to {best[-1]:.4f}",
        "seconds" if seconds else "minutes",
        "log loss",
    )
    x = minutes * 60 if seconds else minutes
    usual = finished[0]["figures"]["log_loss"]
    lines = [
        Line("the best so far", np.repeat(x, 2)[1:], np.repeat(best, 2)[:-1]),
        Line("the defaults", x[[0, -1]], np.array([usual, usual])),
    ]
    return line_chart(lines, words)


def _parallel(facts: dict[str, Any], trials: list[dict[str, Any]]) -> Markup:
    """The settings that mattered most as axes, the log loss at the end as the last."""
    told = {one["name"]: one for one in facts["searched"]}
    names = list(told)
    if facts["importance"] is not None:
        names = [one["name"] for one in facts["importance"]["settings"]]
    names = names[:MOST_AXES]
    axes = [_axis(told[name]) for name in names]
    losses = [one["figures"]["log_loss"] for one in trials if one["figures"] is not None]
    low, high = min(losses), max(losses)
    spread = high - low
    axes.append(Axis("log loss", ((0.0, f"{low:.3f}"), (1.0, f"{high:.3f}"))[: 2 if spread else 1]))
    best, usual = facts["best"], trials[0]["number"]
    rank = {best: 3, usual: 2}
    ordered = sorted(
        trials, key=lambda one: (rank.get(one["number"], one["figures"] is not None), one["number"])
    )[-MOST_LINES:]
    kinds = {best: "line2 taken", usual: "line3"}
    records = []
    for one in ordered:
        places = [
            _place(told[name], one["values"][name]) if name in one["values"] else None
            for name in names
        ]
        figures = one["figures"]
        loss = None if figures is None else (figures["log_loss"] - low) / spread if spread else 0.0
        kind = "whole" if figures is not None else "part"
        records.append(Record((*places, loss), kinds.get(one["number"], kind)))
    described = (
        f"{len(ordered)} trials as lines across {len(axes) - 1} settings and the log loss; the one "
        "that was taken and the defaults stand out"
    )
    return parallel_lines(axes, records, "The settings of the trials", described)


def _axis(told: dict[str, Any]) -> Axis:
    if "choices" in told:
        values = told["choices"]
    else:
        values = [told["low"], told["high"]]
    ticks = tuple((_place(told, value), setting_value(value)) for value in values)
    return Axis(setting_name(told["name"]), ticks)


def _place(told: dict[str, Any], value: Any) -> float:
    """Where a value stands on the axis of its setting, from 0 to 1."""
    if "choices" in told:
        choices = [setting_value(one) for one in told["choices"]]
        last = len(choices) - 1
        return choices.index(setting_value(value)) / last if last else FALLBACK
    scale = math.log if told["by_tens"] else float
    low, high = scale(told["low"]), scale(told["high"])
    return min(1.0, max(0.0, (scale(value) - low) / (high - low)))
