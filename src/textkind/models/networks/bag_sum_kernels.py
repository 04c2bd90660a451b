"""Sums of weighted rows of a table, and their slopes: compiled."""

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, boundscheck=False, fastmath={"contract", "nsz"})


@compiled
def sum_rows(table, ids, weights, begin, end, sums):
    """sums[b] += weights[b, t] * table[ids[b, t]] over t, for texts begin..end - 1.

    table (V, D), weights (B, T) and sums (B, D) are float32, ids (B, T) int64. What weighs nothing
    is not read.
    """
    for text in range(begin, end):
        total = sums[text]
        for t in range(ids.shape[1]):
            weight = weights[text, t]
            if weight == 0:
                continue
            row = table[ids[text, t]]
            for i in range(total.size):
                total[i] += weight * row[i]


@compiled
def add_row_slopes(slopes, ids, weights, begin, end, by_table):
    """by_table[ids[b, t], begin:end] += weights[b, t] * slopes[b, begin:end] over b and t."""
    for text in range(ids.shape[0]):
        slope = slopes[text, begin:end]
        for t in range(ids.shape[1]):
            weight = weights[text, t]
            if weight == 0:
                continue
            row = by_table[ids[text, t], begin:end]
            for i in range(slope.size):
                row[i] += weight * slope[i]


@compiled
def mean_rows(table, weights, ids, offsets, begin, end, means):
    """means[i] = the mean of weight times row of the tokens of text i, for texts begin..end - 1.

    Text i has ids[offsets[i]:offsets[i + 1]]; weights (V,) float32 are the tokens', or empty where
    every token weighs 1. means (N, D) float32 is zeros before, and stays so for an empty text.
    """
    for text in range(begin, end):
        total = means[text]
        first, last = offsets[text], offsets[text + 1]
        place = first
        while place + 4 <= last:  # rows from four places are waited for at once
            one, two, three, four = ids[place], ids[place + 1], ids[place + 2], ids[place + 3]
            place += 4
            add_four(
                table[one], table[two], table[three], table[four],
                weight_of(weights, one), weight_of(weights, two),
                weight_of(weights, three), weight_of(weights, four), total,
            )  # fmt: skip
        while place < last:
            row, weight = table[ids[place]], weight_of(weights, ids[place])
            place += 1
            for i in range(total.size):
                total[i] += weight * row[i]
        if last > first:
            share = np.float32(1 / (last - first))
            for i in range(total.size):
                total[i] *= share


@compiled
def weight_of(weights, token):
    """The token's weight; 1 where there are none."""
    return weights[token] if weights.size else np.float32(1)


@compiled
def add_four(first, second, third, fourth, one, two, three, four, total):
    """total += one * first + two * second + three * third + four * fourth, all rows (D,)."""
    for i in range(total.size):
        total[i] += (one * first[i] + two * second[i]) + (three * third[i] + four * fourth[i])
