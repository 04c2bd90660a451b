"""textkind errors: a model and labelled text in, mistakes by group out."""

import argparse
from typing import TYPE_CHECKING, Any

from textkind.cli.parsing import Parser, whole_number
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.usual_options import (
    add_json,
    add_model,
    add_out,
    add_overwrite,
    add_seed,
    add_threads,
)

if TYPE_CHECKING:
    from textkind.workflow.errors import MistakesResult

DESCRIPTION = """\
Group a model's mistakes by what may be their cause: two labels nearly as likely, missing context,
wrong labels, rare words, negation, irony, text that was not read, texts unlike training; by texts
that lie together; and by words that mistakes have more often. Each with its rate of mistakes
against that of all rows, examples, and what would help."""

EXAMPLES = """\
examples:
  textkind errors runs/reviews new.csv
  textkind errors runs/reviews new.csv --train reviews.csv
  textkind errors runs/reviews new.csv -o mistakes.jsonl
  textkind errors runs/reviews new.csv --json > groups.json
"""

SHOWN = 2  # examples of a group
LEVEL = 0.05
MOST_CLUSTERS = 3


def add_arguments(parser: Parser) -> None:
    """Add the options of errors."""
    add_model(parser.add_argument)
    parser.add_argument("file", metavar="FILE", help="labelled text, as for train")
    parser.add_argument(
        "--train",
        metavar="FILE",
        help="what the model learned from: rare words, neighbours and texts unlike it are looked "
        "for (default: these groups are left out)",
    )
    add_out(
        parser.add_argument,
        "write every mistake with its groups there, as lines of JSON (default: none)",
    )
    add_overwrite(parser.add_argument)
    parser.add_argument(
        "--examples",
        metavar="NUMBER",
        type=whole_number(0),
        default=SHOWN,
        help="tell so many mistakes of a group, 3 at most (default: %(default)s)",
    )
    add_seed(parser.add_argument, "the clusters")
    add_threads(parser.add_argument)
    add_json(parser.add_argument)
    add_reading_options(parser, labelled=True)


def run(arguments: argparse.Namespace) -> int:
    """Group the mistakes, and print what was found."""
    from dataclasses import asdict

    from textkind.cli.terminal import print_json, talk_for
    from textkind.workflow.errors import MistakesSettings, explain_mistakes

    settings = MistakesSettings(
        train=arguments.train,
        reading=read_settings(arguments),
        seed=arguments.seed,
        threads=arguments.threads,
        overwrite=arguments.overwrite,
    )
    result = explain_mistakes(
        arguments.model, arguments.file, arguments.out, settings, talk_for(arguments)
    )
    if arguments.json:
        print_json(asdict(result))
    else:
        print(told_errors(result, arguments.examples))
    return 0


def told_errors(result: "MistakesResult", examples: int) -> str:
    """The groups as a table, then those that are wrong more often, with advice and examples."""
    from textkind.cli.plain_tables import with_interval

    figures = result.figures
    rows, mistakes = f"{result.accepted:,} rows of {result.source}", figures["mistakes"]
    if not mistakes["hits"]:
        return f"{rows}, no mistake among them"
    rate, span = with_interval("rate", mistakes)
    blocks = [f"{rows}, {mistakes['hits']:,} wrong: {rate} ({span})", _group_table(figures)]
    left_out: dict[str, list[str]] = {}
    for name, needs in figures["not_looked_for"].items():
        left_out.setdefault(needs, []).append(_spoken(name))
    blocks += [
        f"not looked for: {', '.join(names)} (needs {needs})" for needs, names in left_out.items()
    ]
    often = sorted(filter(_matters, figures["groups"]), key=lambda one: -one["mistakes"])
    for one in often:
        title = f"{_spoken(one['group'])}: {one['what']}\n    {one['helps']}"
        blocks.append("\n".join([title, *_examples(one, examples)]))
    clusters = [one for one in figures["clusters"] or [] if _matters(one)][:MOST_CLUSTERS]
    for one in clusters:
        blocks.append("\n".join([_cluster(one), *_examples(one, examples)]))
    if figures["ngrams"]:
        blocks.append("mistakes have more often: " + ", ".join(map(_ngram, figures["ngrams"])))
    if not clusters and not figures["ngrams"]:
        blocks.append("no cluster and no word has significantly more mistakes than the rest")
    return "\n\n".join(blocks)


def _group_table(figures: dict[str, Any]) -> str:
    from textkind.cli.plain_tables import aligned, shown

    rows: list[tuple[str, ...]] = [
        ("group", "rows", "wrong", "rate", "lift", "95 % interval", "of mistakes")
    ]
    rows += [
        (
            _spoken(one["group"]),
            f"{one['rows']:,}",
            f"{one['mistakes']:,}",
            shown("rate", one["rate"]["value"]),
            *_lift(one["lift"]),
            shown("rate", one["of_mistakes"]),
        )
        for one in figures["groups"]
    ]
    without = figures["without_a_group"]
    share = shown("rate", without / figures["mistakes"]["hits"])
    rows.append(("in no group", "", f"{without:,}", "", "", "", share))
    return aligned(rows)


def _cluster(one: dict[str, Any]) -> str:
    from textkind.cli.terminal import printable

    lift, span = _lift(one["lift"])
    words = ", ".join(map(printable, one["words"]))
    counts = f"{one['mistakes']:,} of {one['rows']:,} wrong"
    return f"cluster {one['cluster']}, {counts}, lift {lift} ({span}): {words}"


def _ngram(one: dict[str, Any]) -> str:
    from textkind.cli.terminal import printable

    return f"{printable(one['ngram'])!r} ({one['mistakes']:,} of {one['rows']:,})"


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _matters(one: dict[str, Any]) -> bool:
    """Whether a group is wrong more often, by more than chance; or its rows are to be read."""
    if one["p"] is None:
        return bool(one["mistakes"])
    return one["p"] < LEVEL and one["lift"]["value"] > 1


def _lift(lift: dict[str, float | None]) -> tuple[str, str]:
    if lift["value"] is None:
        return "n/a", ""
    return f"{lift['value']:.2f}", f"{lift['low']:.2f} to {lift['high']:.2f}"


def _examples(one: dict[str, Any], most: int) -> list[str]:
    from textkind.cli.plain_tables import label_name
    from textkind.cli.terminal import printable

    return [
        f"    - row {example['row']}, {label_name(example['gold'])}, taken for "
        f"{label_name(example['predicted'])}: {printable(example['text'])}"
        for example in one["examples"][:most]
    ]
