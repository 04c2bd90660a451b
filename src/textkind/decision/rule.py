"""The rule: calibrated probabilities to labels. Saved with the model, as part of the decision.

One label a text: the most probable one; or the one whose probability times its weight is highest;
or the one of least expected cost. Several labels: all whose probability reaches a threshold, one
for all labels or one for each; or always the so many most probable.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from textkind.errors import SettingsError

DEFAULT_THRESHOLD = 0.5
LARGEST = 1e300  # of a weight or cost: sums of them stay finite


@dataclass(frozen=True)
class Rule:
    """How probabilities become labels; what is None is not used.

    weights       one label a text: (K,) that probabilities are multiplied with, above 0
    costs         one label a text: (K, K) of giving a label (column) to a text of another (row)
    thresholds    several labels: the lowest probability (0 to 1) of a label that is given, one for
                  all or (K,); None: 0.5
    top           several labels: how many are given to every text, the most probable ones
    at_least_one  several labels: the most probable is given where no label reaches its threshold
    """

    weights: tuple[float, ...] | None = None
    costs: tuple[tuple[float, ...], ...] | None = None
    thresholds: float | tuple[float, ...] | None = None
    top: int | None = None
    at_least_one: bool = False

    def __post_init__(self) -> None:
        if self.weights is not None and not _are_numbers(self.weights, LARGEST, above=0):
            raise SettingsError("weights must be numbers above 0", found=self.weights)
        if self.costs is not None and not (
            isinstance(self.costs, tuple)
            and all(
                _are_numbers(row, LARGEST) and len(row) == len(self.costs) for row in self.costs
            )
        ):
            raise SettingsError("costs must be a square of numbers of 0 or more", found=self.costs)
        thresholds = self.thresholds
        every = thresholds if isinstance(thresholds, tuple) else (thresholds,)
        if thresholds is not None and not _are_numbers(every, 1):
            raise SettingsError("thresholds must be numbers of 0 to 1", found=thresholds)
        if self.top is not None and (type(self.top) is not int or self.top < 1):
            raise SettingsError("top must be a whole number of 1 or more", found=self.top)
        if type(self.at_least_one) is not bool:
            raise SettingsError("at_least_one must be true or false", found=self.at_least_one)
        if sum(part is not None for part in (self.weights, self.costs, thresholds, self.top)) > 1:
            raise SettingsError("a rule has weights, costs, thresholds or top: one of them")
        if self.at_least_one and (self.of_one_label or self.top is not None):
            raise SettingsError("at_least_one goes with thresholds")

    @property
    def of_one_label(self) -> bool:
        """Whether it can only serve texts that have one label each."""
        return self.weights is not None or self.costs is not None

    @property
    def of_several(self) -> bool:
        """Whether it can only serve texts that may have several labels."""
        return self.thresholds is not None or self.top is not None or self.at_least_one

    @property
    def lowest(self) -> float | tuple[float, ...]:
        """The thresholds of several labels, DEFAULT_THRESHOLD where none are told."""
        return DEFAULT_THRESHOLD if self.thresholds is None else self.thresholds

    def check_labels(self, labels: int) -> None:
        """SettingsError where the rule is for another number of labels."""
        thresholds = self.thresholds if isinstance(self.thresholds, tuple) else None
        for name, part in (
            ("weights", self.weights), ("costs", self.costs), ("thresholds", thresholds)
        ):  # fmt: skip
            if part is not None and len(part) != labels:
                raise SettingsError(f"{name} must be {labels}, one a label", found=len(part))
        if self.top is not None and self.top > labels:
            raise SettingsError(f"top must be {labels} at most, the labels there are",
                                found=self.top)  # fmt: skip


def given_labels(rule: Rule, probabilities: np.ndarray, several: bool) -> np.ndarray:
    """Labels of (N, K) probabilities: (N,) int32 ids, or (N, K) uint8 for several labels.

    Of equally good labels the first in label order is given.
    """
    if not several:
        return _best_label(rule, probabilities).astype(np.int32)
    if rule.top is not None:
        given = np.zeros(probabilities.shape, np.uint8)
        best = np.argsort(-probabilities, axis=1, kind="stable")[:, : rule.top]
        np.put_along_axis(given, best, 1, axis=1)
        return given
    # in float64, since a threshold may lie between two neighbouring float32
    given = (probabilities >= np.asarray(rule.lowest, np.float64)).astype(np.uint8)
    if rule.at_least_one:
        bare = np.flatnonzero(~given.any(axis=1))
        given[bare, probabilities[bare].argmax(axis=1)] = 1
    return given


def _best_label(rule: Rule, probabilities: np.ndarray) -> np.ndarray:
    if rule.weights is not None:
        best: np.ndarray = (probabilities * np.array(rule.weights)).argmax(axis=1)
    elif rule.costs is not None:
        best = (probabilities.astype(np.float64) @ np.array(rule.costs)).argmin(axis=1)
    else:
        best = probabilities.argmax(axis=1)
    return best


def rule_to_json(rule: Rule) -> dict[str, Any]:
    """The rule as a JSON-able dict, one key a field."""
    return asdict(rule)


def rule_from_json(found: object) -> Rule:
    """The rule written by `rule_to_json`; SettingsError where it is anything else."""
    names = set(asdict(Rule()))
    if not isinstance(found, dict) or set(found) != names:
        raise SettingsError(
            f"the rule must be an object with the keys {', '.join(sorted(names))}",
            found=sorted(map(str, found)) if isinstance(found, dict) else found,
        )
    return Rule(**{name: _tuples(value) for name, value in found.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _are_numbers(values: object, most: float, above: float | None = None) -> bool:
    """Whether it is a tuple of numbers of 0 to `most`, or over `above`; true is no number."""
    return isinstance(values, tuple) and all(
        type(value) in (int, float) and 0 <= value <= most and (above is None or value > above)
        for value in values
    )
