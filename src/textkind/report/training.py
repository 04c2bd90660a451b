"""The course of a neural training: fit of metrics.json in; facts, pictures and a table out."""

from typing import Any

import numpy as np
from markupsafe import Markup

from textkind.report.axes import Words
from textkind.report.line_chart import Line, line_chart
from textkind.report.wording import clip, known, number, percent_text, plural

MOST_ROWS = 60  # of the table
SHARES = (("accuracy", "accuracy"), ("macro_f1", "macro F1"))


def training_section(fit: dict[str, Any]) -> dict[str, Any] | None:
    """What the page says of the training; None for a model that has no epochs."""
    if "training_seconds" not in fit:
        return None
    history = fit.get("history") or []
    best = fit.get("best") or {}
    return {
        "facts": _facts(fit),
        "metric": ((fit.get("settings") or {}).get("training") or {}).get("metric", "log_loss"),
        "pictures": _pictures(history, best),
        "rows": _rows(history, best),
        "looks": len(history),
        "refitted": bool(fit.get("refit")),
    }


def _facts(fit: dict[str, Any]) -> list[tuple[str, Any]]:
    """Terms and values, without those that the fit does not know."""
    best, settings = fit.get("best") or {}, fit.get("settings") or {}
    most = (settings.get("training") or {}).get("epochs")
    facts = [
        ("Network", clip(str(fit.get("model", "")), 40)),
        ("Tokens of the training texts", number(fit.get("tokens"), "count")),
        ("Tokens it knows", number(fit.get("vocabulary"), "count")),
        ("Parameters", number(fit.get("parameters"), "count")),
        ("Word vectors", _vectors(fit)),
        ("Epochs", Markup("{} of at most {}").format(
            number(fit.get("epochs"), "count"), number(most, "count"))),
        ("Best epoch", number(best.get("epoch"), "count") if best else None),
        ("Why it ended", clip(str(fit.get("ended", "")), 60)),
        ("Time", number(fit.get("training_seconds"), "seconds")),
        ("Computed on", f"{fit.get('device')}, in {fit.get('precision')}"),
        ("Steps left out", number(fit["steps_skipped"], "count")
         if fit.get("steps_skipped") else None),
    ]  # fmt: skip
    return [(term, value) for term, value in facts if value is not None]


def _vectors(fit: dict[str, Any]) -> Markup | None:
    """Where the vectors come from, how long they are, and how many tokens have one."""
    if not fit.get("vectors"):
        return None
    told = Markup("{}, {} numbers each").format(
        clip(str(fit["vectors"]), 60), number(fit.get("vectors_dimension"), "count")
    )
    found, size = known(fit.get("vectors_found")), known(fit.get("vocabulary"))
    if found is not None and size:
        told += Markup("; {} of the tokens have one").format(percent_text(found / size))
    return told


def _pictures(history: list[dict[str, Any]], best: dict[str, Any]) -> list[Markup]:
    """Log loss, and the shares, of validation at the end of every epoch."""
    if not history:
        return []
    epochs = np.arange(1, len(history) + 1, dtype=np.float64)
    place = known(best.get("epoch"))
    mark = None if place is None else (min(place, len(history)), "best")
    described = plural(len(history), "look") + Markup(" at validation")
    if place is not None:
        described += f"; the best after epoch {place:.0f}"

    def values(key: str) -> np.ndarray:
        found = [known(one.get(key)) for one in history]
        return np.array([np.nan if one is None else one for one in found])

    loss = Line("log loss", epochs, values("log_loss"))
    shares = [Line(name, epochs, values(key)) for key, name in SHARES]
    text = described.striptags()
    return [
        line_chart(
            [loss],
            Words("course-loss", "Log loss of validation by epoch", text, "epoch", "log loss"),
            mark=mark,
        ),
        line_chart(
            shares,
            Words("course-shares", "Accuracy and macro F1 of validation by epoch", text, "epoch",
                  "share"),
            mark=mark,
        ),
    ]  # fmt: skip


def _rows(history: list[dict[str, Any]], best: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "epoch": number(epoch, "count"),
            "steps": number(one.get("step"), "count"),
            "seconds": number(one.get("seconds"), "seconds"),
            "log_loss": number(one.get("log_loss"), "plain"),
            "accuracy": number(one.get("accuracy"), "percent"),
            "macro_f1": number(one.get("macro_f1"), "percent"),
            "best": one.get("step") == best.get("step"),
        }
        for epoch, one in enumerate(history[:MOST_ROWS], start=1)
    ]
