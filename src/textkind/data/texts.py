"""Texts held in memory, as the Python API gets them, as one Arrow array."""

import struct
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.joined import one_chunk
from textkind.data.values import LARGE_STRING, is_encodable, is_missing, kind_in_words
from textkind.errors import DataError

WHERE = "texts"


def as_texts(texts: Any) -> pa.LargeStringArray:
    """Texts as one Arrow array of N, no nulls, offset 0.

    texts is a sequence of str, an Arrow, NumPy or polars array of strings, or a pandas series.
    Raises DataError for a table, and naming the position (from 0) of what is no valid string.
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
    # Iterated, a table gives the names of its columns. The type is asked, not the object: a pandas
    # series answers to the names in its index, and a lazy frame works to find its columns.
    if hasattr(type(texts), "columns") or isinstance(texts, Mapping):
        raise DataError(
            "a table was given where a list of texts is wanted",
            hint="choose its column of texts, such as X['text']",
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
        raise DataError("texts must be strings", found=str(kind), where=WHERE)
    if texts.null_count:
        position = pc.index(texts.is_null(), True).as_py()
        raise DataError("a text is missing (null)", where=f"{WHERE}[{position}]")
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
        where=f"{WHERE}[{position}]",
        hint="leave such rows out, or turn them into strings",
    )


def _surrogate(position: int) -> DataError:
    return DataError(
        "a text holds a lone surrogate, which is no character and cannot be written as UTF-8",
        where=f"{WHERE}[{position}]",
        hint="text.encode('utf-8', 'replace').decode() puts a question mark in its place",
    )
