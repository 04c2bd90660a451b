"""The strongest window of a text for every filter, from products of words and filters: compiled.

Sixteen filters at a time, whose greatest sums so far stay in registers over the whole text.
"""

import numpy as np
from numba import njit

from textkind.models.lanes import fill, load, select_positive, store

LANES = 16
compiled = njit(cache=True, nogil=True, boundscheck=False, fastmath={"contract", "nsz"})


@compiled
def number_words(ids, lengths, place_of, words):
    """Replace the ids (B, T) by places among the different ones, in place; returns their number.

    words takes the different ids in order of appearance; place_of (V,) int32 is -1 everywhere.
    What stands behind a text's length is left alone.
    """
    count = 0
    for text in range(ids.shape[0]):
        for i in range(lengths[text]):
            word = ids[text, i]
            place = place_of[word]
            if place < 0:
                place = count
                place_of[word] = place
                words[place] = word
                count += 1
            ids[text, i] = place
    return count


@compiled
def window_sum(products, rows, t, first, last, blocks, column):
    """The window at t for sixteen filters, taps first to last - 1 of it.

    rows[i] is where the products of word i begin.
    """
    total = load(products, rows[t + first] + column + first * blocks)
    for j in range(first + 1, last):
        total = total + load(products, rows[t + j] + column + j * blocks)
    return total


@compiled
def strongest_windows(products, places, lengths, window, first_tap, blocks, column, greatest, at):
    """Fill blocks [column : column + blocks] of greatest and at (B, .), for one width of window.

    products (U, taps * blocks * 16) float32 holds word times tap for every filter; the window at t
    comes to the sum over j, where there is a word t + j, of the product of that word and tap
    first_tap + j. at is the t of the greatest sum, as float32, and from 1 - window on. A text
    without words is passed over.
    """
    width, result = products.shape[1] // LANES, greatest.shape[1] // LANES
    rows = np.empty(places.shape[1], np.int64)
    for text in range(places.shape[0]):
        length = lengths[text]
        for t in range(length):
            rows[t] = places[text, t] * width + first_tap * blocks
        for block in range(blocks if length > 0 else 0):
            # the window at the first word; whatever it is, nan too
            best = window_sum(products, rows, 0, 0, min(window, length), blocks, block)
            where = fill(np.float32(0))
            for t in range(1 - window, length):
                first, last = max(0, -t), min(window, length - t)
                value = window_sum(products, rows, t, first, last, blocks, block)
                gain = value - best
                best = select_positive(gain, value, best)
                where = select_positive(gain, fill(np.float32(t)), where)
            store(greatest, text * result + column + block, best)
            store(at, text * result + column + block, where)


@compiled
def add_slopes(
    slopes, at, places, lengths, vectors, weights, column, vector_sums, weight_sums, with_vectors
):
    """Add the slopes by vectors (U, D) and by weights (window, F, D) for one width of window.

    Filter f has slopes[text, column + f] at the window of each text that begins at `at`; each word
    there gets slope times tap, each tap slope times word. vector_sums is left alone unless
    with_vectors.
    """
    window, filters = weights.shape[0], weights.shape[1]
    for filter_ in range(filters):  # whose taps stay in the nearest cache over all texts
        for text in range(slopes.shape[0]):
            slope = slopes[text, column + filter_]
            if slope == 0 or lengths[text] == 0:  # half are zero, behind dropout and ReLU
                continue
            t = int(at[text, column + filter_])
            for j in range(max(0, -t), min(window, lengths[text] - t)):
                place = places[text, t + j]
                add_multiple(slope, vectors[place], weight_sums[j, filter_])
                if with_vectors:
                    add_multiple(slope, weights[j, filter_], vector_sums[place])


@compiled
def add_multiple(factor, vector, total):
    """total += factor * vector."""
    for i in range(total.size):
        total[i] += factor * vector[i]
