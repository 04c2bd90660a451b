"""textkind evaluate: a model and labelled text in, figures out."""

import argparse

from textkind.cli.parsing import Parser, whole_number
from textkind.cli.promise_options import add_promises, set_settings
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.usual_options import add_json, add_model, add_seed, add_slices, add_threads

DESCRIPTION = "Measure a model on labelled text that it has not seen."

EXAMPLES = """\
examples:
  textkind evaluate runs/reviews new.csv
  textkind evaluate runs/reviews new.csv --mistakes 20
  textkind evaluate runs/reviews new.csv --all
  textkind evaluate runs/reviews new.csv --train reviews.csv
  textkind evaluate runs/reviews new.csv --slice source --slice year
  textkind evaluate runs/reviews new.csv --max-error 2% --sets 90%
  textkind evaluate runs/reviews new.csv --json > figures.json
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of evaluate."""
    add_model(parser.add_argument)
    parser.add_argument("file", metavar="FILE", help="labelled text, as for train")
    parser.add_argument(
        "--all",
        action="store_true",
        help="every figure and every label in the tables (default: the headline, 20 labels)",
    )
    parser.add_argument(
        "--train",
        metavar="FILE",
        help="what the model learned from: figures also without the texts that are nearly in it "
        "(default: without those that are, if the model has seen any)",
    )
    add_slices(parser.add_argument, "figures by the values of a column, numbers by quarters")
    parser.add_argument(
        "--out-of-scope",
        metavar="FILE",
        help="texts that have none of the labels: how well the model tells them (default: none)",
    )
    parser.add_argument(
        "--out-of-scope-label",
        metavar="LABEL",
        help="texts with this label are such (default: a label the model lacks is rejected)",
    )
    parser.add_argument(
        "--mistakes",
        metavar="NUMBER",
        type=whole_number(0),
        default=0,
        help="tell so many mistakes, the most confident first (default: %(default)s)",
    )
    add_seed(parser.add_argument, "the bootstrap behind the intervals")
    add_threads(parser.add_argument)
    add_json(parser.add_argument)
    add_promises(parser)
    add_reading_options(parser, labelled=True)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate and print the figures."""
    from dataclasses import asdict

    from textkind.cli.evaluation_table import evaluation_table
    from textkind.cli.terminal import print_json, talk_for
    from textkind.workflow.evaluate import EvaluateSettings, evaluate
    from textkind.workflow.promised import PromiseSettings

    settings = EvaluateSettings(
        reading=read_settings(arguments),
        train=arguments.train,
        slices=tuple(arguments.slice),
        out_of_scope=arguments.out_of_scope,
        out_of_scope_label=arguments.out_of_scope_label,
        promises=PromiseSettings(max_error=arguments.max_error, sets=set_settings(arguments)),
        mistakes=arguments.mistakes,
        seed=arguments.seed,
        threads=arguments.threads,
    )
    result = evaluate(arguments.model, arguments.file, settings, talk_for(arguments))
    if arguments.json:
        print_json(asdict(result))
    else:
        print(evaluation_table(result, arguments.all))
    return 0
