"""Dropout from a hash of each number's place: compiled."""

import numpy as np
from numba import njit

# error_model: a check for division by zero would keep the loop from being vectorised
compiled = njit(cache=True, nogil=True, boundscheck=False, error_model="numpy")


@compiled
def drop(x, begin, end, first_key, second_key, least, scale, out):
    """out[i] = x[i] * scale for begin <= i < end where the hash of i and the keys is least or more.

    Otherwise out[i] = x[i] * 0. x and out (N,) are float32; the hash, a number of 32 bits, is the
    finalizer "lowbias32" (Wellons 2018) of i, with the first key added before and the second mixed
    in between. Keys and least are uint32, scale float32.
    """
    numbers, results = x[begin:end], out[begin:end]
    start = np.uint32(first_key + np.uint32(begin))
    for i in range(numbers.size):
        bits = np.uint32(start + np.uint32(i))
        bits = np.uint32(bits ^ np.uint32(bits >> np.uint32(16)))
        bits = np.uint32(bits * np.uint32(0x7FEB352D))
        bits = np.uint32(bits ^ np.uint32(bits >> np.uint32(15)) ^ second_key)
        bits = np.uint32(bits * np.uint32(0x846CA68B))
        bits = np.uint32(bits ^ np.uint32(bits >> np.uint32(16)))
        results[i] = numbers[i] * (scale if bits >= least else np.float32(0))
