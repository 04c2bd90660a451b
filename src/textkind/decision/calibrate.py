"""Which calibrator: every candidate is fitted on some folds of validation, and judged on the rest.

The simplest is the shared fit, a temperature with or without an offset. A richer one is taken where
its cross-validated log loss is lower by more than one standard error of the difference; of several
such, the first in the table that is within one standard error of the best. What would be worse than
no calibration is not taken.
"""

from dataclasses import dataclass

import numpy as np

from textkind.decision.calibrators import CALIBRATORS, Calibrator
from textkind.decision.shared import fit_shared
from textkind.decision.temperature import Temperature, Uncalibrated, fit_temperature
from textkind.errors import SettingsError, did_you_mean
from textkind.evaluation.metrics import row_log_loss
from textkind.seeds import generator

AUTO = "auto"
FEWEST_ROWS = 50  # of validation, to compare calibrators by
MOST_COMPARED = 1 << 17  # rows times labels that calibrators are compared on, drawn by the seed
MOST_FITTED = 1 << 20  # and that the chosen one is fitted on


@dataclass(frozen=True)
class CalibrationSettings:
    """How logits become probabilities.

    method  a name of CALIBRATORS, or auto
    folds   of validation, that candidates are compared on, and validation's own probabilities made
    """

    method: str = AUTO
    folds: int = 5

    def __post_init__(self) -> None:
        if self.method != AUTO and self.method not in CALIBRATORS:
            names = (AUTO, *CALIBRATORS)
            raise SettingsError(
                f"calibration must be one of {', '.join(names)}",
                found=self.method,
                hint=did_you_mean(str(self.method), names),
            )
        if type(self.folds) is not int or not 2 <= self.folds <= 50:
            raise SettingsError("folds must be a whole number of 2 to 50", found=self.folds)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A calibrator that was tried: (M, K) probabilities of rows that its fits did not see."""

    name: str
    probabilities: np.ndarray
    losses: np.ndarray  # (M,) nats


@dataclass(frozen=True, eq=False)
class Calibration:
    """The calibrator of all rows, and how it was chosen.

    probabilities  (N, K) float32 of validation, by fits that did not see the row; by the calibrator
                   itself where the rows were too few to compare
    candidates     in the order of the table; none where the rows were too few
    targets        of the M rows compared
    """

    calibrator: Calibrator
    probabilities: np.ndarray
    candidates: list[Candidate]
    targets: np.ndarray


def calibrate(
    logits: np.ndarray, targets: np.ndarray, settings: CalibrationSettings, seed: int
) -> Calibration:
    """Choose and fit a calibrator on (N, K) float32 logits, N at least 1.

    targets (N,) ids, or (N, K) 0/1 for several labels. SettingsError where the calibrator that was
    asked for is none for several labels.
    """
    several = targets.ndim == 2
    if settings.method != AUTO and several and not CALIBRATORS[settings.method].several:
        raise SettingsError(
            f"{settings.method} calibration is for one label a text",
            hint="with several labels, platt is the same",
        )
    order = generator(seed, "calibration").permutation(len(logits))
    compared, fitted = (
        order[: max(most // logits.shape[1], FEWEST_ROWS)] for most in (MOST_COMPARED, MOST_FITTED)
    )
    known = logits[compared], targets[compared]
    candidates = []
    if len(compared) >= FEWEST_ROWS:
        names = _names(settings.method, len(compared), several)
        candidates = _tried(names, *known, settings.folds)
    calibrator = _calibrator(settings.method, candidates, logits[fitted], targets[fitted])
    unseen = calibrator
    if len(compared) < len(logits):
        unseen = type(calibrator).fit(*known)
    given = unseen.transform(logits, several)
    for one in candidates:
        if one.name == calibrator.name:
            given[compared] = one.probabilities
    return Calibration(calibrator, given, candidates, known[1])


def _names(method: str, rows: int, several: bool) -> list[str]:
    """What is tried: all that so many rows can carry, or what was asked for beside none."""
    if method != AUTO:
        return list(dict.fromkeys((Uncalibrated.name, method)))
    return [
        name
        for name, kind in CALIBRATORS.items()
        if rows >= kind.least_rows and (kind.several or not several)
    ]


def _tried(
    names: list[str], logits: np.ndarray, targets: np.ndarray, folds: int
) -> list[Candidate]:
    """Every candidate on every fold; the rows are in a drawn order."""
    fold_of = np.arange(len(logits)) % folds
    start = fit_temperature(logits, targets).temperature
    given = {name: np.empty_like(logits) for name in names}
    for fold in range(folds):
        inside = fold_of == fold
        seen = logits[~inside], targets[~inside]
        # one alone fits what it needs, which of a temperature is less
        shared = fit_shared(*seen, start) if len(names) > 2 else None
        for name in names:
            fitted = CALIBRATORS[name].fit(*seen, shared)
            given[name][inside] = fitted.transform(logits[inside], targets.ndim == 2)
    return [Candidate(name, given[name], row_log_loss(given[name], targets)) for name in names]


def _calibrator(
    method: str, candidates: list[Candidate], logits: np.ndarray, targets: np.ndarray
) -> Calibrator:
    """The one asked for, or the one chosen, fitted on all rows."""
    if method != AUTO:
        return CALIBRATORS[method].fit(logits, targets)
    shared = fit_shared(logits, targets)
    name = chosen(candidates, shared.name) if candidates else Temperature.name
    found = CALIBRATORS[name].fit(logits, targets, shared)
    plain = Uncalibrated()
    losses = [
        row_log_loss(one.transform(logits, targets.ndim == 2), targets).mean()
        for one in (found, plain)
    ]
    return found if losses[0] <= losses[1] else plain


def chosen(candidates: list[Candidate], shared: str) -> str:
    """The name of the candidate to take; `shared` is that of the shared fit."""
    by_name = {one.name: one for one in candidates}
    simplest = by_name[shared]
    better = [
        one
        for one in candidates
        if not CALIBRATORS[one.name].keeps_order  # it has numbers for each label
        and _is_worse(simplest, one)
    ]
    if better:
        best = min(better, key=lambda one: one.losses.mean())
        simplest = next(one for one in better if not _is_worse(one, best))
    plain = by_name[Uncalibrated.name]
    return simplest.name if simplest.losses.mean() <= plain.losses.mean() else plain.name


def _is_worse(one: Candidate, other: Candidate) -> bool:
    """Whether its log loss is higher by more than one standard error of the difference."""
    gap = one.losses - other.losses
    return bool(gap.mean() > gap.std() / np.sqrt(len(gap)))
