"""What validation showed: by definition, alone as in a batch, through a folder and back."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import kstest

from textkind.decision.decision import Decision
from textkind.decision.evidence import (
    answers,
    evidence_arrays,
    evidence_from_arrays,
    evidence_of,
    standing_of,
    text_shares,
)
from textkind.errors import ModelFolderError


def texts_of(number):
    return pa.array([f"text number {row}" for row in range(number)], pa.large_string())


def drawn(several=False):
    """Evidence of 30 rows and 4 labels."""
    random = np.random.default_rng(0)
    given = random.dirichlet(np.ones(4), 30).astype(np.float32)
    targets = random.integers(0, 2, (30, 4)) if several else random.integers(0, 4, 30)
    return evidence_of(Decision(several), given, targets, texts_of(30)), given, targets


def test_labels_stand_where_sorting_puts_them():
    given = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]], np.float32)
    standing = standing_of(given)
    np.testing.assert_array_equal(standing.own, given)
    np.testing.assert_array_equal(standing.rank, [[3, 1, 2], [1, 3, 2]])
    np.testing.assert_allclose(standing.above, [[0.8, 0, 0.5], [0, 0.8, 0.4]], rtol=1e-6)


def test_evidence_is_of_the_true_labels():
    found, given, targets = drawn()
    np.testing.assert_array_equal(found.correct, given.argmax(axis=1) == targets)
    np.testing.assert_array_equal(found.confidence, given.max(axis=1))
    np.testing.assert_array_equal(found.standing.own, given[np.arange(30), targets])
    np.testing.assert_array_equal(found.correct, found.standing.rank == 1)
    found, given, targets = drawn(several=True)
    np.testing.assert_array_equal(found.correct, ((given >= 0.5) == targets).all(axis=1))
    assert len(found.rows) == targets.sum()
    np.testing.assert_array_equal(found.standing.own, given[found.rows, found.targets])


def test_confidence_in_several_labels_is_the_product_of_each():
    confidence, _ = answers(Decision(True), np.array([[0.9, 0.2], [0.0, 1.0]], np.float32))
    np.testing.assert_allclose(confidence, [0.9 * 0.8, 1.0], rtol=1e-6)


def test_a_share_is_of_its_text_alone_and_as_good_as_random():
    texts = texts_of(5000)
    shares = text_shares(texts)
    np.testing.assert_array_equal(text_shares(texts.slice(7, 3)), shares[7:10])
    assert kstest(shares, "uniform").pvalue > 0.01
    assert shares.min() >= 0
    assert shares.max() < 1


@pytest.mark.parametrize("several", [False, True])
def test_evidence_comes_back_as_it_was_saved(several):
    found, _, _ = drawn(several)
    saved = evidence_arrays(found)
    again = evidence_arrays(evidence_from_arrays(saved, several, 4))
    assert {name: array.tobytes() for name, array in saved.items()} == {
        name: array.tobytes() for name, array in again.items()
    }
    assert evidence_from_arrays(evidence_arrays(None), several, 4) is None


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("own", lambda array: array.astype(np.float64), "its arrays are not"),
        ("own", lambda array: array + 2, "own"),
        ("confidence", lambda array: array[:-1], "the shape of"),
        ("rank", lambda array: array * 0, "rank"),
        ("rows", lambda array: array[::-1].copy(), "rows in disorder"),
        ("rows", lambda array: array + 1, "rows"),
        ("targets", lambda array: array + 4, "targets"),
        ("correct", lambda array: array + 2, "correct"),
        ("above", lambda array: array[:, None], "the shape of above"),
    ],
)
def test_damaged_evidence_is_refused(name, change, problem):
    saved = evidence_arrays(drawn()[0])
    saved[name] = change(saved[name])
    with pytest.raises(ModelFolderError, match=f"what validation showed is damaged: {problem}"):
        evidence_from_arrays(saved, False, 4)


def test_a_row_without_its_label_is_refused():
    saved = evidence_arrays(drawn(several=True)[0])
    with pytest.raises(ModelFolderError, match="a row without its label"):
        evidence_from_arrays(saved, False, 4)
