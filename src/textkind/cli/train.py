"""textkind train: labelled text in, a run folder out."""

import argparse

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
    add("--model", metavar="NAME", type=one_of("linear"), help="linear (default: linear)")
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
        help="how closely the data is followed, scikit-learn's C (default: chosen on validation)",
    )
    add(
        "--class-weight",
        metavar="NAME",
        type=one_of("none", "balanced"),
        help="none, or balanced: rare labels count more (default: none)",
    )
    add(
        "--naive-bayes",
        metavar="on|off|auto",
        type=on_off_auto,
        default=argparse.SUPPRESS,  # auto is None, which elsewhere means "not given"
        help="weigh n-grams by log-count ratios (default: auto: with two labels chosen on "
        "validation, else off)",
    )
    add(
        "--no-refit",
        action="store_true",
        help="do not fit once more on train and validation together (default: fit once more)",
    )
    add("--threads", metavar="NUMBER", type=whole_number(1), help="(default: one a core)")


def run(arguments: argparse.Namespace) -> int:
    """Train and print the figures."""
    import shlex
    from pathlib import Path

    from textkind.cli.figures import run_table
    from textkind.cli.terminal import print_json, talk_for
    from textkind.data.settings import SplitSettings
    from textkind.models.settings import LinearSettings
    from textkind.workflow.train import TrainSettings, train

    split = _given(arguments, "test_share", "validation_share", "seed", method="split")
    if arguments.duplicates is not None:
        split["duplicates_on_one_side"] = arguments.duplicates == "together"
    linear = _given(
        arguments,
        *("features", "word_ngrams", "character_ngrams", "minimum_document_frequency", "symbols"),
        *("word_borders", "objective", "solver", "batch_size", "strength", "class_weight"),
    )
    if "naive_bayes" in arguments:
        linear["naive_bayes"] = arguments.naive_bayes
    if arguments.no_refit:
        linear["refit"] = False
    settings = TrainSettings(
        test=arguments.test,
        validation=arguments.validation,
        out=None if arguments.out is None else Path(arguments.out),
        overwrite=arguments.overwrite,
        reading=read_settings(arguments),
        split=SplitSettings(**split),
        linear=LinearSettings(**linear),
        command=shlex.join(["textkind", *arguments.typed]),
        **_given(arguments, "model", "threads"),
    )
    result = train(arguments.file, settings, talk_for(arguments))
    if arguments.json:
        print_json(result.metrics | {"folder": str(result.folder)})
    else:
        print(run_table(result.metrics, result.folder))
    return 0


def _given(arguments: argparse.Namespace, *names: str, **renamed: str) -> dict:
    """The options that were given, by the name of the setting; the others keep their defaults."""
    options = {name: name for name in names} | renamed
    values = {name: getattr(arguments, option) for name, option in options.items()}
    return {name: value for name, value in values.items() if value is not None}
