"""The choice of a model and the options of each, shared by train and crossvalidate."""

import argparse
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from textkind.cli.neural_options import (
    MODELS,
    PRETRAINED,
    add_neural_options,
    given_options,
    given_settings,
    neural_settings,
)
from textkind.cli.parsing import (
    Parser,
    given,
    lengths,
    on_off,
    on_off_auto,
    one_of,
    positive_number,
    whole_number,
)
from textkind.cli.rule_options import add_rule_options
from textkind.cli.unread_options import refuse_unread
from textkind.cli.usual_options import add_threads
from textkind.errors import SettingsError

if TYPE_CHECKING:
    from textkind.decision.calibrate import CalibrationSettings
    from textkind.models.neural_settings import NeuralSettings
    from textkind.models.prior import PriorSettings
    from textkind.models.settings import LinearSettings
    from textkind.workflow.auto import AutoSettings

LINEAR_MODEL = "linear"
LINEAR = ("features", "word_ngrams", "character_ngrams", "minimum_document_frequency", "symbols",
          "word_borders", "objective", "solver", "batch_size", "strength")  # fmt: skip


def add_model_options(parser: Parser, without: Collection[str] = ()) -> None:
    """Add the choice of a model and the options of each.

    without: options of the networks that the command means otherwise.
    """
    add = parser.add_argument_group("the model").add_argument
    add(
        "--model",
        metavar="NAME",
        type=one_of("auto", "prior", "linear", *MODELS),
        default="linear",
        help=f"linear, or a network: {', '.join(MODELS)}; prior: label frequencies, a floor for "
        "comparison; or auto: as high up the ladder as validation gains (default: linear)",
    )
    add(
        "--imbalance",
        metavar="METHOD",
        help="for labels with few texts: none, auto, weights, root-weights, post-hoc[=EXPONENT]; "
        "of networks also sampling, root-sampling, focal[=EXPONENT], logit-adjustment[=EXPONENT] "
        "(default: none)",
    )
    add(
        "--refit",
        action="store_true",
        default=None,
        help="fit once more on train and validation together (default: linear and frozen do)",
    )
    add(
        "--no-refit",
        dest="refit",
        action="store_false",
        default=None,
        help="do not (default: the other networks do not)",
    )
    add(
        "--calibration",
        metavar="NAME",
        help="how logits become probabilities: none, temperature, sigmoid, platt, vector, beta, "
        "isotonic, or auto: the simplest that is as good as any on validation (default: auto)",
    )
    add_threads(add)
    _add_novelty_options(parser)
    _add_linear_options(parser)
    add_rule_options(parser)
    add_neural_options(parser, without)


def _add_novelty_options(parser: Parser) -> None:
    add = parser.add_argument_group("texts out of scope").add_argument
    add(
        "--novelty",
        metavar="NAME",
        type=one_of("auto", "energy", "unseen", "knn", "mahalanobis", "none"),
        default="energy",
        help="by what predict knows a text that has none of the labels: energy, unseen (linear "
        "alone), knn, mahalanobis (networks alone), auto: all that the model can give, or none "
        "(default: energy)",
    )
    add(
        "--out-of-scope",
        metavar="FILE",
        help="texts that have none of the labels, to weigh the scores of --novelty auto by, and "
        "to measure it (default: none, all weigh alike)",
    )
    add(
        "--out-of-scope-label",
        metavar="LABEL",
        help="texts with this label are such: it is not learned (default: all labels are)",
    )


