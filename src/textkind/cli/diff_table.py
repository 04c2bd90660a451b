"""What changed between two models as plain text: figures, labels, slices, rows, the verdict."""

from typing import Any

from textkind.cli.evaluation_table import FURTHER, p_value
from textkind.cli.figures import HEADLINE
from textkind.cli.plain_tables import PLAIN, aligned, label_name, one_line, shown
from textkind.workflow.diff import DiffResult

MOST_LABELS, MOST_SLICES = 10, 10
HEADER = ("first", "second", "difference", "95 % interval", "p")


def diff_table(result: DiffResult, examples: int) -> str:
    """All of it; `examples` rows of each kind of change."""
    told = f"{result.agreement['rows']:,} rows of {result.source}"
    if result.rejected:
        told += f" ({result.rejected:,} of {result.read:,} could not be used)"
    if result.left_out:
        told += f"; {result.left_out:,} with a label that one model lacks are left out"
    blocks = [told, agreement_line(result)]
    if result.figures is not None:
        blocks += [
            figure_table(result.figures),
            label_table(result.labels or []),
            slice_table(result.slices or []),
        ]
    blocks += [change_table(result.rows, examples), verdict_line(result.verdict)]
    return "\n\n".join(block for block in blocks if block)


def agreement_line(result: DiffResult) -> str:
    """How many rows are labelled otherwise, and how."""
    agreed = result.agreement
    changed = agreed["rows"] - agreed["same"]
    kinds = ", ".join(f"{count:,} {name}" for name, count in result.changes.items())
    kappa = "" if agreed["kappa"] is None else f"; Cohen's kappa of both {agreed['kappa']:.3f}"
    line = f"{changed:,} rows are labelled otherwise"
    return line + (f": {kinds}" if len(result.changes) > 1 and changed else "") + kappa


def figure_table(figures: dict[str, dict[str, Any]]) -> str:
    """The headline of both, and how far it differs."""
    rows = [("", *HEADER)]
    rows += [
        (HEADLINE[key], *difference_cells(key, figures[key])) for key in HEADLINE if key in figures
    ]
    return aligned(rows)


def label_table(labels: list[dict[str, Any]]) -> str:
    """F1 of the labels that are decided differently, the surest difference first."""
    changed = [one for one in labels if one["gained"] + one["lost"]]
    changed.sort(key=lambda one: (one["p_holm"], one["p"], one["value"]))
    rows = [("F1 of", "rows", *HEADER)]
    for one in changed[:MOST_LABELS]:
        cells = difference_cells("f1", one | {"p": one["p_holm"]})
        rows.append((label_name(one["label"]), f"{one['support']:,}", *cells))
    if len(rows) == 1:
        return ""
    return aligned(rows) + _more(len(changed) - MOST_LABELS, "labels")


def slice_table(slices: list[dict[str, Any]]) -> str:
    """The slices, those that became worse first."""
    if not slices:
        return ""
    figure = slices[0]["figure"]
    rows = [(f"{HEADLINE[figure]} of", "rows", *HEADER)]
    for one in slices[:MOST_SLICES]:
        cells = difference_cells(figure, one | {"value": one["difference"], "p": one["p_holm"]})
        name = f"{label_name(one['column'])}: {label_name(one['value'])}"
        rows.append((name, f"{one['rows']:,}", *cells))
    more = _more(len(slices) - MOST_SLICES, "slices")
    return aligned(rows) + more + "\np of labels and slices is adjusted for their number (Holm)"


def change_table(changed: list[dict[str, Any]], examples: int) -> str:
    """Some rows of each kind of change with their texts."""
    told: dict[str | None, int] = {}
    rows = [("row", "change", "gold", "first", "", "second", "", "text")]
    for one in changed:
        kind = one.get("change")
        told[kind] = told.get(kind, 0) + 1
        if told[kind] > examples:
            continue
        rows.append(
            (
                str(one["row"]),
                kind if kind is not None else "",
                label_name(one["gold"]) if "gold" in one else "",
                label_name(one["first"]),
                shown("probability", one["first_probability"]),
                label_name(one["second"]),
                shown("probability", one["second_probability"]),
                one_line(one["text"]),
            )
        )
    return aligned(rows, left=frozenset({1, 2, 3, 5, 7})) if len(rows) > 1 else ""


def verdict_line(verdict: dict[str, Any] | None) -> str:
    """Whether the second model is significantly worse; nothing of texts without labels."""
    if verdict is None:
        return ""
    figure = (HEADLINE | FURTHER)[verdict["figure"]]
    told = f"in {figure}: p = {p_value(verdict['p'])}, level {verdict['level']:g}"
    return f"a regression {told}" if verdict["regression"] else f"no significant regression {told}"


def difference_cells(key: str, one: dict[str, Any]) -> tuple[str, str, str, str, str]:
    """First, second, their difference, its interval and p."""
    values = shown(key, one["first"]), shown(key, one["second"])
    if one["value"] is None:
        return *values, "n/a", "", ""
    scale, digits = (1, 3) if key in PLAIN else (100, 1)
    value, low, high = (f"{scale * one[name]:+.{digits}f}" for name in ("value", "low", "high"))
    return *values, value, f"{low} to {high}", p_value(one["p"])


def _more(count: int, things: str) -> str:
    return f"\nand {count:,} {things} more: --json tells all" if count > 0 else ""
