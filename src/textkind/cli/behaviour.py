"""textkind behaviour: a model and texts in, how often small changes flip its answer out."""

import argparse
from typing import TYPE_CHECKING, Any

from textkind.cli.parsing import Parser, names, whole_number
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.usual_options import add_json, add_model, add_seed, add_threads

if TYPE_CHECKING:
    from textkind.workflow.behaviour import BehaviourResult

DESCRIPTION = """\
Change texts of yours a little (typos, case, punctuation, names, numbers, order of sentences and
others) and tell how often the answer flips. Labels are not needed; where they are there, accuracy
before and after is told too. A negation put in may flip it rightly: it is told, not judged."""

EXAMPLES = """\
examples:
  textkind behaviour runs/reviews new.csv
  textkind behaviour runs/reviews new.csv --changes typos,names --most 5000
  textkind behaviour runs/reviews new.csv --json > behaviour.json
"""

SHOWN = 1  # examples of a change


def add_arguments(parser: Parser) -> None:
    """Add the options of behaviour."""
    add_model(parser.add_argument)
    parser.add_argument("file", metavar="FILE", help="texts, with labels or without")
    parser.add_argument(
        "--changes",
        metavar="NAMES",
        type=names,
        help="typos, lower_case, upper_case, no_punctuation, final_punctuation, white_space, "
        "contractions, names, numbers, sentence_order, negation (default: all)",
    )
    parser.add_argument(
        "--most",
        metavar="NUMBER",
        type=whole_number(1),
        help="change so many texts at most, drawn by the seed (default: 1000)",
    )
    parser.add_argument(
        "--examples",
        metavar="NUMBER",
        type=whole_number(0),
        default=SHOWN,
        help="tell so many texts that flipped, 5 at most (default: %(default)s)",
    )
    add_seed(parser.add_argument, "the changes")
    add_threads(parser.add_argument)
    add_json(parser.add_argument)
    add_reading_options(parser, labelled=True)


def run(arguments: argparse.Namespace) -> int:
    """Try the changes, and print what became of the answers."""
    from dataclasses import asdict

    from textkind.cli.parsing import given
    from textkind.cli.terminal import print_json, talk_for
    from textkind.workflow.behaviour import BehaviourSettings, behaviour

    settings = BehaviourSettings(
        reading=read_settings(arguments),
        **given(arguments, "changes", "most", "seed", "threads"),
    )
    result = behaviour(arguments.model, arguments.file, settings, talk_for(arguments))
    if arguments.json:
        print_json(asdict(result))
    else:
        print(told_behaviour(result, arguments.examples))
    return 0


def told_behaviour(result: "BehaviourResult", examples: int) -> str:
    """A line for each change, then texts that flipped."""
    from textkind.cli.plain_tables import aligned, shown

    head = ("change", "texts", "flips", "rate", "95 % interval", "moved", "95th of 100")
    rows: list[tuple[str, ...]] = [(*head, "accuracy") if result.labelled else head]
    for one in result.changes:
        rate = one["rate"]
        span = f"{shown('', rate['low'])} to {shown('', rate['high'])}" if one["rows"] else ""
        figures = (shown("", one[name]) for name in ("moved_mean", "moved_most"))
        accuracy = one["accuracy"]
        told = (
            f"{shown('', accuracy['before'])} to {shown('', accuracy['after'])}" if accuracy else ""
        )
        name = one["change"].replace("_", " ") + ("" if one["keeps"] else " (may flip)")
        cells = (
            name,
            f"{one['rows']:,}",
            f"{one['flips']:,}",
            shown("", rate["value"]),
            span,
            *figures,
        )
        rows.append((*cells, told) if result.labelled else cells)
    tried = f"{result.tried:,} of {result.accepted:,} texts of {result.source}"
    blocks = [tried, aligned(rows)]
    blocks += [_flipped(one, examples) for one in result.changes if one["examples"][:examples]]
    return "\n\n".join(blocks)


def _flipped(one: dict[str, Any], examples: int) -> str:
    title = f"{one['change'].replace('_', ' ')}: {one['what']}"
    return "\n".join([title, *map(_example, one["examples"][:examples])])


def _example(one: dict[str, Any]) -> str:
    from textkind.cli.plain_tables import label_name
    from textkind.cli.terminal import printable

    answers = f"{label_name(one['before'])} becomes {label_name(one['after'])}"
    return (
        f"    - row {one['row']}, {answers}\n"
        f"      {printable(one['text'])}\n      {printable(one['changed'])}"
    )
