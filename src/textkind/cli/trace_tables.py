"""A trace as plain text of 80 columns: a block for each step, with its tables beneath."""

import textwrap
from collections.abc import Callable
from typing import Any

from rich.cells import cell_len, set_cell_size

from textkind.cli.plain_tables import aligned, one_line, shown
from textkind.explain.trace import Quantity, Step, Table, Trace, in_words

WIDTH, INDENT = 80, "  "
LONGEST_TEXT, SHORTEST_TEXT = 60, 8  # columns of a terminal that a cell of text may take
LONGEST_HEAD = 18  # characters of the name of a column, which may be a label
LONGEST_READ = 1200  # characters shown of a text as it is read

SPACE = "\u2423"  # the picture of a space

Rows = list[tuple[str, ...]]


def trace_blocks(trace: Trace) -> str:
    """The whole road."""
    return "\n\n".join(step_block(number, step) for number, step in enumerate(trace.steps, 1))


def step_block(number: int, step: Step) -> str:
    """What a step takes and gives, its sentence, and its tables."""
    head = _wrapped(f"{number} {step.name}: {quantity(step.takes)} -> {quantity(step.gives)}", "")
    parts = [f"{head}\n{_wrapped(step.sentence)}"]
    return "\n\n".join([*parts, *(table_block(table) for table in step.tables if table.rows)])


def quantity(told: Quantity) -> str:
    """Its shape and name, and the length where it is of numbers: 3 logits (length 4.2)."""
    length = "" if told.norm is None else f" (length {_number(told.norm)})"
    return in_words(told.name, told.shape) + length


def table_block(table: Table) -> str:
    """A table with its name, fitted into the width."""
    if table.name == "text":
        return _wrapped(one_line(str(table.rows[0][0]), LONGEST_READ))
    kinds = [column.kind for column in table.columns]
    heads = tuple(one_line(column.name, LONGEST_HEAD) for column in table.columns)
    rows = [heads]
    rows += [tuple(map(shown_cell, row, kinds)) for row in (*table.rows, *table.ends)]
    texts = {place for place, kind in enumerate(kinds) if kind == "text"}
    kept = fitting_columns(rows, texts)
    title = table.name
    if table.of > len(table.rows):
        title += f", {len(table.rows):,} of {table.of:,}"
    if len(kept) < len(kinds):
        title += f", without {len(kinds) - len(kept)} columns that do not fit"
    fitted = with_short_texts([tuple(row[place] for place in kept) for row in rows],
                              {kept.index(place) for place in texts})  # fmt: skip
    left = frozenset(kept.index(place) for place in texts)
    return textwrap.indent(f"[{title}]\n{aligned(fitted, left)}", INDENT)


def fitting_columns(rows: Rows, texts: set[int]) -> list[int]:
    """The places of the columns that fit, texts cut short; those in the middle go first."""
    kept = list(range(len(rows[0])))
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for place in texts:
        widths[place] = min(widths[place], SHORTEST_TEXT)
    while sum(widths[place] + 2 for place in kept) - 2 > WIDTH - len(INDENT):
        numeric = [place for place in kept if place not in texts]
        kept.remove(numeric[len(numeric) // 2])
    return kept


def with_short_texts(rows: Rows, texts: set[int]) -> Rows:
    """Rows whose texts are cut as short as the width asks."""
    for most in range(LONGEST_TEXT, SHORTEST_TEXT, -1):
        found = [
            tuple(cut(cell, most) if place in texts else cell for place, cell in enumerate(row))
            for row in rows
        ]
        widths = [max(map(cell_len, column)) for column in zip(*found, strict=True)]
        if sum(widths) + 2 * (len(widths) - 1) <= WIDTH - len(INDENT):
            break
    return found


def with_edges(text: str) -> str:
    """A text whose spaces at the ends, which belong to n-grams of characters, can be seen."""
    inner = text.strip(" ")
    before, _, behind = text.partition(inner) if inner else (text, "", "")
    return SPACE * len(before) + inner + SPACE * len(behind)


def cut(text: str, most: int) -> str:
    """A text of at most so many columns of a terminal."""
    return text if cell_len(text) <= most else set_cell_size(text, most - 1).rstrip() + "\u2026"


def _number(value: float) -> str:
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3f}" if size >= 0.001 or size == 0 else f"{value:.1e}"


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "") + _number(value)


SHOWN: dict[str, Callable[[Any], str]] = {
    "text": lambda value: one_line(with_edges(str(value)), 2 * LONGEST_TEXT),
    "whole": lambda value: f"{value:,.0f}",
    "number": _number,
    "signed": _signed,
    "share": lambda value: shown("", value),
    "mark": lambda value: "yes" if value else "no",
}


def shown_cell(value: Any, kind: str) -> str:
    """A cell as text; - for one that is empty."""
    return "-" if value is None else SHOWN[kind](value)


def _wrapped(text: str, indent: str = INDENT) -> str:
    width = WIDTH if cell_len(text) == len(text) else WIDTH // 2  # Chinese characters take two
    return textwrap.fill(
        text, width, initial_indent=indent, subsequent_indent=INDENT, break_on_hyphens=False
    )
