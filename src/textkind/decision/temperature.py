"""Temperature scaling: one number that makes probabilities as sure as they are right.

In go validation logits and targets, out comes the temperature T that minimises the log loss of
softmax(logits / T), or with several labels of sigmoid(logits / T). It never changes which label is
the most probable. Guo et al. 2017, "On Calibration of Modern Neural Networks".
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from textkind.decision.parameters import check_number

LOWEST, HIGHEST = 1e-3, 1e3  # temperatures
STEPS = 100  # Newton steps; bisection alone would need 60
BLOCK = 1 << 20  # logits held as float64 at a time

FAR = 80  # exp of it stays finite in float32

WORSE_THAN_CHANCE = "the model's validation probabilities are no better than equal ones"
WITHOUT_LIMIT = "validation log loss falls with the temperature without end (every row is right?)"


@dataclass(frozen=True)
class Uncalibrated:
    """Probabilities as the model says them: the softmax, or a sigmoid each."""

    name: ClassVar[str] = "none"
    keeps_order: ClassVar[bool] = True
    least_rows: ClassVar[int] = 0
    several: ClassVar[bool] = True
    temperature: ClassVar[float] = 1.0
    labels: ClassVar[int | None] = None

    @property
    def shared(self) -> "Uncalibrated":
        """Itself."""
        return self

    @classmethod
    def fit(cls, logits: np.ndarray, targets: np.ndarray, shared: object = None) -> "Uncalibrated":
        """Nothing is learned."""
        return cls()

    def transform(self, logits: np.ndarray, several: bool) -> np.ndarray:
        """softmax(logits), or sigmoid(logits)."""
        return plain_probabilities(logits, 1.0, several)


@dataclass(frozen=True)
class Temperature:
    """softmax(logits / temperature), or sigmoid(logits / temperature)."""

    name: ClassVar[str] = "temperature"
    keeps_order: ClassVar[bool] = True
    least_rows: ClassVar[int] = 1
    several: ClassVar[bool] = True
    labels: ClassVar[int | None] = None

    temperature: float

    def __post_init__(self) -> None:
        check_number("temperature", self.temperature, LOWEST, HIGHEST)

    @property
    def shared(self) -> "Temperature":
        """Itself."""
        return self

    @classmethod
    def fit(cls, logits: np.ndarray, targets: np.ndarray, shared: object = None) -> "Temperature":
        """That of least log loss."""
        if isinstance(shared, Temperature):
            return shared
        return cls(fit_temperature(logits, targets).temperature)

    def transform(self, logits: np.ndarray, several: bool) -> np.ndarray:
        """(N, K) probabilities."""
        return plain_probabilities(logits, self.temperature, several)


def plain_probabilities(logits: np.ndarray, temperature: float, several: bool) -> np.ndarray:
    """softmax(logits / temperature), or sigmoid of it; in the float type of the logits."""
    sharpness = logits.dtype.type(1 / temperature)
    if several:
        return sigmoids(logits * sharpness)
    scaled = logits - np.maximum.reduce(logits, axis=1, keepdims=True)
    scaled *= sharpness
    odds = np.exp(scaled, out=scaled)
    odds /= np.add.reduce(odds, axis=1, keepdims=True)
    return odds


def sigmoids(scaled: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) of every x, which counts as 80 at most."""
    return 1 / (1 + np.exp(np.clip(-scaled, -FAR, FAR)))


@dataclass(frozen=True)
class TemperatureFit:
    """The temperature found, the log loss (nats) at T = 1 and at T, and what must be told of it."""

    temperature: float
    log_loss_before: float
    log_loss_after: float
    notes: tuple[str, ...] = ()


def fit_temperature(logits: np.ndarray, targets: np.ndarray, start: float = 1.0) -> TemperatureFit:
    """The temperature of least log loss on (N, K) float logits, N at least 1.

    targets (N,) ids, or (N, K) 0/1 for several labels. The loss is convex in 1 / T, so a Newton
    search kept inside a shrinking bracket finds its minimum to the last digits; it is quick where
    the temperature to start from is near.

    Where the loss falls for ever as T falls (all rows right: the data set no limit), T stops where
    the mean confidence would pass (N + 1) / (N + 2), Laplace's rule of succession for N rights in
    N trials. Log loss is never higher than at T = 1.
    """
    before, slope_at_one, _ = _loss(logits, targets, 1.0)
    notes: tuple[str, ...] = ()
    lowest, highest = 1 / HIGHEST, 1 / LOWEST  # of the inverse temperature
    if slope_at_one == 0:  # equal logits in every row, or all right beyond float64
        sharpness = 1.0
    elif _loss(logits, targets, lowest)[1] >= 0:
        sharpness = lowest
        notes = (f"{WORSE_THAN_CHANCE}: temperature stopped at {1 / sharpness:.3g}",)
    elif _loss(logits, targets, highest)[1] <= 0:
        sharpness = _sharpness_of_rights(logits, targets.ndim == 2, highest)
        notes = (f"{WITHOUT_LIMIT}: temperature stopped at {1 / sharpness:.3g}",)
    else:
        sharpness = _root(logits, targets, lowest, highest, 1 / start)
    after = _loss(logits, targets, sharpness)[0]
    if not after <= before:  # rounding at the minimum itself
        sharpness, after = 1.0, before
    return TemperatureFit(1 / sharpness, before, after, notes)


