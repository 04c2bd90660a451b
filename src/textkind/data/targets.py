"""Label columns to targets: names found in every shape a file has them in, then ids.

In go the label columns as read; `named_labels` gives the names of every row, and `targets_of` the
ids of the rows that were kept, under one label set.
"""

import ast
import json
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.labels import LabelSet
from textkind.data.values import LARGE_STRING, STRING_LIST, label_array, label_name
from textkind.errors import ColumnError, DataError

MISSING, UNREADABLE = -2, -1
ZERO_ONE = {"": MISSING, "0": 0, "1": 1, "false": 0, "true": 1, "0.0": 0, "1.0": 1}
LOOKED_AT = 1000  # cells looked at to tell a list written as a string
MOST_CELLS = 2 << 30  # bytes of the (N, K) targets of several labels
MANY_LABELS = 10_000  # more than this, and more than half of the rows: no labels but texts or ids


@dataclass
class NamedLabels:
    """The labels of N rows by name.

    names  the different names
    codes  (M,) int64 index into names of each label of each row
    owner  (M,) int64 row of each, ascending
    bad    row -> (reason, column) where the labels cannot be used
    """

    several: bool
    names: list[str]
    codes: np.ndarray
    owner: np.ndarray
    bad: dict[int, tuple[str, str | None]] = field(default_factory=dict)


def named_labels(
    chunks: list[pa.Array],
    column: str,
    where: str,
    *,
    delimiter: str | None,
    several: bool | None,
    empty_allowed: bool,
    lists_may_be_single: bool,
) -> NamedLabels:
    """The labels of one column: names, numbers, lists, lists written as strings.

    several              whether a text may have several labels; None: as found
    empty_allowed        whether a text may have an empty list
    lists_may_be_single  lists of exactly one each mean one label (fastText)
    """
    parts = [_canonical(chunk, column, where) for chunk in chunks]
    bad: dict[int, tuple[str, str | None]] = {}
    if any(pa.types.is_large_list(part.type) for part in parts):
        lists = pa.concat_arrays([_as_lists(part) for part in parts])
        found_several = True
        if lists_may_be_single:
            found_several = bool(pc.any(pc.greater(pc.list_value_length(lists), 1)).as_py())
    else:
        strings = pc.utf8_trim_whitespace(pa.concat_arrays(parts))
        strings = pc.if_else(pc.equal(strings, ""), None, strings)
        written = _lists_in_strings(strings) if delimiter is None else None
        found_several = delimiter is not None or written is not None
        if delimiter is not None:
            lists, empty_allowed = pc.split_pattern(strings, delimiter), False
        elif written is not None:
            lists, odd = written
            bad = {row: (f"label unreadable: {reason}", column) for row, reason in odd.items()}
        else:
            lists = _as_lists(strings)
    several = found_several if several is None else several
    names, codes, owner, count = _encoded(lists)
    for row in np.flatnonzero(pc.is_null(lists).to_numpy(zero_copy_only=False)):
        bad.setdefault(int(row), ("missing label", column))
    if not several or not empty_allowed:
        for row in np.flatnonzero(count == 0):
            bad.setdefault(int(row), ("missing label", column))
    if not several:
        for row in np.flatnonzero(count > 1):
            bad.setdefault(int(row), (f"several labels: {count[row]} where one is wanted", column))
    return NamedLabels(several, names, codes, owner, bad)


