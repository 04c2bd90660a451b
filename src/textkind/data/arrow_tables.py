"""Arrow tables: Parquet, Arrow IPC and Feather files, frames of pandas and polars, tables."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.data.batches import Batch
from textkind.data.columns import Columns
from textkind.data.stream import Stream
from textkind.data.utf8 import broken_utf8
from textkind.data.values import (
    carried_array,
    in_json,
    is_missing,
    label_array,
    text_array,
)
from textkind.errors import ColumnError, DataError, NoRowsError

# What pyarrow raises on damaged files; MemoryError where a damaged length asks for the impossible.
DAMAGE = (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError)


class ArrowSource:
    """Record batches of known names."""

    unit = "row"

    def __init__(
        self,
        batches: Iterable[pa.RecordBatch],
        schema: pa.Schema,
        name: str,
        notes: list[str],
        total: int,
    ) -> None:
        self.name, self.notes, self._batches, self._total = name, notes, batches, total
        self.names = [str(column) for column in schema.names]
        check_names(self.names, name)
        if total == 0:
            raise NoRowsError("there are no rows", where=name)

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """The rows as they are, but for text in bytes that is decoded and checked."""
        row = 1
        batches = iter(self._batches)
        while True:
            try:
                batch = next(batches, None)
            except DAMAGE as error:
                raise damaged(self.name, error) from None
            if batch is None:
                break
            arrays: dict[str, pa.Array] = {}
            odd: dict[str, dict[int, str]] = {}
            for name, array in zip(self.names, batch.columns, strict=True):
                text = name in columns.text
                arrays[name], wrong = checked_array(array, text, name, self.name)
                if text:
                    odd[name] = wrong
            count = batch.num_rows
            rows = np.arange(row, row + count)
            row += count
            yield Batch(arrays, rows, read=count, odd=odd, done=row - 1, total=self._total)


def parquet_source(stream: Stream) -> ArrowSource:
    """A Parquet file, read in batches where it lies on disk as it is."""
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(stream.as_file())
        rows = file.metadata.num_rows
        batches = file.iter_batches(batch_size=1 << 14)
        return ArrowSource(batches, file.schema_arrow, stream.name, stream.notes, rows)
    except DataError:
        raise
    except DAMAGE as error:
        raise damaged(stream.name, error) from None


def ipc_source(stream: Stream) -> ArrowSource:
    """An Arrow IPC file (Feather version 2) or stream."""
    import pyarrow.ipc

    try:
        place = stream.as_file()
        place = pa.memory_map(place) if isinstance(place, str) else place
        if stream.head.startswith(b"ARROW1"):
            file = pyarrow.ipc.open_file(place)
            batches = (file.get_batch(number) for number in range(file.num_record_batches))
            rows = -1 if file.num_record_batches else 0
            return ArrowSource(batches, file.schema, stream.name, stream.notes, rows)
        reader = pyarrow.ipc.open_stream(place)
        return ArrowSource(reader, reader.schema, stream.name, stream.notes, -1)
    except DataError:
        raise
    except DAMAGE as error:
        raise damaged(stream.name, error) from None


def table_source(table: pa.Table | pa.RecordBatch, name: str = "an Arrow table") -> ArrowSource:
    """An Arrow table in memory."""
    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    return ArrowSource(table.to_batches(), table.schema, name, [], table.num_rows)


def polars_source(frame: Any) -> ArrowSource:
    """A polars frame."""
    return table_source(frame.to_arrow(), "a polars frame")


class PandasSource:
    """A pandas frame; columns of mixed Python objects are taken value by value."""

    unit = "row"
    name = "a pandas frame"

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.notes: list[str] = []
        self.names = [str(name) for name in frame.columns]
        check_names(self.names, self.name)
        if len(frame) == 0:
            raise DataError("there are no rows", where=self.name)

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """All rows in one batch; the index is left out."""
        arrays: dict[str, pa.Array] = {}
        odd: dict[str, dict[int, str]] = {}
        for position, name in enumerate(self.names):
            series = self._frame.iloc[:, position]
            wanted = name in columns.text or name == columns.label
            try:
                array = pa.array(series, from_pandas=True)
                if isinstance(array, pa.ChunkedArray):
                    array = array.combine_chunks()
                binary = pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type)
                mixed = wanted and binary
            except (*DAMAGE, TypeError):
                mixed = True
            if not mixed:
                arrays[name], wrong = checked_array(array, name in columns.text, name, self.name)
                odd[name] = wrong
            elif name in columns.text:
                arrays[name], odd[name] = text_array(series.tolist())
            elif name == columns.label:
                arrays[name], odd[name] = label_array(series.tolist())
            else:
                arrays[name] = carried_array(
                    [None if is_missing(v) else in_json(v) for v in series.tolist()]
                )
        rows = np.arange(1, len(self._frame) + 1)
        yield Batch(arrays, rows, read=len(rows), odd=odd)


def checked_array(
    array: pa.Array, text: bool, name: str, where: str
) -> tuple[pa.Array, dict[int, str]]:
    """An array whose strings are valid UTF-8; text as large_string with its odd values told."""
    array, valid = _validated(array, where)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = _cast(array, array.type.value_type, where)
    kind = array.type
    stringy = _is_any(kind, "string", "large_string", "string_view")
    binary = _is_any(kind, "binary", "large_binary", "binary_view")
    if pa.types.is_null(kind):
        return array.cast(pa.large_string()), {}
    if not valid or (text and binary):
        return _decoded(array, where)
    if text and not stringy:
        raise ColumnError(
            f"column {name!r} holds {kind}, not text",
            where=where,
            hint="name the column of the text with --text",
        )
    return (_cast(array, pa.large_string(), where) if stringy else array), {}


def _validated(array: pa.Array, where: str) -> tuple[pa.Array, bool]:
    """The array and True; or, where only its UTF-8 is broken, its bytes and False.

    A damaged file can hold offsets that point out of its buffers. Reading through them ends the
    process, so they are checked before anything else is done.
    """
    try:
        array.validate(full=True)
        return array, True
    except pa.ArrowInvalid as error:
        plain = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}.get(array.type)
        if plain is None:
            raise damaged(where, error) from None
    try:
        array = pa.Array.from_buffers(plain, len(array), array.buffers(), offset=array.offset)
        array.validate(full=True)
    except pa.ArrowInvalid as error:
        raise damaged(where, error) from None
    return array, False


def _decoded(array: pa.Array, where: str) -> tuple[pa.LargeStringArray, dict[int, str]]:
    """Bytes as strings; null, and told, where they are not UTF-8."""
    odd: dict[int, str] = {}
    texts: list[str | None] = []
    for index, value in enumerate(_cast(array, pa.large_binary(), where)):
        raw = value.as_py()
        wrong = None if raw is None else broken_utf8(raw)
        if wrong is not None:
            odd[index] = f"is not valid UTF-8: {wrong[1]} at byte {wrong[0] + 1:,} of it"
        texts.append(None if raw is None or wrong is not None else raw.decode("utf-8"))
    return pa.array(texts, pa.large_string()), odd


def _cast(array: pa.Array, kind: pa.DataType, where: str) -> pa.Array:
    try:
        return array if array.type == kind else array.cast(kind)
    except DAMAGE as error:
        raise damaged(where, error) from None


def _is_any(kind: pa.DataType, *names: str) -> bool:
    return any(getattr(pa.types, f"is_{name}")(kind) for name in names)


def check_names(names: list[str], where: str) -> None:
    """Raise ColumnError where there is no column, or two have one name."""
    if not names:
        raise ColumnError("there are no columns", where=where)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ColumnError(
            f"the column name {twice[0]!r} stands {names.count(twice[0])} times",
            where=where,
            hint="give every column a name of its own",
        )


def damaged(name: str, error: BaseException) -> DataError:
    """The error for a file that its own library cannot read."""
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return DataError(
        f"the file is damaged or cut off: {reason}",
        where=name,
        hint="fetch or write the file again",
    )
