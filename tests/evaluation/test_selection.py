"""The best of many candidates, and what choosing it is worth on rows that had no say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkind.evaluation.selection import (
    HEADLINE,
    LOG_LOSS,
    Judgement,
    best_of,
    gains_elsewhere,
    loss_gain,
)

figures = st.lists(
    st.tuples(st.floats(0, 3, width=16), st.floats(0, 1, width=16)), min_size=1, max_size=12
)


@given(figures, st.sampled_from([LOG_LOSS, HEADLINE]))
def test_the_best_is_never_worse_than_the_first_in_either_figure(rows, figure):
    losses, headlines = np.array(rows).T
    best = int(best_of(losses, headlines, figure))
    assert losses[best] <= losses[0]
    assert headlines[best] >= headlines[0]
    by = losses if figure == LOG_LOSS else -headlines
    for place in range(len(rows)):  # as one would look for it by hand
        if losses[place] <= losses[0] and headlines[place] >= headlines[0]:
            assert by[best] <= by[place]


def test_of_equals_the_earliest_is_taken():
    assert best_of(np.array([1.0, 1.0]), np.array([0.5, 0.5]), LOG_LOSS) == 0
    assert best_of(np.array([1.0, 0.5, 0.5]), np.array([0.5, 0.6, 0.7]), LOG_LOSS) == 1
    assert best_of(np.array([1.0, 0.5, 0.5]), np.array([0.5, 0.6, 0.7]), HEADLINE) == 2


def judged(right, losses):
    parts = np.stack([right, np.ones_like(right)], axis=2)
    return Judgement(losses, parts)


def test_the_gain_elsewhere_does_not_flatter_candidates_that_are_all_alike():
    """Thirty candidates of equal worth: the best one gains by luck, and elsewhere nothing."""
    own, promised, told = [], [], []
    for seed in range(12):
        random = np.random.default_rng(seed)
        losses = random.gamma(1.0, 0.5, (30, 200))
        right = (random.random((30, 200)) < 0.8).astype(float)
        means, headlines = losses.mean(axis=1), right.mean(axis=1)
        best = int(best_of(means, headlines, LOG_LOSS))
        promised.append(means[0] - means[best])
        found = gains_elsewhere(judged(right, losses), LOG_LOSS, seed, 200)[LOG_LOSS]
        told.append(found.value)
        own.append(found.low <= 0 <= found.high)
    assert np.mean(promised) > 0.02
    assert abs(np.mean(told)) < 0.3 * np.mean(promised)
    assert np.mean(own) >= 0.9


def test_a_candidate_that_is_truly_better_is_told_to_be():
    random = np.random.default_rng(0)
    losses = random.gamma(1.0, 0.5, (8, 400))
    losses[3] = losses[0] * 0.7
    right = (random.random((8, 400)) < 0.8).astype(float)
    right[3] = np.maximum(right[0], random.random(400) < 0.5)
    found = gains_elsewhere(judged(right, losses), LOG_LOSS, 0)
    assert found[LOG_LOSS].low > 0
    assert found[HEADLINE].low > 0
    assert found[LOG_LOSS].value == pytest.approx(0.3 * losses[0].mean(), rel=0.05)
    own = right[3].mean() - right[0].mean()
    assert found[HEADLINE].value == pytest.approx(own, abs=0.02)


def test_two_candidates_gain_what_a_plain_bootstrap_of_left_out_rows_says():
    random = np.random.default_rng(1)
    losses = random.gamma(1.0, 0.5, (2, 60))
    right = (random.random((2, 60)) < 0.7).astype(float)
    found = gains_elsewhere(judged(right, losses), HEADLINE, 5, 300)
    from textkind.seeds import generator

    draws, gains = generator(5, "selection"), []
    for _ in range(300):
        rows = draws.integers(0, 60, 60)
        outside = np.setdiff1d(np.arange(60), rows)
        allowed = (
            right[1, rows].sum() >= right[0, rows].sum()
            and losses[1, rows].sum() <= losses[0, rows].sum()
        )
        better = allowed and right[1, rows].sum() > right[0, rows].sum()
        gains.append(right[1, outside].mean() - right[0, outside].mean() if better else 0.0)
    assert found[HEADLINE].value == pytest.approx(np.mean(gains))
    assert [found[HEADLINE].low, found[HEADLINE].high] == pytest.approx(
        list(np.percentile(gains, (2.5, 97.5)))
    )


def test_the_gain_in_log_loss_is_the_mean_of_the_differences():
    random = np.random.default_rng(2)
    first, second = random.random(300), random.random(300) - 0.2
    gain = loss_gain(first, second, 0)
    gaps = first - second
    error = gaps.std() / np.sqrt(300)
    assert gain.value == pytest.approx(gaps.mean())
    assert gain.low == pytest.approx(gaps.mean() - 1.96 * error, abs=0.2 * error)
    assert gain.high == pytest.approx(gaps.mean() + 1.96 * error, abs=0.2 * error)
