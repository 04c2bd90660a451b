"""How a text becomes a label: the entry "traced" of metrics.json in, steps and tables out."""

from typing import Any

from markupsafe import Markup

from textkind.explain.trace import in_words
from textkind.report.figures import Metrics
from textkind.report.wording import DASH, clip, name, names, number, plural

CELL_LENGTH = 60  # characters of a text in a table
TEXT_LENGTH = 400  # of the text itself
KINDS = {"whole": "count", "number": "plain", "signed": "addition", "share": "percent"}


def trace_section(metrics: Metrics) -> dict[str, Any] | None:
    """What the page shows of the traced text; None where there is none."""
    traced = metrics.get("traced")
    if not traced:
        return None
    trace = traced["trace"]
    labels = set(trace["labels"])
    return {
        "row": number(traced["row"], "count"),
        "text": clip(trace["text"], TEXT_LENGTH),
        "decided": names(trace["decided"]),
        "steps": [
            {
                "name": step["name"],
                "sentence": clip(step["sentence"], TEXT_LENGTH),
                "takes": quantity(step["takes"]),
                "gives": quantity(step["gives"]),
                "read": read_text(step),
                "tables": [
                    table_of(one, labels)
                    for one in step["tables"]
                    if one["rows"] and one["name"] != "text"
                ],
            }
            for step in trace["steps"]
        ],
    }


def read_text(step: dict[str, Any]) -> str:
    """The text as it is read, where that is what the step tells; else empty."""
    return next((clip(one["rows"][0][0], TEXT_LENGTH) for one in step["tables"]
                 if one["name"] == "text"), "")  # fmt: skip


def quantity(told: dict[str, Any]) -> Markup:
    """What goes from step to step: 3 logits, of length 4.2."""
    words = in_words(told["name"], told["shape"])
    if told["norm"] is None:
        return Markup("{}").format(words)
    return Markup("{}, of length {}").format(words, number(told["norm"], "plain"))


def table_of(table: dict[str, Any], labels: set[str]) -> dict[str, Any]:
    """Heads and cells; a column that is named after a label has a label's name."""
    columns, shown = table["columns"], len(table["rows"])
    return {
        "name": table["name"],
        "shown": plural(shown, "row"),
        "of": number(table["of"], "count") if table["of"] > shown else "",
        "heads": [
            {
                "name": name(one["name"]) if one["name"] in labels else one["name"],
                "side": "" if one["kind"] == "text" else "number",
            }
            for one in columns
        ],
        "rows": [
            [cell(value, one["kind"]) for value, one in zip(row, columns, strict=True)]
            for row in (*table["rows"], *table["ends"])
        ],
    }


def cell(value: Any, kind: str) -> Markup:
    """A cell by what its column holds; a dash where it is empty."""
    if value is None:
        return DASH
    if kind == "text":
        return Markup('<bdi lang="">{}</bdi>').format(clip(str(value), CELL_LENGTH))
    if kind == "mark":
        return Markup("yes") if value else Markup("no")
    return number(value, KINDS[kind])
