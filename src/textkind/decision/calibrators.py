"""The calibrators: logits in, probabilities out. Each is one class, and one line in the table.

A calibrator is a frozen dataclass whose fields are what it has learned: numbers, tuples of them, or
another calibrator. They check themselves, and are what the model folder keeps.
"""

from dataclasses import fields
from typing import Any, ClassVar, Protocol, Self, cast

import numpy as np

from textkind.decision.beta import Beta
from textkind.decision.isotonic import Isotonic
from textkind.decision.parameters import as_row
from textkind.decision.platt import Platt
from textkind.decision.shared import SMALLEST, Shared
from textkind.decision.sigmoid import Sigmoid
from textkind.decision.temperature import Temperature, Uncalibrated
from textkind.decision.vector import Vector
from textkind.errors import ModelFolderError, SettingsError


class Calibrator(Protocol):
    """Logits to probabilities.

    name         as in CALIBRATORS
    keeps_order  whether the label of the highest logit stays the most probable, whatever was fitted
    least_rows   of validation, below which `auto` does not try it
    several      whether it is one for texts with several labels too
    shared       the fit that it sets out from, which all labels share; that may be itself
    labels       how many it was fitted for; None: it is the same for any number
    """

    name: ClassVar[str]
    keeps_order: ClassVar[bool]
    least_rows: ClassVar[int]
    several: ClassVar[bool]

    @property
    def shared(self) -> Uncalibrated | Shared: ...  # noqa: D102

    @property
    def labels(self) -> int | None: ...  # noqa: D102

    @classmethod
    def fit(cls, logits: np.ndarray, targets: np.ndarray, shared: Shared | None = None) -> Self:
        """Learn from (N, K) float logits, N at least 1; targets (N,) ids, or (N, K) 0/1.

        shared is the shared fit of the same rows, where it is known already.
        """
        ...

    def transform(self, logits: np.ndarray, several: bool) -> np.ndarray:
        """(N, K) probabilities in the float type of the logits; of one label, rows sum to 1."""
        ...


# the simplest first: `auto` takes the first that is as good as any
CALIBRATORS: dict[str, type[Calibrator]] = {
    one.name: one for one in (Uncalibrated, Temperature, Sigmoid, Platt, Vector, Beta, Isotonic)
}


def calibrated_thresholds(
    calibrator: Calibrator, thresholds: float | tuple[float, ...], labels: int
) -> float | tuple[float, ...]:
    """Thresholds on probabilities by the shared fit, as ones on those by the calibrator.

    Of several labels a text. Every curve rises, so the same labels are given.
    """
    if calibrator.keeps_order:
        return thresholds
    chances = np.clip(np.full(labels, thresholds, np.float64), SMALLEST, 1 - SMALLEST)
    shared = calibrator.shared
    offset = shared.offset if isinstance(shared, Sigmoid) else 0.0
    logits = shared.temperature * (np.log(chances) - np.log1p(-chances) - offset)
    return as_row(calibrator.transform(logits[None], several=True)[0])


def calibrator_to_json(calibrator: Calibrator) -> dict[str, Any]:
    """The calibrator as a JSON-able dict: its name and one key a field."""
    told: dict[str, Any] = {"name": calibrator.name}
    for key in _field_names(type(calibrator)):
        value = getattr(calibrator, key)
        told[key] = calibrator_to_json(value) if hasattr(value, "transform") else value
    return told


def calibrator_from_json(found: object) -> Calibrator:
    """The calibrator that `calibrator_to_json` wrote; else ModelFolderError."""
    name = found.get("name") if isinstance(found, dict) else found
    if not isinstance(found, dict) or not isinstance(name, str) or name not in CALIBRATORS:
        raise ModelFolderError(
            f"the calibrator of the decision must have a name, one of {', '.join(CALIBRATORS)}",
            found=name,
        )
    kind = CALIBRATORS[name]
    keys = _field_names(kind)
    if set(found) != {"name", *keys}:
        raise ModelFolderError(
            f"the calibrator {name} of the decision must have the keys {', '.join(keys)}",
            found=sorted(map(str, found)),
        )
    try:
        return kind(**{key: _value(found[key]) for key in keys})
    except SettingsError as error:
        raise ModelFolderError(
            f"the calibrator {name} of the decision: {error.args[0]}", found=error.found
        ) from error


def _field_names(kind: type[Calibrator]) -> list[str]:
    return [field.name for field in fields(cast(Any, kind))]


def _value(found: object) -> object:
    """A value of JSON as a calibrator holds it: lists are tuples, objects are calibrators."""
    if isinstance(found, list):
        return tuple(map(_value, found))
    return calibrator_from_json(found) if isinstance(found, dict) else found
