"""Settings of the neural models; known without torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from textkind.encoding.runs import MOST_BUCKETS, MOST_LONGEST
from textkind.encoding.subwords import SubwordSettings
from textkind.encoding.words import WordSettings
from textkind.errors import SettingsError, did_you_mean
from textkind.models.encoder_hub import told_encoder
from textkind.models.long_settings import WINDOWED, LongSettings, check_fits
from textkind.models.networks.choices import check_choice, check_whole
from textkind.models.networks.pretrained_settings import FrozenSettings, PretrainedSettings
from textkind.models.networks.settings import (
    SETTINGS,
    CnnSettings,
    MeanPoolSettings,
    NetworkSettings,
    PerceptronSettings,
    RnnSettings,
    TransformerSettings,
    name_of,
    settings_from_json,
)
from textkind.training.imbalance import CONVEX, METHODS, TUNED, parse_imbalance
from textkind.training.settings import Places, TrainingSettings

TOKENS = ("words", "bpe", "wordpiece", "unigram", "ready")
DISTILLED = "distilled"
AGAINST_IMBALANCE = {"frozen": CONVEX, "pretrained": TUNED}  # of other networks every method
PRETRAINED_TOKENS = 254  # that a pretrained encoder reads at once: with its frame, 256


@dataclass(frozen=True)
class NeuralSettings:
    """Which network, what it reads, what it starts from, and how it is trained."""

    layers: NetworkSettings = field(default_factory=MeanPoolSettings)
    tokens: str = "words"  # or subwords: bpe, wordpiece, unigram; ready: those of `tokenizer`
    words: WordSettings = field(default_factory=WordSettings)
    subwords: SubwordSettings = field(default_factory=SubwordSettings)
    tokenizer: Path | None = None  # a tokenizer.json
    ngrams: int = 1  # longest run of tokens that is hashed to a vector of its own; 1: none
    buckets: int = 1 << 16  # that runs are hashed to, if any
    vectors: str | None = None  # a file of word vectors, or "distilled": from a pretrained encoder
    encoder: str | Path | None = None  # that encoder, by folder or name; None: the bundled MiniLM
    revision: str | None = None  # of a name
    tune_vectors: bool = True  # those, or a pretrained encoder's
    max_tokens: int | None = None  # that the network reads at once; None: any number
    long: LongSettings = field(default_factory=LongSettings)  # of texts with more than those
    refit: bool = False  # train once more, on train + validation, for as many epochs as were best
    training: TrainingSettings = field(default_factory=TrainingSettings)
    places: Places = field(default_factory=Places)

    def __post_init__(self) -> None:
        check_choice("tokens", self.tokens, TOKENS)
        if (self.tokens == "ready") != (self.tokenizer is not None):
            raise SettingsError("tokens are ready where a tokenizer is given, and only there")
        if self.is_pretrained:
            for name, value, without in (
                ("tokens", self.tokens, "words"),
                ("vectors", self.vectors, None),
                ("ngrams", self.ngrams, 1),
            ):
                if value != without:
                    raise SettingsError(
                        "a pretrained encoder brings its own tokens and vectors",
                        found=f"{name}: {value}",
                    )
        elif self.encoder is not None and self.vectors != DISTILLED:
            raise SettingsError(
                "an encoder is what vectors are distilled from",
                found=f"vectors: {self.vectors}",
                hint=f"pass --vectors {DISTILLED} too, or --model pretrained",
            )
        if self.revision is not None and self.encoder is None:
            raise SettingsError(
                "a revision is that of an encoder of the hub",
                found=f"revision: {self.revision}",
                hint="pass --encoder NAME too, or leave --revision out",
            )
        allowed = AGAINST_IMBALANCE.get(self.network, METHODS)
        parse_imbalance(self.training.imbalance, allowed, self.network)
        if self.max_tokens is not None:
            check_whole("max_tokens", self.max_tokens)
        if self.vectors == DISTILLED and self.tokens != "words":
            raise SettingsError("distilled vectors bring their own tokens", found=self.tokens)
        if self.vectors is not None and self.tokens != "words":
            raise SettingsError("a file of word vectors needs words for tokens", found=self.tokens)
        if self.vectors is not None and self.network == "perceptron":
            raise SettingsError(
                "a perceptron has no vectors of words to start from",
                found=self.vectors,
                hint="mean_pool is the network nearest to it that has",
            )
        check_whole("ngrams", self.ngrams)
        check_whole("buckets", self.buckets)
        if self.ngrams > MOST_LONGEST:
            raise SettingsError(f"ngrams must be {MOST_LONGEST} or fewer", found=self.ngrams)
        if self.buckets > MOST_BUCKETS:
            raise SettingsError(f"buckets must be {MOST_BUCKETS:,} or fewer", found=self.buckets)
        if self.ngrams > 1 and self.network not in ("mean_pool", "perceptron"):
            raise SettingsError(
                "n-grams of tokens are for networks that do not see their order",
                found=self.network,
            )
        self._check_lengths()

    def _check_lengths(self) -> None:
        """SettingsError where positions, max_tokens and long do not go together."""
        positions, most = getattr(self.layers, "longest", None), self.max_tokens
        if positions is not None and most is not None and most > positions:
            raise SettingsError(
                f"the {self.network} has positions for {positions:,} tokens",
                found=f"max_tokens: {most:,}",
                hint="lower --max-tokens, or raise --longest of a transformer; "
                "--long windows reads more of a text all the same",
            )
        if self.long.strategy == "native" and most is not None and most == positions:
            raise SettingsError(
                f"the {self.network} has no more positions than max_tokens",
                found=f"{most:,} of both",
                hint="--long windows reads texts of any length",
            )
        if self.ngrams > 1 and self.long.strategy not in ("auto", "head", "native"):
            raise SettingsError(
                f"--long {self.long.strategy} is not for n-grams of tokens, which stand behind "
                "the tokens",
                found=f"ngrams: {self.ngrams}",
                hint="pass --token-ngrams 1 too",
            )
        check_fits(self.long, self.tokens_at_once)
        long = self.long
        if self.network == "frozen" and (
            long.strategy == "hierarchical"
            or (long.strategy in WINDOWED and long.pooling == "attention")
        ):
            raise SettingsError(
                "what reads the windows of a frozen encoder is not trained",
                found=f"--long {long.strategy}, pooling {long.pooling}",
                hint="pool windows by mean or max, or pass --model pretrained",
            )

    @property
    def network(self) -> str:
        """The name of the network that the layers are settings of."""
        return name_of(self.layers)

    @property
    def is_pretrained(self) -> bool:
        """Whether the network is a pretrained encoder."""
        return isinstance(self.layers, FrozenSettings)

    @property
    def model(self) -> str:
        """The name of the model: that of its network."""
        return self.network

    @property
    def tokens_at_once(self) -> int | None:
        """The most tokens that the network reads at once; None: any number."""
        positions: int | None = getattr(self.layers, "longest", None)
        if self.long.strategy == "native":
            return positions
        if self.max_tokens is None and self.is_pretrained:
            return PRETRAINED_TOKENS if positions is None else min(PRETRAINED_TOKENS, positions)
        return positions if self.max_tokens is None else self.max_tokens

    @property
    def open_choices(self) -> tuple[str, ...]:
        """Nothing is left to validation but when to stop."""
        return ()


DEFAULTS = {
    "mean_pool": NeuralSettings(
        layers=MeanPoolSettings(),
        ngrams=2,
        training=TrainingSettings(learning_rate=0.01, epochs=10, batch_tokens=8192),
    ),
    "perceptron": NeuralSettings(
        layers=PerceptronSettings(),
        training=TrainingSettings(learning_rate=0.003),
    ),
    "cnn": NeuralSettings(
        layers=CnnSettings(),
        max_tokens=512,
        training=TrainingSettings(
            learning_rate=0.002, token_rate=1.5, epochs=12, token_dropout=0.1
        ),
    ),
    "rnn": NeuralSettings(
        layers=RnnSettings(),
        max_tokens=256,
        training=TrainingSettings(learning_rate=0.003, epochs=12, token_dropout=0.1),
    ),
    "transformer": NeuralSettings(layers=TransformerSettings(), max_tokens=256),
    "frozen": NeuralSettings(layers=FrozenSettings(), refit=True),
    "pretrained": NeuralSettings(
        layers=PretrainedSettings(),
        training=TrainingSettings(
            learning_rate=None,
            epochs=None,  # models/usual_training.py
            batch_tokens=1024,
            step_texts=16,
            warmup=0.06,
            label_smoothing=0.05,
        ),
    ),
}
# Distilled vectors know much already: they forget it at the full rate, and need less dropout.
DISTILLED_TOKEN_RATE, DISTILLED_DROPOUT = 0.3, 0.3


def default_settings(network: str, vectors: str | None = None) -> NeuralSettings:
    """The settings of a network and its vectors where nothing else is asked for.

    SettingsError for a network that there is not.
    """
    if network not in DEFAULTS:
        raise SettingsError(
            "there is no such neural model", found=network, hint=did_you_mean(network, DEFAULTS)
        )
    settings = DEFAULTS[network]
    if vectors == DISTILLED:
        training = replace(settings.training, token_rate=DISTILLED_TOKEN_RATE)
        settings = replace(settings, training=training)
        if isinstance(settings.layers, MeanPoolSettings):
            layers = replace(settings.layers, dropout=DISTILLED_DROPOUT)
            settings = replace(settings, layers=layers)
    return replace(settings, vectors=vectors)


def settings_to_json(settings: NeuralSettings) -> dict[str, Any]:
    """The settings as the model folder keeps them: without places, of files only the names."""
    told = asdict(settings)
    del told["places"]
    for name in ("tokenizer", "vectors"):
        value = told[name]
        told[name] = None if value is None else Path(value).name
    told["encoder"] = None if settings.encoder is None else told_encoder(settings.encoder)
    return {"network": settings.network} | told


def settings_of_json(told: Mapping[str, Any]) -> NeuralSettings:
    """The settings that settings_to_json told; SettingsError where they make no sense."""
    names = {field.name for field in fields(NeuralSettings)} - {"places"}
    if set(told) != names | {"network"} or told["network"] not in SETTINGS:
        raise SettingsError("these are no settings of a neural model", found=dict(told))
    parts = {name: told[name] for name in names}
    parts["layers"] = settings_from_json(told["network"], told["layers"])
    for name, kind in (
        ("words", WordSettings),
        ("subwords", SubwordSettings),
        ("training", TrainingSettings),
        ("long", LongSettings),
    ):
        parts[name] = kind(**told[name])
    parts["tokenizer"] = None if told["tokenizer"] is None else Path(told["tokenizer"])
    return NeuralSettings(**parts)
