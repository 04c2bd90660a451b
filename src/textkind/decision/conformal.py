"""Sets that hold the true label as often as asked (Vovk et al. 2005; Angelopoulos & Bates 2021).

    fitted = fit_conformal(probabilities, targets)               on rows that nothing learned from
    member = label_sets(fitted, other_probabilities)             (N, K) bool

Each row's score says how strange its label looks; a label joins a set where its score is no higher
than that of a row that coverage rows in a hundred of the fitted do not exceed. If the new rows come
as the fitted ones came (are exchangeable with them), the true label is in the set with that chance,
whatever the model: the average over draws of both, not for each kind of text.
"""

import math
from dataclasses import dataclass

import numpy as np

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
    thresholds: np.ndarray
    rows: int


def strangeness(
    probabilities: np.ndarray, settings: ConformalSettings, shares: np.ndarray | None = None
) -> np.ndarray:
    """(N, K) float64 score of every label; shares (N,) in 0..1 are the random ones of aps.

    Without shares a label's own probability counts whole: sets are then a little larger.
    """
    given = probabilities.astype(np.float64)
    if settings.method == "lac":
        return 1 - given
    order = np.argsort(-given, axis=1, kind="stable")
    falling = np.take_along_axis(given, order, axis=1)
    own = np.ones(len(given)) if shares is None else shares
    ranked = falling.cumsum(axis=1) - (1 - own[:, None]) * falling
    if settings.method == "raps":
        rank = np.arange(1, given.shape[1] + 1)
        ranked = ranked + settings.penalty * np.maximum(rank - settings.free, 0)
    scores = np.empty_like(ranked)
    np.put_along_axis(scores, order, ranked, axis=1)
    return scores


def threshold_of(scores: np.ndarray, coverage: float) -> float:
    """The ceil((n + 1) coverage)-th smallest of n scores; inf where n is too small for it."""
    rank = math.ceil((len(scores) + 1) * coverage - 1e-9)
    return float(np.partition(scores, rank - 1)[rank - 1]) if rank <= len(scores) else math.inf


def fit_conformal(
    probabilities: np.ndarray,
    targets: np.ndarray,
    settings: ConformalSettings = ConformalSettings(),
    shares: np.ndarray | None = None,
) -> Conformal:
    """Thresholds from (N, K) probabilities and (N,) targets of rows that nothing learned from.

    A label without enough rows for its own threshold, with per_class, joins every set.
    """
    labels = probabilities.shape[1]
    scores = strangeness(probabilities, settings, shares)[np.arange(len(targets)), targets]
    if settings.per_class:
        thresholds = [threshold_of(scores[targets == k], settings.coverage) for k in range(labels)]
    else:
        thresholds = [threshold_of(scores, settings.coverage)] * labels
    return Conformal(settings, np.array(thresholds), len(targets))


def label_sets(
    fitted: Conformal, probabilities: np.ndarray, shares: np.ndarray | None = None
) -> np.ndarray:
    """(N, K) bool: the labels of each row's set; the likeliest is always in it."""
    member = strangeness(probabilities, fitted.settings, shares) <= fitted.thresholds
    member[np.arange(len(member)), probabilities.argmax(axis=1)] = True
    return member
