"""textkind clean: labelled text in, the same without what an audit would find out."""

import argparse
from typing import TYPE_CHECKING

from textkind.cli.audit import add_looking_options
from textkind.cli.parsing import Parser, names
from textkind.cli.reading import read_settings
from textkind.cli.usual_options import add_out, add_overwrite

if TYPE_CHECKING:
    from textkind.workflow.clean import CleanResult

DESCRIPTION = """\
Write a file of labelled text without the rows that make figures lie: texts that stand twice or
nearly, have two labels, or stand in the test file. The rows that stay keep their columns and their
order; a list beside the output tells each row that went, and why."""

EXAMPLES = """\
examples:
  textkind clean reviews.csv -o clean.csv
  textkind clean train.csv test.csv -o clean.csv      what is in test goes from train
  textkind clean reviews.csv -o clean.csv --remove empty_texts,repeated_texts
  textkind clean reviews.csv -o clean.csv --fix-labels --removed odd.csv
  textkind clean mails.jsonl -o clean.jsonl --mask    e-mail addresses to [e-mail]
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of clean."""
    parser.add_argument("file", metavar="FILE", help="labelled text, as for train")
    parser.add_argument(
        "test",
        metavar="TEST",
        nargs="?",
        help="the file that will be tested on; it stays as it is (default: none)",
    )
    add_out(
        parser.add_argument,
        "a .csv, .tsv, .jsonl or .parquet file, with OUT.changes.jsonl beside it, which lists "
        "what was done; it must be named, there is no default",
        required=True,
    )
    parser.add_argument(
        "--remove",
        metavar="CHECK,...",
        type=names,
        help="checks whose rows go (default: test_texts_in_train, near_duplicates_in_train, "
        "empty_texts, conflicting_labels, repeated_texts, near_duplicates_within)",
    )
    parser.add_argument(
        "--fix-labels",
        action="store_true",
        help="write the label suggested where one is likely wrong (default: labels stay)",
    )
    parser.add_argument(
        "--mask",
        action="store_true",
        help="write [e-mail], [phone] and [card] for such personal data (default: texts stay)",
    )
    parser.add_argument(
        "--removed", metavar="FILE", help="write the rows left out to this file (default: none)"
    )
    add_overwrite(parser.add_argument, "files that are there")
    add_looking_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Clean, and print what was done."""
    from dataclasses import asdict
    from pathlib import Path

    from textkind.cli.parsing import given
    from textkind.cli.terminal import print_json, talk_for
    from textkind.workflow.clean import CleanSettings, clean

    settings = CleanSettings(
        test=arguments.test,
        fix_labels=arguments.fix_labels,
        mask=arguments.mask,
        removed=None if arguments.removed is None else Path(arguments.removed),
        overwrite=arguments.overwrite,
        reading=read_settings(arguments),
        seed=arguments.seed,
        threads=arguments.threads,
        **given(arguments, "remove", "near"),
    )
    result = clean(arguments.file, arguments.out, settings, talk_for(arguments))
    if arguments.json:
        print_json(asdict(result))
    else:
        print(told(result))
    return 0


def told(result: "CleanResult") -> str:
    """What was done, as text."""
    lines = [f"{result.kept:,} of {result.read:,} rows of {result.source} are in {result.output}"]
    counts = result.checks | {"rows that could not be read": result.rejected}
    width = max(map(len, counts))
    lines += [f"    {name:{width}}  {count:>9,}" for name, count in counts.items() if count]
    changed = {"got another label": result.relabelled, "have personal data masked": result.masked}
    lines += [f"{count:,} of them {what}" for what, count in changed.items() if count]
    return "\n".join([*lines, f"row by row: {result.changes}"])