def _root(
    logits: np.ndarray, targets: np.ndarray, low: float, high: float, sharpness: float
) -> float:
    """The inverse temperature at which the slope of the loss is 0; it is below 0 at `low` only."""
    for _ in range(STEPS):
        _, slope, curvature = _loss(logits, targets, sharpness)
        if slope == 0:
            break
        step = sharpness - slope / curvature if curvature > 0 else low
        if abs(step - sharpness) <= 1e-12 * sharpness:  # Newton squares the error: rounding is left
            break
        low, high = (sharpness, high) if slope < 0 else (low, sharpness)
        sharpness = step if low < step < high else float(np.sqrt(low * high))
    return sharpness


def _sharpness_of_rights(logits: np.ndarray, several: bool, highest: float) -> float:
    """The inverse temperature, from 1 to `highest`, at which mean confidence is Laplace's."""
    limit = (len(logits) + 1) / (len(logits) + 2)
    low, high = 1.0, highest
    if _confidence(logits, several, low) >= limit:
        return low
    if _confidence(logits, several, high) <= limit:
        return high
    while high - low > 1e-12 * high:
        middle = float(np.sqrt(low * high))
        if _confidence(logits, several, middle) < limit:
            low = middle
        else:
            high = middle
    return low


def _loss(logits: np.ndarray, targets: np.ndarray, sharpness: float) -> tuple[float, float, float]:
    """Mean log loss in nats at one inverse temperature, its slope and its curvature."""
    total = np.zeros(3)
    for rows in _blocks(logits):
        part = logits[rows].astype(np.float64)
        terms = _terms_of_several if targets.ndim == 2 else _terms_of_one
        total += terms(part, targets[rows], sharpness)
    size = logits.size if targets.ndim == 2 else len(logits)
    loss, slope, curvature = (total / size).tolist()
    return loss, slope, curvature


def _terms_of_one(logits: np.ndarray, targets: np.ndarray, sharpness: float) -> np.ndarray:
    """Sums of loss, slope, curvature: -log p, E[z] - z_gold and Var[z] under the softmax."""
    logits = logits - logits.max(axis=1, keepdims=True)
    gold = np.take_along_axis(logits, targets[:, None], axis=1)[:, 0]
    odds = np.exp(sharpness * logits)
    total = odds.sum(axis=1)
    probabilities = odds / total[:, None]
    mean = np.einsum("nk,nk->n", probabilities, logits)
    spread = np.einsum("nk,nk,nk->n", probabilities, logits, logits) - mean**2
    return np.array([(np.log(total) - sharpness * gold).sum(), (mean - gold).sum(), spread.sum()])


def _terms_of_several(logits: np.ndarray, targets: np.ndarray, sharpness: float) -> np.ndarray:
    """The same over all rows and labels; m is the logit towards the truth, p = sigmoid(s m)."""
    towards = np.where(targets != 0, logits, -logits)
    tail = np.exp(-np.abs(sharpness * towards))
    loss = np.log1p(tail) + np.maximum(-sharpness * towards, 0)
    missing = np.where(towards > 0, tail, 1.0) / (1 + tail)  # 1 - p
    spread = tail / (1 + tail) ** 2
    return np.array([loss.sum(), -(missing * towards).sum(), (spread * towards**2).sum()])


def _confidence(logits: np.ndarray, several: bool, sharpness: float) -> float:
    """Mean probability of the decisions: the most probable label, or each label or its absence."""
    total = 0.0
    for rows in _blocks(logits):
        part = logits[rows].astype(np.float64)
        if several:
            total += (1 / (1 + np.exp(-np.abs(sharpness * part)))).mean(axis=1).sum()
        else:
            part -= part.max(axis=1, keepdims=True)
            total += (1 / np.exp(sharpness * part).sum(axis=1)).sum()
    return total / len(logits)


def _blocks(logits: np.ndarray) -> list[slice]:
    rows = max(1, BLOCK // max(logits.shape[1], 1))
    return [slice(start, start + rows) for start in range(0, len(logits), rows)]
