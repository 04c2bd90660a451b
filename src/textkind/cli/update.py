"""textkind update: a run and new labelled text in, a run that has learned on out."""

import argparse

from textkind.cli.parsing import Parser, given
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.rule_options import add_rule_options, rule_settings
from textkind.cli.splitting import (
    add_keep_texts,
    add_map,
    add_result_arguments,
    add_split_options,
    split_options,
)
from textkind.cli.usual_options import add_figure, add_level, add_threads

DESCRIPTION = """\
Let a run learn on from new labelled text, of its labels or of new ones, without forgetting the old:
it goes on from its weights, on the texts that it keeps and the new ones. Writes a new run folder,
and tells how the model before and the updated one do on the old test texts and on new ones. Where
the updated model is significantly worse, nothing is written, and the exit code is 2."""

EXAMPLES = """\
examples:
  textkind update runs/reviews-1 march.csv
  textkind update runs/reviews-1 march.csv --out runs/reviews-march
  textkind update runs/reviews-march april.csv --out runs/reviews-march --overwrite
  textkind update runs/private-1 march.csv --old february.csv
  textkind update runs/reviews-1 march.csv --figure macro_f1 --level 0.01
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of update. What is not given stays as in UpdateSettings, or as in the run."""
    parser.add_argument("model", metavar="MODEL", help="the run folder to go on from")
    parser.add_argument("file", metavar="NEW_FILE", help="new labelled text, as for train")
    add_result_arguments(
        parser,
        "the run folder to write (default: runs/NAME-update-1, -2, ...)",
        "metrics.json",
    )
    add = parser.add_argument
    add(
        "--old",
        metavar="FILE",
        help="the file that the run learned from, where it keeps no texts (default: those kept)",
    )
    add(
        "--force",
        action="store_true",
        help="write the run though it is significantly worse (default: refuse)",
    )
    add_figure(add)
    add_level(add)
    add_keep_texts(parser)
    add_map(parser)
    add_threads(add)
    add_reading_options(parser, labelled=True)
    add_split_options(parser)
    add_rule_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Update and print what changed, and the figures."""
    import shlex
    from pathlib import Path

    from textkind.cli.figures import run_table
    from textkind.cli.terminal import print_json, talk_for
    from textkind.cli.update_table import update_table
    from textkind.decision.rule_settings import RuleSettings
    from textkind.workflow.update import UpdateSettings, update

    rule = rule_settings(arguments)
    settings = UpdateSettings(
        old=arguments.old,
        out=None if arguments.out is None else Path(arguments.out),
        overwrite=arguments.overwrite,
        force=arguments.force,
        figure=arguments.figure,
        level=arguments.level,
        reading=read_settings(arguments),
        split=split_options(arguments),
        rule=None if rule == RuleSettings() else rule,
        command=shlex.join(["textkind", *arguments.typed]),
        **given(arguments, "threads", "keep_texts", "map"),
    )
    result = update(arguments.model, arguments.file, settings, talk_for(arguments))
    if arguments.json:
        print_json(result.metrics | {"folder": str(result.folder)})
    else:
        print(update_table(result.metrics["update"]))
        print()
        print(run_table(result.metrics, result.folder))
    return 0
