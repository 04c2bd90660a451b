"""What a search may change of each model, within which bounds, and what is tried first.

One table. A dimension is named by its place in the settings: `training.learning_rate`. Its bounds
hold what did well on public sets, with room to either side; what is doubled rather than added to
lies on a scale of logarithms.

    dimensions = open_dimensions(settings, fixed=("layers.dropout",), several=False)
    settings = with_values(settings, dimensions, {"training.learning_rate": 0.004, ...})
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from textkind.models.neural_settings import NeuralSettings
from textkind.models.settings import LinearSettings

DIGITS = 3  # of a number that is drawn, so that it can be typed again


@dataclass(frozen=True)
class Numbers:
    """From low to high, both allowed; by_tens: as likely to be doubled as halved."""

    low: float
    high: float
    by_tens: bool = False
    whole: bool = False

    def rounded(self, value: float) -> float:
        """The number as it is taken."""
        return round(value) if self.whole else float(f"{value:.{DIGITS}g}")


@dataclass(frozen=True)
class Choices:
    """One of a few values, in no order."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Dimension:
    """One setting that is searched.

    when        another setting, and the values of it under which this one is read; None: always
    one_label   whether it is only for texts of one label each
    """

    name: str
    values: Numbers | Choices
    when: tuple[str, tuple[Any, ...]] | None = None
    one_label: bool = False


def _even(name: str, low: float, high: float) -> Dimension:
    return Dimension(name, Numbers(low, high))


def _tens(name: str, low: float, high: float) -> Dimension:
    return Dimension(name, Numbers(low, high, by_tens=True))


def _whole(name: str, low: int, high: int) -> Dimension:
    return Dimension(name, Numbers(low, high, by_tens=True, whole=True))


def _one_of(name: str, *values: Any, when: tuple[str, tuple[Any, ...]] | None = None) -> Dimension:
    return Dimension(name, Choices(values), when)


def _training(
    rate: tuple[float, float], epochs: tuple[int, int], *batch_tokens: int
) -> tuple[Dimension, ...]:
    """What all trained networks share, with bounds of their own."""
    return (
        _tens("training.learning_rate", *rate),
        _whole("training.epochs", *epochs),
        _one_of("training.batch_tokens", *batch_tokens),
        _tens("training.weight_decay", 1e-3, 0.3),
        _even("training.label_smoothing", 0.0, 0.15),
    )


# What networks with a table of tokens of their own share, and the width where it is any number.
TOKENS = (_tens("training.token_rate", 0.25, 4.0), _even("training.token_dropout", 0.0, 0.4))
WIDTH = Dimension("layers.width", Numbers(50, 300, by_tens=True, whole=True), ("vectors", (None,)))

