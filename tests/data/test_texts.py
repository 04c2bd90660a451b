"""Texts in memory: every usual container, and errors that name the position."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkind.data.texts import as_texts
from textkind.errors import DataError

TEXTS = ["one", "", "dreí 世界", "one"]


@pytest.mark.parametrize(
    "texts",
    [
        TEXTS,
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, object),
        pd.Series(TEXTS),
        pd.Series(TEXTS, dtype=object),
        pd.Series(TEXTS, index=["columns", "a", "b", "c"]),
        pl.Series(TEXTS),
        pl.Series(TEXTS, dtype=pl.Categorical),
        pa.array(TEXTS),
        pa.array(TEXTS).dictionary_encode(),
        pa.array(["before", *TEXTS], pa.large_string())[1:],
        pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
        (text for text in TEXTS),
    ],
    ids=lambda texts: f"{type(texts).__module__}.{type(texts).__name__}",
)
def test_every_container_of_strings_gives_the_same_texts(texts):
    array = as_texts(texts)
    assert array.to_pylist() == TEXTS
    assert array.type == pa.large_string()
    assert array.offset == 0
    assert array.null_count == 0


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_one_text_is_the_same_by_the_short_way_as_by_the_long_one(text):
    assert as_texts([text]).equals(as_texts([text, ""])[:1])
    assert as_texts([text]).to_pylist() == [text]


@pytest.mark.parametrize(
    ("texts", "place"),
    [
        (["a", None], "texts[1]"),
        (["a", 3, None], "texts[1]"),
        (["a", b"b"], "texts[1]"),
        (["a", float("nan")], "texts[1]"),
        (["a", "b\ud800"], "texts[1]"),
        (["\ud800"], "texts[0]"),
        ([None], "texts[0]"),
        (pa.array(["a", None]), "texts[1]"),
        (pd.Series(["a", None]), "texts[1]"),
        (pl.Series(["a", None]), "texts[1]"),
        ("a text", "one text"),
        (np.array([["a"], ["b"]]), "flat sequence"),
        (pd.DataFrame({"text": ["a"]}).to_numpy(), "flat sequence"),
        (pa.array([1]), "must be strings"),
        (7, "sequence of strings"),
    ],
)
def test_what_is_no_text_is_named_by_its_position(texts, place):
    with pytest.raises(DataError) as caught:
        as_texts(texts)
    assert place in str(caught.value)


@pytest.mark.parametrize(
    "table",
    [
        {"text": ["a"]},
        pd.DataFrame({"text": ["a"]}),
        pl.DataFrame({"text": ["a"]}),
        pl.LazyFrame({"text": ["a"]}),
        pa.table({"text": ["a"]}),
        pa.record_batch({"text": ["a"]}),
    ],
    ids=lambda table: f"{type(table).__module__}.{type(table).__name__}",
)
def test_of_a_table_a_column_has_to_be_chosen(table):
    with pytest.raises(DataError, match=r"hint: choose its column of texts, such as X\['text'\]"):
        as_texts(table)
