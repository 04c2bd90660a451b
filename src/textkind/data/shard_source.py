"""Many shards as one source: their rows one after the other, one file open at a time."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace

import numpy as np

from textkind.data.batches import Batch, ShardRows, Source
from textkind.data.columns import Columns, listing
from textkind.data.records import JsonLinesSource, RecordsSource
from textkind.data.shard import Shard
from textkind.data.stream import Stream
from textkind.errors import ColumnError, NoRowsError

MOST_NOTES = 8  # of single shards; of ten thousand nobody reads ten thousand notes

Opened = tuple[Source, Stream]
Opener = Callable[[Shard], Opened]


class ShardSource:
    """Shards of one table, in their order. Its columns are those of the first shard with a row.

    A shard without rows is left out, and told. A column that is not in use may be missing, and is
    empty there; one that the first shard lacks is an error, since in a stream it would come too
    late. Keys of JSON may come and go, as within one file.
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        name: str,
        opener: Opener,
        skipped: Container[str] = (),
    ) -> None:
        """Open the first shard that has rows; NoRowsError where none has.

        The rows of shards whose names are `skipped` are left out: someone has read them before.
        """
        self.name, self._shards, self._opener = name, shards, opener
        self._skipped = skipped
        self.notes: list[str] = [f"{len(shards):,} shards in {name}"] if len(shards) > 1 else []
        self._empty: list[str] = []
        self._told = 0
        self._stream: Stream | None = None
        self._first, self._at = self._open_from(0)
        if self._first is None:
            raise NoRowsError(f"none of {len(shards):,} shards has a row", where=name)
        self.unit = self._first.unit
        self.names = list(self._first.names)  # of JSON more keys may come: not all readers see them

    @property
    def first(self) -> Source:
        """The first shard with rows, which settles how columns are found."""
        assert self._first is not None
        return self._first

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """The rows of all shards; the places of rows count them from the first shard on."""
        ends = np.cumsum([shard.size for shard in self._shards]).tolist()
        source, at, read = self._first, self._at, 0
        while source is not None:
            shard, rows = self._shards[at], 0
            if shard.name not in self._skipped:
                self._check_columns(source, shard, columns)
                for batch, last in _with_last(source.batches(columns)):
                    rows += batch.read
                    share = batch.done / batch.total if batch.total > 0 else 0.0
                    done = ends[at] - round(shard.size * (1 - share))
                    placed = _placed(batch, shard, source.unit, read, last)
                    yield replace(placed, done=done, total=ends[-1])
                    read += batch.read
                if not rows:
                    self._empty.append(shard.name)
                self._tell(source, shard)
            self.close()
            source, at = self._open_from(at + 1)
        self._tell_rest()

    def close(self) -> None:
        """Close the file that is open."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _open_from(self, at: int) -> tuple[Source | None, int]:
        """The next shard with rows, and its number; None behind the last."""
        for number in range(at, len(self._shards)):
            if at > 0 and self._shards[number].name in self._skipped:
                continue
            try:
                source, self._stream = self._opener(self._shards[number])
                return source, number
            except NoRowsError:
                self._empty.append(self._shards[number].name)
        return None, len(self._shards)

    def _check_columns(self, source: Source, shard: Shard, columns: Columns) -> None:
        if isinstance(source, JsonLinesSource | RecordsSource):
            return  # keys come and go within one file as well
        used = (*columns.text, *columns.label_names, columns.group, columns.time, columns.id)
        missing = [name for name in self.names if name not in source.names]
        more = [name for name in source.names if name not in self.names]
        first = self._shards[self._at].name
        if lacking := [name for name in missing if name in used]:
            raise ColumnError(
                f"the shard has no column {listing(lacking)}, which is in use",
                found=source.names[:30],
                where=shard.name,
                hint=f"the columns are those of {first}: {listing(self.names)}",
            )
        if more:
            raise ColumnError(
                f"the shard has a column {listing(more)}, which the first shard lacks",
                where=shard.name,
                hint=f"shards have the columns of {first}: {listing(self.names)}; "
                "if this one has no line of column names, add it",
            )
        if missing:
            self._note(f"{shard.name} has no column {listing(missing)}: it is empty there")

    def _tell(self, source: Source, shard: Shard) -> None:
        for note in source.notes:
            self._note(note if shard.name in note else f"{shard.name}: {note}")

    def _note(self, note: str) -> None:
        self._told += 1
        if self._told <= MOST_NOTES:
            self.notes.append(note)

    def _tell_rest(self) -> None:
        if self._told > MOST_NOTES:
            self.notes.append(f"and {self._told - MOST_NOTES:,} more notes like these of shards")
        if self._empty:
            self.notes.append(
                f"{len(self._empty):,} of {len(self._shards):,} shards have no row, "
                f"such as {self._empty[0]}"
            )


def _with_last(batches: Iterator[Batch]) -> Iterator[tuple[Batch, bool]]:
    """Those that have rows, and whether each is the last of them."""
    waiting: Batch | None = None
    for batch in batches:
        if batch.read:
            if waiting is not None:
                yield waiting, False
            waiting = batch
    if waiting is not None:
        yield waiting, True


def _placed(batch: Batch, shard: Shard, unit: str, read: int, last: bool) -> Batch:
    """The batch with rows that count from the first shard on, `read` being those before it."""
    rejected = np.array([one.row for one in batch.rejected], np.int64)
    before = np.searchsorted(np.sort(rejected), batch.rows)  # of each row, in this batch
    return replace(
        batch,
        rows=read + 1 + np.arange(len(batch.rows)) + before,
        rejected=[replace(one, shard=shard.name) for one in batch.rejected],
        within=ShardRows(shard.name, unit, batch.rows, last),
    )