def indicated_labels(
    columns: dict[str, list[pa.Array]], where: str, several: bool | None
) -> NamedLabels:
    """The labels of columns of 0 and 1, each named as a label."""
    bad: dict[int, tuple[str, str | None]] = {}
    owners, codes = [], []
    for code, (name, chunks) in enumerate(columns.items()):
        values = pa.concat_arrays([_as_strings(_canonical(chunk, name, where)) for chunk in chunks])
        encoded = values.dictionary_encode()
        flags = [ZERO_ONE.get(value.strip().lower()) for value in encoded.dictionary.to_pylist()]
        if flags and all(flag is None for flag in flags):
            raise ColumnError(
                f"column {name!r} should hold 0 and 1",
                found=encoded.dictionary.to_pylist()[:5],
                where=where,
                hint="label_columns are columns of 0 and 1; a column of names is the label column",
            )
        table = np.array([UNREADABLE if flag is None else flag for flag in flags] + [MISSING])
        index = encoded.indices.fill_null(len(flags)).to_numpy(zero_copy_only=False)
        found = table[index]
        for row in np.flatnonzero(found < 0):
            reason = "missing label" if found[row] == MISSING else "label unreadable: not 0 or 1"
            bad.setdefault(int(row), (reason, name))
        owners.append(np.flatnonzero(found == 1))
        codes.append(np.full(len(owners[-1]), code))
    owner, code_of = np.concatenate(owners), np.concatenate(codes)
    order = np.argsort(owner, kind="stable")
    rows = sum(len(chunk) for chunk in next(iter(columns.values())))
    if several is False:
        count = np.bincount(owner, minlength=rows)
        for row in np.flatnonzero(count != 1):
            reason = "missing label" if not count[row] else f"several labels: {count[row]}"
            bad.setdefault(int(row), (reason, None))
    return NamedLabels(several is not False, list(columns), code_of[order], owner[order], bad)


def unknown_labels(named: NamedLabels, labels: LabelSet) -> dict[int, str]:
    """row -> the first of its labels that the label set does not have."""
    known = set(labels.names)
    strange = np.array([name not in known for name in named.names], bool)
    hits = np.flatnonzero(strange[named.codes]) if len(strange) else np.array([], np.int64)
    unknown: dict[int, str] = {}
    for hit in hits:
        unknown.setdefault(int(named.owner[hit]), named.names[named.codes[hit]])
    return unknown


def with_more_labels(
    named: NamedLabels, keep: np.ndarray, labels: LabelSet, where: str
) -> LabelSet:
    """The label set with the names that it does not have and the kept rows have.

    DataError where these are so many that they are hardly labels.
    """
    names = {named.names[code] for code in np.unique(named.codes[keep[named.owner]])}
    fresh = sorted(names - set(labels.names))
    check_label_number(fresh, int(keep.sum()), where)
    return LabelSet(tuple(sorted({*labels.names, *fresh})), labels.several)


def check_label_number(names: Collection[str], rows: int, where: str, which: str = "") -> None:
    """DataError where there are so many different labels that they are hardly labels.

    which: what the rows are called before their number, where more may follow.
    """
    if len(names) > MANY_LABELS and len(names) * 2 > rows:
        raise DataError(
            f"{len(names):,} different labels in {which}{rows:,} rows: these are hardly labels",
            found=list(names)[:3],
            where=where,
            hint="name the label column with --label",
        )


def targets_of(
    named: NamedLabels, keep: np.ndarray, labels: LabelSet | None, where: str
) -> tuple[np.ndarray, LabelSet]:
    """Targets of the rows kept, (n,) int32 or (n, K) uint8, and the label set.

    keep is (N,) bool and leaves out all rows in `named.bad`. Without a label set given, it is made
    of the names that the kept rows have.
    """
    chosen = keep[named.owner]
    codes, owner = named.codes[chosen], (np.cumsum(keep) - 1)[named.owner[chosen]]
    rows = int(keep.sum())
    if labels is None:
        names = sorted(named.names[code] for code in np.unique(codes))
        check_label_number(names, rows, where)
        labels = LabelSet(tuple(names), named.several)
    position = {name: number for number, name in enumerate(labels.names)}
    remap = np.array([position.get(name, -1) for name in named.names], np.int32)
    if not named.several:
        targets = np.zeros(rows, np.int32)
        targets[owner] = remap[codes]
        return targets, labels
    if rows * len(labels) > MOST_CELLS:
        raise DataError(
            f"{len(labels):,} labels for {rows:,} rows are more than fit in memory",
            where=where,
            hint="are these labels? Keep the frequent ones",
        )
    targets = np.zeros((rows, len(labels)), np.uint8)
    targets[owner, remap[codes]] = 1
    return targets, labels


