"""Rows, facts and numbers as plain text: aligned, readable without color, the same in a file."""

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len  # of a terminal: Chinese characters take two, marks none

from textkind.cli.terminal import printable

# in nats, squares, correlations and counts of labels; the others are shares, shown in percent
PLAIN = {"log_loss", "brier", "matthews", "cohens_kappa", "coverage_error"}
LONGEST_NAME = 40  # characters


def aligned(rows: Sequence[tuple[str, ...]], left: frozenset[int] = frozenset()) -> str:
    """Rows in columns: the first to the left, the others to the right unless in `left`."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell + room if place == 0 or place in left else room + cell
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            for room in (" " * (width - cell_len(cell)),)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def fact_lines(facts: Sequence[tuple[str, str]]) -> str:
    """Names and values, a line each, the values beneath one another."""
    width = max(len(name) for name, _ in facts)
    return "\n".join(f"{name:<{width}}  {printable(value)}" for name, value in facts)


def with_interval(key: str, figure: dict[str, Any]) -> tuple[str, str]:
    """A figure of metrics.json and its 95 % interval, the unit said once; empty without one."""
    if figure["low"] is None:
        return shown(key, figure["value"]), ""
    low, high = (shown(key, figure[bound]) for bound in ("low", "high"))
    return shown(key, figure["value"]), f"{low.removesuffix(' %')} to {high}"


def shown(key: str, value: float | None) -> str:
    """A figure by its name in metrics.json, as a share in percent or plain."""
    if value is None:
        return "n/a"
    return f"{value:.3f}" if key in PLAIN else f"{100 * value:.1f} %"


def label_name(label: Any) -> str:
    """A label, or several, on one line and not too long."""
    text = ", ".join(map(str, label)) if isinstance(label, list) else str(label)
    return one_line(text, LONGEST_NAME)


def one_line(text: str, most: int = 60) -> str:
    """A text on one line, cut where it is longer than `most` characters."""
    text = printable(" ".join(text.split()))
    return text if len(text) <= most else text[: most - 1] + "\u2026"
