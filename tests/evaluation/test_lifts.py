"""Shares and lifts, against SciPy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, hypergeom

from textkind.evaluation.lifts import lift_of, share_of


@given(st.integers(1, 300), st.data())
def test_a_share_has_the_interval_of_wilson(rows, data):
    hits = data.draw(st.integers(0, rows))
    found = share_of(hits, rows)
    expected = binomtest(hits, rows).proportion_ci(0.95, method="wilson")
    assert found.value == hits / rows
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(st.integers(1, 200), st.data())
def test_a_lift_is_a_rate_by_the_base_rate_and_p_is_fishers(rows, data):
    inside, wrong = data.draw(st.integers(1, rows)), data.draw(st.integers(1, rows))
    both = data.draw(st.integers(max(0, inside + wrong - rows), min(inside, wrong)))
    found = lift_of(both, inside, wrong, rows)
    assert found.value == pytest.approx((both / inside) / (wrong / rows))
    assert found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= rows / wrong
    chances = hypergeom(rows, inside, wrong).pmf(range(wrong + 1))  # Fisher's test, as defined
    p = chances[chances <= chances[both] * (1 + 1e-7)].sum()
    assert found.p == pytest.approx(min(1, p), abs=1e-6)


def test_without_rows_or_mistakes_there_is_nothing_to_compare():
    assert share_of(0, 0).value is None
    for empty in (lift_of(0, 0, 5, 10), lift_of(0, 5, 0, 10)):
        assert (empty.value, empty.low, empty.high, empty.p) == (None, None, None, 1.0)
