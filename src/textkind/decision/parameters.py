"""What a calibrator has learned, checked where it is made or read: numbers and tuples of them."""

import math

import numpy as np

from textkind.errors import SettingsError


def is_number(value: object, low: float = -math.inf, high: float = math.inf) -> bool:
    """Whether it is a finite int or float of low to high; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -1e300 < value < 1e300 and low <= value <= high


def check_number(name: str, value: object, low: float, high: float) -> None:
    """SettingsError where it is no number of low to high."""
    if not is_number(value, low, high):
        raise SettingsError(f"{name} must be a number of {low:g} to {high:g}", found=value)


def check_row(name: str, values: object, length: int, low: float = -math.inf) -> None:
    """SettingsError where it is no tuple of so many finite numbers, each at least low."""
    if not isinstance(values, tuple) or len(values) != length or length == 0:
        raise SettingsError(f"{name} must be numbers, one a label", found=values)
    for value in values:
        if not is_number(value, low):
            kind = "finite numbers" if low == -math.inf else f"numbers of {low:g} or more"
            raise SettingsError(f"{name} must be {kind}", found=value)


def as_row(values: np.ndarray) -> tuple[float, ...]:
    """An array (K,) as the tuple of Python floats that is kept."""
    return tuple(values.tolist())