def _add_linear_options(parser: Parser) -> None:
    add = parser.add_argument_group("the linear model").add_argument
    add(
        "--features",
        metavar="NAME",
        type=one_of("words", "characters", "both", "auto"),
        help="words, characters, both, or auto: the best on validation (default: auto)",
    )
    add("--word-ngrams", metavar="LENGTHS", type=lengths, help="words in a run (default: 1-2)")
    add(
        "--character-ngrams",
        metavar="LENGTHS",
        type=lengths,
        help="characters in a run (default: 2-5)",
    )
    add(
        "--minimum-document-frequency",
        metavar="NUMBER",
        type=whole_number(1),
        help="texts that must hold an n-gram (default: 2, but 1 under 1,000 training texts)",
    )
    add(
        "--symbols",
        metavar="on|off",
        type=on_off,
        help="punctuation and emoji count as words (default: on)",
    )
    add(
        "--word-borders",
        metavar="on|off",
        type=on_off,
        help="runs of characters end at white space (default: on)",
    )
    add(
        "--objective",
        metavar="NAME",
        type=one_of("squared_hinge", "logistic", "multinomial"),
        help="squared_hinge, logistic, or multinomial (default: squared_hinge)",
    )
    add(
        "--solver",
        metavar="NAME",
        type=one_of("dual", "sgd"),
        help="dual, or sgd: for the multinomial objective only (default: dual)",
    )
    add(
        "--batch-size",
        metavar="NUMBER",
        type=whole_number(1),
        help="texts per step of the sgd solver (default: 32)",
    )
    add(
        "--strength",
        metavar="NUMBER",
        type=positive_number,
        help="how closely the data is followed, scikit-learn's C, also of the head of frozen and "
        "pretrained (default: chosen on validation)",
    )
    add(
        "--naive-bayes",
        metavar="on|off|auto",
        type=on_off_auto,
        default=argparse.SUPPRESS,  # auto is None, which elsewhere means "not given"
        help="weigh n-grams by log-count ratios (default: auto: with two labels chosen on "
        "validation, else off)",
    )


def calibration_settings(arguments: argparse.Namespace) -> "CalibrationSettings":
    """How probabilities are calibrated, as asked for."""
    from textkind.decision.calibrate import AUTO, CalibrationSettings

    method = arguments.calibration
    return CalibrationSettings(AUTO if method is None else method)


def model_settings(arguments: argparse.Namespace) -> Any:
    """The settings of the model that was asked for; SettingsError for another model's options."""
    return SETTINGS_OF.get(arguments.model, _neural_settings)(arguments)


def _linear_settings(arguments: argparse.Namespace) -> "LinearSettings":
    from textkind.models.settings import LinearSettings

    for name in given_options(arguments):
        raise SettingsError(
            f"{name} is an option of the networks", hint=f"choose one: --model {MODELS[0]}"
        )
    chosen = given(arguments, *LINEAR, "imbalance", "refit")
    if "naive_bayes" in arguments:
        chosen["naive_bayes"] = arguments.naive_bayes
    return LinearSettings(**chosen)


def _auto_settings(arguments: argparse.Namespace) -> "AutoSettings":
    from textkind.workflow.auto import AutoSettings

    _refuse_linear_options(arguments)
    for name in given_options(arguments):
        if name != "--budget":
            raise SettingsError(f"{name} is an option of the networks", found="--model auto")
    chosen = given(arguments, "refit", "imbalance")
    if "budget" in arguments:
        chosen["budget"] = arguments.budget
    return AutoSettings(**chosen)


def _prior_settings(arguments: argparse.Namespace) -> "PriorSettings":
    from textkind.models.prior import PriorSettings

    _refuse_linear_options(arguments)
    for name in given_options(arguments):
        raise SettingsError(f"{name} is an option of the networks", found="--model prior")
    for option in ("imbalance", "refit"):
        if getattr(arguments, option) is not None:
            raise SettingsError("the prior has no options", found=f"--{option.replace('_', '-')}")
    return PriorSettings()


def fixed_settings(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The settings of the model that were given, by their dotted names."""
    if arguments.model == LINEAR_MODEL:
        names = [name for name in LINEAR if getattr(arguments, name) is not None]
        return (*names, *(("naive_bayes",) if "naive_bayes" in arguments else ()))
    strength = ["layers.strength"] if arguments.strength is not None else []
    return (*given_settings(arguments), *strength)


def _refuse_linear_options(arguments: argparse.Namespace) -> None:
    both = ("strength",) if arguments.model in PRETRAINED else ()
    only = [name for name in LINEAR if name not in both]
    linear = [name for name in only if getattr(arguments, name) is not None]
    for name in [*linear, *(["naive_bayes"] if "naive_bayes" in arguments else [])]:
        option = f"--{name.replace('_', '-')}"
        raise SettingsError(
            f"{option} is an option of the linear model", found=f"--model {arguments.model}"
        )


def _neural_settings(arguments: argparse.Namespace) -> "NeuralSettings":
    _refuse_linear_options(arguments)
    refuse_unread(arguments)
    return neural_settings(arguments)


# those of any other model are a network's
SETTINGS_OF: dict[str, Callable[[argparse.Namespace], Any]] = {
    "auto": _auto_settings,
    "prior": _prior_settings,
    LINEAR_MODEL: _linear_settings,
}
