"""Two or more models on the same rows: how far their figures differ, and whether by chance.

Rows are what is drawn again, and every model is read on the rows drawn, so what makes a row easy or
hard for all of them drops out of the differences. In go predicted labels and targets; out come
plain numbers.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, gammaln

from textkind.evaluation.intervals import TAILS
from textkind.seeds import generator

RESAMPLES = 2000
FEWEST = 200  # resamples, however many the rows
WORK = 2 * 10**9  # rows drawn in all, some 10 s on one core; beyond it there are fewer resamples
WIDTH = 32  # resamples at a time


@dataclass(frozen=True)
class Disagreement:
    """McNemar's test: the rows that one model gets right and the other wrong.

    first_only, second_only   how many rows only the first, or only the second, gets right
    exact                     two-sided p of the binomial test that both are equally likely
    mid                       the mid-p value, which is nearer to the stated level
    """

    first_only: int
    second_only: int
    exact: float
    mid: float


@dataclass(frozen=True)
class Difference:
    """First less second, in the unit of the figure, with its 95 % interval and two-sided p."""

    value: float
    low: float
    high: float
    p: float


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> Disagreement:
    """McNemar's test of two models, each (N,) bool: whether it gets the row right.

    Exact (McNemar 1947 with the binomial) and mid-p: Fagerland, Lydersen & Laake 2013, "The McNemar
    test for binary matched-pairs data", which advises the second.
    """
    first_only = int((first_right & ~second_right).sum())
    second_only = int((second_right & ~first_right).sum())
    total, fewer = first_only + second_only, min(first_only, second_only)
    if total == 0:
        return Disagreement(0, 0, 1.0, 1.0)
    up_to = float(bdtr(fewer, total, 0.5))
    ways = gammaln(total + 1) - gammaln(fewer + 1) - gammaln(total - fewer + 1)
    just_so = float(np.exp(ways - total * np.log(2)))
    return Disagreement(first_only, second_only, min(1.0, 2 * up_to), 2 * up_to - just_so)


def row_parts(predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N, 2) float64: what each row adds to the two sides of the headline figure's fraction.

    One label: accuracy, rows right of rows. Several labels: micro F1, twice the hits of the labels
    given and gold together.
    """
    if targets.ndim == 1:
        return np.column_stack([predicted == targets, np.ones(len(targets))]).astype(np.float64)
    hits = ((predicted != 0) & (targets != 0)).sum(axis=1)
    marked = (predicted != 0).sum(axis=1) + (targets != 0).sum(axis=1)
    return np.column_stack([2 * hits, marked]).astype(np.float64)


def figure_of(sums: np.ndarray) -> np.ndarray:
    """(...) headline figures of (..., 2) sums of row_parts; 0 where nothing is marked."""
    whole = sums[..., 1]
    return np.divide(sums[..., 0], whole, out=np.zeros(whole.shape), where=whole != 0)


def resampled_figures(parts: np.ndarray, seed: int, resamples: int = RESAMPLES) -> np.ndarray:
    """(B, M) float64: the headline figure of M models on each of B draws of the same rows.

    parts (M, N, 2) of row_parts, N 1 or more. B is `resamples`, fewer where the rows are very many.
    """
    models, rows, _ = parts.shape
    made = min(resamples, max(WORK // rows, FEWEST))
    random = generator(seed, "paired")
    flat = np.ascontiguousarray(parts.transpose(1, 0, 2).reshape(rows, 2 * models))
    figures = []
    for start in range(0, made, WIDTH):
        width = min(WIDTH, made - start)
        drawn = np.empty((width, rows))
        for place in range(width):
            drawn[place] = np.bincount(random.integers(0, rows, rows), minlength=rows)
        figures.append(figure_of((drawn @ flat).reshape(width, models, 2)))
    return np.concatenate(figures)


def difference(
    first: np.ndarray, second: np.ndarray, first_value: float, second_value: float, rows: int
) -> Difference:
    """The difference of two figures of N rows, from their values and resampled ones, each (B,).

    The percentile interval; p is twice the smaller share of resamples on either side of 0, the
    value itself counted among them so that p is never 0 (Davison & Hinkley 1997, section 4.2). It
    is 2^(1 - N) at least, which is that of N rows that all speak for one side: draws of very few
    rows are too much alike to tell more.
    """
    gaps = first - second
    low, high = (float(end) for end in np.percentile(gaps, TAILS))
    tail = min((gaps <= 0).sum(), (gaps >= 0).sum())
    p = min(1.0, max(2 * (float(tail) + 1) / (len(gaps) + 1), 2.0 ** (1 - rows)))
    return Difference(first_value - second_value, low, high, p)


def holm(p_values: np.ndarray) -> np.ndarray:
    """(C,) p values adjusted for C comparisons: Holm 1979, a step-down of Bonferroni.

    Where each is compared with 0.05, the chance of any false finding stays at 5 % or below.
    """
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * (count - np.arange(count)))
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(1.0, stepped)
    return adjusted
