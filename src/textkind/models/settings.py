"""Settings of the linear model."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textkind.encoding.ngrams import NgramSettings
from textkind.errors import SettingsError, did_you_mean
from textkind.training.imbalance import CONVEX, NONE, parse_imbalance

LINEAR = "linear"
FEATURES = ("auto", "words", "characters", "both")
OBJECTIVES = ("squared_hinge", "logistic", "multinomial")
SOLVERS = ("dual", "sgd")


@dataclass(frozen=True)
class LinearSettings:
    """What the linear model looks at, what it minimises, and what is left to validation."""

    features: str = "auto"  # words, characters, both, or the best of the three on validation
    word_ngrams: tuple[int, int] = (1, 2)  # shortest and longest run of words
    character_ngrams: tuple[int, int] = (2, 5)  # shortest and longest run of characters
    word_borders: bool = True  # characters only within a stretch between white space
    symbols: bool = True  # punctuation and emoji count as words
    sublinear: bool = True  # 1 + log(count) rather than the count
    minimum_document_frequency: int | None = None  # None: 2, but 1 under 1,000 training texts
    naive_bayes: bool | None = None  # weigh n-grams by log-count ratios; None: by validation
    objective: str = "squared_hinge"
    solver: str = "dual"
    batch_size: int = 32  # texts per step of the sgd solver
    strength: float | None = None  # scikit-learn's C; None: chosen on validation
    imbalance: str = NONE  # what is done about unequal labels (training/imbalance.py)
    refit: bool = True  # after the choices, fit once more on train + validation
    tolerance: float = 2e-3  # a pass that adds less than this share of all moves is the last
    most_passes: int = 100

    def __post_init__(self) -> None:
        for name, allowed in (
            ("features", FEATURES),
            ("objective", OBJECTIVES),
            ("solver", SOLVERS),
        ):
            value = getattr(self, name)
            if value not in allowed:
                raise SettingsError(
                    f"{name} must be one of {', '.join(allowed)}",
                    found=value,
                    hint=did_you_mean(value, allowed),
                )
        parse_imbalance(self.imbalance, CONVEX, "the linear model")
        if self.strength is not None and not 0 < self.strength < math.inf:
            raise SettingsError("strength must be a number above 0", found=self.strength)
        if self.batch_size < 1:
            raise SettingsError("the batch size must be 1 or more", found=self.batch_size)
        if not 0 < self.tolerance < 1:
            raise SettingsError("tolerance must lie between 0 and 1", found=self.tolerance)
        if self.most_passes < 1:
            raise SettingsError("the passes must be 1 or more", found=self.most_passes)
        ngram_settings(self, "both", 1)  # raises where n-gram orders make no sense

    @property
    def model(self) -> str:
        """The name of the model."""
        return LINEAR

    @property
    def open_choices(self) -> tuple[str, ...]:
        """The settings that validation has to choose."""
        return tuple(
            name
            for name, is_open in (
                ("features", self.features == "auto"),
                ("naive_bayes", self.naive_bayes is None),
                ("strength", self.strength is None),
            )
            if is_open
        )


def linear_settings_of_json(told: Mapping[str, Any]) -> LinearSettings:
    """The settings of asdict, also where JSON has made lists of the tuples."""
    lists = {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
    return LinearSettings(**{**told, **lists})


def ngram_settings(settings: LinearSettings, features: str, texts: int) -> NgramSettings:
    """The encoder's settings for one choice of features and a number of training texts."""
    frequency = settings.minimum_document_frequency
    if frequency is None:
        frequency = 2 if texts >= 1000 else 1
    return NgramSettings(
        words=None if features == "characters" else settings.word_ngrams,
        characters=None if features == "words" else settings.character_ngrams,
        word_borders=settings.word_borders,
        symbols=settings.symbols,
        minimum_document_frequency=frequency,
        sublinear=settings.sublinear,
    )
