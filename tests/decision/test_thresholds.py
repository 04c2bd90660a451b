"""Cuts against brute force over every threshold, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve

from textkind.decision.thresholds import (
    best_cut,
    best_shared_cut,
    f1_worth,
    floor_worth,
)


@st.composite
def scored(draw):
    """Scores with ties, and gold that holds a 1."""
    size = draw(st.integers(1, 30))
    scores = draw(st.lists(st.integers(0, 12), min_size=size, max_size=size))
    gold = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    gold[draw(st.integers(0, size - 1))] = 1
    return np.array(scores, np.float32) / 12, np.array(gold, np.uint8)


def brute(scores, gold, figure):
    """The best of a figure of (given, gold) over all thresholds."""
    return max(figure(scores >= cut, gold != 0) for cut in np.unique(scores))


def f1(given, gold):
    return 2 * (given & gold).sum() / max(given.sum() + gold.sum(), 1)


@given(scored())
def test_the_cut_has_the_best_f1_of_all(drawn):
    scores, gold = drawn
    found = f1(scores >= best_cut(scores, gold, f1_worth), gold != 0)
    assert found == pytest.approx(brute(scores, gold, f1), abs=1e-12)


@given(scored(), st.sampled_from(["precision", "recall"]), st.floats(0.05, 1))
def test_a_floor_is_kept_at_the_best_of_the_other_figure(drawn, name, floor):
    scores, gold = drawn
    given = scores >= best_cut(scores, gold, floor_worth(name, floor))
    precision, recall, cuts = precision_recall_curve(gold, scores)
    pairs = list(zip(precision[: len(cuts)], recall[: len(cuts)], strict=True))
    kept, other = (0, 1) if name == "precision" else (1, 0)
    hits = (given & (gold != 0)).sum()
    found = (hits / given.sum(), hits / gold.sum())
    reaching = [pair for pair in pairs if pair[kept] >= floor]
    if reaching:
        assert found[kept] >= floor
        assert found[other] == pytest.approx(max(pair[other] for pair in reaching))
    else:
        assert found[kept] == pytest.approx(max(pair[kept] for pair in pairs))


def test_a_cut_lies_half_way_between_its_neighbors_and_parts_them():
    assert best_cut(np.array([0.75, 0.25], np.float32), np.array([1, 0]), f1_worth) == 0.5
    low = np.float32(0.5)
    high = np.nextafter(low, np.float32(1))
    cut = best_cut(np.array([high, low]), np.array([1, 0]), f1_worth)
    assert float(low) < cut <= float(high)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.5, 1.0]))
def test_the_shared_cut_is_best_of_all_shares_and_cuts(seed, micro):
    random = np.random.default_rng(seed)
    rows, labels = int(random.integers(1, 12)), int(random.integers(1, 5))
    gold = (random.random((rows, labels)) < random.random(labels)).astype(np.uint8)
    gold[0, 0] = 1
    scores = random.normal(size=(rows, labels)).round(1) + gold
    offsets = random.normal(size=labels).round(1)
    shares = np.array([0.0, 0.5, 1.0])

    def worth(share, cut):
        given = scores - share * offsets >= cut
        occurs = given.any(axis=0) | (gold != 0).any(axis=0)
        macro = np.mean([f1(given[:, k], gold[:, k] != 0) for k in np.flatnonzero(occurs)])
        return micro * f1(given, gold != 0) + (1 - micro) * macro

    found = best_shared_cut(scores, gold, offsets, shares, micro)
    brute = max(worth(share, cut) for share in shares for cut in (scores - share * offsets).ravel())
    assert found.worth == pytest.approx(brute, abs=1e-9)
    assert worth(found.share, found.cut) == pytest.approx(brute, abs=1e-9)
