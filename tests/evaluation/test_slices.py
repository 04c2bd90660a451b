"""Slices beside the other rows: published intervals, exact tests, plain twins of the resampling."""

import numpy as np
import pytest
from scipy.stats import fisher_exact
from sklearn.metrics import f1_score, log_loss

from textkind.evaluation import slices as module
from textkind.evaluation.intervals import draw_weights, interval
from textkind.evaluation.kernels import WIDTH
from textkind.evaluation.paired import figure_of, holm, row_parts
from textkind.evaluation.slices import FEWEST, Slice, chance, score_slices
from textkind.seeds import generator


def answers(right, wrong):
    """Rows of two labels of which so many are answered rightly."""
    targets = np.zeros(right + wrong, np.int32)
    predicted = (np.arange(right + wrong) >= right).astype(np.int32)
    return np.eye(2)[predicted] * 0.8 + 0.1, predicted, targets


def joined(*groups):
    """The groups' rows after one another, and a slice of the first."""
    case = [np.concatenate(parts) for parts in zip(*groups, strict=True)]
    first = np.arange(len(case[1])) < len(groups[0][1])
    return case, Slice("group", "first", first)


def test_a_difference_has_newcombes_published_interval():
    case, first = joined(answers(56, 14), answers(48, 32))  # Newcombe 1998, table II, example (a)
    (one,) = score_slices([first], *case)["found"]
    found = one["difference"]
    assert (found["value"], one["rest"]) == (pytest.approx(0.2), 0.6)
    assert found["low"] == pytest.approx(0.0524, abs=5e-5)
    assert found["high"] == pytest.approx(0.3339, abs=5e-5)
    assert found["p"] == pytest.approx(fisher_exact([[56, 14], [48, 32]])[1])


@pytest.mark.parametrize("several", [False, True])
def test_figures_of_a_slice_are_those_of_its_rows(draw_one_label, draw_several_labels, several):
    draw = draw_several_labels if several else draw_one_label
    case = draw(5, rows=300, labels=4)
    rows = np.random.default_rng(0).random(300) < 0.3
    (one,) = score_slices([Slice("a", "b", rows)], *case)["found"]
    probabilities, predicted, targets = case
    inside = predicted[rows], targets[rows]
    assert one["rows"] == rows.sum()
    assert one["macro_f1"]["value"] == pytest.approx(f1_score(*inside[::-1], average="macro"))
    if several:
        assert one["accuracy"]["value"] == (inside[0] == inside[1]).all(axis=1).mean()
        assert one["micro_f1"]["value"] == pytest.approx(f1_score(*inside[::-1], average="micro"))
        outside = f1_score(targets[~rows], predicted[~rows], average="micro")
    else:
        assert one["accuracy"]["value"] == (inside[0] == inside[1]).mean()
        given = probabilities[rows].astype(np.float64)
        given /= given.sum(axis=1, keepdims=True)
        expected = log_loss(inside[1], given, labels=range(4))
        assert one["log_loss"]["value"] == pytest.approx(expected)
        outside = (targets[~rows] == predicted[~rows]).mean()
    assert one["rest"] == pytest.approx(outside)


@pytest.mark.parametrize("several", [False, True])
def test_intervals_are_those_of_drawing_the_rows_out(
    draw_one_label, draw_several_labels, several, monkeypatch
):
    monkeypatch.setattr(module, "RESAMPLES", WIDTH)
    monkeypatch.setattr(module, "LEAST_RESAMPLES", WIDTH)
    draw = draw_several_labels if several else draw_one_label
    case = draw(4, rows=120, labels=3)
    rows = np.arange(120) % 3 == 0
    (one,) = score_slices([Slice("a", "b", rows)], *case, seed=3)["found"]
    weights = draw_weights(generator(3, "slices"), 120, WIDTH)
    drawn = [np.repeat(np.arange(120), weights[:, place]) for place in range(WIDTH)]
    inside = [np.array([row for row in some if rows[row]]) for some in drawn]
    _, predicted, targets = case
    expected = [f1_score(targets[some], predicted[some], average="macro") for some in inside]
    low, high = interval(0.0, np.array(expected))
    assert (one["macro_f1"]["low"], one["macro_f1"]["high"]) == pytest.approx((low, high))


def test_the_chance_of_micro_f1_is_that_of_shuffling_the_slice(draw_several_labels):
    _, predicted, targets = draw_several_labels(9, rows=400, labels=5)
    parts = row_parts(predicted, targets)
    random = np.random.default_rng(0)
    quality = parts[:, 0] - figure_of(parts.sum(axis=0)) * parts[:, 1]
    rows = quality + random.normal(size=400) * 12 > 6
    statistic = abs(quality[rows].sum())
    shuffled = np.array([abs(quality[random.permutation(rows)].sum()) for _ in range(4000)])
    assert 0.001 < chance(rows, parts) < 0.5
    assert chance(rows, parts) == pytest.approx((shuffled >= statistic).mean(), abs=0.03)


def test_slices_drawn_by_chance_are_rarely_called_different():
    random = np.random.default_rng(1)
    found = 0
    for seed in range(60):
        case, _ = joined(answers(240, 60))
        slices = [Slice("a", str(k), random.random(300) < 0.3) for k in range(8)]
        told = score_slices(slices, *case, seed=seed)["found"]
        found += any(one["difference"]["p_holm"] < 0.05 for one in told)
    assert found <= 7  # 5 % of 60 are 3; more than 7 has a chance of 2 %


def test_p_values_are_adjusted_for_all_slices_compared():
    case, first = joined(answers(30, 30), answers(100, 10), answers(60, 5))
    second = Slice("group", "second", (np.arange(235) >= 60) & (np.arange(235) < 170))
    told = score_slices([second, first], *case)
    assert told["compared"] == 2
    assert [one["value"] for one in told["found"]] == ["first", "second"]  # the worst first
    raw = np.array([one["difference"]["p"] for one in told["found"]])
    assert [one["difference"]["p_holm"] for one in told["found"]] == holm(raw).tolist()


def test_small_slices_are_told_but_not_compared():
    case, small = joined(answers(FEWEST - 1, 0), answers(40, 20))
    almost_all = Slice("group", "others", ~small.rows)
    told = score_slices([small, almost_all, Slice("group", "none", small.rows & False)], *case)
    assert told["compared"] == 0
    assert [one["rows"] for one in told["found"]] == [60, 19]
    assert all(one["difference"] is None for one in told["found"])
    assert told["found"][1]["accuracy"]["low"] < 0.9  # all right, and yet a width


@pytest.mark.parametrize("several", [False, True])
def test_a_slice_of_all_rows_has_no_rest(draw_one_label, draw_several_labels, several):
    case = (draw_several_labels if several else draw_one_label)(2, rows=50)
    (one,) = score_slices([Slice("a", "b", np.ones(50, bool))], *case)["found"]
    assert one["rest"] is one["difference"] is None


def test_rows_without_any_label_leave_micro_f1_undefined_and_uncompared():
    nothing = np.zeros((60, 3), np.uint8)
    targets = nothing.copy()
    targets[30:, 0] = 1
    rows = np.arange(60) < 30
    told = score_slices([Slice("a", "b", rows)], np.full((60, 3), 0.4), nothing, targets)
    (one,) = told["found"]
    assert one["micro_f1"] == {"value": None, "low": None, "high": None}
    assert one["difference"] is None
