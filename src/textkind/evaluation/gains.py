"""Where one model is right and another wrong, by groups of rows. Arrays in, plain numbers out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from textkind.evaluation.paired import holm, mcnemar


@dataclass(frozen=True)
class GroupGain:
    """A group of rows, or all of them.

    reference, other   the share of rows that each model gets right; NaN of no rows
    gained, lost       rows that only the other gets right, and only the reference
    p                  mid-p of McNemar's test within the group, adjusted by Holm over the groups
    """

    group: str
    rows: int
    reference: float
    other: float
    gained: int
    lost: int
    p: float


@dataclass(frozen=True)
class PairGain:
    """Gold label, wrong answer of the reference, how often, and how many the other gets right."""

    gold: int
    answered: int
    count: int
    gained: int


def group_gains(
    reference_right: np.ndarray, other_right: np.ndarray, groups: Mapping[str, np.ndarray]
) -> list[GroupGain]:
    """The gain of each group; the models are (N,) bool, and so is the mask of every group."""
    tests = {
        name: mcnemar(other_right[mask], reference_right[mask]) for name, mask in groups.items()
    }
    adjusted = holm(np.array([test.mid for test in tests.values()]))
    return [
        GroupGain(
            group=name,
            rows=int(mask.sum()),
            reference=_share(reference_right[mask]),
            other=_share(other_right[mask]),
            gained=tests[name].first_only,
            lost=tests[name].second_only,
            p=float(p),
        )
        for (name, mask), p in zip(groups.items(), adjusted, strict=True)
    ]


def pair_gains(
    reference: np.ndarray, other: np.ndarray, targets: np.ndarray, limit: int
) -> list[PairGain]:
    """The confusions of the reference of which the other gets most right, at most `limit`.

    All three are (N,) label ids. Equal ones stand in the order of their labels.
    """
    wrong = np.flatnonzero(reference != targets)
    pairs = np.stack([targets[wrong], reference[wrong]], axis=1)
    kinds, place, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    gained = np.bincount(
        place.ravel(), weights=other[wrong] == targets[wrong], minlength=len(kinds)
    )
    order = np.lexsort((counts, -gained))[:limit]
    return [
        PairGain(int(kinds[one][0]), int(kinds[one][1]), int(counts[one]), int(gained[one]))
        for one in order
        if gained[one]
    ]


def _share(right: np.ndarray) -> float:
    return float(right.mean()) if len(right) else float("nan")
