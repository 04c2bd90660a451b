"""The two loops behind the intervals that NumPy has no fast form for, in Numba.

Both walk sorted rows once for a whole batch of resamples: `weights` (N, WIDTH) uint8 tells how
often each resample drew each row, so the inner loops run over neighboring numbers and are
vectorised. They are written out element by element, as slices cost seconds of compilation. Each
has a plain twin in the tests: draw the rows, compute the figure.
"""

import numpy as np
from numba import njit

WIDTH = 64  # resamples in a batch: one cache line of row weights


@njit(cache=True, nogil=True)
def rank_areas(
    weights: np.ndarray,
    order: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    hits: np.ndarray,
    hit_ends: np.ndarray,
) -> np.ndarray:
    """ROC-AUC and average precision of one label in every resample: (2, WIDTH) float64.

    The last five are the fields of a Ranking. NaN where a resample has no positive or no negative.
    """
    seen = np.zeros(WIDTH, np.int32)  # weight of the rows so far
    found = np.zeros(WIDTH, np.int32)  # and of the positive ones
    beaten = np.zeros(WIDTH)
    precision = np.zeros(WIDTH)
    before = np.empty(WIDTH, np.int32)
    gained = np.empty(WIDTH, np.int32)
    place = 0
    hit = 0
    for group in range(len(starts)):
        while place < starts[group]:
            row = weights[order[place]]
            for b in range(WIDTH):
                seen[b] += row[b]
            place += 1
        for b in range(WIDTH):
            before[b] = seen[b]
            gained[b] = 0
        while place < ends[group]:
            row = weights[order[place]]
            for b in range(WIDTH):
                seen[b] += row[b]
            place += 1
        while hit < hit_ends[group]:
            row = weights[hits[hit]]
            for b in range(WIDTH):
                gained[b] += row[b]
            hit += 1
        for b in range(WIDTH):
            above = before[b] - found[b]
            tied = seen[b] - before[b] - gained[b]
            found[b] += gained[b]
            beaten[b] += gained[b] * (above + tied / 2)
            precision[b] += gained[b] * (found[b] / max(seen[b], 1))
    areas = np.empty((2, WIDTH))
    for b in range(WIDTH):
        positives = float(found[b])
        negatives = len(order) - positives
        if positives > 0 and negatives > 0:
            areas[0, b] = 1 - beaten[b] / (positives * negatives)
            areas[1, b] = precision[b] / positives
        else:
            areas[0, b] = np.nan
            areas[1, b] = np.nan
    return areas


@njit(cache=True, nogil=True)
def equal_mass_gaps(
    weights: np.ndarray, rows: np.ndarray, leads: np.ndarray, gaps: np.ndarray, bins: int
) -> np.ndarray:
    """Equal-mass calibration error in every resample: (WIDTH,) float64.

    Pairs by rising confidence: rows (M,) int32 the row of each, leads (M,) bool whether it is the
    first of its confidence, gaps (M,) float64 confidence less correctness. Bins are cut anew in
    every resample, by the rule of `equal_mass_bins`.
    """
    total = np.int64(len(rows))  # every resample has as many pairs as there are
    seen = np.zeros(WIDTH, np.int64)
    due = np.full(WIDTH, total)  # bins * seen at which the next bin begins
    gap = np.zeros(WIDTH)
    error = np.zeros(WIDTH)
    for place in range(len(rows)):
        if leads[place]:
            for b in range(WIDTH):
                if bins * seen[b] >= due[b]:
                    error[b] += abs(gap[b])
                    gap[b] = 0.0
                    due[b] = (bins * seen[b] // total + 1) * total
        row = weights[rows[place]]
        for b in range(WIDTH):
            seen[b] += row[b]
            gap[b] += row[b] * gaps[place]
    for b in range(WIDTH):
        error[b] = (error[b] + abs(gap[b])) / total
    return error
