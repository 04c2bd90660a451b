"""The best of many candidates by validation, and what that choice is worth on other rows.

Who takes the best of many by some rows also takes what luck those rows gave it, so its gain there
flatters. `gains_elsewhere` repeats the choice on draws of the rows and looks at the gain on the
rows that were not drawn: Tsamardinos, Greasidou & Borboudakis 2018, "Bootstrapping the
out-of-sample predictions for efficient and accurate cross-validation".

Candidates are M rows of arrays, the first of them what the others are compared with.
"""

from dataclasses import dataclass

import numpy as np

from textkind.evaluation.intervals import TAILS
from textkind.evaluation.paired import figure_of
from textkind.seeds import generator

LOG_LOSS, HEADLINE = "log_loss", "headline"
FIGURES = (LOG_LOSS, HEADLINE)  # that a choice can go by
RESAMPLES = 1000
WORK = 2 * 10**9  # rows of candidates drawn in all; beyond it there are fewer resamples
FEWEST = 100


@dataclass(frozen=True, eq=False)
class Judgement:
    """How M candidates did on N rows.

    losses  (M, N) float64 log loss of every row
    parts   (M, N, 2) float64 as paired.row_parts makes them: the headline figure's fraction
    """

    losses: np.ndarray
    parts: np.ndarray


@dataclass(frozen=True)
class Gain:
    """A gain over the first candidate, above 0 where it is one, with its 95 % interval."""

    value: float
    low: float
    high: float


def best_of(losses: np.ndarray, headlines: np.ndarray, figure: str) -> np.ndarray:
    """(...) places of the best among (..., M) log losses and headline figures.

    The best by `figure`, one of FIGURES, of those that are in neither worse than the first; of
    equals the earliest. So the first is taken where no other is better.
    """
    allowed = (losses <= losses[..., :1]) & (headlines >= headlines[..., :1])
    by = losses if figure == LOG_LOSS else -headlines
    best: np.ndarray = np.where(allowed, by, np.inf).argmin(axis=-1)
    return best


def gains_elsewhere(
    judged: Judgement, figure: str, seed: int, resamples: int = RESAMPLES
) -> dict[str, Gain]:
    """What choosing the best gains over the first, on rows that had no say in the choice.

    By LOG_LOSS, in nats, and by HEADLINE. In every resample the best of the rows drawn is looked at
    on the others; those in which every row was drawn are left out. N must be 2 or more.
    """
    models, rows = judged.losses.shape
    made = min(resamples, max(WORK // (models * rows), FEWEST))
    random = generator(seed, "selection")
    losses, parts = judged.losses.T, judged.parts.transpose(1, 0, 2).reshape(rows, 2 * models)
    found = []
    for _ in range(made):
        drawn = np.bincount(random.integers(0, rows, rows), minlength=rows).astype(np.float64)
        outside = (drawn == 0).astype(np.float64)
        if not outside.any():
            continue
        both = np.stack([drawn, outside])
        loss = both @ losses / both.sum(axis=1, keepdims=True)  # (2, M)
        headline = figure_of((both @ parts).reshape(2, models, 2))
        best = int(best_of(loss[0], headline[0], figure))
        found.append((loss[1, 0] - loss[1, best], headline[1, best] - headline[1, 0]))
    gains = np.array(found)
    bounds = np.percentile(gains, TAILS, axis=0)
    return {
        name: Gain(float(gains[:, place].mean()), *map(float, bounds[:, place]))
        for place, name in enumerate(FIGURES)
    }


def loss_gain(first: np.ndarray, second: np.ndarray, seed: int, resamples: int = RESAMPLES) -> Gain:
    """How much less log loss the second has than the first, on the same (N,) rows, in nats.

    The interval is that of the mean of differences over draws of the rows.
    """
    gaps = first - second
    rows = len(gaps)
    random = generator(seed, "log loss gain")
    means = [gaps[random.integers(0, rows, rows)].mean() for _ in range(resamples)]
    low, high = np.percentile(means, TAILS)
    return Gain(float(gaps.mean()), float(low), float(high))
