"""Figures over folds: SciPy's t-test without the correction, the paper's formula with it."""

import numpy as np
import pytest
from scipy import stats

from textkind.evaluation.folds import corrected_t_test, over_folds

VALUES = np.array([0.81, 0.84, 0.79, 0.88, 0.83])


def test_without_overlap_it_is_the_plain_t_interval_and_test():
    found = over_folds(VALUES, 0.0)
    expected = stats.ttest_1samp(VALUES, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.mean, found.deviation) == pytest.approx((VALUES.mean(), VALUES.std(ddof=1)))
    gaps = VALUES - 0.81
    assert corrected_t_test(gaps, 0.0) == pytest.approx(stats.ttest_1samp(gaps, 0).pvalue)


def test_with_overlap_the_variance_is_that_of_nadeau_and_bengio():
    gaps, share = VALUES - 0.8, 1 / 4
    t = gaps.mean() / np.sqrt((1 / 5 + 1 / 4) * gaps.var(ddof=1))
    assert corrected_t_test(gaps, share) == pytest.approx(2 * stats.t.sf(abs(t), 4))
    wide, narrow = over_folds(VALUES, share), over_folds(VALUES, 0.0)
    ratio = (wide.high - wide.low) / (narrow.high - narrow.low)
    assert ratio == pytest.approx(np.sqrt((1 / 5 + 1 / 4) / (1 / 5)))


@pytest.mark.parametrize(("gap", "p"), [(0.0, 1.0), (0.25, 0.0)])
def test_folds_that_are_all_alike_have_a_defined_p(gap, p):
    assert corrected_t_test(np.full(3, gap), 0.5) == p


def test_the_sign_of_the_difference_does_not_change_p():
    assert corrected_t_test(VALUES - 0.8, 0.25) == corrected_t_test(0.8 - VALUES, 0.25)


def test_an_interval_is_cut_where_the_figure_ends():
    values = np.array([0.9, 1.0, 0.99, 1.0])
    whole, cut = over_folds(values, 1 / 3), over_folds(values, 1 / 3, 0.0, 1.0)
    assert whole.high > cut.high == 1
    assert (whole.low, whole.mean) == (cut.low, cut.mean)
    assert over_folds(values - 0.9, 1 / 3, 0.0, 1.0).low == 0
