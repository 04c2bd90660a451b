"""Whether what is asked now is spread as what was seen before: counts in, a distance out.

    found = drift(expected, seen)       (B,) counts of one figure in the same B cells

The distance is the population stability index, the sum of (q - p) log(q / p) over the cells: the
Kullback-Leibler divergence in both directions. By the usage of credit scoring (Siddiqi 2006, Credit
Risk Scorecards) less than 0.1 is no change and over 0.25 a great one. Two samples of one
distribution are apart as well: their index is (1/n + 1/m) times a chi-squared variable of B - 1
degrees of freedom (Yurdakul and Naranjo 2020, Statistical properties of the population stability
index, The Journal of Risk Model Validation 14(4)), so that few texts need a higher limit.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

LEAST_INDEX = 0.1  # that is told as drift, however many texts there are
CHANCE = 0.001  # of an index above the limit where nothing has changed
LEAST_IN_CELL = 10.0  # texts expected in a cell of the smaller sample; rarer cells are put together
SMOOTHING = 0.5  # texts added to every cell, so that an empty one has a logarithm


@dataclass(frozen=True)
class Drift:
    """How far n texts are from the reference; index and limit None where there are too few."""

    texts: int
    index: float | None
    limit: float | None

    @property
    def is_drift(self) -> bool:
        """Whether the index is above its limit."""
        return self.index is not None and self.limit is not None and self.index > self.limit


def drift(expected: np.ndarray, seen: np.ndarray) -> Drift:
    """Of (B,) counts of the reference and (B,) of what is asked now."""
    texts = int(seen.sum())
    expected, seen = together(expected, seen)
    if len(seen) < 2:
        return Drift(texts, None, None)
    index = stability_index(expected + SMOOTHING, seen + SMOOTHING)
    return Drift(texts, index, index_limit(len(seen), float(expected.sum()), float(seen.sum())))


def stability_index(expected: np.ndarray, seen: np.ndarray) -> float:
    """The population stability index of two (B,) arrays of counts above 0."""
    p, q = expected / expected.sum(), seen / seen.sum()
    return float(((q - p) * np.log(q / p)).sum())


def index_limit(cells: int, reference: float, texts: float) -> float:
    """The index beyond which so many texts have drifted from a reference of so many."""
    by_chance = float(chdtri(cells - 1, CHANCE)) * (1 / reference + 1 / texts)
    return max(LEAST_INDEX, by_chance)


def together(expected: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same counts, those of rare cells put together, which come last.

    Rare is a cell that would hold fewer than 10 texts of the smaller sample if both were alike. One
    cell is left where there are too few texts for two.
    """
    sizes = expected.sum(), seen.sum()
    if not min(sizes):
        return expected[:0], seen[:0]
    alike = (expected + seen) * (min(sizes) / sum(sizes))
    order = np.argsort(alike, kind="stable")
    rare = int(np.searchsorted(alike[order], LEAST_IN_CELL))
    while 0 < rare < len(order) and alike[order[:rare]].sum() < LEAST_IN_CELL:
        rare += 1
    if not rare:
        return expected, seen
    joined, kept = order[:rare], order[rare:]
    return (
        np.append(expected[kept], expected[joined].sum()),
        np.append(seen[kept], seen[joined].sum()),
    )


def cell_borders(values: np.ndarray, cells: int) -> np.ndarray:
    """(C - 1,) rising borders that cut (N,) values into C cells of like size; C <= cells.

    A value on a border is in the cell below it. Fewer cells where many values are equal.
    """
    borders = np.quantile(values, np.arange(1, cells) / cells, method="inverted_cdf")
    return np.unique(borders[borders < values.max()])
