"""How units are shared out: arrays in, the part of each unit out. 0 train, 1 validation, 2 test.

A unit is what stays together: a text with its duplicates, or a group with all its texts.
"""

import numpy as np

TRAIN, VALIDATION, TEST = 0, 1, 2


def stratified_split(
    classes: np.ndarray,
    weights: np.ndarray,
    keys: np.ndarray,
    *,
    test_share: float,
    validation_share: float,
    offset: float = 0.5,
) -> np.ndarray:
    """(U,) int8 parts of units with one label each, every class in its share.

    classes (U,) int label of each unit, weights (U,) int rows in it, keys (U,) uint64 a random
    order, offset in 0..1 a random start. Units are sorted by class and taken at even distances
    (systematic sampling), so shares are met in all and in each class to the nearest unit. A class
    of one unit is in train; of two, at least one is; of three or more, each part has one.
    """
    parts = np.zeros(len(classes), np.int8)
    units_of, rows_of = np.bincount(classes), np.bincount(classes, weights)
    # A text repeated so often that it would be a part by itself stays in train.
    share = max(test_share, validation_share)
    heavy = (weights > 1) & (weights > np.maximum(1, share * rows_of[classes]))
    drawn = np.lexsort((keys, weights, classes))
    drawn = drawn[((units_of[classes] > 1) & ~heavy)[drawn]]
    test = _every(drawn, test_share, offset)
    parts[test] = TEST
    rest = drawn[parts[drawn] == TRAIN]
    parts[_every(rest, validation_share / (1 - test_share), offset)] = VALIDATION
    wanted = [TRAIN] + [TEST] * (test_share > 0) + [VALIDATION] * (validation_share > 0)
    _fill_small_classes(parts, classes, heavy, keys, wanted)
    return parts


def _every(units: np.ndarray, share: float, offset: float) -> np.ndarray:
    steps = np.floor(np.arange(len(units) + 1) * share + offset)
    return units[np.diff(steps) > 0]


def _fill_small_classes(
    parts: np.ndarray,
    classes: np.ndarray,
    heavy: np.ndarray,
    keys: np.ndarray,
    wanted: list[int],
) -> None:
    """Move single units so that a class has one in each part wanted; train comes first."""
    counts = np.bincount(classes * 3 + parts, minlength=3 * (int(classes.max(initial=0)) + 1))
    counts = counts.reshape(-1, 3)
    lacking = (counts[:, wanted] == 0).any(axis=1) & (counts.sum(axis=1) > 1)
    if not lacking.any():
        return
    by_class = np.lexsort((keys, classes))
    starts = np.searchsorted(classes[by_class], np.arange(len(counts) + 1))
    for label in np.flatnonzero(lacking):
        members = by_class[starts[label] : starts[label + 1]]
        needs = wanted if len(members) >= len(wanted) else [TRAIN]
        for part in needs:
            if (parts[members] == part).any():
                continue
            light = members[~heavy[members]] if part != TRAIN else members
            giver = np.argmax(np.bincount(parts[members], minlength=3))
            givers = light[parts[light] == giver]
            if len(givers) and (part == TRAIN or (parts[members] == giver).sum() > 1):
                parts[givers[0]] = part


def labels_split(
    unit_of: np.ndarray,
    label_of: np.ndarray,
    weights: np.ndarray,
    keys: np.ndarray,
    *,
    labels: int,
    test_share: float,
    validation_share: float,
) -> np.ndarray:
    """(U,) int8 parts of units with several labels each, by iterative stratification.

    unit_of, label_of (M,) int the pairs of unit and label, weights (U,) int rows of each unit,
    keys (U,) uint64 a random order. A label of two or more units has one in train; one of three
    or more has one in each part, where no other label would lose its last one in train by it.
    """
    from textkind.data.split_kernels import deal_by_labels

    units = len(weights)
    order = np.argsort(keys, kind="stable")
    rank = np.empty(units, np.int64)
    rank[order] = np.arange(units)
    by_unit = np.lexsort((label_of, unit_of))
    by_label = np.lexsort((rank[unit_of], label_of))
    shares = np.array([1 - test_share - validation_share, validation_share, test_share])
    rows_of = np.bincount(label_of, weights[unit_of], minlength=labels)
    parts = np.full(units, -1, np.int8)
    unit_start = np.searchsorted(unit_of[by_unit], np.arange(units + 1))
    label_start = np.searchsorted(label_of[by_label], np.arange(labels + 1))
    unit_labels, label_units = label_of[by_unit], unit_of[by_label]
    desired = shares[:, None] * rows_of
    desired[shares == 0] = -np.inf
    room = np.where(shares > 0, shares * weights.sum(), -np.inf)
    deal_by_labels(
        *(label_start, label_units, unit_start, unit_labels),
        *(weights.astype(np.int64), order, desired, room, parts),
    )
    _fill_rare_labels(parts, label_start, label_units, unit_start, unit_labels, shares)
    return parts


