"""What an update changed: the entry update of metrics.json in; rows and sentences out."""

from typing import Any

from textkind.report.figures import (
    HAMMING,
    LABEL_FIGURES,
    PROBABILITY_FIGURES,
    SEVERAL_FIGURES,
    is_several,
)
from textkind.report.wording import clip, name, number, plural, span

MOST_LABELS = 20  # those that changed most surely
SHOWN = ("accuracy", "macro_f1", "micro_f1", "log_loss", "ece_mass")


def update_section(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """What the page says of an update; None for a run that was not updated."""
    told = metrics.get("update")
    if told is None:
        return None
    rows, replay = told["rows"], told["replay"]
    left_out = sum(rows[key] for key in ("in_held_out", "near_held_out", "known"))
    return {
        "run": clip(told["run"], 60),
        "source": clip(told["source"], 60),
        "number": number(told["number"], "count"),
        "rows": [(part, number(rows[part], "count")) for part in ("train", "validation", "test")],
        "left_out": plural(left_out, "new row") if left_out else "",
        "relabelled": plural(rows["relabelled"], "new row") if rows["relabelled"] else "",
        "replayed": number(replay["texts"], "count"),
        "of": number(replay["of"], "count"),
        "new_labels": [name(label) for label in told["new_labels"][:MOST_LABELS]],
        "more_labels": max(0, len(told["new_labels"]) - MOST_LABELS),
        "forced": told["forced"],
        "parts": [
            _part(told[key], told["figure"], title, is_several(metrics))
            for key, title in (("old_test", "old"), ("new_test", "new"))
            if told[key] is not None
        ],
        "history": [
            {"source": clip(one["source"], 60)}
            | {part: number(one[part], "count") for part in ("train", "validation", "test")}
            for one in told["history"]
        ],
    }


def _part(told: dict[str, Any], figure: str, title: str, several: bool) -> dict[str, Any]:
    of_labels = SEVERAL_FIGURES if several else LABEL_FIGURES
    known = {one.key: one for one in (*of_labels, *PROBABILITY_FIGURES, HAMMING)}
    keys = [key for key in dict.fromkeys((*SHOWN, figure)) if key in told["figures"]]
    figures = [_row(known[key].name, known[key].kind, told["figures"][key]) for key in keys]
    if told["among_old_labels"] is not None:
        among = f"{known[figure].name} among old labels"
        figures.append(_row(among, known[figure].kind, told["among_old_labels"]))
    labels = [one for one in told["labels"] if one["gained"] + one["lost"]]
    labels.sort(key=lambda one: (one["p_holm"], one["p"], one["value"]))
    changed = told["changes"]
    return {
        "title": title,
        "rows": plural(told["rows"], "text"),
        "figures": figures,
        "changes": [(kind, number(count, "count")) for kind, count in changed.items()],
        "labels": [
            _row(name(one["label"]), "percent", one | {"p": one["p_holm"]})
            | {"support": number(one["support"], "count")}
            for one in labels[:MOST_LABELS]
        ],
        "more": max(0, len(labels) - MOST_LABELS),
    }


def _row(title: Any, kind: str, one: dict[str, Any]) -> dict[str, Any]:
    scale, unit = (100, "signed") if kind == "percent" else (1, "addition")
    scaled = {
        key: None if one[key] is None else scale * one[key] for key in ("value", "low", "high")
    }
    return {
        "name": title,
        "first": number(one["first"], kind),
        "second": number(one["second"], kind),
        "difference": number(scaled["value"], unit),
        "interval": span(scaled["low"], scaled["high"], unit),
        "p": number(one["p"], "plain"),
    }
