"""How answers move, counted by hand."""

import numpy as np
import pytest

from textkind.evaluation.flips import flip_figures


def test_flips_and_moves_of_one_label():
    before = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.5, 0.5]])
    after = np.array([[0.8, 0.2], [0.3, 0.7], [0.2, 0.8], [0.6, 0.4]])
    figures, flipped, moved = flip_figures(
        before, after, before.argmax(axis=1), after.argmax(axis=1)
    )
    assert (figures["rows"], figures["flips"]) == (4, 1)
    assert flipped.tolist() == [False, True, False, False]
    np.testing.assert_allclose(moved, [0.1, 0.3, 0, 0.1])
    assert figures["rate"]["value"] == 0.25
    assert figures["moved_mean"] == pytest.approx(0.125)
    assert figures["moved_most"] == pytest.approx(np.quantile(moved, 0.95))


def test_of_several_labels_the_set_flips_and_the_largest_move_counts():
    before, after = np.array([[0.9, 0.4], [0.9, 0.6]]), np.array([[0.8, 0.6], [0.9, 0.6]])
    figures, flipped, moved = flip_figures(
        before, after, (before > 0.5).astype(np.uint8), (after > 0.5).astype(np.uint8)
    )
    assert flipped.tolist() == [True, False]
    np.testing.assert_allclose(moved, [0.2, 0])
    assert figures["flips"] == 1


def test_no_changed_text_has_no_figure():
    none = np.empty((0, 2))
    figures, _, _ = flip_figures(none, none, *(np.empty(0, np.int64),) * 2)
    assert figures == {
        "rows": 0, "flips": 0, "rate": {"value": None, "low": None, "high": None},
        "moved_mean": None, "moved_most": None,
    }  # fmt: skip
