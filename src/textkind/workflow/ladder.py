"""The ladder: which models are compared, simplest first, and how the time is shared out.

A rung is a name and a function that makes its settings, so a new model is one line.
"""

from collections.abc import Callable, Iterable
from dataclasses import is_dataclass, replace
from functools import partial
from typing import Any

from textkind.errors import SettingsError, did_you_mean
from textkind.models.neural_settings import DISTILLED, NeuralSettings, default_settings
from textkind.models.prior import PriorSettings
from textkind.models.settings import LinearSettings

LADDER: dict[str, Callable[[], Any]] = {
    "prior": PriorSettings,
    "linear": LinearSettings,
    "mean_pool": partial(default_settings, "mean_pool"),
    "static": partial(default_settings, "mean_pool", DISTILLED),
    "perceptron": partial(default_settings, "perceptron"),
    "cnn": partial(default_settings, "cnn"),
    "rnn": partial(default_settings, "rnn"),
    "transformer": partial(default_settings, "transformer"),
    "frozen": partial(default_settings, "frozen"),
    "pretrained": partial(default_settings, "pretrained"),
}
STACK = "stack"  # made of finished rungs, so it comes last
RUNGS = (*LADDER, STACK)
PRIOR = "prior"
ALL = "all"

TRAINED = 0.7  # of a rung's share of the budget is for training; the rest to load, save, measure
PATIENCE = 2.0  # times its share that a rung may take at most


def chosen_rungs(names: Iterable[str]) -> tuple[str, ...]:
    """The rungs asked for, in the order of the ladder; `all` stands for every one.

    SettingsError for a name that there is not, with the nearest, and where nothing is asked for.
    """
    asked = [name.strip() for name in names if name.strip()]
    for name in asked:
        if name not in (*RUNGS, ALL):
            raise SettingsError(
                "there is no such model to compare",
                found=name,
                hint=did_you_mean(name, (*RUNGS, ALL)),
            )
    if not asked:
        raise SettingsError(
            "no model to compare", hint=f"name some of {', '.join(RUNGS)}, or {ALL}"
        )
    return tuple(name for name in RUNGS if name in asked or ALL in asked)


def starts_from_encoder(rung: str) -> bool:
    """Whether the model of a rung starts from a pretrained encoder."""
    settings = LADDER[rung]() if rung in LADDER else None
    return isinstance(settings, NeuralSettings) and (
        settings.is_pretrained or settings.vectors == DISTILLED
    )


def rung_settings(rung: str, encoder: str | None = None, revision: str | None = None) -> Any:
    """The settings of a rung's model, with the encoder if it starts from one; None: the usual."""
    settings = LADDER[rung]()
    if encoder is None or not starts_from_encoder(rung):
        return settings
    return replace(settings, encoder=encoder, revision=revision)


def with_budget(settings: Any, seconds: float | None) -> Any:
    """The settings of a model whose training ends in time for a rung of so many seconds.

    Those of a model that cannot be told are left as they are, and so are all where it is None.
    """
    training = getattr(settings, "training", None)
    if seconds is None or not is_dataclass(training) or not hasattr(training, "budget"):
        return settings
    budget = replace(training, budget=TRAINED * seconds / 60)  # type: ignore[type-var]
    return replace(settings, training=budget)


def shares(budget: float | None, spent: float, fits_left: int) -> tuple[float | None, float | None]:
    """Seconds that the next fit should take, and after which it is stopped; None without a budget.

    What is left is shared out evenly between the fits that are left, so what one leaves goes to
    those behind it. The last may take more than is left: its training ends in time, and to stop it
    while it is measured would lose a model for the sake of minutes.
    """
    if budget is None:
        return None, None
    share = max(budget - spent, 0.0) / max(fits_left, 1)
    return share, PATIENCE * share
