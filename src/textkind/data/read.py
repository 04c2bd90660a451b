"""The one door through which labelled or plain text comes in.

In goes a path, "-" for standard input, a frame, an Arrow table, a mapping or a list of dicts; out
come the rows that can be used, and every row that cannot with its place and reason. Rows accepted
and rows rejected always add up to the rows read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.data.batches import Source
from textkind.data.collect import Collected, collect, packed_table, reject_bad_texts
from textkind.data.columns import Columns, resolve_columns
from textkind.data.corpus import Corpus
from textkind.data.joined import texts_of as texts_of_table
from textkind.data.labelled import corpus_of
from textkind.data.labels import LabelSet
from textkind.data.rejected import Rejection, reasons_in_words
from textkind.data.settings import ReadSettings
from textkind.data.stream import Stream
from textkind.errors import DataError
from textkind.progress import SILENT, Talk

# A file of which so many rows are not UTF-8 is not a UTF-8 file with some accidents.
BROKEN_ROWS, BROKEN_SHARE = 20, 0.05

# What helps against rows rejected, by the kind of reason.
REMEDIES = {
    "not valid UTF-8": "if the file has another encoding, pass it with --encoding",
    "wrong number of fields": "a field that holds the delimiter or a newline must be quoted",
    "text after a closing quote": "if quotes are plain characters in this file: --quoting no",
    "several labels": "if a text may have several labels, pass --several",
    "time unreadable": "write times as 2024-01-31 or 2024-01-31T12:00:00",
}


@dataclass(frozen=True, eq=False)
class Reading:
    """The rows of a source that can be used.

    table     accepted rows with all columns of the source, text columns untouched
    rows      (N,) int64 place of each row in the source: line, or number in a table or folder
    rejected  the rows left out, in the order of the source
    read      rows read: len(table) + len(rejected)
    columns   the columns in use
    notes     what was found and chosen
    source    name of the source
    """

    table: pa.Table
    rows: np.ndarray
    rejected: list[Rejection]
    read: int
    columns: Columns
    notes: list[str]
    source: str


@dataclass(frozen=True, eq=False)
class CorpusReading:
    """A corpus with the account of how it was read; the fields are those of Reading."""

    corpus: Corpus
    table: pa.Table
    rejected: list[Rejection]
    read: int
    columns: Columns
    notes: list[str]
    source: str


def read_table(
    source: object,
    settings: ReadSettings,
    *,
    trained: Columns | None = None,
    talk: Talk = SILENT,
) -> Reading:
    """Read texts without labels, as for prediction. An empty text is accepted, a missing is not.

    `trained` are the columns of the training data, taken where the settings name none.
    Raises DataError where the source cannot be used, ColumnError where a column cannot.
    """
    collected, columns = _collect(source, settings, need_label=False, trained=trained, talk=talk)
    reject_bad_texts(collected, columns, empty_allowed=True)
    keep = _kept(collected, talk)
    table = packed_table(collected, columns, keep)
    rejected = collected.rejections()
    return Reading(
        table,
        collected.rows[keep],
        rejected,
        collected.read,
        columns,
        collected.notes,
        collected.name,
    )


def read_corpus(
    source: object,
    settings: ReadSettings,
    *,
    labels: LabelSet | None = None,
    trained: Columns | None = None,
    told: bool = False,
    talk: Talk = SILENT,
) -> CorpusReading:
    """Read labelled texts.

    `trained` are the columns of the training data, and what parts its labels, taken where the
    settings name none; where they were `told` just now, only other columns are told again.
    With `labels`, the label set of a trained model or of the training file: a row whose label it
    does not have is rejected, and DataError raised where that is every row. Without, DataError
    where there are not two labels to tell apart.
    """
    if trained is not None and settings.label_delimiter is None and settings.several is not False:
        settings = replace(settings, label_delimiter=trained.label_delimiter)
    collected, columns = _collect(
        source, settings, need_label=True, trained=trained, told=told, talk=talk
    )
    reject_bad_texts(collected, columns, empty_allowed=False)
    labelled = corpus_of(collected, columns, settings, labels)
    keep = _kept(collected, talk)
    corpus, table = labelled(keep)
    rejected = collected.rejections()
    for note in collected.late_notes:
        talk.note(note)
    return CorpusReading(
        corpus,
        table,
        rejected,
        collected.read,
        columns,
        collected.notes + collected.late_notes,
        collected.name,
    )


def texts_of(reading: Reading | CorpusReading | pa.Table, columns: Columns) -> pa.LargeStringArray:
    """The texts as one array of N: a single column as it is, several joined by a newline."""
    table = reading if isinstance(reading, pa.Table) else reading.table
    return texts_of_table(table, columns)


def open_source(source: object, settings: ReadSettings) -> tuple[Source, Stream | None]:
    """A reader for whatever is given, and the stream to close when it is done."""
    from textkind.data import arrow_tables, records

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
        "a mapping of columns, or a list of dicts",
    )


def columns_of(
    source: Source, settings: ReadSettings, *, need_label: bool, trained: Columns | None = None
) -> tuple[Columns, list[str]]:
    """The columns to use of an open source, and notes; see resolve_columns.

    The columns of folders and of lines are named by us: there is nothing to look for or to tell.
    """
    from textkind.data.fasttext import FastTextSource
    from textkind.data.folder import FolderSource

    if isinstance(source, (FolderSource, FastTextSource)):
        columns, _ = resolve_columns(source.names, settings, source.name, need_label=need_label)
        return columns, []
    return resolve_columns(
        source.names, settings, source.name, need_label=need_label, trained=trained
    )


def _open_path(path: str, settings: ReadSettings) -> tuple[Source, Stream | None]:
    from textkind.data import arrow_tables, delimited, fasttext, folder, records, sniff

    if path != "-" and Path(path).is_dir():
        return folder.FolderSource(path, settings), None
    stream = Stream(path, settings)
    try:
        kind, notes = sniff.format_of(stream.name, stream.head, settings.format)
        stream.notes.extend(notes)
        openers: dict[str, Callable[[], Source]] = {
            "csv": lambda: delimited.DelimitedSource(stream, settings, tabs=False),
            "tsv": lambda: delimited.DelimitedSource(stream, settings, tabs=True),
            "jsonl": lambda: records.JsonLinesSource(stream),
            "json": lambda: records.json_list_source(stream),
            "parquet": lambda: arrow_tables.parquet_source(stream, path),
            "arrow": lambda: arrow_tables.ipc_source(stream, path),
            "fasttext": lambda: fasttext.FastTextSource(stream),
        }
        return openers[kind](), stream
    except BaseException:
        stream.close()
        raise


def _collect(
    source: object,
    settings: ReadSettings,
    *,
    need_label: bool,
    talk: Talk,
    trained: Columns | None = None,
    told: bool = False,
) -> tuple[Collected, Columns]:
    opened, stream = open_source(source, settings)
    try:
        columns, notes = columns_of(opened, settings, need_label=need_label, trained=trained)
        if told and trained is not None and columns.taken == trained.taken:
            notes = []
        with talk.task(f"reading {opened.name}"):
            collected = collect(opened, columns, talk)
    finally:
        if stream is not None:
            stream.close()
    if not collected.read:
        raise DataError(
            "there are column names but no rows", where=opened.name, hint="is it the right file?"
        )
    collected.notes = [*opened.notes, *notes]
    return collected, columns


def _kept(collected: Collected, talk: Talk) -> np.ndarray:
    """(N,) bool, the rows to keep; DataError where the rejected ones leave nothing to trust."""
    keep = np.ones(len(collected.rows), bool)
    if collected.reasons:
        keep[np.fromiter(collected.reasons, np.int64)] = False
    rejected = collected.rejections()
    if rejected:
        kinds = {rejection.reason.split(":")[0] for rejection in rejected}
        remedy = "; ".join(REMEDIES[kind] for kind in REMEDIES if kind in kinds)
        told = reasons_in_words(rejected)
        first = rejected[0]
        where = f"{collected.name}, {first.unit} {first.row:,}"
        broken = [r for r in rejected if r.reason.startswith("not valid UTF-8")]
        if len(broken) >= max(BROKEN_ROWS, BROKEN_SHARE * collected.read):
            raise DataError(
                f"this is not UTF-8: {len(broken):,} of {collected.read:,} rows have broken bytes; "
                f"the first: {broken[0].reason}",
                where=f"{collected.name}, {broken[0].unit} {broken[0].row:,}",
                hint="give the encoding: --encoding cp1252 (Windows), latin-1, utf-16, gb18030 ...",
            )
        if not keep.any():
            raise DataError(
                f"none of {collected.read:,} rows can be used: {told}; the first: {first.reason}",
                where=where,
                hint=remedy,
            )
        collected.notes.append(
            f"{len(rejected):,} of {collected.read:,} rows rejected: {told}"
            + (f" ({remedy})" if remedy else "")
        )
    for note in collected.notes:
        talk.note(note)
    return keep
