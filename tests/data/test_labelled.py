"""Labels that look like several in one get a hint, others do not."""

import pytest

from textkind.data.labelled import likely_delimiter
from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings


@pytest.mark.parametrize(
    ("names", "delimiter"),
    [
        (["billing", "login", "billing;login"], ";"),
        (["a | b", "b | c", "c | a"], "|"),
        (["a,b", "b", "a", "c, d"], None),  # half of the combined ones: not most
        (["a,b", "b", "a", "c"], ","),
        (["arts, crafts and sewing", "toys, games"], None),
        (["plain", "labels"], None),
        (["a;", "a"], None),
        ([";", "a"], None),
    ],
)
def test_combined_labels_are_seen_by_their_parts(names, delimiter):
    assert likely_delimiter(names) == delimiter


def test_the_hint_is_told_unless_the_user_has_decided():
    source = {"text": ["a", "b", "c"] * 2, "label": ["x", "y", "x;y"] * 2}
    told = [note for note in read_corpus(source, ReadSettings()).notes if "delimiter" in note]
    assert len(told) == 1
    assert "--label-delimiter ';'" in told[0]
    for decided in (ReadSettings(several=False), ReadSettings(label_delimiter=";")):
        assert not [n for n in read_corpus(source, decided).notes if "delimiter" in n]
