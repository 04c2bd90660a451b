"""The learning rate over a training."""

import itertools
import math

import pytest

from textkind.training.schedule import AFTER_WARMUP, rate_factor


@pytest.mark.parametrize(
    ("schedule", "progress", "warmup", "expected"),
    [
        ("constant", 0.0, 0.0, 1.0),
        ("constant", 0.99, 0.0, 1.0),
        ("linear", 0.0, 0.0, 1.0),
        ("linear", 0.25, 0.0, 0.75),
        ("linear", 0.6, 0.2, 0.5),
        ("linear", 0.04, 0.2, 0.25),
        ("cosine", 0.0, 0.0, 1.0),
        ("cosine", 0.5, 0.0, 0.5),
        ("cosine", 0.25, 0.0, (1 + math.sqrt(0.5)) / 2),
        ("cosine", 0.6, 0.2, 0.5),
        ("cosine", 0.09, 0.1, 1.0),
    ],
)
def test_rates_are_those_of_the_formula(schedule, progress, warmup, expected):
    assert rate_factor(schedule, progress, warmup, 0.01) == pytest.approx(expected)


@pytest.mark.parametrize("schedule", AFTER_WARMUP)
@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.3, 0.999, 1.0])
@pytest.mark.parametrize("steps", [1, 3, 7, 100])
def test_every_step_has_a_rate_above_0_and_none_above_the_highest(schedule, warmup, steps):
    factors = [rate_factor(schedule, step / steps, warmup, 1 / steps) for step in range(steps)]
    assert min(factors) > 0
    assert max(factors) <= 1


@pytest.mark.parametrize("schedule", AFTER_WARMUP)
def test_the_rate_rises_in_the_warmup_and_never_after(schedule):
    factors = [rate_factor(schedule, step / 100, 0.2, 0.01) for step in range(100)]
    rising = [b - a for a, b in itertools.pairwise(factors[:20])]
    assert all(gain == pytest.approx(0.05) for gain in rising)
    assert factors[19] == pytest.approx(1)
    assert all(b <= a for a, b in itertools.pairwise(factors[20:]))


@pytest.mark.parametrize("warmup", [0.1, 1.0])
def test_progress_beyond_the_end_has_no_negative_rate(warmup):
    assert rate_factor("linear", 1.2, warmup, 0.01) >= 0
