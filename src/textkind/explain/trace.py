"""What a trace is made of: steps, each with what it takes and gives, a sentence, and tables.

A table has columns of named kinds, so that a terminal, a page and JSON show the same numbers.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Cell = str | int | float | bool | None
Columns = list[tuple[str, str, Any]]  # name, kind and the values of each
KINDS = ("text", "whole", "number", "signed", "share", "mark")
PLURAL = r"s\b"
REST, BIAS, SUM = "(all others)", "(bias)", "(sum)"  # rows that are none of a table's things


@dataclass(frozen=True)
class Quantity:
    """What one step hands to the next; norm is its Euclidean length where it is of numbers."""

    name: str
    shape: tuple[int, ...]
    norm: float | None = None


@dataclass(frozen=True)
class Column:
    """kind says what its cells are: one of KINDS; mark is true or false."""

    name: str
    kind: str


@dataclass(frozen=True)
class Table:
    """Cells by row and column.

    of    how many rows there are; `rows` may be only some of them
    ends  what a table of additions ends with: all others, bias, sum
    """

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    of: int
    ends: tuple[tuple[Cell, ...], ...] = ()


@dataclass(frozen=True)
class Step:
    """One step of the road; what it takes is what the step before gave."""

    name: str
    sentence: str
    takes: Quantity
    gives: Quantity
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Shown:
    """What tables show: labels (K,) by name, ids of those with columns of their own, most rows.

    The label of the first of the ids is the most probable one; top is None where nothing is cut.
    """

    labels: tuple[str, ...]
    columns: tuple[int, ...]
    top: int | None

    @property
    def first(self) -> int:
        """The id of the most probable label."""
        return self.columns[0]


@dataclass(frozen=True)
class Trace:
    """The road of one text through one model; dataclasses.asdict makes JSON of it (docs/trace.md).

    labels         all of the model, in its order
    logits, probabilities  (K,) as `predict` has them
    decided        the labels given: one, or any number where a text may have several
    why            the decision in a sentence
    """

    model: str
    text: str
    several: bool
    labels: tuple[str, ...]
    steps: tuple[Step, ...]
    logits: tuple[float, ...]
    probabilities: tuple[float, ...]
    decided: tuple[str, ...]
    why: str


def table(
    name: str, columns: Columns, top: int | None, ends: Sequence[tuple[Cell, ...]] = ()
) -> Table:
    """A table of columns of N values each, the first `top` rows of it; None: all."""
    number = len(columns[0][2])
    kept = [_cells(values[:top]) for _, _, values in columns]
    heads = tuple(Column(title, kind) for title, kind, _ in columns)
    return Table(name, heads, tuple(zip(*kept, strict=True)), number, tuple(ends))


def strongest(name: str, columns: Columns, counts: np.ndarray, top: int | None) -> Table:
    """A table of the `top` rows whose counts (N,) are the largest, in the order that they have."""
    rows = np.sort(by_falling(counts)[:top]).tolist()
    kept = [(title, kind, [values[row] for row in rows]) for title, kind, values in columns]
    return replace(table(name, kept, None), of=len(counts))


def by_falling(values: np.ndarray) -> np.ndarray:
    """Places by falling values; of equal ones the first leads."""
    return np.argsort(-values, kind="stable")


def _cells(values: Any) -> list[Cell]:
    """As JSON has them; what is no finite number is None."""
    cells = [one.item() if isinstance(one, np.generic) else one for one in values]
    return [None if isinstance(one, float) and not math.isfinite(one) else one for one in cells]


def numbers(name: str, values: np.ndarray) -> Quantity:
    """An array of numbers as a quantity."""
    return Quantity(name, values.shape, float(np.linalg.norm(values.astype(np.float64))))


def sum_rows(additions: np.ndarray, bias: np.ndarray, shown: Shown) -> list[tuple[Cell, ...]]:
    """What ends a table of (n, K) additions: those that are not shown, the bias (K,), the sum.

    Between the name of a row and the labels is an empty cell, for the value that is weighed.
    """
    columns = list(shown.columns)
    rest = additions[shown.top :] if shown.top is not None else additions[:0]
    rows = {REST: rest.sum(axis=0, dtype=np.float64)} if len(rest) else {}
    rows |= {BIAS: bias, SUM: additions.sum(axis=0, dtype=np.float64) + bias}
    return [(name, None, *values[columns].tolist()) for name, values in rows.items()]


def in_words(name: str, shape: Sequence[int]) -> str:
    """A quantity by its name and shape: 3 logits, 1 label, 12 x 100 token vectors."""
    sizes = " x ".join(f"{size:,}" for size in shape)
    if name == "vector":
        return f"a vector of {sizes}"
    return f"{sizes} {re.sub(PLURAL, '', name, count=1) if tuple(shape) == (1,) else name}"
