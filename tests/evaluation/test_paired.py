"""Paired tests against SciPy, scikit-learn on the drawn rows, and the definitions written out."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score

from textkind.evaluation.paired import (
    difference,
    figure_of,
    holm,
    mcnemar,
    resampled_figures,
    row_parts,
)
from textkind.seeds import generator


def of_counts(first_only, second_only, both=5):
    """Two models that disagree so often."""
    first = np.repeat([True, False, True], [first_only, second_only, both])
    second = np.repeat([False, True, True], [first_only, second_only, both])
    return first, second


@pytest.mark.parametrize(
    "counts", [(0, 1), (1, 0), (3, 3), (2, 9), (17, 5), (40, 61), (900, 1000), (30000, 30400)]
)
def test_mcnemar_is_the_binomial_test_of_scipy(counts):
    found = mcnemar(*of_counts(*counts))
    assert (found.first_only, found.second_only) == counts
    expected = stats.binomtest(counts[0], sum(counts), 0.5).pvalue
    assert found.exact == pytest.approx(expected, rel=1e-9)
    # mid-p: half of what is as extreme as the data, all that is more so, on both sides
    fewer, total = min(counts), sum(counts)
    mid = 2 * (stats.binom.cdf(fewer - 1, total, 0.5) + 0.5 * stats.binom.pmf(fewer, total, 0.5))
    assert found.mid == pytest.approx(mid, rel=1e-7)


def test_models_that_never_disagree_are_no_different():
    found = mcnemar(*of_counts(0, 0))
    assert (found.exact, found.mid) == (1.0, 1.0)


def one_label(rng, rows=60, labels=4):
    targets = rng.integers(0, labels, rows)
    noisy = [
        np.where(rng.random(rows) < p, targets, rng.integers(0, labels, rows)) for p in (0.8, 0.6)
    ]
    return targets, noisy


def several_labels(rng, rows=60, labels=4):
    targets = rng.integers(0, 2, (rows, labels)).astype(np.uint8)
    return targets, [
        targets ^ (rng.random((rows, labels)) < p).astype(np.uint8) for p in (0.1, 0.3)
    ]


@pytest.mark.parametrize(
    ("make", "score"),
    [(one_label, accuracy_score), (several_labels, lambda a, b: f1_score(a, b, average="micro"))],
)
def test_resampled_figures_are_those_of_scikit_learn_on_the_rows_drawn(make, score):
    targets, predicted = make(np.random.default_rng(3))
    parts = np.stack([row_parts(given, targets) for given in predicted])
    np.testing.assert_allclose(
        figure_of(parts.sum(axis=1)), [score(targets, given) for given in predicted]
    )
    found = resampled_figures(parts, seed=5, resamples=40)
    random = generator(5, "paired")
    for drawn in found:
        rows = random.integers(0, len(targets), len(targets))
        expected = [score(targets[rows], given[rows]) for given in predicted]
        np.testing.assert_allclose(drawn, expected)
    assert len(found) == 40


def test_the_difference_is_that_of_the_percentiles_and_its_sign_flips_with_the_order():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.8, 0.02, 999), rng.normal(0.75, 0.02, 999)
    there, back = (
        difference(first, second, 0.8, 0.75, 999),
        difference(second, first, 0.75, 0.8, 999),
    )
    np.testing.assert_allclose((there.low, there.high), np.percentile(first - second, (2.5, 97.5)))
    assert (back.value, back.low, back.high) == pytest.approx(
        (-there.value, -there.high, -there.low)
    )
    assert back.p == there.p
    assert there.p == pytest.approx(2 * ((first <= second).sum() + 1) / 1000)


def test_equal_models_have_no_difference_and_a_p_of_one():
    same = np.full(200, 0.9)
    found = difference(same, same, 0.9, 0.9, 200)
    assert (found.value, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(("rows", "least"), [(1, 1.0), (2, 0.5), (6, 1 / 32), (11, 2 / 1001)])
def test_few_rows_are_never_surer_than_the_sign_test_of_rows_that_all_agree(rows, least):
    found = difference(np.full(1000, 0.9), np.full(1000, 0.8), 0.9, 0.8, rows)
    assert found.p == pytest.approx(least)
    assert rows > 10 or found.p == pytest.approx(stats.binomtest(rows, rows).pvalue)


def test_the_bootstrap_agrees_with_the_exact_test_on_many_rows():
    rng = np.random.default_rng(8)
    targets = np.zeros(1500, np.int32)
    given = [(rng.random(1500) > p).astype(np.int32) for p in (0.82, 0.80)]
    figures = resampled_figures(np.stack([row_parts(one, targets) for one in given]), seed=0)
    values = [float((one == 0).mean()) for one in given]
    p = difference(figures[:, 0], figures[:, 1], *values, 1500).p
    assert p == pytest.approx(mcnemar(given[0] == 0, given[1] == 0).mid, abs=0.04)


@pytest.mark.parametrize(
    "p_values", [[0.01, 0.04, 0.03, 0.005], [0.5, 0.9], [0.2, 0.2, 0.2], [1e-9]]
)
def test_holm_is_its_definition(p_values):
    count = len(p_values)
    ranked = sorted(p_values)
    expected = [
        min(1.0, max((count - place) * p for place, p in enumerate(ranked) if p <= mine))
        for mine in p_values
    ]
    np.testing.assert_allclose(holm(np.array(p_values)), expected)


def test_holm_of_a_textbook_example():
    # Holm 1979 as R's p.adjust(c(0.01, 0.02, 0.03, 0.04), "holm") gives it
    np.testing.assert_allclose(holm(np.array([0.01, 0.02, 0.03, 0.04])), [0.04, 0.06, 0.06, 0.06])


def test_holm_of_nothing_is_nothing():
    assert holm(np.array([])).shape == (0,)
