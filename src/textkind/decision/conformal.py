"""Sets that hold the true label as often as asked (Vovk et al. 2005; Angelopoulos & Bates 2021).

    fitted = fit_conformal(evidence, settings)                   of rows that nothing learned from
    member = label_sets(fitted, probabilities, shares)           (N, K) bool

Each row's score says how strange its label looks; a label joins a set where its score is no higher
than that of a row that coverage rows in a hundred of the fitted do not exceed. If the new rows come
as the fitted ones came (are exchangeable with them), the true label is in the set with that chance,
whatever the model: the average over draws of both, not for each kind of text.

Where a text has several labels, the share of its labels that the set misses is what is kept low, on
average over texts with a label, by conformal risk control (Angelopoulos et al. 2022).
"""

import math
from dataclasses import dataclass

import numpy as np

from textkind.decision.evidence import Evidence, Standing, standing_of
from textkind.errors import SettingsError

METHODS = ("lac", "aps", "raps")


@dataclass(frozen=True)
class ConformalSettings:
    """How strange a label looks, and how often the true one must be in the set.

    method     lac: 1 less its probability (Sadinle et al. 2019): the smallest sets on average.
               aps: the probability of the labels above it, and a random share of its own
               (Romano et al. 2020): sets grow where the model is unsure.
               raps: aps, and penalty for each rank beyond free (Angelopoulos et al. 2020)
    coverage   chance that the true label is in the set
    per_class  the chance holds for each true label, not only over all
    """

    method: str = "lac"
    coverage: float = 0.9
    per_class: bool = False
    penalty: float = 0.01
    free: int = 5

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise SettingsError(f"method must be one of {', '.join(METHODS)}", found=self.method)
        if type(self.coverage) not in (int, float) or not 0 < self.coverage < 1:
            raise SettingsError("coverage must be above 0 and below 1", found=self.coverage)
        if not isinstance(self.per_class, bool):
            raise SettingsError("per_class must be true or false", found=self.per_class)


@dataclass(frozen=True, eq=False)
class Conformal:
    """thresholds (K,) float64: a label joins a set where its score is no higher; inf: always."""

    settings: ConformalSettings
    several: bool
    thresholds: np.ndarray


def strangeness(
    standing: Standing, settings: ConformalSettings, shares: np.ndarray | None = None
) -> np.ndarray:
    """float64 scores of labels, by where they stand; shares are the random ones of aps.

    shares in 0..1 has a number for each label, or is of a shape that spreads over them. Without
    them a label's own probability counts whole: sets are then a little larger.
    """
    own = standing.own.astype(np.float64)
    if settings.method == "lac":
        return 1 - own
    scores = standing.above + (own if shares is None else shares * own)
    if settings.method == "raps":
        scores = scores + settings.penalty * np.maximum(standing.rank - settings.free, 0)
    return scores


def threshold_of(scores: np.ndarray, coverage: float) -> float:
    """The ceil((n + 1) coverage)-th smallest of n scores; inf where n is too small for it."""
    rank = max(1, math.ceil((len(scores) + 1) * coverage - 1e-9))
    return float(np.partition(scores, rank - 1)[rank - 1]) if rank <= len(scores) else math.inf


def risk_threshold(scores: np.ndarray, weights: np.ndarray, rows: int, coverage: float) -> float:
    """The lowest threshold above which labels weigh at most (rows + 1) (1 - coverage) - 1.

    scores and weights (G,) are of the true labels, the weights of a row adding up to 1. That is
    the largest loss at which conformal risk control bounds the mean loss of new rows by
    1 - coverage (theorem 1 of the paper, with losses of 1 at most); inf where rows are too few.
    """
    allowed = (rows + 1) * (1 - coverage) - 1 + 1e-9
    if allowed < 0:
        return math.inf
    order = np.argsort(-scores, kind="stable")
    lost = int(np.searchsorted(weights[order].cumsum(), allowed, side="right"))
    return float(scores[order[lost]]) if lost < len(scores) else -math.inf


def fit_conformal(
    evidence: Evidence, settings: ConformalSettings = ConformalSettings()
) -> Conformal:
    """Thresholds from what rows showed that nothing learned from.

    A label without enough rows for its own threshold, with per_class, joins every set.
    SettingsError for a method or per_class where texts have several labels.
    """
    labels = evidence.labels
    if evidence.several:
        if settings.method != "lac" or settings.per_class:
            raise SettingsError(
                "sets of texts with several labels are by lac, for all labels together",
                found=settings.method if settings.method != "lac" else "per_class",
            )
        counts = np.bincount(evidence.rows, minlength=1)
        scores, weights = strangeness(evidence.standing, settings), 1 / counts[evidence.rows]
        found = risk_threshold(scores, weights, int((counts > 0).sum()), settings.coverage)
        return Conformal(settings, True, np.full(labels, found))
    scores = strangeness(evidence.standing, settings, evidence.shares)
    if settings.per_class:
        of = [scores[evidence.targets == label] for label in range(labels)]
        thresholds = np.array([threshold_of(own, settings.coverage) for own in of])
    else:
        thresholds = np.full(labels, threshold_of(scores, settings.coverage))
    return Conformal(settings, False, thresholds)


def label_sets(fitted: Conformal, probabilities: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """(N, K) bool: the labels of each row's set; of one label the likeliest is always in it.

    shares (N,) are those of the texts; lac does not look at them.
    """
    member = strangeness(standing_of(probabilities), fitted.settings, shares[:, None])
    joined = member <= fitted.thresholds
    if not fitted.several:
        joined[np.arange(len(joined)), probabilities.argmax(axis=1)] = True
    return joined
