"""Fisher's exact test of two rows of counts. SciPy has it where importing takes seconds."""

import numpy as np
from scipy.special import gammaln, logsumexp

TIES = 1e-7  # relative: probabilities so near count as equal, as in SciPy


def fisher_exact(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Two-sided p of a table of counts, its margins held: Fisher 1922.

    The chance of a table that is no likelier than this one.
    """
    left, total = first[0] + second[0], sum(first) + sum(second)
    most, least = min(left, sum(first)), max(0, sum(first) - (total - left))
    inside = np.arange(least, most + 1)
    weight = _ways(left, inside) + _ways(total - left, sum(first) - inside)
    no_likelier = weight[weight <= weight[first[0] - least] + TIES]
    return min(1.0, float(np.exp(logsumexp(no_likelier) - logsumexp(weight))))


def _ways(size: int, chosen: np.ndarray) -> np.ndarray:
    """Log of in how many ways so many of `size` are chosen."""
    ways: np.ndarray = gammaln(size + 1) - gammaln(chosen + 1) - gammaln(size - chosen + 1)
    return ways
