"""Texts and labels held in memory, as the Python API gets them, into a corpus."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.corpus import Corpus
from textkind.data.joined import one_chunk
from textkind.data.labels import LabelSet
from textkind.data.targets import named_labels, targets_of, unknown_labels
from textkind.data.values import (
    LARGE_STRING,
    is_encodable,
    is_missing,
    kind_in_words,
    label_array,
)
from textkind.errors import DataError, did_you_mean

WHERE_TEXTS, WHERE_LABELS = "texts", "labels"


def as_texts(texts: Any) -> pa.LargeStringArray:
    """Texts as one Arrow array of N, no nulls, offset 0.

    texts is a sequence of str, an Arrow, NumPy or polars array of strings, or a pandas series.
    Raises DataError naming the position (from 0) of what is not a string or no valid one.
    """
    if type(texts) is list and len(texts) == 1 and type(texts[0]) is str:
        return _one_text(texts[0])
    if isinstance(texts, (pa.Array, pa.ChunkedArray)):
        return _from_arrow(texts)
    if isinstance(texts, (str, bytes)):
        raise DataError(
            "one text was given where a list of texts is wanted",
            found=texts[:60],
            hint="pass [text]",
        )
    library = type(texts).__module__.split(".")[0]
    if library == "polars":
        return _from_arrow(texts.to_arrow())
    if hasattr(texts, "tolist"):  # NumPy arrays, pandas series
        if getattr(texts, "ndim", 1) != 1:
            raise DataError(
                "texts must be a flat sequence of strings",
                found=f"an array of shape {tuple(texts.shape)}",
                hint="pass one column, for example frame['text']",
            )
        texts = texts.tolist()
    elif not isinstance(texts, (list, tuple)):
        try:
            texts = list(texts)
        except TypeError:
            raise DataError("texts must be a sequence of strings", found=texts) from None
    if not set(map(type, texts)) <= {str}:
        texts = [_checked(text, position) for position, text in enumerate(texts)]
    try:
        return pa.array(texts, LARGE_STRING)
    except UnicodeEncodeError:
        position = next(n for n, text in enumerate(texts) if not is_encodable(text))
        raise _surrogate(position) from None


def corpus_from_lists(texts: Any, labels: Any, *, label_set: LabelSet | None = None) -> Corpus:
    """A corpus of texts and their labels, row by row.

    labels is a sequence of N names, of N sequences of names (several labels), or an (N, K) array
    of 0 and 1, whose labels are then named "0" to "K-1". Numbers become names by str. With
    `label_set`, a label that it does not have raises DataError; without, fewer than two do.
    """
    text_array = as_texts(texts)
    indicators = _indicators(labels)
    count = len(labels) if hasattr(labels, "__len__") else -1
    if indicators is None:
        names, odd = label_array(_as_list(labels))
        count = len(names)
    if count != len(text_array):
        raise DataError(
            "there must be one label (or list of labels) for each text",
            found=f"{len(text_array):,} texts and {count:,} labels",
        )
    if not count:
        raise DataError("there are no texts", where=WHERE_TEXTS)
    rows = np.arange(1, count + 1)
    if indicators is not None:
        found = LabelSet(tuple(str(k) for k in range(indicators.shape[1])), several=True)
        if label_set is not None and label_set.names != found.names:
            if len(label_set) != len(found):
                raise DataError(
                    f"the array of labels must have {len(label_set)} columns",
                    found=indicators.shape,
                    where=WHERE_LABELS,
                )
            found = label_set
        return Corpus(text_array, indicators, found, rows)
    if odd:
        position, what = next(iter(odd.items()))
        raise DataError(f"a label {what}", where=f"{WHERE_LABELS}[{position}]")
    named = named_labels(
        [names],
        "label",
        WHERE_LABELS,
        delimiter=None,
        several=None if label_set is None else label_set.several,
        empty_allowed=True,
        lists_may_be_single=False,
    )
    if named.bad:
        position = min(named.bad)
        raise DataError(named.bad[position][0], where=f"{WHERE_LABELS}[{position}]")
    if label_set is not None and (unknown := unknown_labels(named, label_set)):
        position, name = next(iter(unknown.items()))
        raise DataError(
            "a label that the label set does not have",
            found=name,
            where=f"{WHERE_LABELS}[{position}]",
            hint=did_you_mean(name, label_set.names),
        )
    targets, found = targets_of(named, np.ones(count, bool), label_set, WHERE_LABELS)
    if label_set is None and len(found) < 2 and not found.several:
        raise DataError(
            "one class only, and a classifier needs two classes to tell apart",
            found=found.names[0],
            where=WHERE_LABELS,
        )
    return Corpus(text_array, targets, found, rows)


def _one_text(text: str) -> pa.LargeStringArray:
    """pa.array([text]) in half its time: prediction of one text is counted in microseconds."""
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise _surrogate(0) from None
    offsets = pa.py_buffer(struct.pack("=qq", 0, len(data)))
    return pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(data))


def _from_arrow(texts: pa.Array | pa.ChunkedArray) -> pa.LargeStringArray:
    kind = texts.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not any(
        getattr(pa.types, f"is_{s}")(kind) for s in ("string", "large_string", "string_view")
    ):
        raise DataError("texts must be strings", found=str(kind), where=WHERE_TEXTS)
    if texts.null_count:
        position = pc.index(texts.is_null(), True).as_py()
        raise DataError("a text is missing (null)", where=f"{WHERE_TEXTS}[{position}]")
    if isinstance(texts, pa.Array):
        texts = pa.chunked_array([texts])
    return one_chunk(texts.cast(LARGE_STRING))


def _checked(text: object, position: int) -> str:
    if isinstance(text, str):
        return str(text)
    what = "is missing" if is_missing(text) else f"is {kind_in_words(text)}, not a string"
    raise DataError(
        f"a text {what}",
        found=text,
        where=f"{WHERE_TEXTS}[{position}]",
        hint="leave such rows out, or turn them into strings",
    )


def _surrogate(position: int) -> DataError:
    return DataError(
        "a text holds a lone surrogate, which is no character and cannot be written as UTF-8",
        where=f"{WHERE_TEXTS}[{position}]",
        hint="text.encode('utf-8', 'replace').decode() puts a question mark in its place",
    )


def _indicators(labels: Any) -> np.ndarray | None:
    """(N, K) uint8 where the labels are an array of 0 and 1, else None."""
    if getattr(labels, "ndim", 1) != 2:
        return None
    array = np.asarray(labels.toarray() if hasattr(labels, "toarray") else labels)
    if not np.isin(array, (0, 1)).all():
        raise DataError(
            "an array of labels of two dimensions must hold 0 and 1",
            found=f"shape {array.shape}, dtype {array.dtype}",
            where=WHERE_LABELS,
            hint="one row for each text, one column for each label",
        )
    return array.astype(np.uint8)


def _as_list(labels: Any) -> Sequence[object]:
    if isinstance(labels, (str, bytes)):
        raise DataError("one label was given where a list of labels is wanted", found=labels[:60])
    if isinstance(labels, (pa.Array, pa.ChunkedArray)):
        return labels.to_pylist()
    if hasattr(labels, "to_list"):
        labels = labels.to_list()
    elif hasattr(labels, "tolist"):
        labels = labels.tolist()
    try:
        return labels if isinstance(labels, list) else list(labels)
    except TypeError:
        raise DataError(
            "labels must be a sequence, one for each text",
            found=labels,
            where=WHERE_LABELS,
        ) from None