SPACES: Mapping[str, tuple[Dimension, ...]] = {
    "linear": (
        _one_of("features", "words", "characters", "both"),
        _one_of("word_ngrams", (1, 1), (1, 2), (1, 3), when=("features", ("words", "both"))),
        _one_of(
            "character_ngrams",
            (1, 4), (2, 4), (2, 5), (2, 6), (3, 5), (3, 6), (1, 6),
            when=("features", ("characters", "both")),
        ),
        _one_of("word_borders", True, False, when=("features", ("characters", "both"))),
        _one_of("symbols", True, False, when=("features", ("words", "both"))),
        Dimension("minimum_document_frequency", Numbers(1, 4, whole=True)),
        Dimension("naive_bayes", Choices((False, True)), one_label=True),
        _one_of("objective", "squared_hinge", "logistic"),
        _tens("strength", 0.03, 300.0),
    ),
    "mean_pool": (
        *_training((2e-3, 5e-2), (5, 30), 2048, 4096, 8192, 16384),
        *TOKENS,
        WIDTH,
        _one_of("layers.pooling", "mean", "max", "attention", "sif"),
        _one_of("layers.hidden", 0, 64, 128, 256),
        _even("layers.dropout", 0.0, 0.7),
        _one_of("ngrams", 1, 2, 3),
        _one_of("buckets", 1 << 15, 1 << 16, 1 << 17, 1 << 18, when=("ngrams", (2, 3))),
    ),
    "perceptron": (
        *_training((5e-4, 2e-2), (5, 30), 1024, 2048, 4096),
        *TOKENS,
        _one_of("layers.hidden", (), (64,), (128,), (256,), (512,), (256, 128)),
        _one_of("layers.activation", "relu", "tanh", "gelu"),
        _one_of("layers.weighting", "tfidf", "count"),
        _even("layers.dropout", 0.0, 0.7),
        _one_of("ngrams", 1, 2, 3),
    ),
    "cnn": (
        *_training((5e-4, 1e-2), (6, 30), 1024, 2048, 4096),
        *TOKENS,
        WIDTH,
        _one_of("layers.windows", (1, 2, 3), (2, 3, 4), (3, 4, 5), (2, 3, 4, 5), (1, 2, 3, 4, 5)),
        _whole("layers.filters", 50, 300),
        _even("layers.dropout", 0.1, 0.7),
        _one_of("training.consistency", 0.0, 1.0),
    ),
    "rnn": (
        *_training((5e-4, 1e-2), (6, 24), 1024, 2048, 4096),
        *TOKENS,
        WIDTH,
        _one_of("layers.cell", "lstm", "gru"),
        _whole("layers.units", 64, 256),
        _one_of("layers.layers", 1, 2),
        _one_of("layers.pooling", "attention", "max", "mean"),
        _even("layers.dropout", 0.1, 0.6),
        _one_of("training.consistency", 0.0, 1.0),
    ),
    "transformer": (
        *_training((2e-4, 5e-3), (8, 40), 1024, 2048, 4096),
        *TOKENS,
        _even("training.warmup", 0.0, 0.2),
        _one_of("layers.width", 64, 128, 192, 256, when=("vectors", (None,))),
        _one_of("layers.heads", 2, 4, 8),
        _one_of("layers.layers", 1, 2, 3, 4),
        _one_of("layers.feed_forward", 2, 4),
        _one_of("layers.positions", "rotary", "learned"),
        _one_of("layers.pooling", "mean", "max", "attention", "cls"),
        _even("layers.dropout", 0.0, 0.4),
        _one_of("training.consistency", 0.0, 1.0),
    ),
    "frozen": (
        _one_of("layers.pooling", "own", "mean", "cls", "max"),
        _one_of("layers.normalize", True, False),
        _tens("layers.strength", 0.3, 1000.0),
    ),
    "pretrained": (
        *_training((5e-5, 1e-3), (2, 8), 512, 1024, 2048),
        _even("training.warmup", 0.0, 0.2),
        _even("layers.dropout", 0.0, 0.2),
        _even("layers.layer_decay", 0.7, 1.0),
        _one_of("layers.pooling", "own", "mean", "cls"),
        _one_of("training.consistency", 0.0, 1.0),
    ),
}  # fmt: skip
# What did well where validation was asked before: tried right behind the defaults.
KNOWN: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "linear": ({"objective": "logistic", "strength": 8.0}, {"character_ngrams": (1, 6)}),
    "mean_pool": ({"layers.pooling": "attention"},),
    "perceptron": ({"ngrams": 2},),
    "cnn": ({"training.consistency": 1.0}, {"layers.windows": (2, 3, 4), "layers.filters": 200}),
    "rnn": ({"layers.cell": "gru", "layers.units": 200},),
    "transformer": ({"training.consistency": 1.0},),
    "frozen": (),
    "pretrained": ({"training.consistency": 1.0},),
}


def open_dimensions(
    settings: LinearSettings | NeuralSettings, fixed: Collection[str], *, several: bool
) -> tuple[Dimension, ...]:
    """The dimensions of the settings' model that are searched.

    Left out are those that are fixed, those that no value of the rest would let be read, and where
    texts have several labels those for one label alone.
    """
    whole = [one for one in SPACES[settings.model] if one.name not in fixed]
    searched = {one.name for one in whole}
    return tuple(
        one
        for one in whole
        if not (several and one.one_label)
        and (
            one.when is None
            or one.when[0] in searched
            or value_at(settings, one.when[0]) in _with_open(one.when)
        )
    )


def _with_open(when: tuple[str, tuple[Any, ...]]) -> tuple[Any, ...]:
    """The values under which a dimension is read; "auto" may become any of them."""
    return (*when[1], "auto")


def value_at(settings: Any, name: str) -> Any:
    """The value of a setting by its dotted name."""
    for part in name.split("."):
        settings = getattr(settings, part)
    return settings


def with_values(
    settings: Any, dimensions: Collection[Dimension], values: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The settings with the values of the dimensions that are read, and these values by name.

    What another value leaves unread stays as the settings have it. Raises SettingsError where the
    values do not go together.
    """
    read = {
        one.name: values[one.name]
        for one in dimensions
        if one.when is None
        or values.get(one.when[0], value_at(settings, one.when[0])) in _with_open(one.when)
    }
    parts: dict[str, dict[str, Any]] = {}
    for name, value in read.items():
        part, _, setting = name.rpartition(".")
        parts.setdefault(part, {})[setting] = value
    own = parts.pop("", {})
    own |= {part: replace(getattr(settings, part), **given) for part, given in parts.items()}
    return replace(settings, **own), read


def usual_values(settings: Any, dimensions: Collection[Dimension]) -> dict[str, Any]:
    """The settings' own value of each dimension, of those that the dimension could take.

    A choice that is still open, or a value out of bounds, is none.
    """
    found = {one.name: value_at(settings, one.name) for one in dimensions}
    return {one.name: found[one.name] for one in dimensions if _holds(one, found[one.name])}


def _holds(dimension: Dimension, value: Any) -> bool:
    if isinstance(dimension.values, Choices):
        return value in dimension.values.values
    return value is not None and dimension.values.low <= value <= dimension.values.high
