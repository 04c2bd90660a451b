"""Sums of weighted rows of a table, and their slopes: compiled."""

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
