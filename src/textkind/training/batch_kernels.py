"""Ragged token ids to padded batches: compiled."""

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, boundscheck=False)


@compiled
def pad_rows(ids, offsets, rows, padded, mask):
    """Write the tokens of `rows` to padded (B, T) int64 and mask (B, T) bool, zeros behind them."""
    for place in range(rows.size):
        begin = offsets[rows[place]]
        length = offsets[rows[place] + 1] - begin
        for i in range(length):
            padded[place, i] = ids[begin + i]
            mask[place, i] = True
        for i in range(length, padded.shape[1]):
            padded[place, i] = 0
            mask[place, i] = False


@compiled
def renumber(ids, place_of, used, count):
    """Replace every id by its place among the different ones, in place; returns how many.

    place_of (V,) int32 holds -1 for ids that are not among used[:count]; new ones are added
    behind, in order of appearance.
    """
    for i in range(ids.size):
        place = place_of[ids[i]]
        if place < 0:
            place = count
            place_of[ids[i]] = place
            used[place] = ids[i]
            count += 1
        ids[i] = place
    return count


@compiled
def forget(place_of, used):
    """Set the places of the used ids back to -1."""
    for i in range(used.size):
        place_of[used[i]] = -1


@compiled
def cheapest_cuts(lengths, most_tokens, most_texts, start):
    """(N + 1,) int64: where the run begins that ends at each place, 0 for place 0.

    Falling lengths (N,), 1 at least, are cut into runs of at most most_tokens and most_texts. A run
    costs start + longest * number; together they cost least.
    """
    least = np.zeros(lengths.size + 1, np.int64)
    begins = np.zeros(lengths.size + 1, np.int64)
    for end in range(1, lengths.size + 1):
        begins[end] = end - 1
        least[end] = least[end - 1] + start + lengths[end - 1]
        for number in range(2, min(end, most_texts) + 1):
            begin = end - number
            size = number * lengths[begin]
            if size > most_tokens:
                break
            cost = least[begin] + start + size
            if cost < least[end]:
                least[end], begins[end] = cost, begin
    return begins
