"""What is done about labels with unequal numbers of texts, as one setting of every model.

    method[=value], as in weights, focal=2, post-hoc=1

Known without torch. What a method means for a loss stands in losses.py, for the linear model in
models/trials.py, for the labels that are given in decision/rule_choice.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from textkind.errors import SettingsError, did_you_mean

NONE, AUTO = "none", "auto"
WEIGHTS, ROOT_WEIGHTS = "weights", "root-weights"
SAMPLING, ROOT_SAMPLING = "sampling", "root-sampling"
FOCAL, LOGIT_ADJUSTMENT, POST_HOC = "focal", "logit-adjustment", "post-hoc"
METHODS = (NONE, AUTO, WEIGHTS, ROOT_WEIGHTS, SAMPLING, ROOT_SAMPLING, FOCAL, LOGIT_ADJUSTMENT,
           POST_HOC)  # fmt: skip
CONVEX = (NONE, AUTO, WEIGHTS, ROOT_WEIGHTS, POST_HOC)  # of a linear model, or a frozen encoder
TUNED = tuple(method for method in METHODS if method != LOGIT_ADJUSTMENT)  # of a pretrained one
MOST_VALUE = {FOCAL: 10.0, LOGIT_ADJUSTMENT: 2.0, POST_HOC: 2.0}  # of methods that take a value
USUAL_FOCUS = 2.0  # exponent of the focal loss (Lin et al. 2017)
USUAL_EXPONENT = 1.0  # of the prior in logit adjustment (Menon et al. 2021)
MOST_WEIGHT = 100.0  # of a positive text: a label seen once must not drown all others
INSTEAD = {
    SAMPLING: "where the loss is convex, drawing texts more often comes to weights",
    ROOT_SAMPLING: "where the loss is convex, drawing texts more often comes to root-weights",
    FOCAL: "the focal loss is for networks; weights, root-weights and post-hoc serve here",
    LOGIT_ADJUSTMENT: "where the head goes to its optimum this comes to post-hoc",
}


@dataclass(frozen=True)
class Imbalance:
    """A method, and the value given with it: an exponent, or None for the usual one."""

    method: str
    value: float | None = None


def parse_imbalance(
    told: str, allowed: Iterable[str] = METHODS, model: str = "this model"
) -> Imbalance:
    """The method and value of `method[=value]`; SettingsError where the model cannot use it."""
    method, equals, text = str(told).partition("=")
    if method not in METHODS:
        raise SettingsError(
            "imbalance must be one of " + ", ".join(METHODS),
            found=told,
            hint=did_you_mean(method, METHODS),
        )
    if method not in allowed:
        raise SettingsError(
            f"imbalance {method} is not for {model}", found=told, hint=INSTEAD[method]
        )
    if not equals:
        return Imbalance(method)
    most = MOST_VALUE.get(method)
    if most is None:
        raise SettingsError(f"imbalance {method} takes no value", found=told)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= most:
        raise SettingsError(
            f"imbalance {method} takes a number above 0 and up to {most:g}", found=told
        )
    return Imbalance(method, value)


def class_weights(counts: np.ndarray, method: str) -> np.ndarray:
    """(K,) float64 weight of a text by its label, of the (K,) numbers of texts; their mean is 1.

    weights: N / (K n), scikit-learn's "balanced"; root-weights: in proportion to its square root.
    """
    weights = counts.sum() / (len(counts) * counts)
    if method == ROOT_WEIGHTS:
        weights = np.sqrt(weights)
        weights *= counts.sum() / (weights * counts).sum()
    return weights


def positive_weights(counts: np.ndarray, rows: int, method: str) -> np.ndarray:
    """(K,) float64 weight of texts that have a label, of (K,) numbers of them among the rows.

    weights: (N - n) / n, so that both sides weigh the same, cut to 1/100 to 100; root-weights: its
    square root.
    """
    weights = np.clip((rows - counts) / counts, 1 / MOST_WEIGHT, MOST_WEIGHT)
    return np.sqrt(weights) if method == ROOT_WEIGHTS else weights
