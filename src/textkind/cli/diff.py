"""textkind diff: two models and labelled text in, what changed between them out."""

import argparse

from textkind.cli.parsing import Parser, whole_number
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.usual_options import (
    add_figure,
    add_json,
    add_level,
    add_out,
    add_overwrite,
    add_seed,
    add_slices,
    add_threads,
)

DESCRIPTION = """\
Compare two models on the same texts, the second as what would replace the first: which rows are
labelled otherwise, how far the figures differ and whether by chance, by label and by slice. The
exit code is 1 where the second is significantly worse."""

EXAMPLES = """\
examples:
  textkind diff runs/reviews-1 runs/reviews-2 test.csv
  textkind diff runs/reviews-1 runs/reviews-2 test.csv -o changed.csv
  textkind diff runs/reviews-1 runs/reviews-2 test.csv --figure macro_f1 --level 0.01
  textkind diff runs/reviews-1 runs/reviews-2 new.csv --unlabelled
  textkind diff runs/reviews-1 runs/reviews-2 test.csv --json > diff.json
"""

REGRESSION = 1  # the exit code of a second model that is significantly worse


def add_arguments(parser: Parser) -> None:
    """Add the options of diff. What is not given stays as in DiffSettings."""
    parser.add_argument("first", metavar="MODEL_A", help="the model that is there: a run folder")
    parser.add_argument("second", metavar="MODEL_B", help="the model that would replace it")
    parser.add_argument("file", metavar="FILE", help="labelled text, as for train")
    add = parser.add_argument
    add(
        "--unlabelled",
        action="store_true",
        help="FILE has no labels: tell only where the models agree (default: it has)",
    )
    add_figure(add)
    add_level(add)
    add_slices(add, "compare by the values of a column")
    add(
        "--examples",
        metavar="NUMBER",
        type=whole_number(0),
        default=5,
        help="tell so many rows of each kind of change (default: %(default)s)",
    )
    add_out(
        add,
        "write every changed row to a .csv, .tsv, .jsonl or .parquet file (default: none)",
    )
    add_overwrite(add)
    add_seed(add, "the bootstrap behind the intervals")
    add_threads(add)
    add_json(add, "one JSON document, with every changed row")
    add_reading_options(parser, labelled=True)


def run(arguments: argparse.Namespace) -> int:
    """Compare, print what changed, and fail on a regression."""
    from dataclasses import asdict
    from pathlib import Path

    from textkind.cli.diff_table import diff_table
    from textkind.cli.terminal import print_json, talk_for
    from textkind.workflow.diff import DiffSettings, diff

    settings = DiffSettings(
        reading=read_settings(arguments),
        labelled=not arguments.unlabelled,
        figure=arguments.figure,
        level=arguments.level,
        slices=tuple(arguments.slice),
        out=None if arguments.out is None else Path(arguments.out),
        overwrite=arguments.overwrite,
        seed=arguments.seed,
        threads=arguments.threads,
    )
    result = diff(arguments.first, arguments.second, arguments.file, settings, talk_for(arguments))
    if arguments.json:
        print_json(asdict(result))
    else:
        print(diff_table(result, arguments.examples))
    return REGRESSION if result.verdict is not None and result.verdict["regression"] else 0
