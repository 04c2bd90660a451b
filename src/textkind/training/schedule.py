"""The learning rate over a training: up in the warm-up, then down to nothing or level."""

import math
from collections.abc import Callable

AFTER_WARMUP: dict[str, Callable[[float], float]] = {
    "linear": lambda done: 1 - done,
    "cosine": lambda done: (1 + math.cos(math.pi * done)) / 2,
    "constant": lambda done: 1.0,
}


def rate_factor(schedule: str, progress: float, warmup: float, step: float) -> float:
    """What the highest learning rate is multiplied with.

    progress is the share of the training that is done, from 0 to 1, `step` the share that one step
    is: the first step already has a rate above 0, and the last as well.
    """
    if progress + step <= warmup:
        return (progress + step) / warmup
    done = (progress - warmup) / (1 - warmup) if warmup < 1 else 0.0
    return AFTER_WARMUP[schedule](min(1.0, max(0.0, done)))
