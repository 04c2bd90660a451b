"""Abstention: the promise over many draws, ties, and the curve by brute force."""

import numpy as np
import pytest
from scipy.stats import binom

from textkind.decision.abstention import (
    area_under_risk,
    fit_abstention,
    risk_coverage,
    starting_rows,
)
from textkind.errors import SettingsError


def drawn(rows, seed):
    """Confidences, and whether the answer was right, with that chance."""
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.4, 1, rows)
    return confidence, random.random(rows) < confidence


@pytest.mark.parametrize("max_error", [0.05, 0.1, 0.2])
def test_the_promise_is_kept_in_95_draws_of_100(max_error):
    confidence, correct = drawn(200_000, 99)
    broken, answered = 0, []
    for seed in range(200):
        least = fit_abstention(*drawn(1000, seed), max_error)
        rows = confidence >= least.confidence
        answered.append(rows.mean())
        broken += rows.any() and (~correct[rows]).mean() > max_error
    assert broken <= 18  # of 200, where 10 are expected at most: 1 chance in 100 to see more
    assert np.mean(answered) > 0.01


def test_an_error_among_the_surest_does_not_end_the_way():
    confidence = np.linspace(1, 0.5, 1000)
    correct = np.arange(1000) % 20 != 3  # one row in twenty is wrong, the fourth surest first
    assert fit_abstention(confidence, correct, 0.1).answered == 1


@pytest.mark.parametrize(
    ("rows", "expected"), [(58, []), (59, [59]), (200, [72, 144]), (400, [80, 160, 320])]
)
def test_tests_start_where_they_can_succeed(rows, expected):
    starts = starting_rows(rows, 0.05, 0.05)
    assert starts == expected
    for first in starts[:1]:
        assert binom.cdf(0, first, 0.05) <= 0.05 / len(starts) < binom.cdf(0, first - 1, 0.05)


def test_the_tiniest_share_of_errors_needs_more_rows_than_there_are():
    assert starting_rows(10**6, 5e-324, 0.05) == []


def test_a_model_that_is_always_right_answers_all_and_one_that_is_wrong_none():
    confidence = np.linspace(0.1, 1, 200)
    sure = fit_abstention(confidence, np.ones(200, bool), 0.05)
    assert (sure.confidence, sure.answered, sure.errors) == (confidence[0], 1.0, 0.0)
    never = fit_abstention(confidence, np.zeros(200, bool), 0.05)
    assert (never.confidence, never.answered) == (np.inf, 0.0)
    assert fit_abstention(np.empty(0), np.empty(0, bool), 0.05).confidence == np.inf
    assert fit_abstention(confidence[:10], np.ones(10, bool), 0.05).confidence == np.inf


def test_rows_of_one_confidence_stand_or_fall_together():
    confidence = np.repeat([0.9, 0.5], 100)
    correct = np.r_[np.ones(100, bool), np.zeros(100, bool)]
    least = fit_abstention(confidence, correct, 0.1)
    assert (least.confidence, least.answered) == (0.9, 0.5)
    order = np.random.default_rng(0).permutation(200)
    assert fit_abstention(confidence[order], correct[order], 0.1) == least


def test_the_curve_is_that_of_brute_force():
    random = np.random.default_rng(0)
    confidence, correct = random.integers(0, 20, 300) / 20, random.random(300) < 0.7
    answered, errors = risk_coverage(confidence, correct)
    falling = np.sort(confidence)[::-1]
    expected = [(~correct[confidence >= least]).mean() for least in falling]
    np.testing.assert_allclose(errors, expected)
    np.testing.assert_allclose(answered, np.arange(1, 301) / 300)
    assert area_under_risk(confidence, correct) == pytest.approx(np.mean(expected))
    assert np.isnan(area_under_risk(np.empty(0), np.empty(0, bool)))


@pytest.mark.parametrize("share", [0, 1, -0.1, "few", True])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(SettingsError, match="max_error"):
        fit_abstention(np.ones(3), np.ones(3, bool), share)
