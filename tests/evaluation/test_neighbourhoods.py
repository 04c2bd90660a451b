"""Neighbours of one label and of others, counted by hand and by loops."""

import numpy as np
import pytest

from textkind.evaluation.neighbourhoods import kept_share, neighbourhood_figures

NAMES = [["a"], ["b"], ["c"]]


def test_shares_by_hand():
    near = np.array([[1, 2], [0, 2], [0, 3], [2, 1]])
    found = neighbourhood_figures(near, np.array([0, 0, 1, 1]), NAMES)
    assert found["neighbours"] == 2
    assert found["same_label"] == 4 / 8
    assert found["by_chance"] == pytest.approx(1 / 3)
    assert found["classes"] == 2
    assert found["labels"] == [
        {"labels": ["a"], "texts": 2, "same_label": 2 / 4},
        {"labels": ["b"], "texts": 2, "same_label": 2 / 4},
    ]
    assert found["overlaps"] == [{"labels": [["a"], ["b"]], "share": 4 / 8}]


def test_shares_are_those_of_loops():
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, 50)
    near = np.array([rng.permutation(np.delete(np.arange(50), row))[:4] for row in range(50)])
    found = neighbourhood_figures(near, classes, NAMES)
    pairs = [(classes[row], classes[other]) for row in range(50) for other in near[row]]
    assert found["same_label"] == pytest.approx(np.mean([one == other for one, other in pairs]))
    everyone = [(one, other) for row, one in enumerate(classes)
                for other in np.delete(classes, row)]  # fmt: skip
    assert found["by_chance"] == pytest.approx(np.mean([one == other for one, other in everyone]))
    for told in found["overlaps"]:
        one, other = ([*"abc"].index(labels[0]) for labels in told["labels"])
        of_either = [pair for pair in pairs if pair[0] in (one, other)]
        mixed = [pair for pair in of_either if set(pair) == {one, other}]
        assert told["share"] == pytest.approx(len(mixed) / len(of_either))
    assert len(found["overlaps"]) == 3


def test_without_neighbours_nothing_is_told():
    for number in (0, 1):
        found = neighbourhood_figures(
            np.empty((number, 0), np.int64), np.zeros(number, np.int64), NAMES
        )
        assert found["same_label"] is found["by_chance"] is None
        assert found["overlaps"] == []
        assert len(found["labels"]) == number
    assert kept_share(np.empty((3, 0), np.int64), np.empty((3, 0), np.int64)) is None


def test_one_label_is_all_alike():
    near = np.array([[1], [2], [0]])
    found = neighbourhood_figures(near, np.zeros(3, np.int64), NAMES[:1])
    assert found["same_label"] == found["by_chance"] == 1
    assert found["overlaps"] == []


def test_what_a_picture_keeps_is_a_share_of_the_nearest():
    near = np.array([[1, 2], [0, 2], [3, 0]])
    assert kept_share(near, np.array([[2, 1], [3, 2], [1, 2]])) == 3 / 6
