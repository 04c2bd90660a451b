"""textkind similar: a model and texts in, how near they lie and the nearest training texts out."""

import argparse
from typing import TYPE_CHECKING

from textkind.cli.parsing import Parser, whole_number
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.usual_options import add_json, add_texts, add_threads

if TYPE_CHECKING:
    from textkind.workflow.similar import NearTexts, SimilarResult

DESCRIPTION = """\
How near texts lie to one another in the eyes of a model, and which training texts lie nearest to
each, with their labels: those taught it this. 1 is the same direction, 0 nothing in common."""

EXAMPLES = """\
examples:
  textkind similar runs/reviews "a fine film" "a bore"
  textkind similar runs/reviews "a fine film" --top 10
  textkind similar runs/reviews "a fine film" --from new.csv
  cat texts.txt | textkind similar runs/reviews - --json > similar.json
"""

LENGTH = 100  # characters of a text


def add_arguments(parser: Parser) -> None:
    """Add the options of similar."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a run folder; with --from also a model folder",
    )
    add_texts(parser.add_argument)
    parser.add_argument(
        "--top",
        metavar="NUMBER",
        type=whole_number(1),
        default=5,
        help="tell so many of the nearest of each text (default: %(default)s)",
    )
    parser.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        help="search these texts, with labels or without (default: the training texts that the "
        "run keeps)",
    )
    add_threads(parser.add_argument)
    add_json(parser.add_argument)
    add_reading_options(parser, labelled=True)


def run(arguments: argparse.Namespace) -> int:
    """Look for what lies near, and print it."""
    from dataclasses import asdict

    from textkind.cli.terminal import print_json, talk_for
    from textkind.cli.texts import PIPE, given_texts
    from textkind.errors import SettingsError
    from textkind.workflow.similar import SimilarSettings, similar_texts

    if PIPE in arguments.texts and arguments.source == PIPE:
        raise SettingsError("only one thing can come from the pipe", found=PIPE)
    settings = SimilarSettings(
        top=arguments.top,
        source=arguments.source,
        reading=read_settings(arguments),
        threads=arguments.threads,
    )
    texts = given_texts(arguments.texts)
    result = similar_texts(arguments.model, texts, settings, talk_for(arguments))
    if arguments.json:
        print_json(asdict(result))
    else:
        print(told_similar(result))
    return 0


def told_similar(result: "SimilarResult") -> str:
    """What was searched, the texts with one another, then the nearest of each."""
    from textkind.cli.plain_tables import aligned
    from textkind.cli.terminal import printable

    searched = f"{result.known:,} of {result.of:,} texts of {printable(result.searched)}"
    blocks = [f"searched: {searched}, by the {result.space}"]
    if result.similarities is not None:
        numbers = [str(place) for place in range(1, len(result.texts) + 1)]
        rows = [("cosine", *numbers)]
        rows += [
            (number, *map(_told_cosine, row))
            for number, row in zip(numbers, result.similarities, strict=True)
        ]
        blocks.append(aligned(rows))
    blocks += [_nearest(place, one) for place, one in enumerate(result.texts, 1)]
    if any(other.differs for one in result.texts for other in one.nearest or ()):
        blocks.append("* labelled otherwise than the text above it is answered")
    return "\n\n".join(blocks)


def _nearest(number: int, one: "NearTexts") -> str:
    from textkind.cli.plain_tables import aligned, label_name, one_line

    answer = label_name(list(one.predicted)) if one.predicted else "no label"
    head = f"{number}  {one_line(one.text, LENGTH)!r}: {answer}"
    if one.nearest is None:
        return f"{head}\n   -  nothing in it is known, so it is similar to no text"
    rows = [
        (
            f"   {_told_cosine(other.similarity)}",
            "*" if other.differs else " ",
            f"row {other.row:,}",
            "-" if not other.labels else label_name(list(other.labels)),
            one_line(other.text, LENGTH),
        )
        for other in one.nearest
    ]
    return head + ("\n" + aligned(rows, left=frozenset({3, 4})) if rows else "\n   -")


def _told_cosine(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
