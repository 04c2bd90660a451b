"""A learning curve and where it goes: errors at growing numbers of texts in, a forecast out.

The error falls as a + b n^-c (an inverse power law: Cortes et al. 1993; Hestness et al. 2017), a, b
and c at least 0. Fitted by least squares; how sure it is, by drawing the judged rows again.
"""

from dataclasses import dataclass

import numpy as np

from textkind.evaluation.intervals import TAILS
from textkind.evaluation.paired import figure_of
from textkind.seeds import generator

EXPONENTS = np.linspace(0.05, 1.5, 59)
RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Forecast:
    """errors (P,) at the sizes asked for, gains (P,) how much lower than at the first of them.

    Each of the intervals is (2, P): the lower ends and the upper ones.
    """

    errors: np.ndarray
    interval: np.ndarray
    gains: np.ndarray
    gain_interval: np.ndarray


def power_law(sizes: np.ndarray, errors: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(B, P) errors at the sizes asked for (P,), from (B, S) errors at sizes (S,), two or more."""
    best = np.full(len(errors), np.inf)
    told = np.empty((len(errors), len(asked)))
    for exponent in EXPONENTS:
        x = (sizes / sizes[-1]) ** -exponent
        floor, slope = _line(x, errors)
        loss = ((floor[:, None] + slope[:, None] * x - errors) ** 2).sum(axis=1)
        better = loss < best
        best[better] = loss[better]
        there = (asked / sizes[-1]) ** -exponent
        told[better] = floor[better, None] + slope[better, None] * there
    return told


def _line(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(B,) a and b of y = a + b x by least squares, neither below 0; y is (B, S)."""
    middle, mean = x.mean(), y.mean(axis=1)
    slope = ((y - mean[:, None]) * (x - middle)).sum(axis=1) / ((x - middle) ** 2).sum()
    slope = np.maximum(slope, 0)
    floor = mean - slope * middle
    through = (y * x).sum(axis=1) / (x**2).sum()  # where the floor would be below 0
    return np.maximum(floor, 0), np.where(floor < 0, through, slope)


def forecast(
    sizes: np.ndarray, parts: list[np.ndarray], asked: np.ndarray, seed: int = 0
) -> Forecast:
    """The forecast of 1 less the headline figure.

    sizes (S,) rising; parts has an (S, N, 2) array for each fold, of row_parts of its rows at each
    size; asked (P,) sizes. A resample draws the rows of every fold again, and folds.
    """
    random = generator(seed, "forecast")
    sums = np.stack([part.sum(axis=1) for part in parts])  # (F, S, 2)
    drawn = np.empty((RESAMPLES, *sums.shape[1:]))
    for resample in range(RESAMPLES):
        folds = random.integers(0, len(parts), len(parts))
        chosen = [parts[fold] for fold in folds]
        drawn[resample] = sum(
            one[:, random.integers(0, one.shape[1], one.shape[1])].sum(axis=1) for one in chosen
        )
    errors = 1 - figure_of(np.concatenate([sums.sum(axis=0)[None], drawn]))
    told = power_law(sizes, errors, asked)
    gains = told[:, :1] - told
    return Forecast(told[0], _interval(told), gains[0], _interval(gains))


def _interval(drawn: np.ndarray) -> np.ndarray:
    """(2, P) percentiles of (1 + B, P), widened to hold the first, which is not drawn."""
    low, high = np.percentile(drawn[1:], TAILS, axis=0)
    return np.stack([np.minimum(low, drawn[0]), np.maximum(high, drawn[0])])
