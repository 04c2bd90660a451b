"""Tables written block by block: CSV, TSV, JSON Lines or Parquet."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.shards import list_shards, names_shards
from textkind.errors import DataError, SettingsError, did_you_mean

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
FORMATS = ("csv", "tsv", "jsonl", "parquet")


PIPE = "-"
LOOKED_AT = 1000  # rows by which it is told whether the values of a column come again


class Writer(Protocol):
    """Takes blocks in order; `close` finishes the file."""

    def write(self, table: pa.Table) -> None:
        """Append rows; every table has the same columns."""

    def close(self) -> None:
        """Write what is still owed."""

    def abandon(self) -> None:
        """Let go of a file that is not going to be finished."""


def format_of_output(path: Path) -> str:
    """The format that a file name asks for; SettingsError where it asks for none we write."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SettingsError(
            "the output's name must end in the format to write",
            found=path.name,
            hint=did_you_mean(suffix, SUFFIXES) if suffix else f"one of {', '.join(SUFFIXES)}",
        )
    return SUFFIXES[suffix]


def check_different(source: object, output: str | Path) -> None:
    """SettingsError where a file would be written over one that is read, or among them."""
    if PIPE in (str(source), str(output)):
        return
    if names_shards(source):
        paths = [shard.path for shard in list_shards(source) if shard.files is None]
    elif isinstance(source, str | Path):
        paths = [str(source)]
    else:
        return
    written = Path(output).resolve()
    for path in map(Path, paths):
        if path.resolve() == written:
            raise SettingsError("input and output are the same file", where=str(output))
        if path.is_dir() and path.resolve() == written.parent:
            raise SettingsError(
                "the output would lie in the folder that is read",
                where=str(output),
                hint="name a place outside of it",
            )


@contextlib.contextmanager
def open_writer(kind: str, file: IO[bytes], joint: str) -> Iterator[Writer]:
    """Yield a writer of one of FORMATS into an open file, and finish the file behind the block.

    `joint` joins lists where cells are flat.
    """
    writer: Writer
    if kind == "parquet":
        writer = _ParquetWriter(file)
    elif kind == "jsonl":
        writer = _JsonLinesWriter(file)
    else:
        writer = _DelimitedWriter(file, "\t" if kind == "tsv" else ",", joint)
    try:
        yield writer
    except BaseException:
        writer.abandon()
        raise
    writer.close()


class _DelimitedWriter:
    """CSV or TSV: header first, fields quoted where needed, nested values as JSON."""

    def __init__(self, file: IO[bytes], delimiter: str, joint: str) -> None:
        self._file, self._delimiter, self._joint = file, delimiter, joint
        self._names: list[str] = []

    def write(self, table: pa.Table) -> None:
        import pyarrow.csv

        first = not self._names
        if first:
            self._names = table.column_names
        _check_columns(self._names, table)
        flat = pa.table(
            [_flat(column, self._joint) for column in table.columns], names=table.column_names
        )
        pyarrow.csv.write_csv(
            flat,
            self._file,
            pyarrow.csv.WriteOptions(
                include_header=first, delimiter=self._delimiter, quoting_style="needed"
            ),
        )

    def close(self) -> None:
        """Nothing is owed."""

    abandon = close


class _JsonLinesWriter:
    """One JSON object a line; times and bytes as strings."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, table: pa.Table) -> None:
        short = pa.table([_short(c) for c in table.columns], names=table.column_names)
        lines = [json.dumps(row, ensure_ascii=False, default=str) for row in short.to_pylist()]
        self._file.write("".join(line + "\n" for line in lines).encode())

    def close(self) -> None:
        """Nothing is owed."""

    abandon = close


class _ParquetWriter:
    """Parquet; the first block settles the types."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._writer: Any = None

    def write(self, table: pa.Table) -> None:
        import pyarrow.parquet

        if self._writer is None:
            fields = [
                # A column without a value so far could become anything; most are strings.
                pa.field(f.name, pa.large_string()) if pa.types.is_null(f.type) else f
                for f in table.schema
            ]
            self._writer = pyarrow.parquet.ParquetWriter(
                self._file, pa.schema(fields), use_dictionary=_repetitive(table)
            )
        _check_columns(self._writer.schema.names, table)
        try:
            table = table.cast(self._writer.schema)
        except pa.ArrowException as error:
            raise DataError(
                f"a column changes its type along the way, which Parquet does not allow: {error}",
                hint="write .jsonl or .csv",
            ) from None
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def abandon(self) -> None:
        """Close it while its file is open: pyarrow would try to later, and complain."""
        if self._writer is not None:
            with contextlib.suppress(OSError, ValueError):
                self._writer.close()
            self._writer.is_open = False


def _check_columns(names: list[str], table: pa.Table) -> None:
    """DataError where a block has a column more than the first: it cannot be written any more."""
    more = [name for name in table.column_names if name not in names]
    if more or len(names) != table.num_columns:
        raise DataError(
            "the columns change along the way, which only JSON Lines allow",
            found=more if more else table.column_names,
            hint="write .jsonl",
        )


def _repetitive(table: pa.Table) -> list[str]:
    """Paths of the columns whose values come again: a dictionary of the others costs time alone."""
    first, paths = table.slice(0, LOOKED_AT), []
    for name, column in zip(first.column_names, first.columns, strict=True):
        if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
            paths.append(f"{name}.list.element")
        elif not pa.types.is_nested(column.type):
            try:
                distinct = pc.count_distinct(column, mode="all").as_py()
            except pa.ArrowNotImplementedError:  # of a rare type
                distinct = 0
            if 2 * distinct <= first.num_rows:
                paths.append(name)
    return paths


def _short(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """float32 as the float64 of the same few digits: 0.9 rather than 0.8999999761581421."""
    if column.type == pa.float32():
        return column.cast(pa.large_string()).cast(pa.float64())
    if column.type == pa.large_list(pa.float32()):
        strings = column.cast(pa.large_list(pa.large_string()))
        return strings.cast(pa.large_list(pa.float64()))
    return column


def _flat(column: pa.ChunkedArray, joint: str) -> pa.ChunkedArray:
    """The column as CSV can hold it: lists of strings joined, other nested values as JSON."""
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = kind.value_type
        plain = (pa.types.is_string, pa.types.is_large_string, pa.types.is_floating)
        if any(is_kind(inner) for is_kind in plain):
            strings = column.cast(pa.large_list(pa.large_string()))
            return pc.binary_join(strings, pa.scalar(joint, pa.large_string()))
    if pa.types.is_nested(kind):
        values = [
            None if value is None else json.dumps(value, ensure_ascii=False, default=str)
            for value in column.to_pylist()
        ]
        return pa.chunked_array([pa.array(values, pa.large_string())])
    return column
