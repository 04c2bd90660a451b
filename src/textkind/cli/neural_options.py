"""The options of the neural models: one table, from the option to the setting it fills."""

import argparse
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textkind.cli.parsing import (
    Parser,
    minutes,
    number_between,
    number_from,
    on_off,
    one_of,
    path_or_uri,
    share,
    whole_number,
    whole_numbers,
)
from textkind.errors import SettingsError

if TYPE_CHECKING:
    from textkind.models.neural_settings import NeuralSettings

POOLINGS = ("mean", "max", "attention", "sif", "last", "cls", "own")
MODELS = ("mean_pool", "perceptron", "cnn", "rnn", "transformer", "frozen", "pretrained")

PRETRAINED = ("frozen", "pretrained")
WITHOUT_END = "--budget"  # its none is None, which of other options means "not given"


@dataclass(frozen=True)
class Option:
    """An option, the part of NeuralSettings and the setting that it fills, its type and help.

    default is in words: the settings themselves are not imported for --help.
    """

    name: str
    part: str  # layers, words, subwords, long, training, places, or "" for NeuralSettings itself
    setting: str
    kind: Callable[[str], Any]
    metavar: str
    help: str
    default: str


NETWORK = (
    Option("--width", "layers", "width", whole_number(1), "NUMBER",
           "numbers of a token's vector", "100; transformer: 128; or that of the vectors"),
    Option("--pooling", "layers", "pooling", one_of(*POOLINGS), "NAME",
           "mean, max or attention; mean_pool: also sif, rnn: last, transformer: cls, "
           "frozen and pretrained: cls, and own: as it was trained, but frozen not "
           "attention", "mean; rnn: attention; frozen: own; pretrained: own"),
    Option("--hidden", "layers", "hidden", whole_numbers, "NUMBERS",
           "units of each hidden layer of a perceptron, such as 256,128 (0: "
           "none); of mean_pool's", "perceptron: 128; mean_pool: none"),
    Option("--activation", "layers", "activation", one_of("relu", "tanh", "gelu", "none"), "NAME",
           "of a perceptron: relu, tanh, gelu or none", "relu"),
    Option("--weighting", "layers", "weighting", one_of("tfidf", "count"), "NAME",
           "of a perceptron's words: tfidf or count", "tfidf"),
    Option("--windows", "layers", "windows", whole_numbers, "NUMBERS",
           "words that the filters of a cnn see, such as 3,4,5", "3,4,5"),
    Option("--filters", "layers", "filters", whole_number(1), "NUMBER",
           "of a cnn, for each window", "100"),
    Option("--channels", "layers", "channels", one_of("static", "non-static", "two"), "NAME",
           "of a cnn: static, non-static, or two", "non-static"),
    Option("--cell", "layers", "cell", one_of("tanh", "lstm", "gru"), "NAME",
           "of an rnn: tanh, lstm or gru", "lstm"),
    Option("--units", "layers", "units", whole_number(1), "NUMBER",
           "of an rnn, each direction", "128"),
    Option("--layers", "layers", "layers", whole_number(1), "NUMBER",
           "of an rnn or transformer", "rnn: 1; transformer: 2"),
    Option("--directions", "layers", "directions", whole_number(1), "NUMBER",
           "of an rnn: 1 or 2", "2"),
    Option("--heads", "layers", "heads", whole_number(1), "NUMBER",
           "of a transformer", "4"),
    Option("--positions", "layers", "positions", one_of("learned", "rotary"), "NAME",
           "of a transformer: learned or rotary", "rotary"),
    Option("--longest", "layers", "longest", whole_number(1), "NUMBER",
           "positions of a transformer: the most tokens it can read at once", "512"),
    Option("--dropout", "layers", "dropout", share, "SHARE",
           "of the numbers left out in training", "by the network"),
    Option("--normalize", "layers", "normalize", on_off, "on|off",
           "vectors of a pretrained encoder have unit length", "as it was trained"),
    Option("--label-names", "layers", "label_names", on_off, "on|off",
           "a pretrained encoder learns from the names of the labels as from texts",
           "on where labels have 64 texts or fewer"),
    Option("--few-shot", "layers", "few_shot", on_off, "on|off",
           "train a pretrained encoder for few texts a label: higher rate, more epochs, its lower "
           "half frozen", "on where labels have 64 texts or fewer"),
    Option("--interpolation", "layers", "interpolation", number_between(0, 1), "SHARE",
           "of the way from a pretrained encoder as it was to as it was trained that is gone",
           "by validation; without it 0.8"),
    Option("--freeze", "layers", "freeze", whole_number(0), "NUMBER",
           "lowest layers of a pretrained encoder that stay as they are",
           "0, or half of them with --few-shot on"),
    Option("--layer-decay", "layers", "layer_decay", share, "SHARE",
           "of a pretrained layer's learning rate that the layer below it has", "1"),
    Option("--lora", "layers", "lora", whole_number(0), "RANK",
           "train a pretrained encoder by low-rank updates of its matrices; 0: train all "
           "of them", "0, or 16 above 300 million parameters"),
    Option("--checkpointing", "layers", "checkpointing", on_off, "on|off",
           "compute a pretrained encoder's states twice rather than keep them", "off"),
    Option("--compiled", "layers", "compiled", on_off, "on|off",
           "let PyTorch's compiler fuse what a pretrained encoder computes, on a GPU", "off"),
)  # fmt: skip
TEXT = (
    Option("--tokens", "", "tokens", one_of("words", "bpe", "wordpiece", "unigram"), "NAME",
           "words, or subwords learned from the training texts: bpe, wordpiece or "
           "unigram", "words"),
    Option("--tokenizer", "", "tokenizer", Path, "FILE",
           "a ready tokenizer.json", "none"),
    Option("--vocabulary-limit", "", "limit", whole_number(1), "NUMBER",
           "words or subwords at most", "50,000 words, 8,000 subwords"),
    Option("--minimum-count", "words", "minimum_count", whole_number(1), "NUMBER",
           "times that a word must stand in the training "
           "texts", "2, but 1 under 1,000 training texts"),
    Option("--token-ngrams", "", "ngrams", whole_number(1), "NUMBER",
           "longest run of tokens that has a vector, for mean_pool and "
           "perceptron", "1; mean_pool: 2"),
    Option("--vectors", "", "vectors", str, "FILE",
           "start from word vectors (word2vec, GloVe, fastText .vec; plain or "
           ".gz), or `distilled`: from a pretrained encoder", "none"),
    Option("--encoder", "", "encoder", str, "NAME",
           "the pretrained encoder, of frozen and pretrained too: a folder, or a name of the "
           "Hugging Face hub", "the bundled MiniLM"),
    Option("--revision", "", "revision", str, "COMMIT",
           "of a name of the hub", "its newest, which is told"),
    Option("--max-tokens", "", "max_tokens", whole_number(1), "NUMBER",
           "that are read at once; --long says what becomes of longer texts", "by the network"),
)  # fmt: skip
LONG = (
    Option("--long", "long", "strategy",
           one_of("auto", "head", "head-tail", "windows", "hierarchical", "retrieve", "native"),
           "NAME", "of a text with more tokens than --max-tokens read the head, head-tail, all in "
           "windows, windows that a small transformer reads (hierarchical), the passages that tell "
           "most of the labels (retrieve), as much as the network has positions for (native), "
           "or auto: by the training texts", "auto"),
    Option("--tail-share", "long", "tail", share, "SHARE",
           "of what head-tail reads that is from the end", "0.5"),
    Option("--window-overlap", "long", "overlap", whole_number(0), "NUMBER",
           "tokens that neighbouring windows share at least", "a quarter of --max-tokens"),
    Option("--window-limit", "long", "most_windows", whole_number(1), "NUMBER",
           "windows of a text that are read", "16"),
    Option("--window-pooling", "long", "pooling", one_of("mean", "max", "attention"), "NAME",
           "of a text's windows: mean, max or attention", "mean"),
    Option("--window-pooled", "long", "pooled", one_of("vectors", "logits"), "NAME",
           "what is pooled: the windows' vectors or logits", "vectors"),
)  # fmt: skip
TRAINING = (
    Option("--epochs", "training", "epochs", whole_number(1), "NUMBER",
           "passes at most",
           "20; mean_pool: 10; cnn: 12; rnn: 12; pretrained: by the amount of text"),
    Option("--budget", "training", "budget", minutes, "TIME",
           "for training, which then ends with the best model so far, or of auto for all its "
           "steps: 90s, 20m, 1h, or none", "none; auto: 20m"),
    Option("--patience", "training", "patience", whole_number(1), "NUMBER",
           "looks at validation without gain before training ends", "4"),
    Option("--metric", "training", "metric", one_of("log_loss", "accuracy", "macro_f1"), "NAME",
           "of validation, by which the best weights are kept: log_loss, accuracy "
           "or macro_f1", "log_loss"),
    Option("--batch-tokens", "training", "batch_tokens", whole_number(1), "NUMBER",
           "tokens of a batch at most", "2048; mean_pool: 8192; pretrained: 1024"),
    Option("--batch-texts", "training", "batch_texts", whole_number(1), "NUMBER",
           "texts of a batch at most", "64"),
    Option("--step-texts", "training", "step_texts", whole_number(1), "NUMBER",
           "texts of a step at least: so many batches make one", "1; pretrained: 16"),
    Option("--optimizer", "training", "optimizer", one_of("adamw", "sgd"), "NAME",
           "adamw or sgd", "adamw"),
    Option("--learning-rate", "training", "learning_rate", number_from(0), "NUMBER",
           "at its highest",
           "0.001; mean_pool: 0.01; perceptron: 0.003; cnn: 0.002; rnn: 0.003; "
           "pretrained: by its width"),
    Option("--token-rate", "training", "token_rate", number_from(0), "NUMBER",
           "of the tokens' vectors, times the learning rate; 0.3 where they are "
           "distilled", "1; cnn: 1.5"),
    Option("--weight-decay", "training", "weight_decay", number_from(0), "NUMBER",
           "of matrices", "0.01"),
    Option("--schedule", "training", "schedule", one_of("linear", "cosine", "constant"), "NAME",
           "linear, cosine or constant", "linear"),
    Option("--warmup", "training", "warmup", share, "SHARE",
           "of the steps, in which the rate rises", "0.05; pretrained: 0.06"),
    Option("--clip", "training", "clip", number_from(0), "NUMBER",
           "longest gradient", "1"),
    Option("--head", "training", "head", one_of("auto", "binary", "softmax", "sigmoid"), "NAME",
           "binary, softmax, sigmoid, or auto: by the labels", "auto"),
    Option("--token-dropout", "training", "token_dropout", share, "SHARE",
           "of the tokens that read as unknown in a step", "0; cnn: 0.1; rnn: 0.1"),
    Option("--label-smoothing", "training", "label_smoothing", share, "SHARE",
           "of a target given to the other labels", "0; pretrained: 0.05"),
    Option("--consistency", "training", "consistency", number_from(0), "NUMBER",
           "weight of how far two passes with dropout disagree (R-Drop): better, in twice the "
           "time", "0"),
    Option("--precision", "training", "precision", one_of("auto", "float32", "bfloat16"), "NAME",
           "float32, bfloat16, or auto: the quicker one here", "auto"),
    Option("--device", "training", "device", one_of("auto", "cpu", "cuda"), "NAME",
           "cpu, cuda, or auto: cuda where there is one", "auto"),
    Option("--checkpoints", "places", "checkpoints", path_or_uri, "DIR",
           "keep the last two checkpoints in this folder, or behind a URI such as s3://..., and go "
           "on from them after an interruption", "none"),
    Option("--checkpoint-steps", "places", "checkpoint_steps", whole_number(1), "NUMBER",
           "steps between two checkpoints, beside the end of every epoch", "500"),
    Option("--steps", "places", "steps", Path, "FILE",
           "write a line of JSON for every step", "none"),
    Option("--tensorboard", "places", "tensorboard", Path, "DIR",
           "write events for TensorBoard", "none"),
)  # fmt: skip
GROUPS = (
    ("the networks", NETWORK),
    ("their texts", TEXT),
    ("their long texts", LONG),
    ("their training", TRAINING),
)


