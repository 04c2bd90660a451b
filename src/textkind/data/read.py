"""The one door through which labelled or plain text comes in.

In goes a path, a pattern, a URI or a list of these, "-" for standard input, a frame, an Arrow
table, a mapping or a list of dicts; out come the rows that can be used, and every row that cannot
with its place and reason. Rows accepted and rows rejected always add up to the rows read.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from textkind.data.collect import Collected, collect, packed_table, reject_bad_texts
from textkind.data.columns import Columns
from textkind.data.corpus import Corpus
from textkind.data.joined import texts_of as texts_of_table
from textkind.data.labelled import corpus_of
from textkind.data.labels import LabelSet
from textkind.data.opening import columns_of, open_source
from textkind.data.rejected import Rejection, Tally, kinds_in_words
from textkind.data.settings import ReadSettings
from textkind.errors import DataError, NoRowsError
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
    rows      (N,) int64 place of each row in the source: line, or number in a table or folder or,
              of shards, among the rows of all of them
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
    more_labels: bool = False,
    talk: Talk = SILENT,
) -> CorpusReading:
    """Read labelled texts.

    `trained` are the columns of the training data, and what parts its labels, taken where the
    settings name none; where they were `told` just now, only other columns are told again.
    With `labels`, the label set of a trained model or of the training file: a row whose label it
    does not have is rejected, and DataError raised where that is every row; with more_labels such
    labels are added to the set. Without labels, DataError where there are not two to tell apart.
    """
    if trained is not None and settings.label_delimiter is None and settings.several is not False:
        settings = replace(settings, label_delimiter=trained.label_delimiter)
    collected, columns = _collect(
        source, settings, need_label=True, trained=trained, told=told, talk=talk
    )
    reject_bad_texts(collected, columns, empty_allowed=False)
    labelled = corpus_of(collected, columns, settings, labels, more_labels=more_labels)
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
        raise NoRowsError(
            "there are column names but no rows", where=opened.name, hint="is it the right file?"
        )
    collected.notes = [*opened.notes, *notes]
    return collected, columns


def _kept(collected: Collected, talk: Talk) -> np.ndarray:
    """(N,) bool, the rows to keep; DataError where the rejected ones leave nothing to trust."""
    tally = Tally()
    tally.add(collected.rejections())
    collected.notes += told_rejections(tally, collected.read, collected.name)
    for note in collected.notes:
        talk.note(note)
    return collected.kept()


def told_rejections(tally: Tally, read: int, name: str) -> list[str]:
    """A note on rows rejected, of `read` rows; DataError where the others cannot be trusted."""
    rejected = tally.counts.total()
    if not rejected:
        return []
    remedy = "; ".join(REMEDIES[kind] for kind in REMEDIES if kind in tally.counts)
    told = kinds_in_words(tally.counts)
    broken = tally.counts["not valid UTF-8"]
    if broken >= max(BROKEN_ROWS, BROKEN_SHARE * read):
        first = tally.first["not valid UTF-8"]
        raise DataError(
            f"this is not UTF-8: {broken:,} of {read:,} rows have broken bytes; "
            f"the first: {first.reason}",
            where=first.where(name),
            hint="give the encoding: --encoding cp1252 (Windows), latin-1, utf-16, gb18030 ...",
        )
    if rejected == read:
        first = next(iter(tally.first.values()))
        raise DataError(
            f"none of {read:,} rows can be used: {told}; the first: {first.reason}",
            where=first.where(name),
            hint=remedy,
        )
    return [f"{rejected:,} of {read:,} rows rejected: {told}" + (f" ({remedy})" if remedy else "")]
