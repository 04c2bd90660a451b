"""A learning curve and where it goes: errors at growing numbers of texts in, a forecast out.

The error falls as a + b n^-c (an inverse power law: Cortes et al. 1993; Hestness et al. 2017), a, b
and c at least 0. Fitted by least squares; how sure it is, by drawing the judged rows again.
"""

from dataclasses import dataclass

import numpy as np

from textkind.evaluation.intervals import NORMAL
from textkind.evaluation.paired import figure_of
from textkind.seeds import generator

EXPONENTS = np.linspace(0.05, 1.5, 59)
RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Forecast:
    """errors (P,) at the sizes asked for, gains (P,) how much lower than at the first of them.

    Each of the intervals is (2, P): the lower ends and the upper ones; that of the gains is of what
    as many rows as were judged will show.
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
    noise = _noise(sizes, parts) * (asked != asked[0])
    return Forecast(
        told[0], np.clip(_interval(told, 0 * noise), 0, 1), gains[0], _interval(gains, noise)
    )


def _noise(sizes: np.ndarray, parts: list[np.ndarray]) -> float:
    """The standard error of a gain that is measured on as many rows as were judged.

    By the rows' part in the difference of the last fit and that of half as many texts.
    """
    rows = np.concatenate(parts, axis=1)[[np.searchsorted(sizes, sizes[-1] / 2), -1]]
    above = rows[..., 0] - figure_of(rows.sum(axis=1))[:, None] * rows[..., 1]
    above = above / np.maximum(rows[..., 1].mean(axis=1, keepdims=True), 1e-9)
    return float(np.std(above[1] - above[0]) / np.sqrt(rows.shape[1]))


def _interval(drawn: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """(2, P) around the first of (1 + B, P), which is not drawn; noise (P,) comes on top.

    As wide as a normal law with the resamples' root mean square distance from it: the fit bends
    more with noise, so that resamples lie to one side, and their percentiles would as well.
    """
    half = NORMAL * np.sqrt(np.square(drawn[1:] - drawn[0]).mean(axis=0) + noise**2)
    return np.stack([drawn[0] - half, drawn[0] + half])
