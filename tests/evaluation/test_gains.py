"""Gains by group and by confusion, counted row by row beside it."""

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from textkind.evaluation.gains import group_gains, pair_gains
from textkind.evaluation.paired import holm

RNG = np.random.default_rng(2)
TARGETS = RNG.integers(0, 4, 200)
REFERENCE = np.where(RNG.random(200) < 0.6, TARGETS, RNG.integers(0, 4, 200))
OTHER = np.where(RNG.random(200) < 0.8, TARGETS, RNG.integers(0, 4, 200))


def test_groups_are_counted_row_by_row():
    masks = {"all": np.ones(200, bool), "some": RNG.random(200) < 0.3, "none": np.zeros(200, bool)}
    found = group_gains(REFERENCE == TARGETS, OTHER == TARGETS, masks)
    tests = []
    for gain in found:
        rows = np.flatnonzero(masks[gain.group])
        gained = sum(OTHER[r] == TARGETS[r] != REFERENCE[r] for r in rows)
        lost = sum(REFERENCE[r] == TARGETS[r] != OTHER[r] for r in rows)
        assert (gain.rows, gain.gained, gain.lost) == (len(rows), gained, lost)
        if len(rows):
            assert gain.other - gain.reference == pytest.approx((gained - lost) / len(rows))
        total, fewer = gained + lost, min(gained, lost)
        mid = 2 * stats.binom.cdf(fewer, total, 0.5) - stats.binom.pmf(fewer, total, 0.5)
        tests.append(min(1.0, mid))
    np.testing.assert_allclose([gain.p for gain in found], holm(np.array(tests)), rtol=1e-7)


def test_pairs_are_the_confusions_of_the_reference_that_the_other_gets_right():
    counts, gained = Counter(), Counter()
    for gold, first, second in zip(TARGETS, REFERENCE, OTHER, strict=True):
        if gold != first:
            counts[(gold, first)] += 1
            gained[(gold, first)] += gold == second
    found = pair_gains(REFERENCE, OTHER, TARGETS, 100)
    assert {(p.gold, p.answered): (p.count, p.gained) for p in found} == {
        pair: (counts[pair], gained[pair]) for pair in counts if gained[pair]
    }
    assert [p.gained for p in found] == sorted((p.gained for p in found), reverse=True)
    assert pair_gains(REFERENCE, OTHER, TARGETS, 3) == found[:3]


def test_a_reference_without_a_mistake_leaves_nothing_to_gain():
    assert pair_gains(TARGETS, OTHER, TARGETS, 10) == []