def add_neural_options(parser: Parser, without: Collection[str] = ()) -> None:
    """Add the options; what is not given stays as the network's defaults have it.

    without: names of some that the command means otherwise.
    """
    for title, options in GROUPS:
        add = parser.add_argument_group(title).add_argument
        for option in options:
            if option.name in without:
                continue
            told = f"{option.help} (default: {option.default})"
            default = argparse.SUPPRESS if option.name == WITHOUT_END else None
            add(option.name, metavar=option.metavar, type=option.kind, default=default, help=told)
        if options is TEXT:
            told = "do not tune the vectors, or those of a pretrained encoder (default: tune)"
            add("--freeze-vectors", action="store_true", help=told)


def neural_settings(arguments: argparse.Namespace) -> "NeuralSettings":
    """The settings of the network that was asked for; SettingsError for another one's option."""
    from textkind.models.neural_settings import default_settings

    settings = default_settings(arguments.model, arguments.vectors)
    parts: dict[str, dict[str, Any]] = {}  # filled at once: what one allows may hang on another
    for option in (option for _, options in GROUPS for option in options):
        value = getattr(arguments, option.name[2:].replace("-", "_"), None)
        if value is None:
            continue
        if option.part == "layers":
            value = _of_layers(settings, option, value)
        elif option.part == "long":
            _check_long(option, arguments.long)
        for part, setting, given in _settings_of(option, value):
            parts.setdefault(part, {})[setting] = given
    if settings.is_pretrained and arguments.strength is not None:
        parts.setdefault("layers", {})["strength"] = arguments.strength
    own = parts.pop("", {})
    own |= {part: replace(getattr(settings, part), **given) for part, given in parts.items()}
    settings = replace(settings, **own)
    if arguments.imbalance is not None:
        training = replace(settings.training, imbalance=arguments.imbalance)
        settings = replace(settings, training=training)
    if arguments.freeze_vectors:
        settings = replace(settings, tune_vectors=False)
    if arguments.refit is not None:
        settings = replace(settings, refit=arguments.refit)
    return settings


