"""A student beside its teacher: the entry distil of metrics.json in; rows and sentences out."""

from typing import Any

from markupsafe import Markup

from textkind.report.ladder_rows import TITLES, megabytes, milliseconds
from textkind.report.wording import clip, number, span


def distil_section(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """What the page says of teacher and student; None for a run without a teacher."""
    told = metrics.get("distil")
    if told is None:
        return None
    key = told["headline"]
    more = told["unlabelled"]
    return {
        "title": TITLES[key],
        "rows": [_row(one, key) for one in told["models"]],
        "differences": [_difference(pair, TITLES[key].lower()) for pair in told["pairs"]],
        "label_share": number(told["label_share"], "percent"),
        "temperature": number(told["temperature"], "plain") if told["temperature"] != 1 else "",
        "used": number(more["used"], "count") if more is not None else "",
        "source": clip(str(more["source"]), 60) if more is not None else "",
    }


def _row(one: dict[str, Any], key: str) -> dict[str, Any]:
    test, cost = one["test"], one["cost"]
    return {
        "name": one["name"],
        "kind": one["kind"],
        "value": number(test[key]["value"], "percent"),
        "interval": span(test[key]["low"], test[key]["high"], "percent"),
        "log_loss": number(test["log_loss"]["value"], "plain"),
        "error": number(test["ece_mass"]["value"], "percent"),
        "agreement": number(one["agreement"], "percent"),
        "fit": number(cost["fit_seconds"], "seconds"),
        "speed": number(round(cost["texts_per_second"]), "count"),
        "one": milliseconds(cost["one_text_ms"]),
        "disk": megabytes(cost["disk_mb"]),
    }


def _difference(pair: dict[str, Any], title: str) -> Markup:
    low, high = (number(100 * pair[end], "signed") for end in ("low", "high"))
    return Markup("To {}: {} points of {}, 95 % interval {} to {}, p {}.").format(
        pair["against"], number(100 * pair["value"], "signed"), title, low, high,
        number(pair["p"], "plain"),
    )  # fmt: skip