def _fill_rare_labels(
    parts: np.ndarray,
    label_start: np.ndarray,
    label_units: np.ndarray,
    unit_start: np.ndarray,
    unit_labels: np.ndarray,
    shares: np.ndarray,
) -> None:
    """Move single units so that a label has one in each part wanted; train comes first."""
    label_of = np.repeat(np.arange(len(label_start) - 1), np.diff(label_start))
    counts = np.zeros((len(label_start) - 1, 3), np.int64)
    np.add.at(counts, (label_of, parts[label_units]), 1)
    units_of = np.diff(label_start)
    for part in (TRAIN, TEST, VALIDATION):
        if shares[part] <= 0:
            continue
        least = 2 if part == TRAIN else 3
        for label in np.flatnonzero((counts[:, part] == 0) & (units_of >= least)):
            if counts[label, part]:
                continue  # filled by a unit moved for another label
            for unit in label_units[label_start[label] : label_start[label + 1]]:
                held = unit_labels[unit_start[unit] : unit_start[unit + 1]]
                giver = parts[unit]
                if part == TRAIN or (counts[held, giver] > 1).all():
                    counts[held, giver] -= 1
                    counts[held, part] += 1
                    parts[unit] = part
                    break


def group_split(
    group_of: np.ndarray,
    label_of: np.ndarray,
    counts: np.ndarray,
    sizes: np.ndarray,
    keys: np.ndarray,
    *,
    labels: int,
    test_share: float,
    validation_share: float,
) -> np.ndarray:
    """(G,) int8 parts of groups; label proportions are approximated greedily, largest first.

    group_of, label_of, counts (M,) int: how many rows of a group have a label, ascending by
    group. sizes (G,) int rows of each group, keys (G,) uint64 a random order among equals. There
    must be as many groups as parts; each part gets at least one.
    """
    from textkind.data.split_kernels import deal_groups

    shares = np.array([1 - test_share - validation_share, validation_share, test_share])
    rows_of = np.bincount(label_of, counts, minlength=labels)
    order = np.lexsort((keys, -sizes))
    parts = np.zeros(len(sizes), np.int8)
    start = np.searchsorted(group_of, np.arange(len(sizes) + 1))
    deal_groups(
        *(
            start,
            label_of.astype(np.int64),
            counts.astype(np.int64),
            sizes.astype(np.int64),
        ),
        *(order, shares[:, None] * rows_of, shares * sizes.sum(), parts),
    )
    for part in np.flatnonzero(shares > 0):
        if not (parts == part).any():
            giver = np.argmax(np.bincount(parts, minlength=3))
            parts[order[parts[order] == giver][-1]] = part
    return parts


def time_split(times: np.ndarray, *, test_share: float, validation_share: float) -> np.ndarray:
    """(N,) int8 parts: the latest rows are tested, those before them validate.

    times (N,) datetime64. Rows of one time stay on one side, so shares are met as nearly as the
    different times allow.
    """
    moments, counts = np.unique(times, return_counts=True)
    before = np.concatenate([[0], np.cumsum(counts)])  # rows before each moment
    test = _nearest(before, len(times) * (1 - test_share))
    validation = _nearest(before, len(times) * (1 - test_share - validation_share))
    if test_share > 0:
        test = min(max(test, 1 + (validation_share > 0)), len(moments) - 1)
    if validation_share > 0:
        validation = min(max(validation, 1), test - 1)
    place = np.searchsorted(moments, times)
    return np.where(place >= test, TEST, np.where(place >= validation, VALIDATION, TRAIN)).astype(
        np.int8
    )


def _nearest(values: np.ndarray, wanted: float) -> int:
    return int(np.argmin(np.abs(values - wanted)))
