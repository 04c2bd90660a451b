"""Whether what is asked now is spread as what was seen before: counts in, a distance out.

    found = drift(expected, seen)       (B,) counts of one figure in the same B cells

The distance is the population stability index, the sum of (q - p) log(q / p) over the cells: the
Kullback-Leibler divergence in both directions. By the usage of credit scoring (Siddiqi 2006, Credit
Risk Scorecards) less than 0.1 is no change and over 0.25 a great one. Two samples of one
distribution are apart as well: their index is (1/n + 1/m) times a chi-squared variable of B - 1
degrees of freedom (Yurdakul and Naranjo 2020, Statistical properties of the population stability
index, The Journal of Risk Model Validation 14(4)), so that few texts need a higher limit.

Plain numbers, no arrays: the front process of the service compares a hundred cells now and then;
NumPy and SciPy would double its memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import erfc, exp, lgamma, log, sqrt

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


def drift(expected: Sequence[int], seen: Sequence[int]) -> Drift:
    """Of B counts of the reference and B of what is asked now."""
    reference, texts = sum(expected), sum(seen)
    expected, seen = together(expected, seen)
    if len(seen) < 2:
        return Drift(texts, None, None)
    index = stability_index([n + SMOOTHING for n in expected], [n + SMOOTHING for n in seen])
    return Drift(texts, index, index_limit(len(seen), reference, texts))


def stability_index(expected: Sequence[float], seen: Sequence[float]) -> float:
    """The population stability index of two times B counts above 0."""
    p = [number / sum(expected) for number in expected]
    q = [number / sum(seen) for number in seen]
    return sum((after - before) * log(after / before) for before, after in zip(p, q, strict=True))


def index_limit(cells: int, reference: float, texts: float) -> float:
    """The index beyond which so many texts have drifted from a reference of so many."""
    return max(LEAST_INDEX, chi_squared_limit(cells - 1) * (1 / reference + 1 / texts))


@cache
def chi_squared_limit(freedom: int) -> float:
    """What a chi-squared variable of 1 or more degrees of freedom exceeds with CHANCE."""
    low, high = 0.0, 30.0 + 3 * freedom
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if _chance_above(middle, freedom) > CHANCE else (low, middle)
    return middle


def _chance_above(value: float, freedom: int) -> float:
    """Abramowitz and Stegun 1964, Handbook of Mathematical Functions, 26.4.4 and 26.4.5."""
    half, odd = value / 2, freedom % 2
    powers = [odd / 2 + one for one in range(freedom // 2)]
    rest = sum(exp(power * log(half) - half - lgamma(power + 1)) for power in powers)
    return rest + (erfc(sqrt(half)) if odd else 0.0)


def together(expected: Sequence[int], seen: Sequence[int]) -> tuple[list[int], list[int]]:
    """The same counts, those of rare cells put together, which come last.

    Rare is a cell that would hold fewer than 10 texts of the smaller sample if both were alike. One
    cell is left where there are too few texts for two.
    """
    sizes = sum(expected), sum(seen)
    if not min(sizes):
        return [], []
    share = min(sizes) / sum(sizes)
    alike = [(before + after) * share for before, after in zip(expected, seen, strict=True)]
    order = sorted(range(len(alike)), key=alike.__getitem__)
    rare = sum(number < LEAST_IN_CELL for number in alike)
    while 0 < rare < len(order) and sum(alike[cell] for cell in order[:rare]) < LEAST_IN_CELL:
        rare += 1
    if not rare:
        return list(expected), list(seen)
    joined, kept = order[:rare], order[rare:]
    before, after = (
        [*(counts[cell] for cell in kept), sum(counts[cell] for cell in joined)]
        for counts in (expected, seen)
    )
    return before, after
