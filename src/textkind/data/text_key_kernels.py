"""Kernel that hashes texts as they are normalised. Import only where used: compiled by Numba."""

import numpy as np
from numba import njit

FNV_START = np.uint64(0xCBF29CE484222325)  # FNV-1a, 64 bits (Fowler, Noll, Vo)
FNV_PRIME = np.uint64(0x100000001B3)


@njit(cache=True, nogil=True)
def space_length(data: np.ndarray, i: int, end: int) -> int:
    """Bytes of the white-space character at i, as Unicode and Python have them; 0: none."""
    byte = data[i]
    if byte <= 32:
        return 1 if byte == 32 or 9 <= byte <= 13 or 28 <= byte <= 31 else 0
    if byte < 0xC2:
        return 0
    if byte == 0xC2 and i + 1 < end:
        return 2 if data[i + 1] == 0x85 or data[i + 1] == 0xA0 else 0
    if i + 2 >= end:
        return 0
    second, third = data[i + 1], data[i + 2]
    if byte == 0xE2 and second == 0x80:
        return 3 if 0x80 <= third <= 0x8A or third in (0xA8, 0xA9, 0xAF) else 0
    if byte == 0xE1 and second == 0x9A and third == 0x80:
        return 3
    if byte == 0xE2 and second == 0x81 and third == 0x9F:
        return 3
    return 3 if byte == 0xE3 and second == 0x80 and third == 0x80 else 0


@njit(cache=True, nogil=True)
def hash_normalised(
    data: np.ndarray,  # (B,) uint8
    offsets: np.ndarray,  # (n + 1,) int64
    places: np.ndarray,  # (m,) int64, which texts of these
    rows: np.ndarray,  # (m,) int64, where their keys go
    keys: np.ndarray,  # (N,) uint64, out
) -> None:
    """Keys of texts whose letters beyond ASCII are lower case already."""
    for n in range(len(places)):
        i, end = offsets[places[n]], offsets[places[n] + 1]
        key = FNV_START
        begun = waiting = False
        while i < end:
            space = space_length(data, i, end)
            if space:
                waiting = begun
                i += space
                continue
            if waiting:
                key = (key ^ np.uint64(32)) * FNV_PRIME
                waiting = False
            begun = True
            byte = data[i]
            if 65 <= byte <= 90:
                byte += 32
            key = (key ^ np.uint64(byte)) * FNV_PRIME
            i += 1
        keys[rows[n]] = key