def label_counts(targets: np.ndarray, labels: int) -> np.ndarray:
    """(K,) int64 how many texts have each label, of (N,) ids or (N, K) of 0 and 1."""
    if targets.ndim == 2:
        return targets.sum(axis=0, dtype=np.int64)
    return np.bincount(targets, minlength=labels)


def _canonical(chunk: pa.Array, column: str, where: str) -> pa.Array:
    """Names as large_string or lists of large_string, whatever Arrow type they had."""
    kind = chunk.type
    if pa.types.is_null(kind):
        return chunk.cast(LARGE_STRING)
    if pa.types.is_dictionary(kind):
        return _canonical(chunk.cast(kind.value_type), column, where)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return chunk.cast(LARGE_STRING)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        array, odd = label_array(chunk.to_pylist())
        if not odd:
            return array.cast(STRING_LIST) if pa.types.is_null(array.type) else array
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        encoded = chunk.dictionary_encode()
        names = pa.array([label_name(v) for v in encoded.dictionary.to_pylist()], LARGE_STRING)
        return names.take(encoded.indices)
    if pa.types.is_temporal(kind) or pa.types.is_decimal(kind) or pa.types.is_string_view(kind):
        return chunk.cast(LARGE_STRING)
    raise ColumnError(
        f"column {column!r} holds {kind}, not labels",
        where=where,
        hint="labels are names, numbers or lists of them; name the column with --label",
    )


def _as_lists(array: pa.Array) -> pa.LargeListArray:
    """Strings as lists of one; null stays null."""
    if pa.types.is_large_list(array.type):
        return array
    valid = pc.is_valid(array)
    lengths = valid.to_numpy(zero_copy_only=False).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return pa.LargeListArray.from_arrays(
        pa.array(offsets), array.drop_null(), mask=pc.invert(valid)
    )


def _as_strings(array: pa.Array) -> pa.LargeStringArray:
    return array if pa.types.is_large_string(array.type) else array.cast(LARGE_STRING)


def _lists_in_strings(
    strings: pa.LargeStringArray,
) -> tuple[pa.LargeListArray, dict[int, str]] | None:
    """Lists where every cell looked at is one written as JSON or Python, else None."""
    sample = strings.drop_null()[:LOOKED_AT].to_pylist()
    if not sample or not all(cell[0] == "[" and cell[-1] == "]" for cell in sample):
        return None
    if all(isinstance(_parsed(cell), str) for cell in sample):
        return None
    odd: dict[int, str] = {}
    values: list[object] = []
    for row, cell in enumerate(strings.to_pylist()):
        value = None if cell is None else _parsed(cell)
        if isinstance(value, str):
            odd[row], value = value, None
        values.append(value)
    array, wrong = label_array(values)
    odd.update(wrong)
    return _as_lists(array), odd


def _parsed(cell: str) -> list[object] | str:
    """The list written in a cell, or why it is none."""
    for parse in (json.loads, ast.literal_eval):
        try:
            value = parse(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, list):
            return value
    return "not a list as the others are"


def _encoded(
    lists: pa.LargeListArray,
) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """names, codes (M,), owner (M,) and the number of labels of each row (N,).

    Names are trimmed; empty names and repetitions within a row are dropped.
    """
    owner = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    values = pc.utf8_trim_whitespace(pc.list_flatten(lists).cast(LARGE_STRING))
    encoded = values.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    real = codes >= 0
    if "" in names:
        real &= codes != names.index("")
    pairs = np.unique(owner[real] * np.int64(max(len(names), 1)) + codes[real])
    owner, codes = np.divmod(pairs, max(len(names), 1))
    return names, codes, owner, np.bincount(owner, minlength=len(lists))
