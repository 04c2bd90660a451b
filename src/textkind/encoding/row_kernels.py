"""Counted buckets to weighted features: compiled kernels on whole rows.

A row is a text: its buckets or columns and their counts or weights, from starts[row] to ends[row],
words before middles[row] and characters behind.
"""

import numpy as np
from numba import njit

from textkind.encoding.ngram_kernels import compiled, hash_text


@compiled
def hash_rows(
    text, offsets, first, last, table, words, characters, borders, symbols, bits,
    hashes, spans, points, found, slots, buckets, counts, written, starts, middles, ends,
):  # fmt: skip
    """Count the n-gram buckets of texts first..last-1 from index `written` on."""
    for row in range(first, last):
        starts[row] = written
        middles[row], ends[row] = hash_text(
            text, offsets[row], offsets[row + 1], table, words, characters, borders, symbols, bits,
            hashes, spans, points, found, slots, buckets, counts, written,
        )  # fmt: skip
        written = ends[row]


@compiled
def count_documents(starts, ends, buckets, frequency, appeared):
    """Document frequency of every bucket, and the buckets in order of first appearance.

    Returns how many buckets appeared.
    """
    different = 0
    for row in range(starts.size):
        for i in range(starts[row], ends[row]):
            bucket = buckets[i]
            before = frequency[bucket]
            appeared[different] = bucket  # without a branch: a wrong guess costs more than this
            different += before == 0
            frequency[bucket] = before + 1
    return different


@compiled
def count_known(starts, ends, buckets, column_of, known):
    """How many buckets of every row, from start to end, have a column."""
    for row in range(starts.size):
        for i in range(starts[row], ends[row]):
            known[row] += column_of[buckets[i]] >= 0


@compiled
def by_falling_frequency(appeared, frequency, minimum, buckets):
    """Sort the buckets of at least `minimum` texts by falling document frequency (counting sort).

    Equals stay in order of first appearance. `buckets` takes the result; returns how many.
    """
    most = 0
    for i in range(appeared.size):
        most = max(most, frequency[appeared[i]])
    places = np.zeros(most + 2, np.int64)
    for i in range(appeared.size):
        places[most - frequency[appeared[i]] + 1] += 1
    for i in range(1, most + 2):
        places[i] += places[i - 1]
    kept = places[max(most - minimum + 1, 0)]
    for i in range(appeared.size):
        count = frequency[appeared[i]]
        if count >= minimum:
            buckets[places[most - count]] = appeared[i]
            places[most - count] += 1
    return kept


@njit(cache=True, nogil=True, boundscheck=False, fastmath=True)
def unit_length(begin, end, values):
    """Scale values[begin:end] to Euclidean length 1, if they are not all 0."""
    squares = np.float32(0)
    for i in range(begin, end):
        squares += values[i] * values[i]
    if squares > 0:
        factor = np.float32(1) / np.sqrt(squares)
        for i in range(begin, end):
            values[i] *= factor


@compiled
def weigh_span(begin, end, written, columns, values, column_of, importance, logarithms, sublinear):
    """Turn buckets and counts of begin..end-1 into columns and weights of Euclidean length 1.

    Buckets without a column are dropped; the others move to index `written` on. Returns the index
    behind the last.
    """
    for i in range(begin, end):  # by itself, so that many lookups are under way at once
        columns[i] = column_of[columns[i]]
    kept = written
    for i in range(begin, end):
        column = columns[i]
        count = values[i]
        if sublinear and count > 1:
            count = logarithms[min(np.int64(count), logarithms.size - 1)]
        columns[kept] = column
        values[kept] = count * importance[max(column, 0)]
        kept += np.int64(column >= 0)
    unit_length(written, kept, values)
    return kept


@compiled
def weigh_rows(
    first, last, starts, middles, ends, columns, values, column_of, importance, logarithms,
    sublinear,
):  # fmt: skip
    """Turn rows first..last-1 of counted buckets into weighted columns, in place."""
    for row in range(first, last):
        middle = weigh_span(
            starts[row], middles[row], starts[row], columns, values,
            column_of, importance, logarithms, sublinear,
        )  # fmt: skip
        ends[row] = weigh_span(
            middles[row], ends[row], middle, columns, values,
            column_of, importance, logarithms, sublinear,
        )  # fmt: skip
        middles[row] = middle


@compiled
def renumber_rows(starts, ends, columns, number):
    """Give the columns of all rows their new numbers, in place."""
    for row in range(starts.size):
        for i in range(starts[row], ends[row]):
            columns[i] = number[columns[i]]


@compiled
def rescale_span(begin, end, columns, values, scale):
    """Multiply the weights of begin..end-1 by those of their columns; back to length 1."""
    for i in range(begin, end):
        values[i] *= scale[columns[i]]
    unit_length(begin, end, values)


@compiled
def rescale_rows(first, last, starts, middles, ends, columns, values, scale):
    """Multiply the weights of rows first..last-1 by those of their columns, in place."""
    for row in range(first, last):
        rescale_span(starts[row], middles[row], columns, values, scale)
        rescale_span(middles[row], ends[row], columns, values, scale)
