"""textkind train: labelled text in, a run folder out."""

import argparse
from typing import TYPE_CHECKING

from textkind.cli.neural_options import (
    MODELS,
    PRETRAINED,
    add_neural_options,
    given_options,
    neural_settings,
)
from textkind.cli.parsing import (
    Parser,
    lengths,
    on_off,
    on_off_auto,
    one_of,
    positive_number,
    share,
    whole_number,
)
from textkind.cli.reading import add_reading_options, read_settings
from textkind.errors import SettingsError

if TYPE_CHECKING:
    from textkind.models.neural_settings import NeuralSettings
    from textkind.models.settings import LinearSettings

LINEAR = ("features", "word_ngrams", "character_ngrams", "minimum_document_frequency", "symbols",
          "word_borders", "objective", "solver", "batch_size", "strength")  # fmt: skip

DESCRIPTION = """\
Learn from labelled text. Writes a run folder with the model, its figures (metrics.json), a report
(report.html), the most confident mistakes and the rows that could not be used."""

EXAMPLES = """\
examples:
  textkind train reviews.csv
  textkind train train.csv --test test.csv --out runs/reviews
  textkind train tickets.jsonl --text title --text body --label queue --group customer
  textkind train news/                       a folder of text files for each class
  textkind train tags.csv --label-delimiter ";"          several labels a text
  textkind train small.csv --features words --strength 1 --no-refit
  textkind train reviews.csv --model cnn --vectors glove.txt.gz
  textkind train reviews.csv --model rnn --cell gru --budget 10 --checkpoints kept
  textkind train reviews.csv --model pretrained --encoder intfloat/e5-small-v2
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of train. What is not given stays as in LinearSettings and SplitSettings."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="labelled text: CSV, TSV, JSONL, Parquet, Arrow, fastText, each plain or .gz, "
        "a folder of text files for each class, or - for a pipe",
    )
    parser.add_argument("--test", metavar="FILE", help="test on this file (default: split off)")
    parser.add_argument(
        "--validation", metavar="FILE", help="validate on this file (default: split off)"
    )
    parser.add_argument(
        "--out", metavar="DIR", help="the run folder to write (default: runs/NAME-1, -2, ...)"
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace the run folder if it is there (default: refuse)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print metrics.json instead of the table"
    )
    add_reading_options(parser, labelled=True)
    _add_split_options(parser)
    _add_model_options(parser)


def _add_split_options(parser: Parser) -> None:
    add = parser.add_argument_group("splitting").add_argument
    add(
        "--split",
        metavar="METHOD",
        type=one_of("stratified", "group", "time"),
        help="stratified, group, or time (default: by --group or --time, else stratified)",
    )
    add("--group", metavar="COLUMN", help="rows of one group stay together (default: none)")
    add("--time", metavar="COLUMN", help="later rows are tested (default: none)")
    add("--test-share", metavar="SHARE", type=share, help="of all rows (default: 0.2)")
    add("--validation-share", metavar="SHARE", type=share, help="of all rows (default: 0.1)")
    add(
        "--duplicates",
        metavar="WHERE",
        type=one_of("together", "anywhere"),
        help="equal texts: together on one side, or anywhere (default: together)",
    )
    add("--seed", metavar="NUMBER", type=whole_number(0), help="of all that is random (default: 0)")


def _add_model_options(parser: Parser) -> None:
    add = parser.add_argument_group("the model").add_argument
    add(
        "--model",
        metavar="NAME",
        type=one_of("linear", *MODELS),
        default="linear",
        help=f"linear, or a network: {', '.join(MODELS)} (default: linear)",
    )
    add(
        "--class-weight",
        metavar="NAME",
        type=one_of("none", "balanced"),
        help="none, or balanced: rare labels count more (default: none)",
    )
    add(
        "--refit",
        action="store_true",
        default=None,
        help="fit once more on train and validation together (default: the linear model does)",
    )
    add(
        "--no-refit",
        dest="refit",
        action="store_false",
        default=None,
        help="do not (default: the networks do not)",
    )
    add("--threads", metavar="NUMBER", type=whole_number(1), help="(default: one a core)")
    _add_linear_options(parser)
    add_neural_options(parser)


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


def run(arguments: argparse.Namespace) -> int:
    """Train and print the figures."""
    import os
    import shlex
    import tempfile
    from dataclasses import replace
    from pathlib import Path

    from textkind.cli.figures import run_table
    from textkind.cli.terminal import print_json, talk_for
    from textkind.data.settings import SplitSettings
    from textkind.workflow.train import TrainSettings, train

    split = _given(arguments, "test_share", "validation_share", "seed", method="split")
    if arguments.duplicates is not None:
        split["duplicates_on_one_side"] = arguments.duplicates == "together"
    is_linear = arguments.model == "linear"
    model = _linear_settings(arguments) if is_linear else _neural_settings(arguments)
    settings = TrainSettings(
        test=arguments.test,
        validation=arguments.validation,
        out=None if arguments.out is None else Path(arguments.out),
        overwrite=arguments.overwrite,
        reading=read_settings(arguments),
        split=SplitSettings(**split),
        model=model,
        command=shlex.join(["textkind", *arguments.typed]),
        **_given(arguments, "threads"),
    )
    if not is_linear and int(os.environ.get("RANK", "0")) > 0:
        # torchrun's other processes: they lend their hands, and the first writes and prints
        with tempfile.TemporaryDirectory() as folder:
            train(arguments.file, replace(settings, out=Path(folder) / "run"))
        return 0
    result = train(arguments.file, settings, talk_for(arguments))
    if arguments.json:
        print_json(result.metrics | {"folder": str(result.folder)})
    else:
        print(run_table(result.metrics, result.folder))
    return 0


def _linear_settings(arguments: argparse.Namespace) -> "LinearSettings":
    from textkind.models.settings import LinearSettings

    for name in given_options(arguments):
        raise SettingsError(
            f"{name} is an option of the networks", hint=f"choose one: --model {MODELS[0]}"
        )
    given = _given(arguments, *LINEAR, "class_weight", "refit")
    if "naive_bayes" in arguments:
        given["naive_bayes"] = arguments.naive_bayes
    return LinearSettings(**given)


def _neural_settings(arguments: argparse.Namespace) -> "NeuralSettings":
    both = ("strength",) if arguments.model in PRETRAINED else ()
    only = [name for name in LINEAR if name not in both]
    linear = [name for name in only if getattr(arguments, name) is not None]
    for name in [*linear, *(["naive_bayes"] if "naive_bayes" in arguments else [])]:
        option = f"--{name.replace('_', '-')}"
        raise SettingsError(
            f"{option} is an option of the linear model", found=f"--model {arguments.model}"
        )
    return neural_settings(arguments)


def _given(arguments: argparse.Namespace, *names: str, **renamed: str) -> dict:
    """The options that were given, by the name of the setting; the others keep their defaults."""
    options = {name: name for name in names} | renamed
    values = {name: getattr(arguments, option) for name, option in options.items()}
    return {name: value for name, value in values.items() if value is not None}
