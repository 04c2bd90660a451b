"""Settings of pretrained encoders; known without torch."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from textkind.errors import SettingsError
from textkind.models.networks.choices import POOLINGS, check_choice, check_share, check_whole

ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu")
OWN = "own"  # as the encoder was trained
# families whose positions are counted from behind the padding's id, as RoBERTa's are
COUNTED_BEHIND_PADDING = (
    "camembert",
    "data2vec-text",
    "ibert",
    "longformer",
    "luke",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
)


def first_position(config: Mapping[str, Any]) -> int:
    """The row of the table of positions that the first token of a text reads, by a config.json."""
    if config.get("model_type") not in COUNTED_BEHIND_PADDING:
        return 0
    return int(config.get("pad_token_id", 1)) + 1


@dataclass(frozen=True)
class Architecture:
    """What an encoder computes with: what is needed to build it anew and fill in its weights.

    Without `config` it is of BERT's kind, and networks/bert.py computes it; with a config it is of
    a family that transformers computes, and heads to relative_buckets are left alone.
    """

    vocabulary: int  # rows of its table of tokens
    width: int  # of a state
    token_width: int  # of a token's vector, the same but in a few families
    layers: int
    positions: int  # that a text can take together with its frame
    before: int = 1  # special tokens before a text, such as [CLS]
    behind: int = 1  # and behind it, such as [SEP]
    heads: int = 1
    inner_width: int = 1
    activation: str = "gelu"
    epsilon: float = 1e-12  # added to the variance in layer normalization
    relative_buckets: int = 0  # of distances that attention knows (Raffel et al. 2020); 0: none
    config: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in ("vocabulary", "width", "token_width", "layers", "positions", "heads",
                     "inner_width"):  # fmt: skip
            check_whole(name, getattr(self, name))
        for name in ("before", "behind", "relative_buckets"):
            check_whole(name, getattr(self, name), 0)
        check_choice("activation", self.activation, ACTIVATIONS)
        if self.width % self.heads:
            raise SettingsError(
                "the heads do not share the width evenly", found=[self.width, self.heads]
            )
        if type(self.epsilon) not in (int, float) or not 0 <= self.epsilon < 1:
            raise SettingsError("epsilon must be 0 to 1", found=self.epsilon)
        if self.config is not None and not isinstance(self.config, Mapping):
            raise SettingsError("config must be an object", found=self.config)

    @property
    def longest(self) -> int:
        """The most tokens of a text that the encoder can read."""
        return self.positions - self.before - self.behind


@dataclass(frozen=True)
class FrozenSettings:
    """A pretrained encoder as it is, with a linear head fitted to its vectors."""

    pooling: str = OWN  # or cls, mean, max
    normalize: bool | None = None  # vectors of unit length; None: as the encoder was trained
    strength: float | None = None  # of the head, scikit-learn's C; None: chosen on validation
    label_names: bool | None = None  # are learned from as texts; None: where labels have few
    architecture: Architecture | None = None  # None: still to be read from the encoder's folder

    def __post_init__(self) -> None:
        if self.label_names not in (None, True, False):
            raise SettingsError("label_names must be true, false or none", found=self.label_names)
        check_choice("pooling", self.pooling, (OWN, *self.poolings()))
        if self.normalize not in (None, True, False):
            raise SettingsError("normalize must be true, false or none", found=self.normalize)
        if self.strength is not None and not (
            type(self.strength) in (int, float) and 0 < self.strength < float("inf")
        ):
            raise SettingsError("strength must be a number above 0", found=self.strength)
        if isinstance(self.architecture, Mapping):
            names = {field.name for field in fields(Architecture)}
            if set(self.architecture) != names:
                raise SettingsError("this is no architecture", found=dict(self.architecture))
            object.__setattr__(self, "architecture", Architecture(**self.architecture))

    @classmethod
    def poolings(cls) -> tuple[str, ...]:
        """The poolings there are; one that must be trained is none for an encoder that is not."""
        return ("cls", "mean", "max")

    @property
    def longest(self) -> int | None:
        """The most tokens of a text that can be read, once the encoder is known."""
        return None if self.architecture is None else self.architecture.longest


@dataclass(frozen=True)
class PretrainedSettings(FrozenSettings):
    """A pretrained encoder with a head, trained end to end from the head that fits it as it is."""

    few_shot: bool | None = None  # trained for few texts a label; None: where there are few
    interpolation: float | None = None  # share of the way trained that is gone; None: validation
    dropout: float = 0.1
    freeze: int | None = None  # lowest layers left as they are, and tokens; None: by few_shot
    layer_decay: float = 1.0  # each layer's learning rate, times that of the one above
    lora: int | None = None  # rank of low-rank updates (Hu et al. 2021); 0: none; None: by size
    checkpointing: bool = False  # states are computed again in the backward pass, not kept
    compiled: bool = False  # PyTorch's compiler fuses what is between the matrix products

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.few_shot not in (None, True, False):
            raise SettingsError("few_shot must be true, false or none", found=self.few_shot)
        if self.interpolation is not None and not (
            type(self.interpolation) in (int, float) and 0 < self.interpolation <= 1
        ):
            raise SettingsError(
                "interpolation must be above 0 and at most 1", found=self.interpolation
            )
        check_share("dropout", self.dropout)
        for name in ("freeze", "lora"):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name), 0)
        for name in ("checkpointing", "compiled"):
            if not isinstance(getattr(self, name), bool):
                raise SettingsError(f"{name} must be true or false", found=getattr(self, name))
        is_number = type(self.layer_decay) in (int, float)
        if not is_number or not 0 < self.layer_decay <= 1:
            raise SettingsError("layer_decay must be above 0 and at most 1", found=self.layer_decay)
        most = None if self.architecture is None else self.architecture.layers
        if most is not None and self.freeze is not None and self.freeze > most:
            raise SettingsError(f"the encoder has {most} layers to freeze", found=self.freeze)

    @classmethod
    def poolings(cls) -> tuple[str, ...]:
        """The poolings there are."""
        return ("cls", *POOLINGS)


def with_choices(settings: FrozenSettings, chosen: FrozenSettings) -> FrozenSettings:
    """The settings, with what a first training chose by its texts, for one on more of them."""
    names = ["strength"]
    if isinstance(settings, PretrainedSettings):
        names += ["interpolation", "few_shot"]
    return replace(settings, **{name: getattr(chosen, name) for name in names})
