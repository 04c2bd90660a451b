"""The stability index by SciPy's divergences; alarms as rare as stated where nothing drifts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import chi2, entropy

from textkind.evaluation.drift import (
    CHANCE,
    LEAST_IN_CELL,
    LEAST_INDEX,
    chi_squared_limit,
    drift,
    index_limit,
    stability_index,
    together,
)

COUNTS = hnp.arrays(np.int64, st.integers(1, 30), elements=st.integers(0, 500))


@given(COUNTS, st.randoms(use_true_random=False))
def test_the_index_is_the_divergence_in_both_directions(counts, random):
    p, q = counts + 0.5, np.array(random.sample(list(counts + 0.5), len(counts)))
    np.testing.assert_allclose(
        stability_index(p, q), entropy(p, q) + entropy(q, p), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("cells", [2, 5, 10, 80])
def test_the_limit_is_that_of_chance_where_there_are_few_texts(cells):
    by_chance = chi2.isf(CHANCE, cells - 1) * (1 / 40 + 1 / 30)
    assert index_limit(cells, 40, 30) == pytest.approx(by_chance)
    assert index_limit(cells, 1e6, 1e6) == LEAST_INDEX


def test_the_quantile_is_that_of_scipy():
    freedom = range(1, 200)
    found = [chi_squared_limit(one) for one in freedom]
    np.testing.assert_allclose(found, chi2.isf(CHANCE, freedom), rtol=1e-12)


SPREADS = {
    "tenths": np.ones(10),
    "two labels": np.array([9, 1]),
    "many labels": 1 / np.arange(1, 78),
    "falling": 0.5 ** np.arange(12),
}


@pytest.mark.parametrize("name", SPREADS)
@pytest.mark.parametrize(("reference", "texts"), [(221, 200), (1000, 2000), (20_000, 100)])
def test_without_drift_windows_are_above_chance_as_rarely_as_stated(
    name, reference, texts, monkeypatch
):
    random = np.random.default_rng(0)
    spread = SPREADS[name] / SPREADS[name].sum()
    monkeypatch.setattr("textkind.evaluation.drift.LEAST_INDEX", 0.0)
    alarms = sum(
        drift(random.multinomial(reference, spread), random.multinomial(texts, spread)).is_drift
        for _ in range(3000)
    )
    assert alarms <= 9  # 3 expected at 1 in 1,000; 10 or more come by chance in 0.1 %


@pytest.mark.parametrize("name", SPREADS)
def test_without_drift_a_thousand_windows_give_no_alarm(name):
    random = np.random.default_rng(2)
    spread = SPREADS[name] / SPREADS[name].sum()
    expected = random.multinomial(2000, spread)
    found = [drift(expected, random.multinomial(2000, spread)).is_drift for _ in range(1000)]
    assert not any(found)


@pytest.mark.parametrize("shift", [0.2, 0.4])
def test_real_drift_is_found(shift):
    random = np.random.default_rng(1)
    before = np.ones(10) / 10
    after = before * (1 - shift)
    after[0] += shift
    found = [
        drift(random.multinomial(1000, before), random.multinomial(2000, after)).is_drift
        for _ in range(100)
    ]
    assert np.mean(found) > 0.95


def test_a_cell_that_was_never_seen_is_drift_and_no_infinity():
    found = drift([500, 500, 0], [400, 400, 200])
    assert found.is_drift
    assert np.isfinite(found.index)


@pytest.mark.parametrize(
    ("expected", "seen"),
    [([100, 100], [0, 0]), ([0, 0], [50, 50]), ([500, 500], [5, 4]), ([9, 0], [900, 0])],
)
def test_too_few_texts_have_no_index(expected, seen):
    found = drift(expected, seen)
    assert (found.index, found.limit, found.is_drift) == (None, None, False)
    assert found.texts == sum(seen)


@given(COUNTS, st.randoms(use_true_random=False))
def test_no_text_is_lost_in_putting_cells_together(counts, random):
    seen = np.array(random.sample(list(counts), len(counts)))
    expected, now = map(np.array, together(counts, seen))
    if len(expected):
        assert (expected.sum(), now.sum()) == (counts.sum(), sum(seen))
    if len(expected) > 1:
        sizes = counts.sum(), sum(seen)
        alike = (expected + now) * min(sizes) / sum(sizes)
        assert (alike > LEAST_IN_CELL - 1e-9).all()
