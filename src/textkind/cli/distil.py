"""textkind distil: a big model and labelled text in, a small model that learned from it out."""

import argparse
from pathlib import Path
from typing import Any

from textkind.cli.parsing import Parser, given, number_between, one_of
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.splitting import (
    add_data_arguments,
    add_keep_texts,
    add_result_arguments,
    add_split_options,
    split_options,
)
from textkind.cli.usual_options import add_threads

DESCRIPTION = """\
Let a small, fast model learn from a big one: from its probabilities on labelled texts and on texts
without labels. Writes a run folder with the small one, and tells how it does beside the big one and
beside the same model fitted to the labels alone."""

EXAMPLES = """\
examples:
  textkind distil runs/reviews-1 reviews.csv --to linear
  textkind distil runs/reviews-1 reviews.csv --to static --unlabelled more.csv
  textkind distil runs/ladder/models/stack train.csv --test test.csv --to linear
  textkind predict runs/reviews-student-1 new.csv -o labelled.csv
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of distil. What is not given stays as in DistilSettings."""
    parser.add_argument("model", metavar="MODEL", help="the teacher: a run or model folder")
    add_data_arguments(parser)
    add_result_arguments(
        parser, "the run folder to write (default: runs/NAME-student-1, ...)", "metrics.json"
    )
    add_keep_texts(parser)
    add = parser.add_argument_group("the student").add_argument
    add(
        "--to",
        metavar="NAME",
        type=one_of("linear", "static"),
        help="linear: hashed n-grams; static: a mean of distilled word vectors (default: linear)",
    )
    add(
        "--unlabelled",
        metavar="FILE",
        help="texts without labels to learn from as well (default: none)",
    )
    add(
        "--label-share",
        metavar="NUMBER",
        type=number_between(0, 1),
        help="how much the label of a text counts beside the teacher, 0 to 1 (default: 0.5)",
    )
    add(
        "--temperature",
        metavar="NUMBER",
        type=number_between(0.1, 100),
        help="at which a static student compares itself with the teacher (default: 1)",
    )
    add_threads(add)
    add_reading_options(parser, labelled=True)
    add_split_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Distil and print teacher and student side by side."""
    import shlex

    from textkind.cli.terminal import print_json, talk_for
    from textkind.workflow.distil import DistilSettings, distil

    settings = DistilSettings(
        unlabelled=arguments.unlabelled,
        test=arguments.test,
        validation=arguments.validation,
        out=None if arguments.out is None else Path(arguments.out),
        overwrite=arguments.overwrite,
        reading=read_settings(arguments),
        split=split_options(arguments),
        command=shlex.join(["textkind", *arguments.typed]),
        **given(arguments, "to", "label_share", "temperature", "threads", "keep_texts"),
    )
    result = distil(arguments.model, arguments.file, settings, talk_for(arguments))
    if arguments.json:
        print_json(result.metrics | {"folder": str(result.folder)})
    else:
        print(student_table(result.metrics, result.folder))
    return 0


def student_table(metrics: dict[str, Any], folder: Path) -> str:
    """Teacher, student and the model without one: a line each, the differences, the places."""
    from textkind.cli.ladder import TITLES
    from textkind.cli.plain_tables import aligned, fact_lines, shown, with_interval

    told = metrics["distil"]
    key = told["headline"]
    header = (
        "", "kind", TITLES[key], "95 % interval", "log loss", "calibration error",
        "as the teacher", "texts/s", "one text", "disk",
    )  # fmt: skip
    rows = [header]
    for one in told["models"]:
        test, cost = one["test"], one["cost"]
        rows.append(
            (
                one["name"],
                one["kind"],
                *with_interval(key, test[key]),
                shown("log_loss", test["log_loss"]["value"]),
                shown("ece_mass", test["ece_mass"]["value"]),
                shown("agreement", one["agreement"]),
                f"{cost['texts_per_second']:,.0f}",
                f"{cost['one_text_ms']:.3g} ms",
                f"{cost['disk_mb']:.3g} MB",
            )
        )
    pairs = [
        (f"student to {pair['against']}", _difference(pair, TITLES[key])) for pair in told["pairs"]
    ]
    parts = metrics["data"]["parts"]
    sizes = ", ".join(f"{name} {part['rows']:,}" for name, part in parts.items())
    more = told["unlabelled"]
    facts = [
        ("rows", sizes + ("" if more is None else f", without a label {more['used']:,}")),
        ("report", str(folder / "report.html")),
        ("model folder", str(folder / "model")),
    ]
    blocks = aligned(rows, left=frozenset({1})), fact_lines(pairs), fact_lines(facts)
    return "\n\n".join(blocks)


def _difference(pair: dict[str, Any], title: str) -> str:
    low, high = (f"{100 * pair[bound]:+.1f}" for bound in ("low", "high"))
    told = "< 0.001" if pair["p"] < 0.001 else f"{pair['p']:.2g}"
    return f"{100 * pair['value']:+.1f} points of {title} (95 % interval {low} to {high}), p {told}"
