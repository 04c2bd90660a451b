"""textkind crossvalidate: labelled text in, figures of a model on every row of it out."""

import argparse

from textkind.cli.model_options import add_model_options, calibration_settings, model_settings
from textkind.cli.parsing import Parser, one_of, whole_number
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.rule_options import rule_settings
from textkind.cli.splitting import add_split_options, split_settings
from textkind.cli.usual_options import add_json, add_out, add_overwrite, add_slices
from textkind.errors import SettingsError

DESCRIPTION = """\
Test every row of labelled text once, by a fit of the model that has not seen it: as many fits as
folds, each in a process of its own. Tells the figures over all rows, and how far they vary from
fold to fold. No model is kept: train makes one."""

EXAMPLES = """\
examples:
  textkind crossvalidate reviews.csv
  textkind crossvalidate reviews.csv --folds 10 -o out-of-fold.csv
  textkind crossvalidate reviews.csv --model cnn --against linear
  textkind crossvalidate tickets.jsonl --group customer --json > figures.json
"""

RIVALS = ("prior", "linear", "mean_pool", "static", "perceptron", "cnn", "rnn", "transformer",
          "frozen", "pretrained")  # fmt: skip


def add_arguments(parser: Parser) -> None:
    """Add the options of crossvalidate. What is not given stays as in CrossValidationSettings."""
    add = parser.add_argument
    add("file", metavar="FILE", help="labelled text, as for train")
    add(
        "--folds",
        metavar="NUMBER",
        type=whole_number(2),
        default=5,
        help="parts that are tested in turn (default: %(default)s)",
    )
    add(
        "--against",
        metavar="NAME",
        type=one_of(*RIVALS),
        help="compare with this model and its defaults on the same folds: prior, linear, cnn ... "
        "(default: none)",
    )
    add_slices(add, "figures by the values of a column")
    add_out(
        add,
        "write every row with its out-of-fold label to a .csv, .tsv, .jsonl or .parquet file "
        "(default: none)",
    )
    add_overwrite(add)
    add("--all", action="store_true", help="every figure, label and slice (default: the first)")
    add_json(add, "one JSON document, with every row")
    add_reading_options(parser, labelled=True)
    add_split_options(parser)
    add_model_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Cross-validate and print the figures."""
    from dataclasses import asdict
    from pathlib import Path

    from textkind.cli.crossvalidation_table import crossvalidation_table
    from textkind.cli.terminal import print_json, talk_for
    from textkind.workflow.crossvalidate import CrossValidationSettings, crossvalidate

    if arguments.model == "auto":
        raise SettingsError(
            "auto chooses a model, so folds could be of different ones",
            hint="textkind compare FILE --folds 5 compares all models on folds",
        )
    if arguments.test_share is not None:
        raise SettingsError("folds are all rows together, so there is no --test-share")
    settings = CrossValidationSettings(
        folds=arguments.folds,
        model=model_settings(arguments),
        against=arguments.against,
        calibration=calibration_settings(arguments),
        rule=rule_settings(arguments),
        reading=read_settings(arguments),
        split=split_settings(arguments),
        slices=tuple(arguments.slice),
        out=None if arguments.out is None else Path(arguments.out),
        overwrite=arguments.overwrite,
        threads=arguments.threads,
    )
    result = crossvalidate(arguments.file, settings, talk_for(arguments))
    if arguments.json:
        print_json(asdict(result))
    else:
        print(crossvalidation_table(result, arguments.all))
    return 0
