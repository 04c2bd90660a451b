"""Runs of tokens to buckets: compiled."""

import numpy as np
from numba import njit

from textkind.encoding.ngram_kernels import combine

compiled = njit(cache=True, nogil=True, boundscheck=False)


@compiled
def add_runs(ids, offsets, longest, places, found, found_offsets):
    """Write the tokens of every text into `found`, and behind them the ids of its runs.

    places (buckets,) int32 is the id of each bucket, -1 for one without. found has room for all,
    found_offsets is (N + 1,) int64.
    """
    used = 0
    found_offsets[0] = 0
    for text in range(offsets.size - 1):
        begin, end = offsets[text], offsets[text + 1]
        found[used : used + end - begin] = ids[begin:end]
        used += end - begin
        for i in range(begin, end):
            run = combine(np.uint64(0), np.uint64(ids[i]))
            for j in range(i + 1, min(i + longest, end)):
                run = combine(run, np.uint64(ids[j]))
                share = (run >> np.uint64(32)) * np.uint64(places.size)
                place = places[share >> np.uint64(32)]
                if place >= 0:
                    found[used] = place
                    used += 1
        found_offsets[text + 1] = used
    return used
