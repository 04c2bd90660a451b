"""What promises came to on labelled texts, as plain text."""

from typing import Any

from textkind.cli.plain_tables import aligned, label_name, shown, with_interval


def promise_table(promises: dict[str, Any] | None, most: int | None) -> str:
    """Each promise beside what came of it, over all texts and by label; nothing without any."""
    if promises is None:
        return ""
    answered, sets = promises["answered"], promises["sets"]
    rows = [("promises", "promised", "found", "95 % interval", "holds")]
    columns: list[tuple[str, list[str]]] = []
    if answered is not None:
        bound = f"at most {_percent(answered['max_error'])}"
        rows += [
            ("answered", "", *with_interval("share", answered["answered"]), ""),
            ("wrong among the answers", bound, *with_interval("share", answered["error"]),
             _or_none(answered["holds"])),
        ]  # fmt: skip
        of = answered["per_label"]
        columns = [
            ("answered", [shown("share", one["answered"]) for one in of]),
            ("wrong of them", [shown("share", one["error"]["value"]) for one in of]),
            ("95 % interval", [with_interval("share", one["error"])[1] for one in of]),
        ]
    if sets is not None:
        bound = f"at least {_percent(sets['promised'])}"
        alone = sum(one["rows"] for one in sets["sizes"] if one["labels"] == 1)
        rows += [
            ("true labels in the set", bound, *with_interval("share", sets["coverage"]),
             _or_none(sets["holds"])),
            ("labels a set", "", _size(sets["mean_size"]), "", ""),
            ("sets of one label", "", f"{alone:,}", "", ""),
        ]  # fmt: skip
        of = sets["per_label"]
        columns += [
            ("in the set", [shown("share", one["coverage"]["value"]) for one in of]),
            ("95 % interval", [with_interval("share", one["coverage"])[1] for one in of]),
            ("labels a set", [_size(one["mean_size"]) for one in of]),
        ]
    table = [("label", "rows", *(title for title, _ in columns))]
    order = sorted(range(len(of)), key=lambda place: -of[place]["rows"])
    for place in order[:most]:
        one = of[place]
        cells = (cells[place] for _, cells in columns)
        table.append((label_name(one["label"]), f"{one['rows']:,}", *cells))
    more = 0 if most is None else len(of) - most
    told = f"\nand {more:,} labels more: --all tells them" if more > 0 else ""
    return f"{aligned(rows)}\n\n{aligned(table)}{told}"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _or_none(holds: str | None) -> str:
    return "n/a" if holds is None else holds


def _size(size: float | None) -> str:
    return "n/a" if size is None else f"{size:.2f}"
