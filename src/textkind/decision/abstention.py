"""Leaving the unsure unanswered, so that the answered are wrong no more often than asked.

    least = fit_abstention(confidence, correct, 0.02)
    answered = new_confidence >= least.confidence

Thresholds are tried from the surest rows down; each is kept while the errors above it show, at the
confidence that is left, that the true rate is at most what was asked. The tests share 5 % chance of
being wrong: it stands in equal parts at a few starts, each with twice the rows of the one before,
and what a test had is passed on to the next where it succeeds and lost where it fails (the fallback
procedure of Wiens & Dmitrienko 2005, in Learn then Test: Angelopoulos et al. 2021). With one start
alone a single error among the surest rows would end the way.

The chance that a kept threshold breaks the promise is then 5 % at most over draws of the fitted
rows, if new rows come as they came.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr  # the binomial distribution; scipy.stats is slow to import

from textkind.errors import SettingsError

CONFIDENCE = 0.95
MOST_TRIED = 200  # thresholds, spread evenly over the rows


@dataclass(frozen=True)
class Abstention:
    """The least confidence that is answered; infinite where no promise can be kept.

    answered is the share of the fitted rows that are, errors their share that is wrong.
    """

    max_error: float
    confidence: float
    answered: float
    errors: float


def fit_abstention(
    confidence: np.ndarray, correct: np.ndarray, max_error: float, level: float = CONFIDENCE
) -> Abstention:
    """The lowest threshold that keeps the promise; rows (N,) that nothing learned from.

    SettingsError for a share that is none.
    """
    if type(max_error) not in (int, float) or not 0 < max_error < 1:
        raise SettingsError("max_error must be above 0 and below 1", found=max_error)
    order = np.argsort(-confidence, kind="stable")
    falling, wrong = confidence[order], np.cumsum(~correct[order].astype(bool))
    best = Abstention(max_error, float("inf"), 0.0, 0.0)
    # rows of one confidence stand or fall together
    is_last = np.ones(len(falling), bool)
    is_last[:-1] = falling[1:] != falling[:-1]
    ends = np.flatnonzero(is_last)
    if len(ends) > MOST_TRIED:
        ends = np.unique(ends[np.linspace(0, len(ends) - 1, MOST_TRIED).astype(np.int64)])
    starts = starting_rows(len(falling), max_error, 1 - level)
    begins = np.searchsorted(ends + 1, starts).tolist()
    left = 0.0
    for place, end in enumerate(ends.tolist()):
        left += (1 - level) / len(starts) * begins.count(place) if starts else 0.0
        number, errors = end + 1, int(wrong[end])
        # how often as few errors or fewer would be seen, were the rate what may just not be
        if bdtr(errors, number, max_error) > left:
            left = 0.0
        else:
            best = Abstention(
                max_error, float(falling[end]), number / len(falling), errors / number
            )
    return best


def starting_rows(rows: int, max_error: float, chance: float) -> list[int]:
    """Numbers of surest rows at which testing starts, each twice the one before; none: too few.

    As many as fit, where the first, with its part of the chance, can succeed without an error.
    """
    for starts in range(rows.bit_length(), 0, -1):
        least = math.log(chance / starts) / math.log1p(-max_error)  # infinite for the tiniest
        if least <= rows and math.ceil(least) << (starts - 1) <= rows:
            return [math.ceil(least) << place for place in range(starts)]
    return []


def risk_coverage(confidence: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares answered and error among them, each (N,) float64, the surest rows first.

    Rows of one confidence are answered together: between them the error is that of all of them.
    """
    order = np.argsort(-confidence, kind="stable")
    falling, number = confidence[order], np.arange(1, len(order) + 1)
    wrong = np.cumsum(~correct[order].astype(bool))
    last = np.searchsorted(-falling, -falling, side="right") - 1
    return number / max(len(order), 1), wrong[last] / number[last]


def area_under_risk(confidence: np.ndarray, correct: np.ndarray) -> float:
    """The mean error over all shares answered (AURC, Geifman et al. 2019); NaN without rows."""
    return float(risk_coverage(confidence, correct)[1].mean()) if len(confidence) else float("nan")
