"""Kernels that deal units out to parts. Import only where used: compiled by Numba.

A unit is what must stay together: a text with its duplicates, or a group. Parts are 0 train,
1 validation, 2 test.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def deal_by_labels(
    label_start: np.ndarray,  # (K + 1,) int64
    label_units: np.ndarray,  # (M,) int64, units of each label in the order to deal them
    unit_start: np.ndarray,  # (U + 1,) int64
    unit_labels: np.ndarray,  # (M,) int64
    weights: np.ndarray,  # (U,) int64 rows of each unit
    order: np.ndarray,  # (U,) int64, the order to deal units without labels
    desired: np.ndarray,  # (P, K) float64 rows still wanted; changed
    room: np.ndarray,  # (P,) float64 rows still wanted in all; changed
    parts: np.ndarray,  # (U,) int8, -1 where not dealt yet; changed
) -> None:
    """Iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011), for parts of any shares.

    The label with the fewest units left is dealt first; each of its units goes where that label
    is wanted most. Linear in the number of labels on units, plus K squared.
    """
    number_of_labels = len(label_start) - 1
    left = np.zeros(number_of_labels, np.int64)
    for unit in range(len(parts)):
        if parts[unit] < 0:
            for m in range(unit_start[unit], unit_start[unit + 1]):
                left[unit_labels[m]] += 1
    while True:
        rarest = -1
        for label in range(number_of_labels):
            if left[label] > 0 and (rarest < 0 or left[label] < left[rarest]):
                rarest = label
        if rarest < 0:
            break
        for m in range(label_start[rarest], label_start[rarest + 1]):
            unit = label_units[m]
            if parts[unit] >= 0:
                continue
            best = 0
            for part in range(1, len(room)):
                gain = desired[part, rarest] - desired[best, rarest]
                if gain > 0 or (gain == 0 and room[part] > room[best]):
                    best = part
            parts[unit] = best
            room[best] -= weights[unit]
            for other in range(unit_start[unit], unit_start[unit + 1]):
                desired[best, unit_labels[other]] -= weights[unit]
                left[unit_labels[other]] -= 1
    for unit in order:
        if parts[unit] < 0:
            best = int(np.argmax(room))
            parts[unit] = best
            room[best] -= weights[unit]


@njit(cache=True, nogil=True)
def deal_groups(
    group_start: np.ndarray,  # (G + 1,) int64
    group_labels: np.ndarray,  # (M,) int64, the labels in each group
    group_counts: np.ndarray,  # (M,) int64, and how many of its rows have them
    sizes: np.ndarray,  # (G,) int64 rows
    order: np.ndarray,  # (G,) int64, largest first
    wanted: np.ndarray,  # (P, K) float64 rows wanted of each label
    wanted_rows: np.ndarray,  # (P,) float64
    parts: np.ndarray,  # (G,) int8, out
) -> None:
    """Give each group to the part where the squared misses grow least, each label weighing alike.

    The miss of a label in a part is (rows - wanted)^2 / wanted / rows of the label in all; the
    number of rows counts as much as all labels together.
    """
    number_of_parts, number_of_labels = wanted.shape
    have = np.zeros((number_of_parts, number_of_labels))
    have_rows = np.zeros(number_of_parts)
    totals = np.zeros(number_of_labels)
    for part in range(number_of_parts):
        totals += wanted[part]
    all_rows = wanted_rows.sum()
    for group in order:
        best, best_cost = 0, np.inf
        for part in range(number_of_parts):
            if wanted_rows[part] <= 0:
                continue
            size = sizes[group]
            cost = size * (2 * (have_rows[part] - wanted_rows[part]) + size)
            cost *= number_of_labels / (wanted_rows[part] * all_rows)
            for m in range(group_start[group], group_start[group + 1]):
                label, count = group_labels[m], group_counts[m]
                miss = count * (2 * (have[part, label] - wanted[part, label]) + count)
                cost += miss / (wanted[part, label] * totals[label])
            if cost < best_cost:
                best, best_cost = part, cost
        parts[group] = best
        have_rows[best] += sizes[group]
        for m in range(group_start[group], group_start[group + 1]):
            have[best, group_labels[m]] += group_counts[m]
