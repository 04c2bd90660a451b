"""Kept training texts come back as they were, and nothing else is taken for them."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.labels import LabelSet
from textkind.data.sampling import Sample
from textkind.errors import ModelFolderError, SettingsError
from textkind.storage.kept_texts import KeptTexts, kept_bytes, kept_facts, read_kept

TEXTS = pa.array(["one", "", "über\n\U0001f600", "x" * 5000], pa.large_string())
ONE = np.array([0, 2, 1, 0], np.int32)
SEVERAL = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1]], np.uint8)
VECTORS = np.array([[1, 0], [0, 0], [0.6, 0.8], [0, 1]], np.float16)
ROWS = np.array([2, 3, 5, 9])
SOURCES = pa.array(["a.csv", "a.csv", "b.csv", "standard input"], pa.string())
LABELS = LabelSet(("a", "b", "c"))


def some(**changes):
    """Four kept texts with one label each."""
    sample = Sample(np.array([2, 1, 1, 0]), 1.5)
    return replace(KeptTexts(TEXTS, ONE, ROWS, SOURCES, None, 4, sample), **changes)


def write(folder, kept, **more):
    data = kept_bytes(kept)
    facts = kept_facts(kept, data) | more
    (folder / "kept.arrow").write_bytes(data)
    (folder / "metrics.json").write_text(json.dumps({"kept": facts}))
    return facts


@pytest.mark.parametrize("vectors", [None, VECTORS])
@pytest.mark.parametrize("targets", [ONE, SEVERAL])
def test_kept_texts_come_back_as_they_were(tmp_path, targets, vectors):
    facts = write(tmp_path, some(targets=targets, vectors=vectors, total=17))
    found = read_kept(tmp_path, LabelSet(LABELS.names, targets.ndim == 2))
    assert found.texts.equals(TEXTS)
    np.testing.assert_array_equal(found.targets, targets)
    np.testing.assert_array_equal(found.rows, ROWS)
    assert found.total == facts["of"] == 17
    assert found.sources.equals(SOURCES)
    assert (found.sample.counts.tolist(), found.sample.level) == ([2, 1, 1, 0], 1.5)
    assert (found.vectors is None) == (vectors is None)
    if vectors is not None:
        np.testing.assert_array_equal(found.vectors, vectors)
        assert found.vectors.dtype == np.float16
        assert facts["width"] == 2


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        (None, "a model folder by itself holds no training texts"),
        ({"kept": None}, "this run keeps no training texts"),
        ({}, "this run keeps no training texts"),
    ],
)
def test_where_no_texts_are_kept_it_says_what_to_do(tmp_path, metrics, words):
    if metrics is not None:
        (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(SettingsError, match=words) as caught:
        read_kept(tmp_path, LABELS)
    assert "--from FILE" in caught.value.hint


def test_an_altered_or_missing_file_is_refused(tmp_path):
    write(tmp_path, some())
    path = tmp_path / "kept.arrow"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelFolderError, match="its checksum differs"):
        read_kept(tmp_path, LABELS)
    path.unlink()
    with pytest.raises(ModelFolderError, match="cannot be read"):
        read_kept(tmp_path, LABELS)


NAN = np.full((4, 2), np.nan, np.float16)


@pytest.mark.parametrize(
    ("kept", "more", "words"),
    [
        (some(targets=ONE + 1), {}, "a target is none of the labels"),
        (some(targets=ONE.astype(np.int64)), {}, "targets is int64, not int32"),
        (some(rows=ROWS.astype(np.int32)), {}, "row is int32, not int64"),
        (some(vectors=NAN), {}, "a vector is no vector"),
        (some(vectors=VECTORS), {"width": 3}, "reshape"),
        (some(), {"width": 2}, "vector"),
        (some(), {"texts": 3}, "4 texts, not 3"),
        (some(), {"counts": [2, 1, 1]}, "its counts are not those of the labels"),
        (some(), {"counts": [2, 1, 1, 0.5]}, "its counts are not those of the labels"),
        (some(sources=SOURCES.cast("large_string")), {}, "source is large_string, not string"),
        (some(texts=TEXTS.cast("string")), {}, "text is string, not large"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_though_its_checksum_fits(
    tmp_path, kept, more, words
):
    write(tmp_path, kept, **more)
    with pytest.raises(ModelFolderError, match="the kept texts make no sense") as caught:
        read_kept(tmp_path, LABELS)
    assert words in str(caught.value)


def test_missing_values_and_another_format_are_refused(tmp_path):
    missing = pa.array(["one", None, "two", "three"], pa.large_string())
    write(tmp_path, some(texts=missing))
    with pytest.raises(ModelFolderError, match="a value is missing"):
        read_kept(tmp_path, LABELS)
    (tmp_path / "kept.arrow").write_bytes(b"text")
    digest = "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1"  # of "text"
    facts = {"texts": 4, "of": 4, "width": None, "level": None, "counts": [], "sha256": digest}
    (tmp_path / "metrics.json").write_text(json.dumps({"kept": facts}))
    with pytest.raises(ModelFolderError, match="make no sense"):
        read_kept(tmp_path, LABELS)
