"""Bootstrap intervals against drawing the rows and computing the figures, and their coverage."""

import numpy as np
import pytest
from scipy.stats import binomtest

from textkind.evaluation import intervals
from textkind.evaluation.kernels import WIDTH
from textkind.evaluation.metrics import headline, prepare
from textkind.seeds import generator


def drawn_headlines(case, seed, resamples):
    """The plain twin: the same rows, drawn out and scored one resample at a time."""
    weights = intervals.draw_weights(generator(seed, "bootstrap"), len(case[0]), WIDTH)
    drawn = [
        np.repeat(np.arange(len(case[0])), weights[:, resample]) for resample in range(resamples)
    ]
    return [headline(prepare(*(array[rows] for array in case))) for rows in drawn]


@pytest.mark.parametrize("shape", [(1, 2), (3, 2), (40, 2), (50, 4), (200, 9), (30, 1)])
def test_resampled_figures_equal_those_of_the_drawn_rows(draw_case, shape):
    for seed in range(6):
        case = draw_case(seed, *shape)
        found = intervals.resampled_headline(prepare(*case), seed, 10)
        for resample, expected in enumerate(drawn_headlines(case, seed, 10)):
            assert set(found) == set(expected)
            for name, value in expected.items():
                np.testing.assert_allclose(
                    found[name][resample], value, rtol=0, atol=1e-12, err_msg=name
                )


def test_resamples_draw_as_many_rows_as_there_are():
    weights = intervals.draw_weights(np.random.default_rng(0), 37, 5)
    assert weights.shape == (37, 5)
    assert (weights.sum(axis=0, dtype=int) == 37).all()


def test_blocks_of_rows_do_not_change_the_figures(draw_case, monkeypatch):
    scored = prepare(*draw_case(2, 50, 3))
    whole = intervals.resampled_headline(scored, 0, 8)
    monkeypatch.setattr(intervals, "BLOCK", 7)
    for name, values in intervals.resampled_headline(scored, 0, 8).items():
        np.testing.assert_allclose(values, whole[name], rtol=0, atol=1e-12)


def test_one_seed_gives_one_result_and_another_seed_another(draw_case):
    scored = prepare(*draw_case(4, 80, 3))
    first, again, other = (
        intervals.resampled_headline(scored, seed, 70)["accuracy"] for seed in (5, 5, 6)
    )
    assert len(first) == 70
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_fewer_resamples_are_prefixes_of_more(draw_case):
    scored = prepare(*draw_case(4, 80, 3))
    few, many = (intervals.resampled_headline(scored, 0, count) for count in (30, 200))
    for name in few:
        np.testing.assert_array_equal(few[name], many[name][:30])


def test_an_interval_is_the_percentiles_of_the_defined_values():
    values = np.append(np.arange(1001.0), [np.nan] * 50)
    assert intervals.interval(500.0, values) == (25.0, 975.0)


def test_an_interval_of_undefined_values_is_undefined():
    assert np.isnan(intervals.interval(0.5, np.full(9, np.nan))).all()


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.10, 0.11, 0.15, (0.05, 0.10)),  # drawn wholly above: mirrored, and holds the value
        (0.02, 0.03, 0.07, (0.00, 0.02)),  # never below 0
        (0.20, 0.15, 0.25, (0.15, 0.25)),
    ],
)
def test_the_interval_of_a_biased_figure_is_mirrored_at_its_value(value, low, high, expected):
    drawn = np.repeat([low, high], 500)
    assert intervals.interval(value, drawn, biased=True) == pytest.approx(expected)


@pytest.mark.parametrize("rows", [1, 7, 50, 3000])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_right_or_all_wrong_gets_the_exact_binomial_interval(value, rows):
    expected = binomtest(int(value * rows), rows).proportion_ci(0.95, method="exact")
    assert intervals.edge_interval(value, rows) == pytest.approx((expected.low, expected.high))


def test_the_interval_of_a_share_is_wilsons():
    random = np.random.default_rng(0)
    rows = random.integers(1, 300, 200)
    hits = np.minimum(random.integers(0, 300, 200), rows)
    low, high = intervals.share_interval(hits, rows)
    for place, (hit, of) in enumerate(zip(hits, rows, strict=True)):
        expected = binomtest(int(hit), int(of)).proportion_ci(0.95, method="wilson")
        assert (low[place], high[place]) == pytest.approx((expected.low, expected.high), abs=1e-14)
    assert np.isnan(intervals.share_interval(np.zeros(1), np.zeros(1))).all()


def test_large_parts_make_fewer_resamples_but_never_under_200(draw_case, monkeypatch):
    scored = prepare(*draw_case(0, 50, 3))
    assert intervals.resample_count(scored, 1000) == 1000
    monkeypatch.setattr(intervals, "WORK", 1)
    assert intervals.resample_count(scored, 1000) == 200
    assert intervals.resample_count(scored, 50) == 50


def sample(random, rows, sureness):
    """Rows whose true probabilities are known; `sureness` above 1 overstates them."""
    logits = random.normal(size=(rows, 3)) * 2
    odds = np.exp(logits)
    truth = odds / odds.sum(axis=1, keepdims=True)
    targets = (truth.cumsum(axis=1) > random.random((rows, 1))).argmax(axis=1)
    stated = np.exp(logits * sureness)
    probabilities = stated / stated.sum(axis=1, keepdims=True)
    return probabilities, probabilities.argmax(axis=1), targets


def coverage(rows, repeats, resamples):
    """Name -> share of intervals that hold the true value, known from a very large sample."""
    random = np.random.default_rng(0)
    truth = headline(prepare(*sample(random, 400_000, 1.5)))
    held = {name: 0 for name, value in truth.items() if not np.isnan(value)}
    for seed in range(repeats):
        scored = prepare(*sample(random, rows, 1.5))
        figures = headline(scored)
        resampled = intervals.resampled_headline(scored, seed, resamples)
        for name in held:
            values = resampled[name]
            low, high = intervals.interval(figures[name], values, name in intervals.BIASED)
            held[name] += low <= truth[name] <= high
    return {name: count / repeats for name, count in held.items()}


def test_intervals_hold_the_true_value_about_as_often_as_they_say():
    shares = coverage(rows=400, repeats=120, resamples=192)
    assert min(shares.values()) > 0.85, shares


@pytest.mark.slow
def test_intervals_hold_the_true_value_in_95_of_100_samples():
    shares = coverage(rows=1500, repeats=600, resamples=500)
    errors = [shares.pop(name) for name in intervals.BIASED]
    assert min(shares.values()) > 0.925, shares
    assert max(shares.values()) < 0.975, shares
    assert min(errors) > 0.88, (
        errors
    )  # the correction of their bias is approximate: docs/metrics.md