def given_options(arguments: argparse.Namespace) -> list[str]:
    """The neural options that were given."""
    names = [option.name for _, options in GROUPS for option in options] + ["--freeze-vectors"]
    values = {name: getattr(arguments, name[2:].replace("-", "_"), None) for name in names}
    given = [name for name, value in values.items() if value is not None and value is not False]
    is_without_end = values[WITHOUT_END] is None and WITHOUT_END[2:] in arguments
    return [*given, WITHOUT_END] if is_without_end else given


def given_settings(arguments: argparse.Namespace) -> list[str]:
    """The settings that the options given fill, by their dotted names."""
    given = set(given_options(arguments))
    options = [option for _, options in GROUPS for option in options if option.name in given]
    names = [name for option in options for name in _settings_of(option, None)]
    return [f"{part}.{setting}" if part else setting for part, setting, _ in names]


def _of_layers(settings: "NeuralSettings", option: Option, value: Any) -> Any:
    if option.setting not in {field.name for field in fields(settings.layers)}:
        raise SettingsError(f"{option.name} is not for the {settings.network}")
    if option.setting != "hidden" or settings.network != "mean_pool":
        return value
    if len(value) > 1:
        raise SettingsError("mean_pool has one hidden layer at most", found=value)
    return value[0] if value else 0


def _check_long(option: Option, strategy: str | None) -> None:
    """SettingsError for an option that the strategy asked for has no use for."""
    from textkind.models.long_settings import USED_BY

    used_by = USED_BY.get(option.setting)
    if used_by is not None and strategy is not None and strategy not in (*used_by, "auto"):
        raise SettingsError(
            f"{option.name} is for --long {' or '.join(used_by)}", found=f"--long {strategy}"
        )


def _settings_of(option: Option, value: Any) -> list[tuple[str, str, Any]]:
    """The settings that an option fills: part, name and value of each."""
    if option.setting == "limit":
        return [("words", "largest", value), ("subwords", "size", value)]
    if option.setting == "tokenizer":
        return [("", "tokenizer", value), ("", "tokens", "ready")]
    return [(option.part, option.setting, value)]
