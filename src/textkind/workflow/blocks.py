"""A source of texts to predict on, block by block: memory does not grow with the file.

Each block is accepted and rejected by the same functions as a whole file.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from textkind.data.batches import Batch, SomeBatches, Source
from textkind.data.collect import collect, packed_table, reject_bad_texts
from textkind.data.columns import Columns
from textkind.data.opening import columns_of, open_source
from textkind.data.read import texts_of
from textkind.data.rejected import Rejection
from textkind.data.settings import ReadSettings
from textkind.progress import SILENT, Talk


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of a source, in its order.

    table     accepted rows with all columns of the source
    texts     their texts; len(texts) == len(table)
    rejected  the rows left out
    read      len(table) + len(rejected)
    shard     the shard that they come from, of a source of shards
    ends_shard  whether no rows of it follow
    done, total  see Batch
    """

    table: pa.Table
    texts: pa.LargeStringArray
    rejected: list[Rejection]
    read: int
    shard: str | None
    ends_shard: bool
    done: int
    total: int


class Blocks:
    """An open source: its name, its column names, and its blocks, to be read once.

    source, settings and trained are what it was opened with: another process opens it so again.
    """

    def __init__(
        self,
        source: object,
        settings: ReadSettings,
        trained: Columns | None = None,
        talk: Talk = SILENT,
    ) -> None:
        """Open the source; DataError or ColumnError where it cannot be used."""
        self.source, self.settings, self.trained = source, settings, trained
        self._source, self._stream = open_source(source, settings)
        try:
            self.columns, notes = columns_of(
                self._source, settings, need_label=False, trained=trained
            )
        except BaseException:
            self.close()
            raise
        self.name, self.names = self._source.name, self._source.names
        for note in [*self._source.notes, *notes]:
            talk.note(note)
        self._told = len(self._source.notes)

    def __iter__(self) -> Iterator[Block]:
        for batch in self._source.batches(self.columns):
            if batch.read:
                yield self._block(self._source, batch)

    def late_notes(self) -> list[str]:
        """What was found on the way, behind the last block."""
        return self._source.notes[self._told :]

    def close(self) -> None:
        """Close the file behind the source."""
        if self._stream is not None:
            self._stream.close()

    def _block(self, source: Source, batch: Batch) -> Block:
        one = SomeBatches(source.name, source.unit, source.names, [], [batch])
        collected = collect(one, self.columns, SILENT)
        reject_bad_texts(collected, self.columns, empty_allowed=True)
        table = packed_table(collected, self.columns, collected.kept())
        rejected = collected.rejections()
        texts = texts_of(table, self.columns)
        within = batch.within
        return Block(
            table,
            texts,
            rejected,
            collected.read,
            shard=None if within is None else within.shard,
            ends_shard=within is not None and within.last,
            done=batch.done,
            total=batch.total,
        )
