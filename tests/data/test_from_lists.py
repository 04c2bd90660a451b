"""Texts and labels in memory: every usual container, and errors that name the position."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkind.data.from_lists import as_texts, corpus_from_lists
from textkind.data.labels import LabelSet
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
        (pd.DataFrame({"text": ["a"]}), "flat|strings|position|text"),
        (pa.array([1]), "must be strings"),
        (7, "sequence of strings"),
    ],
)
def test_what_is_no_text_is_named_by_its_position(texts, place):
    if isinstance(texts, pd.DataFrame):
        texts = texts.to_numpy()
        place = "flat sequence"
    with pytest.raises(DataError) as caught:
        as_texts(texts)
    assert place in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "names", "targets"),
    [
        (["b", "a", "b"], ("a", "b"), [1, 0, 1]),
        (np.array(["b", "a", "b"]), ("a", "b"), [1, 0, 1]),
        (pd.Series(["b", "a", "b"], dtype="category"), ("a", "b"), [1, 0, 1]),
        (pl.Series(["b", "a", "b"]), ("a", "b"), [1, 0, 1]),
        (pa.array(["b", "a", "b"]), ("a", "b"), [1, 0, 1]),
        ([2, 1, 2], ("1", "2"), [1, 0, 1]),
        (np.array([2.0, 1.0, 2.0]), ("1", "2"), [1, 0, 1]),
        ([["b"], [], ["a", "b"]], ("a", "b"), [[0, 1], [0, 0], [1, 1]]),
        ([("b",), (), {"a", "b"}], ("a", "b"), [[0, 1], [0, 0], [1, 1]]),
        (np.array([[0, 1], [0, 0], [1, 1]]), ("0", "1"), [[0, 1], [0, 0], [1, 1]]),
    ],
)
def test_labels_of_every_kind_become_targets(labels, names, targets):
    corpus = corpus_from_lists(["x", "y", "z"], labels)
    assert corpus.labels == LabelSet(names, several=np.ndim(targets) == 2)
    assert corpus.targets.tolist() == targets
    assert corpus.rows.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "b"], "2 labels"),
        (["a", None, "b"], "labels[1]"),
        (["a", {}, "b"], "labels[1]"),
        (["a", "a", "a"], "one class only"),
        (np.array([[0, 2], [0, 0], [1, 1]]), "must hold 0 and 1"),
        ("abc", "one label was given"),
        (7, "must be a sequence"),
    ],
)
def test_labels_that_cannot_be_used_are_our_error(labels, message):
    with pytest.raises(DataError) as caught:
        corpus_from_lists(["x", "y", "z"], labels)
    assert message in str(caught.value)


def test_a_label_set_given_is_kept():
    labels = LabelSet(("a", "b", "c"))
    assert corpus_from_lists(["x"], ["b"], label_set=labels).targets.tolist() == [1]
    with pytest.raises(DataError, match="did you mean"):
        corpus_from_lists(["x"], ["B"], label_set=labels)
