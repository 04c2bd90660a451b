"""The shared fit: one or two numbers for all labels, from which the other calibrators set out."""

import numpy as np

from textkind.decision.sigmoid import Sigmoid, fit_sigmoid
from textkind.decision.temperature import Temperature, fit_temperature
from textkind.errors import SettingsError
from textkind.evaluation.metrics import row_log_loss

WORTH = 2.0  # nats over all rows that a second parameter must gain: Akaike's criterion, twice
RISE = 1e-3
SMALLEST = 1e-12  # probability that counts as such, and less as it

Shared = Temperature | Sigmoid


def fit_shared(logits: np.ndarray, targets: np.ndarray, start: float = 1.0) -> Shared:
    """A temperature, sought from `start`; and an offset where it is worth its degree of freedom."""
    several = targets.ndim == 2
    alone = fit_temperature(logits, targets, start)
    both = fit_sigmoid(logits, targets, alone)
    loss = float(row_log_loss(both.transform(logits, several), targets).mean())
    trials = logits.size if several else len(logits)
    is_worth_it = (alone.log_loss_after - loss) * trials > WORTH
    return both if is_worth_it else Temperature(alone.temperature)


def check_shared(found: object) -> None:
    """SettingsError where it is no shared fit."""
    if not isinstance(found, Temperature | Sigmoid):
        raise SettingsError("shared must be a temperature or a sigmoid", found=found)


def truth(targets: np.ndarray, labels: int) -> np.ndarray:
    """(N, K) float64, 1 where the row has the label; of (N,) ids or (N, K) 0/1."""
    has = targets != 0 if targets.ndim == 2 else targets[:, None] == np.arange(labels)
    return has.astype(np.float64)


def log_chances(shared: Shared, logits: np.ndarray, several: bool) -> tuple[np.ndarray, np.ndarray]:
    """log p and log(1 - p) of every label by the shared fit; (N, K) float64 each."""
    chances = shared.transform(logits.astype(np.float64), several)
    chances = np.clip(chances, SMALLEST, 1 - SMALLEST)
    return np.log(chances), np.log1p(-chances)


def finished(
    chances: np.ndarray, having: np.ndarray, logits: np.ndarray, several: bool
) -> np.ndarray:
    """The labels' chances, each above 0, as probabilities: of one label, rows that sum to 1.

    RISE of them is the shared fit's, whose log chances `having` are: where a label's own curve is
    level, texts keep their order. (N, K) in the float type of the logits.
    """
    chances = chances + RISE * (np.exp(having) - chances)
    if not several:
        chances = chances / chances.sum(axis=1, keepdims=True)
    return chances.astype(logits.dtype)
