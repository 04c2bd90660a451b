"""Kept validation and test texts come back as they were, and nothing else is taken for them."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.labels import LabelSet
from textkind.errors import ModelFolderError, SettingsError
from textkind.storage.held_out import (
    HeldOutTexts,
    held_out_bytes,
    held_out_facts,
    read_held_out,
)

TEXTS = pa.array(["one", "", "über"], pa.large_string())
ONE = np.array([0, 1, 1], np.int32)
SEVERAL = np.array([[1, 0], [0, 0], [1, 1]], np.uint8)
SOURCES = pa.array(["a.csv", "a.csv", "b.csv"], pa.string())
TESTED = np.array([False, True, True])
LOGITS = np.array([[0.5, -2], [0, 0], [0, 0]], np.float16)
LABELS = LabelSet(("a", "b"))


def some(**changes):
    held = HeldOutTexts(TEXTS, ONE, np.array([2, 3, 5]), SOURCES, TESTED, LOGITS)
    return replace(held, **changes)


def write(folder, held, **more):
    data = held_out_bytes(held)
    facts = held_out_facts(held, {"validation": 9, "test": 20}, data) | more
    (folder / "held_out.arrow").write_bytes(data)
    (folder / "metrics.json").write_text(json.dumps({"held_out": facts}))
    return facts


@pytest.mark.parametrize("targets", [ONE, SEVERAL])
def test_held_out_texts_come_back_as_they_were(tmp_path, targets):
    facts = write(tmp_path, some(targets=targets))
    assert (facts["validation"], facts["test"], facts["of"]["test"]) == (1, 2, 20)
    found = read_held_out(tmp_path, LabelSet(LABELS.names, targets.ndim == 2))
    assert found.texts.equals(TEXTS)
    assert found.sources.equals(SOURCES)
    np.testing.assert_array_equal(found.targets, targets)
    np.testing.assert_array_equal(found.rows, [2, 3, 5])
    np.testing.assert_array_equal(found.tested, TESTED)
    np.testing.assert_array_equal(found.logits, LOGITS)


@pytest.mark.parametrize("metrics", [None, {}, {"held_out": None}])
def test_where_none_are_kept_it_says_so(tmp_path, metrics):
    if metrics is not None:
        (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(SettingsError, match="this run keeps no validation or test texts"):
        read_held_out(tmp_path, LABELS)


@pytest.mark.parametrize(
    ("held", "more", "words"),
    [
        (some(targets=ONE + 1), {}, "a target is none of the labels"),
        (some(logits=LOGITS.astype(np.float32)), {}, "a logit is no number"),
        (some(logits=LOGITS * np.float16(np.nan)), {}, "a logit is no number"),
        (some(logits=LOGITS[:, :1]), {}, "reshape"),
        (some(tested=ONE), {}, "tested is not true or false"),
        (some(), {"test": 1}, "not as many texts as were written"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_though_its_checksum_fits(
    tmp_path, held, more, words
):
    write(tmp_path, held, **more)
    with pytest.raises(ModelFolderError, match="the kept texts make no sense") as caught:
        read_held_out(tmp_path, LABELS)
    assert words in str(caught.value)


def test_an_altered_file_is_refused(tmp_path):
    write(tmp_path, some())
    path = tmp_path / "held_out.arrow"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelFolderError, match="its checksum differs"):
        read_held_out(tmp_path, LABELS)
