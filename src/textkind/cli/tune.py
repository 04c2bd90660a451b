"""textkind tune: labelled text in, a run with the settings that did best on validation out."""

import argparse

from textkind.cli.model_options import add_model_options, fixed_settings
from textkind.cli.parsing import Parser, duration, given, one_of, whole_number
from textkind.cli.ray_options import add_ray_options, ray_settings
from textkind.cli.reading import add_reading_options
from textkind.cli.splitting import (
    add_data_arguments,
    add_keep_texts,
    add_map,
    add_result_arguments,
    add_split_options,
)
from textkind.cli.train import run_settings

DESCRIPTION = """\
Search for the settings of a model that do best on validation: many trials, each in a process of its
own, of which the hopeless end early. The first is the defaults, and what is taken is never worse
than they. Writes a run folder as train does, with every trial (tune.json). An option of the model
that is given is kept and not searched. What is interrupted goes on where it was when the same
command is given again; Ctrl-C ends the search with the best so far."""

EXAMPLES = """\
examples:
  textkind tune reviews.csv
  textkind tune reviews.csv --model cnn --budget 10m
  textkind tune train.csv --test test.csv --model pretrained --budget 3h --out runs/tuned
  textkind tune tickets.jsonl --model rnn --cell gru --trials 40 --budget none --jobs 2
  textkind tune reviews.csv --model cnn --ray auto           trials on a Ray cluster
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of tune. What is not given stays as in TuneSettings and TrainSettings."""
    add_data_arguments(parser)
    add_result_arguments(
        parser,
        "the run folder to write (default: runs/NAME-tuned-1, -2, ...)",
        "tune.json",
        "the run folder, or an unfinished search with other data or settings",
    )
    add = parser.add_argument_group("the search").add_argument
    add(
        "--budget",
        metavar="TIME",
        dest="seconds",
        type=duration,
        default=argparse.SUPPRESS,  # none is None, which elsewhere means "not given"
        help="for all trials together: 90s, 20m, 1h, or none; the last fit and its report come on "
        "top (default: 30m)",
    )
    add(
        "--trials",
        metavar="NUMBER",
        type=whole_number(1),
        help="at most, the defaults among them (default: as many as the budget has time for)",
    )
    add(
        "--jobs",
        metavar="NUMBER",
        type=whole_number(1),
        help="trials at once, each with its part of the threads (default: 1)",
    )
    add(
        "--figure",
        metavar="NAME",
        type=one_of("log_loss", "headline"),
        help="of validation, by which the best is chosen: log_loss, or headline: accuracy, of "
        "several labels micro F1 (default: log_loss)",
    )
    add_keep_texts(parser)
    add_map(parser)
    add_ray_options(parser, "trials at once")
    add_reading_options(parser, labelled=True)
    add_split_options(parser)
    add_model_options(parser, without=("--budget",))


def run(arguments: argparse.Namespace) -> int:
    """Search, and print what it came to and the figures of the run."""
    from textkind.cli.figures import run_table
    from textkind.cli.terminal import print_json, talk_for
    from textkind.cli.tuning_table import tuning_table
    from textkind.models.search_spaces import SPACES
    from textkind.workflow.tune import TuneSettings, tune

    chosen = given(arguments, "trials", "jobs", "figure")
    if "seconds" in arguments:
        chosen["budget"] = arguments.seconds
    run_asked = run_settings(arguments)
    searched = {one.name for one in SPACES.get(run_asked.model.model, ())}
    fixed = tuple(name for name in fixed_settings(arguments) if name in searched)
    settings = TuneSettings(run=run_asked, fixed=fixed, **chosen)
    ray = ray_settings(arguments)
    if ray is None:
        result = tune(arguments.file, settings, talk_for(arguments))
    else:
        from textkind.scale.tuning import tune_on

        result = tune_on(ray, arguments.file, settings, talk_for(arguments))
    if arguments.json:
        print_json(result.tuning | {"folder": str(result.folder)})
    else:
        print(tuning_table(result.tuning), run_table(result.metrics, result.folder), sep="\n\n")
    return 0
