"""Reliability bins and calibration errors against scikit-learn and plain twins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from textkind.evaluation.calibration import (
    calibration_error,
    confidence_pairs,
    equal_mass_bins,
    equal_width_bins,
    reliability_bins,
)

BINNINGS = (equal_width_bins, equal_mass_bins)
PAIRS = st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=60).map(
    lambda pairs: np.array(pairs, np.float64).T
)


def plain_calibration_error(confidence, correct, bin_of):
    error = 0.0
    for number in set(bin_of.tolist()):
        inside = bin_of == number
        gap = abs(confidence[inside].mean() - correct[inside].mean())
        error += inside.mean() * gap
    return error


def test_equal_width_bins_equal_scikit_learn():
    for seed in range(100):
        random = np.random.default_rng(seed)
        confidence = random.random(int(random.integers(1, 300)))
        correct = (random.random(len(confidence)) < confidence).astype(np.float64)
        right, sure = calibration_curve(correct, confidence, n_bins=15, strategy="uniform")
        bins = reliability_bins(confidence, correct, equal_width_bins)
        np.testing.assert_allclose([one.accuracy for one in bins], right, rtol=0, atol=1e-12)
        np.testing.assert_allclose([one.confidence for one in bins], sure, rtol=0, atol=1e-12)


def test_equal_mass_bins_cut_the_sorted_confidences_into_equal_parts():
    confidence = np.random.default_rng(0).random(15 * 7)
    bin_of = equal_mass_bins(confidence)
    for number, part in enumerate(np.split(np.argsort(confidence), 15)):
        assert set(bin_of[part].tolist()) == {number}


@pytest.mark.parametrize("rows", [1, 2, 14, 16, 100])
def test_equal_mass_bins_without_ties_differ_in_size_by_one_at_most(rows):
    sizes = np.bincount(equal_mass_bins(np.linspace(0, 1, rows)), minlength=15)
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("binning", BINNINGS)
@given(pairs=PAIRS)
def test_calibration_error_equals_its_plain_twin(binning, pairs):
    confidence, correct = pairs
    expected = plain_calibration_error(confidence, correct, binning(confidence, 15))
    assert abs(calibration_error(confidence, correct, binning) - expected) < 1e-12


@pytest.mark.parametrize("binning", BINNINGS)
@given(pairs=PAIRS, seed=st.integers(0, 9))
def test_calibration_error_does_not_depend_on_the_order_of_rows(binning, pairs, seed):
    order = np.random.default_rng(seed).permutation(pairs.shape[1])
    straight = calibration_error(*pairs, binning)
    assert abs(calibration_error(*pairs[:, order], binning) - straight) < 1e-12


@pytest.mark.parametrize("binning", BINNINGS)
@given(pairs=PAIRS)
def test_bins_hold_every_pair_once_and_are_never_empty(binning, pairs):
    bins = reliability_bins(*pairs, binning)
    assert sum(one.count for one in bins) == pairs.shape[1]
    assert all(one.count > 0 for one in bins)
    assert all(one.low - 1e-12 <= one.confidence <= one.high + 1e-12 for one in bins)


def test_the_surest_confidence_belongs_to_the_last_bin():
    assert equal_width_bins(np.array([0.0, 1.0])).tolist() == [0, 14]


@pytest.mark.parametrize("binning", BINNINGS)
def test_calibration_error_of_nothing_is_undefined(binning):
    assert np.isnan(calibration_error(np.empty((0, 1)), np.empty((0, 1)), binning))


def test_pairs_of_one_label_are_the_predicted_labels_probability_and_correctness():
    probabilities = np.array([[0.7, 0.3], [0.2, 0.8]], np.float32)
    confidence, correct = confidence_pairs(probabilities, np.array([0, 1]), np.array([0, 0]))
    np.testing.assert_allclose(confidence, [[0.7], [0.8]], atol=1e-7)
    assert correct.tolist() == [[1], [0]]
