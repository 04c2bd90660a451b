"""A source of labelled text, block by block: memory does not grow with the source.

Each block is accepted and rejected by the same functions as a whole file. What a whole file is
looked through for (whether texts may have several labels) is settled by the first block.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.batches import Batch, SomeBatches
from textkind.data.collect import Collected, collect, packed_table, reject_bad_texts
from textkind.data.joined import texts_of
from textkind.data.labelled import check_classes, ids_of, named_of, strings_of
from textkind.data.labels import LabelSet
from textkind.data.opening import columns_of, open_source
from textkind.data.read import told_rejections
from textkind.data.rejected import Rejection, Tally
from textkind.data.settings import ReadSettings
from textkind.data.targets import NamedLabels, check_label_number
from textkind.data.text_keys import text_keys
from textkind.errors import DataError
from textkind.progress import SILENT, Talk

BLOCK_BYTES = 4 << 20  # of a block's columns: large beside a row, small beside memory

ROWS = pa.schema(
    [
        ("text", pa.large_string()),
        ("labels", pa.list_(pa.int32())),
        ("row", pa.int64()),
        ("key", pa.uint64()),
        ("unit", pa.uint64()),
        ("id", pa.large_string()),
    ]
)


@dataclass(frozen=True, eq=False)
class LabelledBlock:
    """Some accepted rows of a source, in its order.

    rows    a table of ROWS: the text; its labels by the numbers that LabelledBlocks gave them; its
            place in the source; the key of its text (data/text_keys.py), and that of what stays on
            one side of a split: its group, or its text; its id or null
    beside  the same rows' columns that are neither text nor label
    """

    rows: pa.Table
    beside: pa.Table

    def __len__(self) -> int:
        return len(self.rows)

    def filter(self, keep: np.ndarray) -> "LabelledBlock":
        """The rows where keep (n,) bool is true."""
        mask = pa.array(keep)
        return LabelledBlock(self.rows.filter(mask), self.beside.filter(mask))


class LabelledBlocks:
    """An open source of labelled text; its blocks are to be read once.

    tally   the rows rejected so far, by kind
    counts  how many accepted texts have each label, in the order in which labels were first seen
    """

    def __init__(self, source: object, settings: ReadSettings, talk: Talk = SILENT) -> None:
        """Open the source; DataError or ColumnError where it cannot be used."""
        self._talk, self._settings = talk, settings
        self._source, self._stream = open_source(source, settings)
        try:
            self.columns, notes = columns_of(self._source, settings, need_label=True)
        except BaseException:
            self.close()
            raise
        self.name = self._source.name
        self.notes = [*self._source.notes, *notes]
        self._told = len(self._source.notes)
        for note in self.notes:
            talk.note(note)
        self.tally = Tally()
        self.read = self.accepted = 0
        self.counts = np.zeros(0, np.int64)
        self._ids: dict[str, int] = {}

    def close(self) -> None:
        """Close the file behind the source."""
        if self._stream is not None:
            self._stream.close()

    def __iter__(self) -> Iterator[tuple[LabelledBlock, list[Rejection]]]:
        """The blocks, and of each the rows that were rejected."""
        for batches in self._gathered():
            source = self._source
            some = SomeBatches(source.name, source.unit, source.names, [], batches)
            collected = collect(some, self.columns, SILENT)
            yield self._block(collected), collected.rejections()

    def finish(self) -> tuple[LabelSet, np.ndarray]:
        """After the last block: the label set, and (numbers,) int32 the id of each number, or -1.

        DataError where no row can be used, or there is nothing to tell apart.
        """
        if not self.read:
            raise DataError(
                "there are column names but no rows", where=self.name, hint="is it the right file?"
            )
        fresh = self._source.notes[self._told :]
        fresh += told_rejections(self.tally, self.read, self.name)
        names = [name for name, number in self._ids.items() if self.counts[number]]
        labels = LabelSet(tuple(sorted(names)), bool(self._settings.several))
        place = {name: number for number, name in enumerate(labels.names)}
        id_of = np.array([place.get(name, -1) for name in self._ids], np.int32)
        counts = np.zeros(len(labels), np.int64)
        counts[id_of[id_of >= 0]] = self.counts[id_of >= 0]
        fresh += check_classes(
            self.columns, self._settings, labels, counts, self.accepted, self.name
        )
        for note in fresh:
            self._talk.note(note)
        self.notes += fresh
        return labels, id_of

    def _gathered(self) -> Iterator[list[Batch]]:
        """Batches, small ones together."""
        waiting: list[Batch] = []
        size = 0
        for batch in self._source.batches(self.columns):
            self._talk.advance(batch.done, batch.total)
            waiting.append(batch)
            size += sum(column.nbytes for column in batch.columns.values())
            if size >= BLOCK_BYTES:
                yield waiting
                waiting, size = [], 0
        if waiting:
            yield waiting

    def _block(self, collected: Collected) -> LabelledBlock:
        columns = self.columns
        reject_bad_texts(collected, columns, empty_allowed=False)
        if not len(collected.rows):
            self.read += collected.read
            self.tally.add(collected.early)
            return LabelledBlock(ROWS.empty_table(), pa.table({}))
        named = named_of(collected, columns, self._settings, None)
        if self._settings.several is None:
            self._settings = replace(self._settings, several=named.several)
        groups = None if columns.group is None else strings_of(collected, columns.group)
        ids = ids_of(collected, columns)
        keep = collected.kept()
        self.tally.add(collected.rejections())
        self.read += collected.read
        self.accepted += int(keep.sum())
        mask = pa.array(keep)
        labels = self._numbered(named, keep)
        table = packed_table(collected, columns, keep)
        texts = texts_of(table, columns)
        keys = text_keys(texts)
        units = keys if groups is None else group_keys(groups.filter(mask), keys)
        rows = {
            "text": texts,
            "labels": labels,
            "row": collected.rows[keep],
            "key": keys,
            "unit": units,
            "id": pa.nulls(len(texts), pa.large_string()) if ids is None else ids.filter(mask),
        }
        beside = table.drop_columns([*columns.text, *columns.label_names])
        return LabelledBlock(pa.table(rows, ROWS), beside)

    def _numbered(self, named: NamedLabels, keep: np.ndarray) -> pa.ListArray:
        """The labels of the rows kept, by numbers in the order in which names were first seen."""
        chosen = keep[named.owner]
        codes, owner = named.codes[chosen], (np.cumsum(keep) - 1)[named.owner[chosen]]
        used = np.unique(codes)
        number = np.zeros(len(named.names), np.int32)
        for code in used:
            number[code] = self._ids.setdefault(named.names[code], len(self._ids))
        numbers = number[codes]
        fresh = np.bincount(numbers, minlength=len(self._ids))
        fresh[: len(self.counts)] += self.counts
        self.counts = fresh
        check_label_number(self._ids, self.accepted, self.name, "the first ")
        offsets = np.searchsorted(owner, np.arange(int(keep.sum()) + 1)).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(numbers.astype(np.int32)))


def group_keys(groups: pa.LargeStringArray, keys: np.ndarray) -> np.ndarray:
    """(N,) uint64 keys of groups; a row without a group is one by its text."""
    named = groups.fill_null("")
    missing = pc.equal(named, "").to_numpy(zero_copy_only=False)
    return np.where(missing, keys, text_keys(named))


def targets_of_rows(rows: pa.Table, id_of: np.ndarray, labels: LabelSet) -> np.ndarray:
    """(N,) int32 ids, or (N, K) uint8, of a table of ROWS and the ids of its numbers."""
    lists = rows["labels"].combine_chunks()
    ids = id_of[lists.flatten().to_numpy(zero_copy_only=False)]
    if not labels.several:
        return ids
    counts = lists.value_lengths().to_numpy(zero_copy_only=False)
    targets = np.zeros((len(rows), len(labels)), np.uint8)
    targets[np.repeat(np.arange(len(rows)), counts), ids] = 1
    return targets
