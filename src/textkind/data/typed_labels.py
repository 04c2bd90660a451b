"""Labels of any type, as the Python API gets them, to classes in their own type and targets.

scikit-learn's convention: classes come sorted by value (2 before 10) and keep their type.
Everything is checked here, once, so that what comes after can trust it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from textkind.data.labels import LabelSet
from textkind.data.values import is_missing, label_name
from textkind.errors import DataError, did_you_mean

KINDS: dict[str, tuple[type, ...]] = {
    "strings": (str,),
    "true or false": (bool, np.bool_),
    "numbers": (int, float, np.number),
}


def as_targets(y: Any) -> tuple[np.ndarray, np.ndarray, bool]:
    """Labels of any type as (K,) sorted classes, int32 ids or a uint8 matrix, and which it is.

    DataError where they cannot be that.
    """
    for name in ("to_pylist", "to_list"):  # Arrow and polars
        if not hasattr(y, "tolist") and hasattr(y, name):
            y = getattr(y, name)()
    try:
        return _targets(y)
    except DataError:
        raise
    except (TypeError, ValueError, KeyError) as error:
        raise DataError(
            f"these labels cannot be learned: {error}",
            hint="y holds a label for each text: names, numbers, or lists of names",
        ) from error


def _targets(y: Any) -> tuple[np.ndarray, np.ndarray, bool]:
    if are_lists(y):
        names = [sorted(set(row)) for row in y]
        flat = [name for row in names for name in row]
        if not all(isinstance(name, str) for name in flat):
            raise DataError(
                "lists of labels must hold strings",
                hint="or give a matrix of 0 and 1 as y",
            )
        classes = np.unique(flat)
        return _checked(classes, True), indicators(names, classes), True
    from sklearn.utils import column_or_1d
    from sklearn.utils.multiclass import type_of_target

    if type(y) is list and set(map(type, y)) == {str}:
        return _named(y)
    _check_types(y)
    y = np.asarray(y)
    kind = type_of_target(y, input_name="y", raise_unknown=False)
    if kind == "multilabel-indicator":
        if not np.isin(y, (0, 1)).all():
            raise DataError("a matrix of labels must hold 0 and 1", found=f"shape {y.shape}")
        return _checked(np.arange(y.shape[1]), True), y.astype(np.uint8), True
    if kind not in ("binary", "multiclass") and not (kind == "unknown" and y.ndim == 1):
        raise DataError(
            f"Unknown label type: {kind}",
            hint="y holds a label for each text: names or numbers",
        )
    y = column_or_1d(y, warn=True)
    classes, ids = np.unique(y, return_inverse=True)
    return _checked(classes, False), ids.astype(np.int32), False


def _named(names: list[str]) -> tuple[np.ndarray, np.ndarray, bool]:
    """Classes and ids of a list of strings; NumPy would give every name the room of the longest."""
    classes = sorted(set(names))
    ids_of = {name: place for place, name in enumerate(classes)}
    ids = np.fromiter(map(ids_of.__getitem__, names), np.int32, len(names))
    return _checked(np.array(classes), False), ids, False


def _check_types(y: Any) -> None:
    """DataError for a missing label or labels of several types, before NumPy makes them one."""
    values = y.tolist() if hasattr(y, "tolist") else y
    if not isinstance(values, list | tuple) or getattr(y, "ndim", 1) != 1:
        return
    for index, value in enumerate(values):
        if is_missing(value):
            raise DataError(f"a label is missing or NaN: number {index}")
        if isinstance(value, float) and np.isinf(value):
            raise DataError(f"a label is infinity: number {index}")
    kinds = {_kind(value) for value in values}
    if len(kinds) > 1:
        raise DataError(
            "labels must be of one type", found=sorted(kinds), hint="turn them all into strings"
        )


def _kind(value: object) -> str:
    for kind, types in KINDS.items():
        if isinstance(value, types):
            return kind
    return "others"


def _checked(classes: np.ndarray, several: bool) -> np.ndarray:
    if len(classes) < (1 if several else 2):
        raise DataError(
            f"a classifier needs at least two classes; y has {len(classes)} class",
            hint="is it the right column?",
        )
    return classes


def label_set(classes: np.ndarray, several: bool) -> LabelSet:
    """The classes as names, in their order."""
    names = tuple(label_name(label) for label in classes.tolist())
    return LabelSet(tuple(name for name in names if name is not None), several)


def are_lists(y: Any) -> bool:
    """Whether y is a sequence of lists of names rather than a matrix or a column."""
    if getattr(y, "ndim", 1) != 1 or not hasattr(y, "__len__") or len(y) == 0:
        return False
    first = y.iloc[0] if hasattr(y, "iloc") else y[0]
    if not isinstance(first, list | tuple | set | frozenset | np.ndarray):
        return False
    flat = [name for row in y for name in row]
    return not flat or any(isinstance(name, str) for name in flat)


def indicators(names: Sequence[Sequence[str]], classes: np.ndarray) -> np.ndarray:
    """(N, K) uint8 matrix of lists of names."""
    place = {name: index for index, name in enumerate(classes.tolist())}
    matrix = np.zeros((len(names), len(classes)), np.uint8)
    for row, given in enumerate(names):
        for name in given:
            if name not in place:
                raise DataError(
                    "an unknown label",
                    found=name,
                    hint=did_you_mean(name, classes.tolist()),
                )
            matrix[row, place[name]] = 1
    return matrix
