"""A teacher's probabilities beside labels: shares, temperature, taking rows."""

import numpy as np
import pytest
from scipy.special import expit, logit, softmax

from textkind.data.soft import SoftTargets, indicators, mixed, softened

SHARES = np.array([0.0, 0.5, 1.0], np.float32)
GIVEN = np.array([[0.2, 0.8], [0.4, 0.6], [0.9, 0.1]], np.float32)


def test_labels_and_teacher_count_in_their_shares():
    soft = SoftTargets(GIVEN, SHARES)
    np.testing.assert_allclose(
        mixed(soft, np.array([0, 0, 1])), [[0.2, 0.8], [0.7, 0.3], [0, 1]], rtol=1e-6
    )


def test_of_several_labels_each_is_mixed():
    targets = np.array([[1, 1], [1, 0], [0, 0]], np.uint8)
    found = mixed(SoftTargets(GIVEN, SHARES), targets)
    np.testing.assert_allclose(found, [[0.2, 0.8], [0.7, 0.3], [0, 0]], rtol=1e-6)
    np.testing.assert_array_equal(indicators(targets, 2), targets)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_softened_is_what_logits_by_the_temperature_give(temperature):
    logits = np.random.default_rng(0).normal(size=(20, 4)) * 3
    one = softened(softmax(logits, axis=1).astype(np.float32), temperature, several=False)
    np.testing.assert_allclose(one, softmax(logits / temperature, axis=1), atol=1e-5)
    given = expit(logits)
    each = softened(given.astype(np.float32), temperature, several=True)
    np.testing.assert_allclose(each, expit(logit(given) / temperature), atol=1e-5)


def test_a_probability_of_0_stays_finite_at_any_temperature():
    sure = np.array([[0.0, 1.0]], np.float32)
    for several in (False, True):
        found = softened(sure, 10.0, several)
        assert np.isfinite(found).all()
        assert found[0, 0] < found[0, 1]


def test_rows_are_taken_and_put_behind():
    soft = SoftTargets(GIVEN, SHARES, 2.0)
    taken = soft.take(np.array([2, 0]))
    np.testing.assert_array_equal(taken.probabilities, GIVEN[[2, 0]])
    np.testing.assert_array_equal(taken.label_share, [1, 0])
    longer = soft.with_more(taken)
    assert (len(longer), taken.temperature, longer.temperature) == (5, 2.0, 2.0)
    targets = np.array([0, 0, 1, 1, 0])
    np.testing.assert_array_equal(mixed(longer, targets)[3:], mixed(soft, targets[:3])[[2, 0]])
