"""As many rows of a model as a size of its file allows.

model = to_size(made, most, limit, bytes_of)        made(number) is the model of so many rows
"""

from collections.abc import Callable
from typing import Any

from textkind.errors import SettingsError

MOST_TURNS = 12  # of looking for the number of rows that fits
FULL = 0.96  # of the size asked for: near enough
FEWEST = 8  # rows of the smallest model


def to_size(
    made: Callable[[int], Any], most: int, limit: int, bytes_of: Callable[[Any], int]
) -> Any:
    """The model of the most rows whose file is within the limit.

    SettingsError where not even the smallest is.
    """
    low, high, best = FEWEST, most + 1, made(FEWEST)
    least = bytes_of(best)
    if least > limit:
        raise SettingsError(
            "no file of this model is so small",
            found=f"{least:,} bytes for {FEWEST} rows, and {limit:,} are left for them",
            hint="allow more megabytes with --max-mb",
        )
    number = most
    for _ in range(MOST_TURNS):
        model = made(number)
        size = bytes_of(model)
        if size <= limit:
            best, low = model, number
        else:
            high = number
        if high - low < 2 or (low == number and size >= FULL * limit):
            break
        # bytes grow with the rows
        share = 0.99 * (limit - least) / max(size - least, 1)
        guess = FEWEST + int((number - FEWEST) * share)
        number = guess if low < guess < high else (low + high) // 2
    return best
