"""The forecast of a learning curve: planted power laws are found, intervals hold the truth."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from textkind.evaluation.forecast import forecast, power_law

SIZES = np.array([100, 140, 200, 280, 400, 560, 800])
ASKED = np.array([1000, 2000, 4000])


@pytest.mark.parametrize(
    ("floor", "slope", "exponent"),
    [(0.05, 2.0, 0.5), (0.0, 1.2, 0.3), (0.2, 9.0, 1.0), (0.3, 0.0, 0.5)],
)
def test_a_planted_power_law_is_found(floor, slope, exponent):
    errors = floor + slope * SIZES**-exponent
    expected = floor + slope * ASKED**-exponent
    np.testing.assert_allclose(power_law(SIZES, errors[None], ASKED)[0], expected, atol=2e-3)


def test_the_fit_is_that_of_scipy():
    rng = np.random.default_rng(0)
    errors = 0.1 + 3 * SIZES**-0.6 + rng.normal(0, 0.002, len(SIZES))

    def law(n, a, b, c):
        return a + b * n**-c

    (a, b, c), _ = curve_fit(law, SIZES, errors, p0=(0.1, 3, 0.5), bounds=(0, [1, 50, 1.5]))
    ours = power_law(SIZES, errors[None], ASKED)[0]
    np.testing.assert_allclose(ours, law(ASKED, a, b, c), atol=2e-3)


def test_errors_that_rise_are_forecast_to_stay():
    told = power_law(SIZES, np.linspace(0.1, 0.2, len(SIZES))[None], ASKED)[0]
    np.testing.assert_allclose(told, 0.15)


def test_intervals_hold_the_truth_about_as_often_as_said():
    rng = np.random.default_rng(1)
    truth = 0.1 + 3 * SIZES**-0.6
    ahead = 0.1 + 3 * ASKED[1] ** -0.6
    held = 0
    for seed in range(40):
        parts = []
        for _ in range(3):
            luck = rng.random(400)  # a row that is easy for one fit is easy for the others
            right = luck[None] > truth[:, None]
            parts.append(np.stack([right, np.ones_like(right)], axis=2).astype(float))
        found = forecast(SIZES, parts, ASKED, seed)
        low, high = found.interval
        assert (low <= found.errors).all()
        assert (found.errors <= high).all()
        np.testing.assert_allclose(found.gains, found.errors[0] - found.errors)
        assert (found.gain_interval[0] <= found.gains).all()
        assert (found.gains <= found.gain_interval[1]).all()
        assert (found.gain_interval[:, 0] == 0).all()
        held += low[1] <= ahead <= high[1]
    assert (
        held >= 33
    )  # of 40: 95 % of a binomial's draws hold 36 or more; some are lost to the form
