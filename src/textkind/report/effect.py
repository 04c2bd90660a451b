"""What imbalance and the rule changed: the entry "effect" of metrics.json in, tables out."""

from typing import Any

from markupsafe import Markup

from textkind.report.figures import Metrics
from textkind.report.wording import DASH, clip, known, name, number

MOST_LABELS = 40  # of the table: the commonest and the rarest
NAME_LENGTH, AGAINST_LENGTH = 40, 200  # characters
HEADLINE = (("accuracy", "Accuracy"), ("macro_f1", "Macro F1"), ("micro_f1", "Micro F1"))


def effect_section(metrics: Metrics) -> dict[str, Any] | None:
    """What the page says of the change; None where nothing was asked for."""
    effect = metrics.get("effect")
    if not effect:
        return None
    per_label = sorted(effect["per_label"], key=lambda one: -one["train_texts"])
    half = MOST_LABELS // 2
    few = len(per_label) <= MOST_LABELS
    shown = per_label if few else per_label[:half] + per_label[-half:]
    return {
        "imbalance": clip(str(effect["imbalance"]), NAME_LENGTH),
        "rule": clip(str(effect["rule"]), NAME_LENGTH),
        "against": clip(str(effect["against"]), AGAINST_LENGTH),
        "part": effect["part"],
        "headline": [{"name": text, **_change(effect[key])} for key, text in HEADLINE],
        "labels": [
            {
                "label": name(one["label"]),
                "train_texts": number(one["train_texts"], "count"),
                "support": number(one["support"], "count"),
                "recall": _change(one["recall"]),
                "f1": _change(one["f1"]),
            }
            for one in shown
        ],
        "left_out": 0 if few else len(per_label) - MOST_LABELS,
    }


def _change(figure: dict[str, Any]) -> dict[str, Markup]:
    """With it, without, and the difference in points; a dash where there is none."""
    value, without = known(figure["value"]), known(figure["without"])
    return {
        "value": number(value, "percent"),
        "without": number(without, "percent"),
        "gain": DASH if value is None or without is None else _points(value - without),
    }


def _points(gain: float) -> Markup:
    """A difference of two shares in points, with its sign."""
    return Markup('<data value="{}">{}</data>').format(repr(gain), f"{100 * gain:+.1f}")
