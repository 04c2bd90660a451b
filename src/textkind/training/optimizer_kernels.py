"""One optimizer step for some rows of a matrix, in one pass over memory: compiled."""

import numpy as np
from numba import njit

# error_model: a check for division by zero would keep the loops from being vectorised
compiled = njit(
    cache=True,
    nogil=True,
    boundscheck=False,
    error_model="numpy",
    fastmath={"contract", "arcp", "nsz"},
)


@compiled
def adamw_rows(
    values, first, second, rows, slopes, begin, end,
    rate, kept, beta1, beta2, rest1, rest2, epsilon, correction1, correction2,
):  # fmt: skip
    """AdamW's update (Loshchilov and Hutter 2019) of values[rows[begin:end]], all (., D) float32.

    first and second are the moments of all values; kept is 1 - rate * decay, rest is 1 - beta,
    rounded from float64 as torch has it, and correction 1 - beta^steps.
    """
    for place in range(begin, end):
        row, slope = rows[place], slopes[place]
        value, mean, square = values[row], first[row], second[row]
        for i in range(value.size):
            mean[i] = mean[i] * beta1 + slope[i] * rest1
            square[i] = square[i] * beta2 + slope[i] * slope[i] * rest2
            move = mean[i] / correction1 / (np.sqrt(square[i] / correction2) + epsilon)
            value[i] = value[i] * kept - rate * move


@compiled
def sgd_rows(values, first, rows, slopes, begin, end, rate, decay, momentum):
    """A step of gradient descent with momentum of values[rows[begin:end]]."""
    for place in range(begin, end):
        row, slope = rows[place], slopes[place]
        value, moved = values[row], first[row]
        for i in range(value.size):
            moved[i] = moved[i] * momentum + slope[i] + decay * value[i]
            value[i] -= rate * moved[i]
