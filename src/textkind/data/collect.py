"""All batches of a source together: columns as chunks, rows, and what is wrong with which row."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.batches import ShardRows, Source
from textkind.data.columns import Columns
from textkind.data.memory import new_bytes
from textkind.data.rejected import Rejection, excerpt
from textkind.data.values import LARGE_STRING, in_json
from textkind.progress import Talk


@dataclass
class Collected:
    """N rows as read, before those that cannot be used are left out.

    chunks    column -> arrays, one for each batch, N values in all
    lengths   rows of each batch
    rows      (N,) int64 places in the source
    early     rejections of rows that never came into the columns
    reasons   index -> (reason, column) of rows to be left out; the first reason stays
    odd       column -> {index: what its value is}
    single_lists  see Batch
    within    of each batch, where its rows stand in their shard; None where there are no shards
    """

    name: str
    unit: str
    chunks: dict[str, list[pa.Array]]
    lengths: list[int]
    rows: np.ndarray
    read: int
    early: list[Rejection]
    odd: dict[str, dict[int, str]]
    single_lists: bool
    within: list[ShardRows | None]
    reasons: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    late_notes: list[str] = field(default_factory=list)
    _contents: dict[int, str] = field(default_factory=dict)

    def reject(self, index: int, reason: str, column: str | None) -> None:
        """Leave a row out, unless it is already, and remember what it held."""
        if index not in self.reasons:
            self.reasons[index] = (reason, column)
            self._contents[index] = self._content(index)

    def kept(self) -> np.ndarray:
        """(N,) bool: the rows that no reason leaves out."""
        keep = np.ones(len(self.rows), bool)
        keep[list(self.reasons)] = False
        return keep

    @cached_property
    def _ends(self) -> np.ndarray:
        return np.cumsum(self.lengths)

    def _batch_of(self, index: int) -> tuple[int, int]:
        """The batch that a row came in, and its place there."""
        batch = int(np.searchsorted(self._ends, index, "right"))
        return batch, index - int(self._ends[batch]) + self.lengths[batch]

    def _content(self, index: int) -> str:
        batch, within = self._batch_of(index)
        shown: dict[str, object] = {}
        for name, chunks in self.chunks.items():
            value = chunks[batch][within].as_py()
            shown[name] = excerpt(value) if isinstance(value, (str, bytes)) else value
            if len(shown) == 8:
                break
        return excerpt(in_json(shown))

    def rejections(self) -> list[Rejection]:
        """All rows left out, in the order of the source."""
        late = [
            self._rejection(index, reason, column)
            for index, (reason, column) in self.reasons.items()
        ]
        names = dict.fromkeys(None if one is None else one.shard for one in self.within)
        order = {name: place for place, name in enumerate(names)}
        return sorted(self.early + late, key=lambda one: (order[one.shard], one.row))

    def _rejection(self, index: int, reason: str, column: str | None) -> Rejection:
        content = self._contents[index]
        batch, place = self._batch_of(index)
        within = self.within[batch]
        if within is None:
            return Rejection(int(self.rows[index]), reason, column, content, self.unit)
        row = int(within.rows[place])
        return Rejection(row, reason, column, content, within.unit, within.shard)


def collect(source: Source, columns: Columns, talk: Talk) -> Collected:
    """Read all batches of a source."""
    chunks: dict[str, list[pa.Array]] = {name: [] for name in source.names}
    lengths: list[int] = []
    rows, within, early, read = [], [], [], 0
    odd: dict[str, dict[int, str]] = {}
    kept, single_lists = 0, False
    for batch in source.batches(columns):
        for name in batch.columns:
            if name not in chunks:
                chunks[name] = [pa.nulls(length) for length in lengths]
        for name, arrays in chunks.items():
            arrays.append(batch.columns.get(name, pa.nulls(len(batch.rows))))
        for name, values in batch.odd.items():
            odd.setdefault(name, {}).update({kept + i: what for i, what in values.items()})
        lengths.append(len(batch.rows))
        rows.append(batch.rows)
        within.append(batch.within)
        kept += len(batch.rows)
        early.extend(batch.rejected)
        read += batch.read
        single_lists |= batch.single_lists
        talk.advance(batch.done, batch.total)
    all_rows = np.concatenate(rows) if rows else np.array([], np.int64)
    return Collected(
        source.name,
        source.unit,
        chunks,
        lengths,
        all_rows,
        read,
        early,
        odd,
        single_lists,
        within,
    )


def reject_bad_texts(collected: Collected, columns: Columns, *, empty_allowed: bool) -> None:
    """Reject rows whose text is missing, odd, holds a NUL byte or, if not allowed, is blank."""
    for name in columns.text:
        for index, what in collected.odd.get(name, {}).items():
            kind = "not valid UTF-8" if what.startswith("is not valid UTF-8") else "text unreadable"
            detail = what.partition("UTF-8: ")[2] if kind != "text unreadable" else f"it {what}"
            collected.reject(index, f"{kind}: {detail}", name)
    start = 0
    column = columns.text[0] if len(columns.text) == 1 else None
    for batch, length in enumerate(collected.lengths):
        missing, blank = np.ones(length, bool), np.ones(length, bool)
        for name in columns.text:
            chunk = as_large_string(collected.chunks[name][batch])
            collected.chunks[name][batch] = chunk
            null = chunk.is_null().to_numpy(zero_copy_only=False)
            missing &= null
            blank &= null | is_blank(chunk)
            for index in np.flatnonzero(holds_nul(chunk)).tolist():
                collected.reject(start + index, "NUL byte: in the text", name)
        for index in np.flatnonzero(missing).tolist():
            collected.reject(start + index, "missing text", column)
        if not empty_allowed:
            for index in np.flatnonzero(blank & ~missing).tolist():
                collected.reject(start + index, "empty text", column)
        start += length


def as_large_string(chunk: pa.Array) -> pa.LargeStringArray:
    """The chunk itself, or its cast."""
    return chunk if chunk.type == LARGE_STRING else chunk.cast(LARGE_STRING)


def is_blank(chunk: pa.LargeStringArray) -> np.ndarray:
    """(n,) bool: empty or nothing but white space."""
    empty = pc.equal(pc.binary_length(chunk), 0)
    blank = pc.or_(empty, pc.utf8_is_space(chunk)).fill_null(False)
    return blank.to_numpy(zero_copy_only=False)


def holds_nul(chunk: pa.LargeStringArray) -> np.ndarray:
    """(n,) bool: whether a string holds a NUL."""
    offsets, data = string_buffers(chunk)
    places = np.flatnonzero(data == 0) if len(data) and not data.all() else ()
    held = np.zeros(len(chunk), bool)
    held[np.searchsorted(offsets - offsets[0], places, "right") - 1] = True
    return held


def string_buffers(array: pa.LargeStringArray) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (n + 1,) int64 into the source buffer and the bytes from the first to the last."""
    _, offset_buffer, data_buffer = array.buffers()
    if offset_buffer is None or len(array) == 0:
        return np.zeros(1, np.int64), np.empty(0, np.uint8)
    first, last = array.offset, array.offset + len(array) + 1
    offsets = np.frombuffer(offset_buffer, np.int64)[first:last]
    data = np.empty(0, np.uint8)
    if data_buffer is not None:
        data = np.frombuffer(data_buffer, np.uint8)[offsets[0] : offsets[-1]]
    return offsets, data


