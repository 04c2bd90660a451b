"""Kernels of the search for near duplicates. Import only where used: compiled by Numba."""

import numpy as np
from numba import njit

EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)


@njit(cache=True, nogil=True)
def mix(x: np.uint64) -> np.uint64:
    """A 64-bit number shuffled: the finish of SplitMix64 (Steele et al. 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def sort_rows(
    first: int,
    last: int,
    starts: np.ndarray,  # (N,) int64
    ends: np.ndarray,  # (N,) int64
    columns: np.ndarray,  # int32, changed in place
) -> None:
    """Put the numbers of each row in rising order.

    By heapsort: it compiles in a fraction of the time of Numba's own sort.
    """
    for row in range(first, last):
        begin, size = starts[row], ends[row] - starts[row]
        for parent in range(size // 2 - 1, -1, -1):
            sink(columns, begin, parent, size)
        for end in range(size - 1, 0, -1):
            columns[begin], columns[begin + end] = columns[begin + end], columns[begin]
            sink(columns, begin, 0, end)


@njit(cache=True, nogil=True)
def sink(columns: np.ndarray, begin: int, parent: int, size: int) -> None:
    """Let a number of a heap of `size`, which starts at `begin`, sink to where it belongs."""
    value = columns[begin + parent]
    while 2 * parent + 1 < size:
        child = 2 * parent + 1
        if child + 1 < size and columns[begin + child + 1] > columns[begin + child]:
            child += 1
        if columns[begin + child] <= value:
            break
        columns[begin + parent] = columns[begin + child]
        parent = child
    columns[begin + parent] = value


@njit(cache=True, nogil=True)
def band_keys(
    first: int,
    last: int,
    starts: np.ndarray,  # (N,) int64
    ends: np.ndarray,  # (N,) int64
    columns: np.ndarray,  # int32
    multipliers: np.ndarray,  # (bands * rows,) uint64, odd
    keys: np.ndarray,  # (bands, N) uint64, out
) -> None:
    """A key for each band of each row's minima; equal keys are candidates.

    The minimum of a shuffle of a set's members falls on the same member of two sets with the
    chance of their Jaccard similarity (Broder 1997).
    """
    bands = keys.shape[0]
    depth = multipliers.size // bands
    least = np.empty(multipliers.size, np.uint64)
    for row in range(first, last):
        if starts[row] == ends[row]:
            for band in range(bands):
                keys[band, row] = EMPTY
            continue
        least[:] = EMPTY
        for place in range(starts[row], ends[row]):
            member = mix(np.uint64(columns[place]) + np.uint64(0x9E3779B97F4A7C15))
            for number in range(multipliers.size):
                # the high bits of a product depend on all bits of the member
                shuffled = (member ^ (member >> np.uint64(29))) * multipliers[number]
                if shuffled < least[number]:
                    least[number] = shuffled
        for band in range(bands):
            key = np.uint64(band + 1)
            for number in range(band * depth, (band + 1) * depth):
                key = mix(key ^ least[number]) + np.uint64(0x9E3779B97F4A7C15)
            keys[band, row] = key


@njit(cache=True, nogil=True)
def similarity(
    columns: np.ndarray, begin: int, end: int, other: int, stop: int, least: float
) -> float:
    """Jaccard similarity of two sorted rows; 0 where it cannot reach `least`."""
    sizes = (end - begin, stop - other)
    if min(sizes) < least * max(sizes):
        return 0.0
    shared = 0
    while begin < end and other < stop:
        here, there = columns[begin], columns[other]
        shared += here == there
        begin += here <= there
        other += there <= here
    return shared / (sizes[0] + sizes[1] - shared)


@njit(cache=True, nogil=True)
def root(parents: np.ndarray, row: int) -> int:
    """The row that stands for a row's cluster; ways are halved."""
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = parents[row]
    return row


@njit(cache=True, nogil=True)
def join_band(
    order: np.ndarray,  # (N,) int64 rows by rising key
    keys: np.ndarray,  # (N,) uint64 of this band
    starts: np.ndarray,
    ends: np.ndarray,
    columns: np.ndarray,
    least: float,  # similarity
    most: int,  # rows behind it that a row is compared with
    parents: np.ndarray,  # (N,) int64, changed in place
) -> None:
    """Join rows of one key that are as similar."""
    begin = 0
    while begin < order.size:
        end = begin + 1
        key = keys[order[begin]]
        while end < order.size and keys[order[end]] == key:
            end += 1
        if key != EMPTY:
            for place in range(begin, end - 1):
                one = order[place]
                for behind in range(place + 1, min(end, place + 1 + most)):
                    other = order[behind]
                    if root(parents, one) == root(parents, other):
                        continue
                    found = similarity(
                        columns, starts[one], ends[one], starts[other], ends[other], least
                    )
                    if found >= least:
                        low, high = root(parents, one), root(parents, other)
                        parents[max(low, high)] = min(low, high)
        begin = end


@njit(cache=True, nogil=True)
def flatten(parents: np.ndarray) -> None:
    """Let every row name the row that stands for its cluster."""
    for row in range(parents.size):
        parents[row] = root(parents, row)
