"""One optimizer step for some rows of a table, in one pass over memory: compiled."""

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, boundscheck=False, fastmath={"contract", "arcp", "nsz"})


@compiled
def adamw_rows(
    table, first, second, rows, gradient, begin, end,
    rate, beta1, beta2, rest1, rest2, epsilon, correction1, correction2,
):  # fmt: skip
    """Adam's update (Kingma and Ba 2015) of table[rows[begin:end]], all arrays (., D) float32.

    first and second are the moments of the whole table; rest is 1 - beta, rounded from float64 as
    torch has it, and correction 1 - beta^steps.
    """
    for place in range(begin, end):
        row = rows[place]
        for i in range(table.shape[1]):
            slope = gradient[place, i]
            mean = first[row, i] * beta1 + slope * rest1
            square = second[row, i] * beta2 + slope * slope * rest2
            first[row, i] = mean
            second[row, i] = square
            table[row, i] -= rate * (mean / correction1) / (np.sqrt(square / correction2) + epsilon)


@compiled
def sgd_rows(table, first, rows, gradient, begin, end, rate, momentum):
    """A step of gradient descent with momentum of table[rows[begin:end]]."""
    for place in range(begin, end):
        row = rows[place]
        for i in range(table.shape[1]):
            moved = first[row, i] * momentum + gradient[place, i]
            first[row, i] = moved
            table[row, i] -= rate * moved
