"""Diagram, heat map and bars, compared with SciPy and with counts made another way."""

import re

import numpy as np
import pytest
from scipy.stats import binomtest

from textkind.report.bars import interval_bar, stacked_bar
from textkind.report.confusion import COMPACT_MAP, confusions, drawn_labels, heat_map, shade
from textkind.report.reliability import SIDE, axis_start, reliability_diagram, wilson


@pytest.mark.parametrize(("right", "count"), [(0, 1), (1, 1), (3, 10), (99, 100), (500, 1000)])
def test_the_interval_of_a_bin_is_wilsons(right: int, count: int) -> None:
    low, high = wilson(np.array([right / count]), np.array([count]))
    wanted = binomtest(right, count).proportion_ci(0.95, method="wilson")
    np.testing.assert_allclose([low[0], high[0]], [wanted.low, wanted.high], atol=1e-9)


def test_perfect_bins_lie_on_the_diagonal() -> None:
    share = np.array([0.15, 0.5, 0.95])
    count = np.full(3, 10)
    diagram = reliability_diagram(share, share, count, share - 0.05, share + 0.05, count, "")
    dots = re.findall(r'<circle class="dot" cx="([\d.]+)" cy="([\d.]+)"', diagram)
    assert len(dots) == 3
    assert len({round(float(x) + float(y), 0) for x, y in dots}) == 1
    assert 0 < float(dots[2][0]) - float(dots[0][0]) < SIDE


@pytest.mark.parametrize(
    ("lowest", "start"), [(0.0, 0.0), (0.31, 0.3), (0.3, 0.3), (0.79, 0.7), (0.97, 0.8)]
)
def test_the_axes_begin_below_all_that_is_drawn(lowest: float, start: float) -> None:
    ones = np.ones(1)
    assert axis_start(np.array([lowest]), ones, ones) == pytest.approx(start)


def test_full_counts_and_pairs_tell_the_same(make_metrics) -> None:
    metrics = make_metrics(k=20, rows=300, skill=3.0)
    part, labels = metrics["test"], metrics["labels"]
    counts = np.array(part["confusion"]["counts"])
    full = confusions(part, labels)
    pairs = [
        {"gold": labels[g], "predicted": labels[p], "count": int(counts[g, p])}
        for g, p in np.argwhere(counts)
    ]
    listed = confusions(part | {"confusion": {"pairs": pairs}}, labels)
    assert full.pairs == listed.pairs
    np.testing.assert_array_equal(full.right, listed.right)
    np.testing.assert_array_equal(full.support, listed.support)
    assert heat_map(full, labels, "") == heat_map(listed, labels, "")


def test_a_map_of_few_labels_holds_every_count(make_metrics) -> None:
    metrics = make_metrics(k=6, rows=200, skill=2.0)
    counts = metrics["test"]["confusion"]["counts"]
    drawn = heat_map(confusions(metrics["test"], metrics["labels"]), metrics["labels"], "")
    rows = re.findall(r'<tr><th scope="row">.*?</th>(.*?)</tr>', drawn)
    cells = [[int(n or 0) for n in re.findall(r"<td[^>]*>(\d*)</td>", row)] for row in rows]
    assert cells == counts


def test_a_compact_map_shows_the_labels_of_the_most_frequent_confusion(make_metrics) -> None:
    metrics = make_metrics(k=120, rows=2000, skill=3.0)
    found = confusions(metrics["test"], metrics["labels"])
    drawn = drawn_labels(found)
    assert len(drawn) == COMPACT_MAP
    wrong = np.array(metrics["test"]["confusion"]["counts"])
    np.fill_diagonal(wrong, 0)
    mistakes = wrong.sum(axis=0) + wrong.sum(axis=1)
    assert mistakes[drawn].min() >= np.delete(mistakes, drawn).max()


def test_shades_rise_with_the_share() -> None:
    shades = [shade(share) for share in np.linspace(0, 1, 101)]
    assert shades == sorted(shades)
    assert set(shades) == {1, 2, 3, 4, 5}


def test_bars_have_the_proportions_of_their_numbers() -> None:
    widths = [
        float(w)
        for w in re.findall(r'y="1" width="([\d.]+)"', stacked_bar([("a", 3), ("b", 1)], 8))
    ]
    assert widths == pytest.approx([60, 20])
    assert "<rect" not in stacked_bar([("a", 0)], 0)
    assert interval_bar(None, None, None, 0.5) == ""
