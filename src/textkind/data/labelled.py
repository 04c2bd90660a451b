"""From rows as read to a corpus: labels to targets, and the group, time and id columns."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.collect import Collected, packed_table
from textkind.data.columns import Columns
from textkind.data.corpus import Corpus
from textkind.data.joined import texts_of
from textkind.data.labels import LabelSet
from textkind.data.rejected import excerpt
from textkind.data.settings import ReadSettings
from textkind.data.targets import (
    NamedLabels,
    indicated_labels,
    label_counts,
    named_labels,
    targets_of,
    unknown_labels,
    with_more_labels,
)
from textkind.data.times import times_of
from textkind.data.values import LARGE_STRING
from textkind.errors import ColumnError, DataError, did_you_mean

DELIMITERS = (";", "|", ",")  # that may stand between the labels of one text


def corpus_of(
    collected: Collected,
    columns: Columns,
    settings: ReadSettings,
    labels: LabelSet | None,
    *,
    more_labels: bool = False,
) -> Callable[[np.ndarray], tuple[Corpus, pa.Table]]:
    """Reject rows for their labels and times; returns what makes corpus and table of those kept.

    With more_labels a label that the set does not have is added to it, not rejected.
    """
    named = named_of(collected, columns, settings, labels)
    if labels is not None and not more_labels:
        _reject_unknown(collected, columns, named, labels)
    times = _times(collected, columns)
    group = _group(collected, columns)
    ids = ids_of(collected, columns)

    def finish(keep: np.ndarray) -> tuple[Corpus, pa.Table]:
        known = labels
        if labels is not None and more_labels:
            known = with_more_labels(named, keep, labels, collected.name)
        targets, label_set = targets_of(named, keep, known, collected.name)
        if labels is None:
            counts = label_counts(targets, len(label_set))
            rows = len(targets)
            told = check_classes(columns, settings, label_set, counts, rows, collected.name)
            collected.late_notes += told
        table = packed_table(collected, columns, keep)
        corpus = Corpus(
            texts=texts_of(table, columns),
            targets=targets,
            labels=label_set,
            rows=collected.rows[keep],
            group=None if group is None else _dense(group[keep]),
            time=None if times is None else times[keep],
            ids=None if ids is None else ids.filter(pa.array(keep)),
        )
        return corpus, table

    return finish


def named_of(
    collected: Collected,
    columns: Columns,
    settings: ReadSettings,
    labels: LabelSet | None,
) -> NamedLabels:
    """The labels of all rows as read; those that cannot be used are rejected."""
    several = settings.several if labels is None else labels.several
    if labels is not None and settings.several not in (None, labels.several):
        raise DataError(
            "the label set has "
            + ("several labels a text" if labels.several else "one label a text")
            + ", the settings ask for the other",
            where=collected.name,
            hint="leave `several` open: the label set decides",
        )
    if isinstance(columns.label, tuple):
        chosen = {name: collected.chunks[name] for name in columns.label}
        named = indicated_labels(chosen, collected.name, several)
        return _rejected(collected, named)
    assert columns.label is not None
    named = named_labels(
        collected.chunks[columns.label],
        columns.label,
        collected.name,
        delimiter=settings.label_delimiter,
        several=several,
        empty_allowed=not collected.single_lists,
        lists_may_be_single=collected.single_lists,
    )
    for index, what in collected.odd.get(columns.label, {}).items():
        collected.reject(index, f"label unreadable: it {what}", columns.label)
    return _rejected(collected, named)


def _rejected(collected: Collected, named: NamedLabels) -> NamedLabels:
    """The same, its bad rows rejected."""
    for index, (reason, column) in named.bad.items():
        collected.reject(index, reason, column)
    return named


def _reject_unknown(
    collected: Collected, columns: Columns, named: NamedLabels, labels: LabelSet
) -> None:
    unknown = unknown_labels(named, labels)
    column = columns.label if isinstance(columns.label, str) else None
    before = set(collected.reasons)
    for index, name in unknown.items():
        collected.reject(index, f"unknown label: {name!r}", column)
    fresh = Counter(name for index, name in unknown.items() if index not in before)
    if not fresh:
        return
    name, count = fresh.most_common(1)[0]
    hint = did_you_mean(name, labels.names)
    if len(collected.reasons) == len(collected.rows):
        raise DataError(
            f"none of the labels is known: {len(fresh):,} unknown ones",
            found=name,
            where=collected.name,
            hint=hint,
        )
    collected.notes.append(
        f"{sum(fresh.values()):,} rows have a label that the training data does not have, most "
        f"often {name!r} ({count:,}); {hint}"
    )


def check_classes(
    columns: Columns,
    settings: ReadSettings,
    labels: LabelSet,
    counts: np.ndarray,
    rows: int,
    where: str,
) -> list[str]:
    """DataError where there is nothing to tell apart; notes on labels that look wrong.

    counts (K,) are the texts that have each label, of `rows` texts.
    """
    alone = len(labels) < 2 and not (labels.several and len(labels) and counts[0] < rows)
    if alone:
        what = f"in column {columns.label!r}" if isinstance(columns.label, str) else "given"
        raise DataError(
            f"one class only: all {rows:,} texts have the same label {what}, and a "
            "classifier needs two classes to tell apart",
            found=labels.names[0] if len(labels) else None,
            where=where,
            hint="is it the label column? Name another with --label",
        )
    notes = []
    once = [labels.names[index] for index in np.flatnonzero(counts == 1)]
    if once:
        notes.append(
            f"{len(once):,} of {len(labels):,} labels are seen once, so they can be learned but "
            f"not tested: {_some(once)}"
        )
    if isinstance(columns.label, tuple):
        never = [name for name in columns.label if name not in labels.names]
        if never:
            notes.append(f"never 1, so left out of the labels: {_some(never)}")
    folded = Counter(name.casefold() for name in labels.names)
    alike = [name for name in labels.names if folded[name.casefold()] > 1]
    if alike:
        notes.append(f"labels that differ only in upper and lower case: {_some(alike)}")
    if len(labels) > 50 and len(labels) * 2 > rows:
        notes.append(
            f"{len(labels):,} different labels in {rows:,} rows: is {columns.label!r} "
            "the label column?"
        )
    delimiter = None if labels.several else likely_delimiter(labels.names)
    if delimiter is not None and settings.several is None:
        notes.append(
            f"some labels look like several in one, with {delimiter!r} between them; if "
            f"a text may have several labels: --label-delimiter {delimiter!r}"
        )
    return notes


def likely_delimiter(names: Sequence[str]) -> str | None:
    """What seems to stand between labels that were read as one, such as "billing;login".

    More than half of the names that hold it must be made only of parts that are names by
    themselves or stand in another name too.
    """
    for delimiter in DELIMITERS:
        parts = {name: {part.strip() for part in name.split(delimiter)} for name in names}
        combined = [name for name in names if delimiter in name]
        seen = Counter(part for inside in parts.values() for part in inside)
        known = [name for name in combined if all(part and seen[part] > 1 for part in parts[name])]
        if len(known) * 2 > len(combined):
            return delimiter
    return None


def _some(names: list[str], most: int = 8) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")


def _times(collected: Collected, columns: Columns) -> np.ndarray | None:
    if columns.time is None:
        return None
    given = _whole(collected, columns.time)
    times, bad = times_of(given)
    if bad.all():
        raise ColumnError(
            f"column {columns.time!r} holds no times that can be read",
            found=given[0].as_py(),
            where=f"{collected.name}, {collected.unit} {collected.rows[0]:,}",
            hint="write times as 2024-01-31, 2024-01-31T12:00:00, a year, or seconds since 1970",
        )
    for index in np.flatnonzero(bad):
        value = given[int(index)].as_py()
        told = "it is missing" if value is None else excerpt(str(value))
        collected.reject(int(index), f"time unreadable: {told}", columns.time)
    return times


def _group(collected: Collected, columns: Columns) -> np.ndarray | None:
    """(N,) int64 codes; a row without a group is a group of its own."""
    if columns.group is None:
        return None
    names = strings_of(collected, columns.group)
    encoded = pc.if_else(pc.equal(names, ""), None, names).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    missing = np.flatnonzero(codes < 0)
    codes[missing] = len(encoded.dictionary) + np.arange(len(missing))
    if len(missing):
        collected.notes.append(
            f"{len(missing):,} rows have no {columns.group!r}: each is a group of its own"
        )
    return codes


def _dense(codes: np.ndarray) -> np.ndarray:
    return np.unique(codes, return_inverse=True)[1].astype(np.int32)


def ids_of(collected: Collected, columns: Columns) -> pa.LargeStringArray | None:
    """The names of rows; None where no column has them."""
    if columns.id is None:
        return None
    return strings_of(collected, columns.id).fill_null("")


def strings_of(collected: Collected, name: str) -> pa.LargeStringArray:
    """A column as strings; ColumnError where it holds what cannot be one."""
    whole = _whole(collected, name)
    try:
        return whole.cast(LARGE_STRING)
    except pa.ArrowException:
        raise ColumnError(
            f"column {name!r} holds {whole.type}, not names", where=collected.name
        ) from None


def _whole(collected: Collected, name: str) -> pa.Array:
    """A column in one array, as strings where its chunks are not of one type."""
    chunks = collected.chunks[name]
    kinds = {chunk.type for chunk in chunks if not pa.types.is_null(chunk.type)}
    if len(kinds) == 1:
        kind = kinds.pop()
        return pa.concat_arrays([chunk.cast(kind) for chunk in chunks])
    return pa.concat_arrays([chunk.cast(LARGE_STRING) for chunk in chunks])
