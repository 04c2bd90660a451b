"""What every reader gives: columns known beforehand, then batches of rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa

from textkind.data.columns import Columns
from textkind.data.rejected import Rejection


@dataclass(frozen=True, eq=False)
class ShardRows:
    """Where the n rows of a batch stand.

    shard  its name
    unit   what is counted in it
    rows   (n,) int64 positions in it
    last   whether no rows of it follow
    """

    shard: str
    unit: str
    rows: np.ndarray
    last: bool


@dataclass
class Batch:
    """Some rows of a source, in its order.

    columns   name -> array of n values; a column that is missing here is all null
    rows      (n,) int64 positions in the source
    rejected  rows that could not even be put into columns
    odd       column -> {index in this batch: what its value is}, where the value is neither of
              the column's kind nor null; the column holds null there
    read      rows read, counted apart from those kept and rejected
    single_lists  whether lists of one label each mean one label a text, as in fastText's files
    within    where the rows stand in their shard, of a source of shards
    done      bytes or rows of the source behind us, of `total`, for progress
    """

    columns: dict[str, pa.Array]
    rows: np.ndarray
    read: int
    rejected: list[Rejection] = field(default_factory=list)
    odd: dict[str, dict[int, str]] = field(default_factory=dict)
    single_lists: bool = False
    within: ShardRows | None = None
    done: int = 0
    total: int = 0


class Source(Protocol):
    """A reader that knows its columns and has not read its rows yet."""

    @property
    def name(self) -> str:
        """As told to the user."""
        ...

    @property
    def unit(self) -> str:
        """What the position of a row counts: "line" or "row"."""
        ...

    @property
    def names(self) -> list[str]:
        """The columns."""
        ...

    @property
    def notes(self) -> list[str]:
        """What was found and not asked for; may grow until the last batch."""
        ...

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """The rows, in order."""
        ...


@dataclass(frozen=True)
class SomeBatches:
    """Batches of a source that were read, as a source of their own."""

    name: str
    unit: str
    names: list[str]
    notes: list[str]
    read: list[Batch]

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """The batches."""
        yield from self.read
