"""Rows that could not be used: each with its place, its reason and the start of its content."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from textkind.errors import OutputError

EXCERPT = 200  # characters of a row's content that are kept


@dataclass(frozen=True)
class Rejection:
    """One row that was read and not accepted.

    row      its line in a file of lines, else its number in the table or folder (1 is the first)
    reason   "kind" or "kind: detail"
    column   the column at fault, or None where it is the whole row
    content  the first EXCERPT characters of it
    unit     what `row` counts: "line" or "row"
    shard    the shard that the row is in, of a source of shards; `row` counts within it
    """

    row: int
    reason: str
    column: str | None
    content: str
    unit: str = "line"
    shard: str | None = None

    @property
    def kind(self) -> str:
        """What is before the colon of the reason."""
        return self.reason.split(":")[0]

    @property
    def place(self) -> dict[str, str | int]:
        """The shard where there is one, and the line or row, by their names."""
        shard: dict[str, str | int] = {} if self.shard is None else {"shard": self.shard}
        return shard | {self.unit: self.row}

    def where(self, source: str) -> str:
        """The place in words, `source` being the name of what was read."""
        return f"{source if self.shard is None else self.shard}, {self.unit} {self.row:,}"


def excerpt(content: str | bytes) -> str:
    """The first EXCERPT characters; broken bytes and lone surrogates are shown as escapes."""
    if isinstance(content, bytes):
        text = content[: 4 * EXCERPT].decode("utf-8", "backslashreplace")
    else:
        text = content[:EXCERPT].encode("utf-8", "backslashreplace").decode("utf-8")
    return text[:EXCERPT]


@dataclass
class Tally:
    """Rejections by kind: how many of each, and the first, without keeping the others."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, Rejection] = field(default_factory=dict)

    def add(self, rejected: Iterable[Rejection]) -> None:
        """Count some more, in the order of the source."""
        for rejection in rejected:
            self.counts[rejection.kind] += 1
            self.first.setdefault(rejection.kind, rejection)


def reasons_in_words(rejected: Sequence[Rejection], most: int = 5) -> str:
    """The kinds of reason with their counts, the most frequent first."""
    return kinds_in_words(Counter(rejection.kind for rejection in rejected), most)


def kinds_in_words(kinds: Counter[str], most: int = 5) -> str:
    """The same of kinds that are counted."""
    told = ", ".join(f"{kind} ({count:,})" for kind, count in kinds.most_common(most))
    return told + (", and others" if len(kinds) > most else "")


def write_rejected(path: str | Path, rejected: Sequence[Rejection]) -> None:
    """Write one JSON object a line: place, column, reason, content. Whole or not at all."""
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            write_records(file, rejected)
        os.replace(unfinished, path)
    except OSError as error:
        raise OutputError("the rejected rows could not be written", where=str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def write_records(file: TextIO, rejected: Iterable[Rejection]) -> None:
    """Append the same lines to an open file."""
    for rejection in rejected:
        record = rejection.place | {
            "column": rejection.column,
            "reason": rejection.reason,
            "content": rejection.content,
        }
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
