"""Settings of the training loop: what cannot be used is refused where it is made."""

import math

import pytest

from textkind.errors import SettingsError
from textkind.training.settings import CHOICES, COUNTS, OPEN, RANGES, Places, TrainingSettings

BAD = [
    *((name, value) for name in CHOICES for value in ("nonsense", None, 1, ["adamw"])),
    *((name, value) for name in COUNTS for value in (0, -1, 1.0, "2", True, math.nan)),
    *((name, None) for name in COUNTS if name not in OPEN),
    *((name, value) for name in RANGES for value in (-1e-9, "1", True, math.nan, -math.inf)),
    *((name, None) for name in RANGES if name not in OPEN),
    *((name, high * 1.001) for name, (_, high, _) in RANGES.items() if high < math.inf),
    *((name, low) for name, (low, _, closed) in RANGES.items() if not closed),
    *((name, math.inf) for name in RANGES),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_setting_that_cannot_be_used_is_refused_by_its_name(name, value):
    with pytest.raises(SettingsError, match=name):
        TrainingSettings(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"), [(n, v) for n, values in CHOICES.items() for v in values]
)
def test_every_choice_can_be_made(name, value):
    assert getattr(TrainingSettings(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [(n, v) for n, (low, high, closed) in RANGES.items() for v in (low, high)
     if closed and v < math.inf],
)  # fmt: skip
def test_bounds_that_belong_to_a_range_can_be_set(name, value):
    assert getattr(TrainingSettings(**{name: value}), name) == value


def test_a_wrong_choice_is_told_the_nearest():
    with pytest.raises(SettingsError, match="did you mean 'adamw'"):
        TrainingSettings(optimizer="adam")


@pytest.mark.parametrize("steps", [0, -5, 1.5, True, "3", None])
def test_steps_between_checkpoints_must_be_a_whole_number(steps):
    with pytest.raises(SettingsError):
        Places(checkpoint_steps=steps)
