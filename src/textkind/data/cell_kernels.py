"""Ragged values put in another order of rows: a compiled kernel."""

from numba import njit


@njit(cache=True, nogil=True, boundscheck=False)
def gather_runs(starts, ends, flat, order, gathered):
    """The values of the rows in `order`, one behind the other."""
    written = 0
    for place in range(order.size):
        row = order[place]
        for i in range(starts[row], ends[row]):
            gathered[written] = flat[i]
            written += 1