def packed_table(collected: Collected, columns: Columns, keep: np.ndarray) -> pa.Table:
    """The rows kept, with all columns; a single text column is packed into one chunk.

    Empties `collected.chunks` as it goes, so that the source's text is never held twice.
    """
    ends = np.cumsum(collected.lengths)
    masks = [keep[end - n : end] for end, n in zip(ends, collected.lengths, strict=True)]
    packed = {}
    for name in list(collected.chunks):
        chunks = collected.chunks.pop(name)
        if (name,) == columns.text:
            packed[name] = pa.chunked_array([packed_strings(chunks, masks)])
        else:
            packed[name] = _unified(chunks, masks)
    return pa.table(packed)


def packed_strings(chunks: list[pa.Array], masks: list[np.ndarray]) -> pa.LargeStringArray:
    """Chunks without nulls, filtered, as one array of offset 0. Empties the list it is given."""
    if len(chunks) == 1 and masks[0].all() and chunks[0].offset == 0:
        return chunks.pop()
    rows = sum(int(mask.sum()) for mask in masks)
    offsets = np.zeros(rows + 1, np.int64)
    room = sum(len(string_buffers(chunk)[1]) for chunk in chunks)
    data = new_bytes(room)  # pages are taken only as they are written
    row = end = 0
    for mask in masks:
        chunk = chunks.pop(0)
        if not mask.all():
            chunk = chunk.filter(pa.array(mask))
        inner, content = string_buffers(chunk)
        data[end : end + len(content)] = content
        offsets[row + 1 : row + len(inner)] = inner[1:] - inner[0] + end
        row += len(chunk)
        end += len(content)
    return pa.LargeStringArray.from_buffers(
        rows, pa.py_buffer(offsets), pa.py_buffer(data).slice(0, end)
    )


def _unified(chunks: list[pa.Array], masks: list[np.ndarray]) -> pa.ChunkedArray:
    """Chunks of one type: that which all have, else one that holds all, else strings."""
    kept = [
        chunk if mask.all() else chunk.filter(pa.array(mask))
        for chunk, mask in zip(chunks, masks, strict=True)
    ]
    kinds = {chunk.type for chunk in kept if not pa.types.is_null(chunk.type)}
    if not kinds:
        return pa.chunked_array(kept, pa.null()) if kept else pa.chunked_array([], pa.null())
    if len(kinds) > 1:
        fields = [pa.schema([("x", kind)]) for kind in kinds]
        try:
            kinds = {pa.unify_schemas(fields, promote_options="permissive").field("x").type}
            kept = [chunk.cast(next(iter(kinds))) for chunk in kept]
        except pa.ArrowException:
            kinds = {LARGE_STRING}
            kept = [_in_words(chunk) for chunk in kept]
    kind = kinds.pop()
    return pa.chunked_array([chunk.cast(kind) for chunk in kept], kind)


def _in_words(chunk: pa.Array) -> pa.LargeStringArray:
    values = [None if value is None else in_json(value) for value in chunk.to_pylist()]
    return pa.array(values, LARGE_STRING)
