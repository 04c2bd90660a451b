"""textkind next: a model and its labelled text in, what to do next out."""

import argparse
from typing import TYPE_CHECKING

from textkind.cli.parsing import Parser, duration, whole_number
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
    from textkind.workflow.next_steps import NextResult

DESCRIPTION = """\
What to do next for a model and the labelled text it learned from: what twice as many texts would
bring, by a learning curve; which labels need texts, and which are likely wrong; and, with a file of
unlabelled texts, which of them are most worth a label."""

EXAMPLES = """\
examples:
  textkind next runs/reviews reviews.csv
  textkind next runs/reviews reviews.csv --unlabelled more.csv -o to-label.csv
  textkind next runs/reviews reviews.csv --unlabelled more.csv --number 200 --json
"""

SHOWN = 5  # likely wrong labels, and texts


def add_arguments(parser: Parser) -> None:
    """Add the options of next."""
    add_model(parser.add_argument)
    parser.add_argument("file", metavar="FILE", help="labelled text: what the model learned from")
    parser.add_argument(
        "--unlabelled", metavar="FILE", help="texts to choose from (default: none are chosen)"
    )
    add_out(
        parser.add_argument,
        "write the chosen texts there, with their columns and the model's guess: .csv, .tsv, "
        ".jsonl or .parquet (default: none)",
    )
    add_overwrite(parser.add_argument)
    parser.add_argument(
        "--number",
        metavar="NUMBER",
        type=whole_number(1),
        default=50,
        help="choose so many unlabelled texts (default: %(default)s)",
    )
    parser.add_argument(
        "--budget",
        metavar="TIME",
        type=duration,
        default=argparse.SUPPRESS,  # none is None, which elsewhere means "not given"
        help="for the learning curve of a network, beyond which the linear model's is drawn: 90s, "
        "20m, 1h, or none (default: 2m)",
    )
    add_seed(parser.add_argument, "folds and clusters")
    add_threads(parser.add_argument)
    add_json(parser.add_argument)
    add_reading_options(parser, labelled=True)


def run(arguments: argparse.Namespace) -> int:
    """Look what is worth doing, and print it."""
    from dataclasses import asdict

    from textkind.cli.terminal import print_json, talk_for
    from textkind.workflow.next_steps import NextSettings, next_steps

    settings = NextSettings(
        number=arguments.number,
        reading=read_settings(arguments),
        overwrite=arguments.overwrite,
        seed=arguments.seed,
        threads=arguments.threads,
        **({"budget": arguments.budget} if "budget" in arguments else {}),
    )
    result = next_steps(
        arguments.model, arguments.file, arguments.unlabelled, arguments.out, settings,
        talk_for(arguments),
    )  # fmt: skip
    if arguments.json:
        print_json(asdict(result))
    else:
        print(told_steps(result))
    return 0


def told_steps(result: "NextResult") -> str:
    """The curve, the labels, the labels to read again, the texts to label."""
    from textkind.cli.plain_tables import aligned, label_name, shown
    from textkind.cli.terminal import printable

    curve = result.curve
    name = curve["figure"].replace("_f1", " F1")
    rows: list[tuple[str, ...]] = [("labelled rows", name, "95 % interval")]
    rows += [(f"{one['rows']:,}", shown("", one["value"]), "") for one in curve["points"]]
    rows += [
        (
            f"{one['rows']:,}, forecast",
            shown("", one["value"]),
            f"{shown('', one['low'])} to {shown('', one['high'])}",
        )
        for one in curve["forecast"]
    ]
    gain, low, high = (
        100 * curve["forecast"][1]["gain"][name] for name in ("value", "low", "high")
    )
    sentence = (
        f"twice as many labelled rows would bring about {gain:.1f} points ({low:.1f} to {high:.1f})"
    )
    drawn = f"learning curve of {curve['model']}" + (f": {curve['why']}" if curve["why"] else "")
    head = f"{result.accepted:,} rows of {result.source}"
    blocks = [head, f"{drawn}\n{aligned(rows)}\n{sentence}"]
    labels: list[tuple[str, ...]] = [("labels that need texts most", "rows", "F1")]
    labels += [
        (label_name(one["label"]), f"{one['rows']:,}", shown("", one["f1"]))
        for one in result.labels
    ]
    blocks.append(aligned(labels))
    wrong = result.wrong_labels
    told = [
        f"    - row {one['row']}, {label_name(one['labels'])}, rather "
        f"{label_name(one['suggested'])}: {printable(one['text'])}"
        for one in wrong["first"][:SHOWN]
    ]
    head = f"{wrong['rows']:,} labels are likely wrong" + (
        ": read them first (textkind audit --labels tells all)" if wrong["rows"] else ""
    )
    blocks.append("\n".join([head, *told]))
    if result.texts is not None:
        chosen = [
            f"    - row {one['row']}, {printable(one['guess'])} "
            f"({shown('', one['guess_probability'])}): "
            f"{printable(' '.join(one['text'].split())[:120])}"
            for one in result.texts[:SHOWN]
        ]
        blocks.append("\n".join([f"{len(result.texts):,} texts to label next:", *chosen]))
    return "\n\n".join(blocks)
