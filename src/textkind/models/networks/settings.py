"""Settings of the networks; known without torch, so that the command line can check them."""

from dataclasses import dataclass, fields
from typing import Any

from textkind.errors import SettingsError
from textkind.models.networks.choices import POOLINGS, check_choice, check_share, check_whole
from textkind.models.networks.pretrained_settings import FrozenSettings, PretrainedSettings


@dataclass(frozen=True)
class MeanPoolSettings:
    """Embedding, pooling over time, linear: fastText's network and its kin."""

    width: int = 100  # numbers of a token's vector; with vectors to start from, theirs
    pooling: str = "mean"  # mean, max, attention, or sif: a mean weighted by rarity
    hidden: int = 0  # units of a ReLU layer before the head; 0: none
    dropout: float = 0.5

    def __post_init__(self) -> None:
        check_whole("width", self.width)
        check_choice("pooling", self.pooling, (*POOLINGS, "sif"))
        check_whole("hidden", self.hidden, 0)
        check_share("dropout", self.dropout)


@dataclass(frozen=True)
class PerceptronSettings:
    """A bag of words through linear layers and a non-linearity."""

    hidden: tuple[int, ...] = (128,)  # units of each hidden layer; (): the log-linear model
    activation: str = "relu"  # relu, tanh, gelu, or none
    weighting: str = "tfidf"  # tfidf (of unit length), or count
    dropout: float = 0.5

    def __post_init__(self) -> None:
        if not isinstance(self.hidden, tuple):
            raise SettingsError("hidden must be a tuple of whole numbers", found=self.hidden)
        for units in self.hidden:
            check_whole("hidden", units)
        check_choice("activation", self.activation, ("relu", "tanh", "gelu", "none"))
        check_choice("weighting", self.weighting, ("tfidf", "count"))
        check_share("dropout", self.dropout)


@dataclass(frozen=True)
class CnnSettings:
    """Filters over windows of words, each at its strongest (Kim 2014)."""

    width: int = 100
    windows: tuple[int, ...] = (3, 4, 5)  # words that a filter sees
    filters: int = 100  # for each window
    channels: str = "non-static"  # static: embedding fixed; non-static: tuned; two: one of each
    dropout: float = 0.5

    def __post_init__(self) -> None:
        check_whole("width", self.width)
        if not isinstance(self.windows, tuple) or not self.windows:
            raise SettingsError("windows must be a tuple of whole numbers", found=self.windows)
        for window in self.windows:
            check_whole("windows", window)
        check_whole("filters", self.filters)
        check_choice("channels", self.channels, ("non-static", "static", "two"))
        check_share("dropout", self.dropout)


@dataclass(frozen=True)
class RnnSettings:
    """A recurrent network over the tokens, in one direction or both, stacked."""

    width: int = 100
    cell: str = "lstm"  # tanh (plain), lstm, gru
    units: int = 128  # of each direction
    layers: int = 1
    directions: int = 2
    pooling: str = "attention"  # or last (valid step), mean, max
    dropout: float = 0.4  # on the embedding, between layers, and before the head

    def __post_init__(self) -> None:
        check_whole("width", self.width)
        check_choice("cell", self.cell, ("tanh", "lstm", "gru"))
        check_whole("units", self.units)
        check_whole("layers", self.layers)
        if self.directions not in (1, 2):
            raise SettingsError("directions must be 1 or 2", found=self.directions)
        check_choice("pooling", self.pooling, ("last", *POOLINGS))
        check_share("dropout", self.dropout)


@dataclass(frozen=True)
class TransformerSettings:
    """A pre-norm encoder from scratch."""

    width: int = 128
    layers: int = 2
    heads: int = 4
    feed_forward: int = 4  # times the width
    positions: str = "rotary"  # learned, or rotary (Su et al. 2021)
    pooling: str = "mean"  # cls (a learned vector before the text), mean, max, attention
    longest: int = 512  # positions there are; the longest text that can be read
    dropout: float = 0.1

    def __post_init__(self) -> None:
        for name in ("width", "layers", "heads", "feed_forward", "longest"):
            check_whole(name, getattr(self, name))
        if self.width % (2 * self.heads):
            raise SettingsError(
                "width must be a multiple of twice the heads", found=(self.width, self.heads)
            )
        check_choice("positions", self.positions, ("learned", "rotary"))
        check_choice("pooling", self.pooling, ("cls", *POOLINGS))
        check_share("dropout", self.dropout)


NetworkSettings = (
    MeanPoolSettings
    | PerceptronSettings
    | CnnSettings
    | RnnSettings
    | TransformerSettings
    | FrozenSettings
    | PretrainedSettings
)

SETTINGS: dict[str, type[Any]] = {
    "mean_pool": MeanPoolSettings,
    "perceptron": PerceptronSettings,
    "cnn": CnnSettings,
    "rnn": RnnSettings,
    "transformer": TransformerSettings,
    "frozen": FrozenSettings,
    "pretrained": PretrainedSettings,
}


def name_of(settings: NetworkSettings) -> str:
    """The name of the network that these are settings of."""
    return next(name for name, kind in SETTINGS.items() if kind is type(settings))


def settings_from_json(network: str, told: dict[str, Any]) -> NetworkSettings:
    """The settings of a network from their JSON form; SettingsError where they make no sense."""
    kind = SETTINGS[network]
    names = {field.name for field in fields(kind)}
    if set(told) != names:
        raise SettingsError(f"settings of {network} must be {', '.join(sorted(names))}", found=told)
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in told.items()})
