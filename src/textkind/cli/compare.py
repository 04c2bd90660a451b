"""textkind compare: labelled text in, every model on one split, and which is worth its cost."""

import argparse

from textkind.cli.parsing import Parser, duration, given, names, positive_number, whole_number
from textkind.cli.ray_options import add_ray_options, ray_settings
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.splitting import (
    add_data_arguments,
    add_result_arguments,
    add_split_options,
    split_settings,
)
from textkind.cli.usual_options import add_threads

DESCRIPTION = """\
Fit every model on the same split, each in a process of its own, and compare what they reach on the
same test texts with what they cost. Writes a folder with the figures (compare.json), a report
(report.html) and the model folders of all that were finished. What is interrupted goes on where it
was when the same command is given again."""

EXAMPLES = """\
examples:
  textkind compare reviews.csv
  textkind compare train.csv --test test.csv --budget 10m --out runs/ladder
  textkind compare reviews.csv --models linear,cnn,stack --folds 5
  textkind compare reviews.csv --models linear,pretrained --encoder models/bge-small-en
  textkind compare reviews.csv --ray auto                    on a Ray cluster
  textkind compare tickets.jsonl --max-ms 2 --max-mb 50      what may be chosen
  textkind predict runs/ladder/models/linear new.csv -o labelled.csv
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of compare. What is not given stays as in CompareSettings."""
    add_data_arguments(parser)
    add_result_arguments(
        parser,
        "the folder to write (default: runs/NAME-ladder-1, -2, ...)",
        "compare.json",
        "the folder, or an unfinished one of other data",
    )
    add = parser.add_argument_group("the ladder").add_argument
    add(
        "--models",
        metavar="NAMES",
        type=names,
        help="prior, linear, mean_pool, static, perceptron, cnn, rnn, transformer, frozen, "
        "pretrained, stack, with commas between them, or all (default: all)",
    )
    add(
        "--encoder",
        metavar="NAME",
        help="the pretrained encoder of frozen, pretrained and static: a folder, or a name of the "
        "Hugging Face hub (default: all-MiniLM-L6-v2, which comes as a package)",
    )
    add(
        "--revision",
        metavar="NAME",
        help="of an --encoder that is a name: a commit or a branch (default: the newest)",
    )
    add(
        "--budget",
        metavar="TIME",
        type=duration,
        default=argparse.SUPPRESS,  # none is None, which elsewhere means "not given"
        help="for all fits together, shared out fairly: 90s, 20m, 1h, or none (default: 20m)",
    )
    add(
        "--folds",
        metavar="NUMBER",
        type=whole_number(2),
        help="test every row once, in so many test parts (default: one test part)",
    )
    add(
        "--max-ms",
        metavar="NUMBER",
        type=positive_number,
        help="choose no model that takes longer for one text (default: no limit)",
    )
    add(
        "--max-mb",
        metavar="NUMBER",
        type=positive_number,
        help="choose no model that is larger on disk (default: no limit)",
    )
    add_threads(add)
    add_ray_options(parser, "models that are fitted at once")
    add_reading_options(parser, labelled=True)
    add_split_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare and print the ladder."""
    import shlex
    from pathlib import Path

    from textkind.cli.ladder import ladder_table
    from textkind.cli.terminal import print_json, talk_for
    from textkind.workflow.compare import CompareSettings, compare
    from textkind.workflow.ladder_verdict import Limits

    chosen = given(arguments, "models", "encoder", "revision", "folds", "threads")
    if "budget" in arguments:
        chosen["budget"] = arguments.budget
    settings = CompareSettings(
        limits=Limits(arguments.max_ms, arguments.max_mb),
        test=arguments.test,
        validation=arguments.validation,
        out=None if arguments.out is None else Path(arguments.out),
        overwrite=arguments.overwrite,
        reading=read_settings(arguments),
        split=split_settings(arguments),
        command=shlex.join(["textkind", *arguments.typed]),
        **chosen,
    )
    ray = ray_settings(arguments)
    if ray is None:
        result = compare(arguments.file, settings, talk_for(arguments))
    else:
        from textkind.scale.compare import compare_on

        result = compare_on(ray, arguments.file, settings, talk_for(arguments))
    if arguments.json:
        print_json(result.facts | {"folder": str(result.folder)})
    else:
        print(ladder_table(result.facts, result.folder))
    return 0
