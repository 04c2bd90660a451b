"""Labels as Python users hold them: what is taken, and that all else is our error."""

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from textkind.data.typed_labels import as_targets
from textkind.errors import DataError


@pytest.mark.parametrize(
    "y",
    [
        ["b", "a", "b"],
        ("b", "a", "b"),
        np.array(["b", "a", "b"]),
        np.array(["b", "a", "b"], object),
        pl.Series(["b", "a", "b"]),
        pa.array(["b", "a", "b"]),
    ],
    ids=lambda y: type(y).__name__,
)
def test_names_become_sorted_classes_and_ids(y):
    classes, ids, several = as_targets(y)
    assert (classes.tolist(), ids.tolist(), several) == (["a", "b"], [1, 0, 1], False)


def test_numbers_keep_their_type_and_order():
    classes, ids, _ = as_targets([10, 2, 10])
    assert classes.tolist() == [2, 10]
    assert ids.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "y",
    [
        pl.Series(["a", None]),
        pa.array(["a", None]),
        [["a"], None],
        {"a": 1, "b": 2},
        [b"a", b"b"],
        [float("inf"), 1.0],
        ["a", 1],
        ["a", None],
        ["a", "a"],
        7,
        "ab",
    ],
    ids=lambda y: f"{type(y).__name__} {y}" if isinstance(y, list | dict) else type(y).__name__,
)
def test_what_cannot_be_labels_is_our_error(y):
    with pytest.raises(DataError):
        as_targets(y)
