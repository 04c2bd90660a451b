"""How labels are to be chosen, as it is asked for: a threshold by name or number, costs, or top."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from textkind.data.labels import LabelSet
from textkind.errors import SettingsError, did_you_mean

AUTO, MOST_PROBABLE, PRIOR = "auto", "most-probable", "prior"
NUMBER, COSTS, TOP = "number", "costs", "top"  # rules that are not asked for by a name
PER_LABEL = "per-label-"
FLOORS = ("precision", "recall", "per-label-precision", "per-label-recall")
OF_SEVERAL = ("micro-f1", "per-label-f1", "per-label-precision", "per-label-recall")
OF_ONE = (MOST_PROBABLE, COSTS, "f1")
OF_TWO = ("f1", "precision", "recall", NUMBER)  # of one label a text, for two labels alone
NAMES = (AUTO, MOST_PROBABLE, PRIOR, "f1", "micro-f1", "macro-f1", "per-label-f1", *FLOORS)


@dataclass(frozen=True)
class RuleSettings:
    """How labels are to be chosen.

    threshold     a name of NAMES, with a floor as in precision=0.9, or a number of 0 to 1
    positive      with two labels of which a text has one: the label that the threshold is of; None:
                  the second
    costs         one label a text: a file of costs, or {gold: {predicted: cost}}
    top           several labels: how many every text gets
    at_least_one  several labels: no text is left without one
    """

    threshold: str | float = AUTO
    positive: str | None = None
    costs: str | Path | Mapping[str, Mapping[str, float]] | None = None
    top: int | None = None
    at_least_one: bool = False

    def __post_init__(self) -> None:
        name, _ = self.threshold_asked
        if self.costs is not None and name != AUTO:
            raise SettingsError("costs choose the label: no threshold beside them", found=name)
        if self.top is not None:
            if type(self.top) is not int or self.top < 1:
                raise SettingsError("top must be a whole number of 1 or more", found=self.top)
            if name != AUTO or self.costs is not None or self.at_least_one:
                raise SettingsError(
                    "top gives every text so many labels: no threshold, costs or at_least_one "
                    "beside it",
                    found=self.top,
                )
        if self.positive is not None and name not in OF_TWO:
            raise SettingsError(
                "positive names the label that a threshold is of", found=self.positive,
                hint="pass a threshold too: f1, precision=0.9, recall=0.9 or a number",
            )  # fmt: skip

    @property
    def asked(self) -> tuple[str, float | None]:
        """The name of the rule, and the value behind it: a floor, an exponent or a number."""
        if self.costs is not None:
            return COSTS, None
        return (TOP, None) if self.top is not None else self.threshold_asked

    @property
    def threshold_asked(self) -> tuple[str, float | None]:
        """The name of the threshold, NUMBER for a number; SettingsError for neither."""
        told = self.threshold
        if isinstance(told, str):
            name, equals, text = told.partition("=")
            if name in NAMES and not equals and name not in FLOORS:
                return name, None
            if name in FLOORS or (name == PRIOR and equals):
                least, most = (0.0, 2.0) if name == PRIOR else (0.0, 1.0)
                value = _number(text)
                if not least < value <= most:
                    raise SettingsError(
                        f"{name} needs a number above 0 and up to {most:g}", found=told,
                        hint=f"write it as {name}={'1' if name == PRIOR else '0.9'}",
                    )  # fmt: skip
                return name, value
            number = _number(told)
        else:
            number = float(told) if type(told) in (int, float) else -1.0
        if not 0 <= number <= 1:
            raise SettingsError(
                "threshold must be a number of 0 to 1, or a name", found=told,
                hint=did_you_mean(str(told), NAMES),
            )  # fmt: skip
        return NUMBER, number

    def check_labels(self, labels: LabelSet) -> None:
        """SettingsError where the rule is not for these labels; before anything is fitted."""
        name, _ = self.asked
        if labels.several:
            if name in OF_ONE:
                raise SettingsError(
                    f"{name} is for texts of one label each", found="several labels",
                    hint="thresholds serve several labels: micro-f1, macro-f1, precision=0.9",
                )  # fmt: skip
            if self.positive is not None:
                raise SettingsError("positive is for two labels of which a text has one",
                                    found="several labels")  # fmt: skip
            if self.top is not None and self.top > len(labels):
                raise SettingsError(
                    f"top must be {len(labels)} at most, the labels there are", found=self.top
                )
            return
        for told, given in (("top", self.top is not None), ("at_least_one", self.at_least_one)):
            if given:
                raise SettingsError(f"{told} is for texts that may have several labels",
                                    found="one label a text")  # fmt: skip
        if name in OF_SEVERAL:
            raise SettingsError(
                f"{name} is for texts that may have several labels", found="one label a text",
                hint="macro-f1 serves; with two labels also f1, precision=0.9, recall=0.9",
            )  # fmt: skip
        if name in OF_TWO and len(labels) != 2:
            raise SettingsError(
                "a threshold needs two labels, or texts that may have several",
                found=f"{len(labels):,} labels",
                hint="costs weigh mistakes against each other, macro-f1 and prior rare labels "
                "against common ones",
            )
        if self.positive is not None and self.positive not in labels.names:
            raise SettingsError(
                "positive is none of the labels", found=self.positive,
                hint=did_you_mean(self.positive, labels.names),
            )  # fmt: skip


def _number(text: str) -> float:
    """The number that is written, or -1."""
    try:
        return float(text)
    except ValueError:
        return -1.0
