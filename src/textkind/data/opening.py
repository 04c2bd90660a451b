"""Which reader takes which source: a path, shards, standard input, frames, tables, lists."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from textkind.data.batches import Source
from textkind.data.columns import Columns, resolve_columns
from textkind.data.settings import ReadSettings
from textkind.data.shard import Shard
from textkind.data.shard_source import ShardSource
from textkind.data.stream import Stream
from textkind.errors import DataError


class Closable(Protocol):
    """What holds a file open."""

    def close(self) -> None:
        """Close it."""


def open_source(source: object, settings: ReadSettings) -> tuple[Source, Closable | None]:
    """A reader for whatever is given, and what to close when it is done."""
    from textkind.data import arrow_tables, records, shards

    if isinstance(source, ShardSource):  # open already
        return source, source
    if shards.names_shards(source):
        return _open_shards(source, settings)
    if isinstance(source, (str, Path)):
        return _open_path(str(source), settings)
    if isinstance(source, (pa.Table, pa.RecordBatch)):
        return arrow_tables.table_source(source), None
    frame: Any = source
    kind = (type(source).__module__.split(".")[0], type(source).__name__)
    if kind == ("pandas", "DataFrame"):
        return arrow_tables.PandasSource(frame), None
    if kind == ("polars", "DataFrame"):
        return arrow_tables.polars_source(frame), None
    if kind == ("polars", "LazyFrame"):
        return arrow_tables.polars_source(frame.collect()), None
    if isinstance(source, Mapping) and source:
        return records.MappingSource(source, "a mapping of columns"), None
    if isinstance(source, Sequence) and not isinstance(source, (bytes, bytearray)):
        return records.RecordsSource(source, "a list of rows", []), None
    raise DataError(
        "a source that cannot be read",
        found=type(source).__name__,
        hint="wanted: a path, '-', a frame of pandas or polars, an Arrow table, "
        "a mapping of columns, a list of dicts, or a list of paths",
    )


def open_shard(shard: Shard, settings: ReadSettings) -> tuple[Source, Stream]:
    """A reader for one shard alone, and the stream to close when it is done."""
    return _open_file(shard if shard.files is not None else shard.path, settings)


def columns_of(
    source: Source, settings: ReadSettings, *, need_label: bool, trained: Columns | None = None
) -> tuple[Columns, list[str]]:
    """The columns to use of an open source, and notes; see resolve_columns.

    The columns of folders and of lines are named by us: there is nothing to look for or to tell.
    """
    from textkind.data.fasttext import FastTextSource
    from textkind.data.folder import FolderSource

    kind = source.first if isinstance(source, ShardSource) else source
    if isinstance(kind, (FolderSource, FastTextSource)):
        columns, _ = resolve_columns(source.names, settings, source.name, need_label=need_label)
        return columns, []
    return resolve_columns(
        source.names, settings, source.name, need_label=need_label, trained=trained
    )


def _open_path(path: str, settings: ReadSettings) -> tuple[Source, Closable | None]:
    from textkind.data import folder, shard_folder

    if path == "-" or not Path(path).is_dir():
        return _open_file(path, settings)
    if shard_folder.is_shard_folder(path, settings):
        return _open_shards(path, settings)
    return folder.FolderSource(path, settings), None


def open_shards(
    shards: Sequence[Shard], name: str, settings: ReadSettings, skipped: Container[str] = ()
) -> ShardSource:
    """Shards as one source; all have the delimiter and the header that the first has.

    Those whose names are `skipped` are not read; see ShardSource.
    """
    from textkind.data import delimited

    alike = settings

    def opener(shard: Shard) -> tuple[Source, Stream]:
        nonlocal alike
        opened, stream = open_shard(shard, alike)
        if isinstance(opened, delimited.DelimitedSource):
            alike = replace(alike, delimiter=chr(opened.delimiter), header=opened.header)
        return opened, stream

    return ShardSource(shards, name, opener, skipped)


def _open_shards(source: object, settings: ReadSettings) -> tuple[Source, Closable]:
    from textkind.data import shards

    opened = open_shards(shards.list_shards(source), shards.told_name(source), settings)
    return opened, opened


def _open_file(place: str | Shard, settings: ReadSettings) -> tuple[Source, Stream]:
    from textkind.data import arrow_tables, delimited, fasttext, records, sniff

    stream = Stream(place, settings)
    try:
        kind, notes = sniff.format_of(stream.name, stream.head, settings.format)
        stream.notes.extend(notes)
        openers: dict[str, Callable[[], Source]] = {
            "csv": lambda: delimited.DelimitedSource(stream, settings, tabs=False),
            "tsv": lambda: delimited.DelimitedSource(stream, settings, tabs=True),
            "jsonl": lambda: records.JsonLinesSource(stream),
            "json": lambda: records.json_list_source(stream),
            "parquet": lambda: arrow_tables.parquet_source(stream),
            "arrow": lambda: arrow_tables.ipc_source(stream),
            "fasttext": lambda: fasttext.FastTextSource(stream),
        }
        return openers[kind](), stream
    except BaseException:
        stream.close()
        raise
