"""What was asked for, promised from the evidence of validation, or refused in words.

Promises hold for new rows that come as the validation rows came (are exchangeable with them).
"""

import math

import numpy as np

from textkind.decision.abstention import CONFIDENCE, Abstention, fit_abstention
from textkind.decision.conformal import Conformal, ConformalSettings, fit_conformal
from textkind.decision.evidence import Evidence
from textkind.errors import SettingsError

LEAST_ROWS = 50  # of validation: fewer can show next to nothing
TRIED = [percent / 100 for percent in (1, 2, 3, 5, 10, 15, 20, 30, 40, 50)]  # told as possible


def promised_error(evidence: Evidence | None, max_error: float) -> Abstention:
    """The least confidence to answer from; SettingsError where no such promise can be kept."""
    shown = _enough(evidence)
    found = fit_abstention(shown.confidence, shown.correct, max_error)
    if not math.isfinite(found.confidence):
        raise SettingsError(
            f"at most {max_error:.4g} wrong cannot be promised: {len(shown):,} validation texts "
            f"do not show it of any part of them with {CONFIDENCE:.0%} confidence",
            found=f"{np.mean(~shown.correct):.2%} of all wrong",
            hint=_possible(shown, max_error),
        )
    return found


def promised_sets(
    evidence: Evidence | None, settings: ConformalSettings
) -> tuple[Conformal, list[str]]:
    """Thresholds of the sets, and notes; SettingsError where validation is too small for them."""
    shown = _enough(evidence)
    fitted = fit_conformal(shown, settings)
    always = np.flatnonzero(fitted.thresholds == np.inf)
    if len(always) == len(fitted.thresholds):
        each = " of some label" if settings.per_class else ""
        raise SettingsError(
            f"too few validation texts for sets that hold the true label in {settings.coverage:.4g}"
            f" of all cases: {_rows_for(settings.coverage):,}{each} are needed",
            found=len(shown),
            hint="a lower share, or more validation texts",
        )
    if not len(always):
        return fitted, []
    note = (
        f"{len(always):,} of {shown.labels:,} labels have fewer than "
        f"{_rows_for(settings.coverage):,} validation texts and stand in every set"
    )
    return fitted, [note]


def _enough(evidence: Evidence | None) -> Evidence:
    if evidence is None:
        raise SettingsError(
            "this model has no validation texts to make promises by",
            hint="train with a validation part",
        )
    if len(evidence) < LEAST_ROWS:
        raise SettingsError(
            f"promises need {LEAST_ROWS} validation texts or more",
            found=len(evidence),
            hint="train with a larger --validation-share, or --validation FILE",
        )
    return evidence


def _rows_for(coverage: float) -> int:
    """The rows from which a threshold is finite: ceil((n + 1) coverage) is at most n."""
    return math.ceil(coverage / (1 - coverage) - 1e-9)


def _possible(shown: Evidence, asked: float) -> str:
    for max_error in TRIED:
        if max_error > asked:
            found = fit_abstention(shown.confidence, shown.correct, max_error)
            if math.isfinite(found.confidence):
                return f"{max_error:.0%} could be, with {found.answered:.0%} answered"
    return "a better model, or more validation texts"
