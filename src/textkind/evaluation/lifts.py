"""Shares of rows with their intervals, and how far a group's rate of mistakes is from that of all.

Counts in, plain numbers out.
"""

from dataclasses import dataclass

import numpy as np

from textkind.evaluation.exact import fisher_exact
from textkind.evaluation.intervals import share_interval


@dataclass(frozen=True)
class Share:
    """hits of rows, and their share with its 95 % interval; None of no rows."""

    hits: int
    rows: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Lift:
    """How often a group's rows are wrong, as a multiple of how often all rows are.

    value is None where nothing is wrong, or the group is empty; p is two-sided (Fisher's exact
    test, group by mistake), 1 where there is nothing to compare.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float


def share_of(hits: int, rows: int) -> Share:
    """The share of rows with its interval of Wilson (1927)."""
    if rows == 0:
        return Share(hits, rows, None, None, None)
    low, high = share_interval(np.array(hits), np.array(rows))
    return Share(hits, rows, hits / rows, float(low), float(high))


def lift_of(inside_wrong: int, inside: int, wrong: int, rows: int) -> Lift:
    """The lift of a group of `inside` rows of which so many are wrong; of all, `wrong` of `rows`.

    The lift is also the group's share of the mistakes by its share of the rows. The mistakes are
    drawn, the group's share of the rows is taken as known: the interval is that of the first by the
    second, and no lift can be above rows / wrong.
    """
    if not inside or not wrong:
        return Lift(None, None, None, 1.0)
    low, high = share_interval(np.array(inside_wrong), np.array(wrong))
    of_rows = inside / rows
    outside_wrong = wrong - inside_wrong
    p = fisher_exact(
        (inside_wrong, inside - inside_wrong), (outside_wrong, rows - inside - outside_wrong)
    )
    return Lift(
        inside_wrong / wrong / of_rows,
        float(low) / of_rows,
        min(float(high) / of_rows, rows / wrong),
        p,
    )
