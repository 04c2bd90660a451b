"""Which rows make a slice: lengths, scripts, numbers of labels, columns of every type."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.data.settings import ReadSettings
from textkind.errors import ColumnError
from textkind.workflow.evaluate import EvaluateSettings, evaluate
from textkind.workflow.slices import (
    AUTOMATIC,
    MISSING,
    MOST_VALUES,
    OTHERS,
    asked_slices,
    column_slices,
)


def corpus_of(texts, targets=None):
    several = targets is not None
    targets = np.array(targets, np.uint8) if several else np.zeros(len(texts), np.int32)
    labels = LabelSet(("a", "b", "c"), several)
    return Corpus(pa.array(texts, pa.large_string()), targets, labels, np.arange(len(texts)))


def sizes(slices):
    return {one.value: int(one.rows.sum()) for one in slices}


def column(values, kind=None):
    return pa.chunked_array([pa.array(values, kind)])


def test_lengths_are_quarters_of_the_texts():
    found = AUTOMATIC["length"](corpus_of(["word " * count for count in range(1, 101)]))
    assert sizes(found) == {
        "1 to 25 words": 25,
        "26 to 50 words": 25,
        "51 to 75 words": 25,
        "76 to 100 words": 25,
    }
    assert np.sum([one.rows for one in found], axis=0).tolist() == [1] * 100


def test_texts_of_one_length_are_one_slice():
    assert sizes(AUTOMATIC["length"](corpus_of(["one word"] * 5))) == {"2 words": 5}


def test_languages_are_told_by_function_words_where_a_second_one_is_common():
    english, german = "the price of it was not what we had", "der preis war nicht das was wir sind"
    found = AUTOMATIC["language"](corpus_of([english] * 40 + [german] * 25 + ["ok"] * 3))
    assert sizes(found) == {"English": 40, "German": 25, MISSING: 3}
    assert AUTOMATIC["language"](corpus_of([english] * 40 + [german] * 2)) == []
    assert AUTOMATIC["language"](corpus_of(["ok"] * 40)) == []


def test_scripts_are_told_by_most_letters():
    texts = [
        "plain",
        "caf\u00e9 cr\u00e8me",
        "\u043f\u0440\u0438\u0432\u0435\u0442 ok",
        "\u6700\u521d\u306e\u6ce8\u6587",
        "42!",
        "\U0001f600",
        "\u05e9\u05dc\u05d5\u05dd",
    ]
    found = AUTOMATIC["script"](corpus_of(texts))
    expected = {"Latin": 2, "no letters": 2, "Cyrillic": 1, "Han": 1, "Hebrew": 1}
    assert sizes(found) == expected


def test_numbers_of_labels_are_slices_where_texts_have_several():
    found = AUTOMATIC["labels"](corpus_of(["x"] * 3, [[1, 1, 0], [0, 0, 0], [1, 0, 1]]))
    assert sizes(found) == {"2": 2, "0": 1}
    assert AUTOMATIC["labels"](corpus_of(["x"])) == []


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["b", "a", "b", " b ", "", None], None, {"b": 3, "a": 1, MISSING: 2}),
        ([True, False, True], None, {"true": 2, "false": 1}),
        ([3, 1, 3, None], None, {"3": 2, "1": 1, MISSING: 1}),
        (["7", "8", "7"], None, {"7": 2, "8": 1}),
        (list(range(40)), None, {"0 to 9": 10, "10 to 19": 10, "20 to 29": 10, "30 to 39": 10}),
        ([*map(str, range(40)), ""], None,
         {"0 to 9": 10, "10 to 19": 10, "20 to 29": 10, "30 to 39": 10, MISSING: 1}),
        ([dt.date(2024, 1, day) for day in range(1, 9)], None,
         {"2024-01-01 to 2024-01-02": 2, "2024-01-03 to 2024-01-04": 2,
          "2024-01-05 to 2024-01-06": 2, "2024-01-07 to 2024-01-08": 2}),
        (["x", "y", "x"], pa.dictionary(pa.int8(), pa.string()), {"x": 2, "y": 1}),
        ([["a"], ["b"]], None, {}),
        ([b"\xff", b"\xfe"], None, {}),
        ([float("inf"), 1.0], None, {"inf": 1, "1": 1}),
        ([None, None], pa.string(), {MISSING: 2}),
    ],
)  # fmt: skip
def test_columns_of_every_type_make_their_slices(values, kind, expected):
    assert sizes(column_slices("c", column(values, kind))) == expected


def test_rare_values_of_many_are_one_slice():
    values = [f"v{n}" for n in range(100) for _ in range(2 + (n < 5))]
    found = sizes(column_slices("c", column(values)))
    assert len(found) == MOST_VALUES
    assert found["v0"] == 3
    assert found[OTHERS] == len(values) - sum(n for v, n in found.items() if v != OTHERS)


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(0)
    label = random.choice(["billing", "delivery", "login"], 120).tolist()
    words = {"billing": "refund invoice", "delivery": "parcel courier", "login": "password code"}
    hard = np.arange(120) % 3 == 0
    texts = [
        f"{'something else' if h else words[one]} {n}"
        for n, (one, h) in enumerate(zip(label, hard, strict=True))
    ]
    return pa.table(
        {
            "text": texts,
            "label": label,
            "source": ["phone" if h else "mail" for h in hard],
            "number": [f"n{n}" for n in range(120)],
            "constant": ["x"] * 120,
        }
    )


def test_a_slice_that_does_worse_comes_first_and_columns_of_few_values_come_unasked(run, frame):
    told = evaluate(run.folder, frame).slices
    assert (told["found"][0]["column"], told["found"][0]["value"]) == ("source", "phone")
    assert told["found"][0]["difference"]["p_holm"] < 0.01
    columns = {one["column"] for one in told["found"]}
    assert columns == {"source"}  # one length, one script, no repeated number, a constant


def test_any_column_can_be_asked_for_the_label_too(run, frame):
    told = evaluate(run.folder, frame, EvaluateSettings(slices=("label", "source"))).slices
    names = [(one["column"], one["value"]) for one in told["found"]]
    assert ("label", "billing") in names
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sorce", "did you mean 'source'?"),
        ("number", "makes no slice"),
        ("constant", "makes no slice"),
    ],
)
def test_a_column_that_cannot_be_sliced_by_is_an_error(run, frame, name, words):
    with pytest.raises(ColumnError, match=words):
        evaluate(run.folder, frame, EvaluateSettings(slices=(name,)))


def test_an_automatic_slice_can_be_asked_for_by_name_unless_a_column_has_it():
    corpus = corpus_of(["a", "b c"] * 20)
    assert sizes(asked_slices("length", corpus, {})) == {"1 words": 20, "2 words": 20}
    own = {"length": column(["long", "short"] * 20)}
    assert sizes(asked_slices("length", corpus, own)) == {"long": 20, "short": 20}


def test_a_run_slices_its_test_rows_by_the_columns_beside_them(tmp_path, frame):
    from textkind.models.settings import LinearSettings
    from textkind.workflow.train import TrainSettings, train

    both = pa.concat_tables([frame, frame.slice(0, 60)])
    settings = TrainSettings(
        out=tmp_path / "run",
        reading=ReadSettings(label="label"),
        model=LinearSettings(features="words", strength=1.0, naive_bayes=False),
    )
    metrics = train(both, settings).metrics
    rows = {
        one["value"]: one["rows"] for one in metrics["slices"]["found"] if one["column"] == "source"
    }
    assert sum(rows.values()) == metrics["test"]["rows"]
    assert "By slices of the texts" in (tmp_path / "run" / "report.html").read_text()
