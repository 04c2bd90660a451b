"""Python values to Arrow arrays: texts, labels and the columns that are only carried along.

What is of the wrong kind becomes null and is told by its index, so that the row can be rejected
with a reason rather than the whole file refused.
"""

import json
import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

LARGE_STRING = pa.large_string()
STRING_LIST = pa.large_list(pa.large_string())


def text_array(values: Sequence[object]) -> tuple[pa.LargeStringArray, dict[int, str]]:
    """Strings as an array; null for None, NaN and, told, for all that is not a string."""
    try:
        if set(map(type, values)) <= {str, type(None)}:
            return pa.array(values, LARGE_STRING), {}
    except UnicodeEncodeError:
        pass
    odd: dict[int, str] = {}
    kept: list[str | None] = []
    for index, value in enumerate(values):
        text = None
        if isinstance(value, str):
            if is_encodable(value):
                text = str(value)
            else:
                odd[index] = "holds a lone surrogate, which is no character"
        elif not is_missing(value):
            odd[index] = f"is {kind_in_words(value)}, not a string"
        kept.append(text)
    return pa.array(kept, LARGE_STRING), odd


def label_array(values: Sequence[object]) -> tuple[pa.Array, dict[int, str]]:
    """Label names as strings or, where any value is a list, as lists of strings."""
    odd: dict[int, str] = {}
    names: list[str | list[str] | None] = []
    for index, value in enumerate(values):
        try:
            names.append(_names_of(value))
        except ValueError as error:
            names.append(None)
            odd[index] = str(error)
    if any(isinstance(name, list) for name in names):
        lists = [[name] if isinstance(name, str) else name for name in names]
        return pa.array(lists, STRING_LIST), odd
    return pa.array(names, LARGE_STRING), odd


def _names_of(value: object) -> str | list[str] | None:
    if isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
        members = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        names = [label_name(member) for member in members]
        if any(name is None for name in names):
            raise ValueError("holds a missing label in its list")
        return [name for name in names if name is not None]
    return label_name(value)


def label_name(value: object) -> str | None:
    """The name of a label given as a string or number; ValueError where it is neither."""
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        if not is_encodable(value):
            raise ValueError("holds a lone surrogate, which is no character")
        return str(value)
    raise ValueError(f"is {kind_in_words(value)}, not a name")


def carried_array(values: Sequence[object]) -> pa.Array:
    """Any values, as Arrow sees them; as strings of JSON where they have no common type."""
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return pa.array([None if is_missing(v) else in_json(v) for v in values], LARGE_STRING)
    return array.cast(LARGE_STRING) if pa.types.is_string(array.type) else array


def in_json(value: object) -> str:
    """A string as it is, anything else as JSON; lone surrogates are written as escapes."""
    if isinstance(value, str) and is_encodable(value):
        return value
    return json.dumps(value, default=str)


def is_missing(value: object) -> bool:
    """None, NaN, and the missing values of pandas."""
    if value is None:
        return True
    if isinstance(value, (float, np.floating)):
        return math.isnan(value)
    return type(value).__name__ in ("NAType", "NaTType")


def is_encodable(text: str) -> bool:
    """Whether a string can be written as UTF-8, which lone surrogates cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def kind_in_words(value: object) -> str:
    """What a value is, for a user."""
    if isinstance(value, (bool, np.bool_)):
        return "true or false"
    if isinstance(value, (int, float, np.number)):
        return "a number"
    if isinstance(value, (bytes, bytearray)):
        return "bytes"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, (list, tuple, np.ndarray)):
        return "a list"
    return f"of type {type(value).__name__}"
