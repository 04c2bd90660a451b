"""The options that say how a file of text is read, shared by train, evaluate and predict."""

import argparse

from textkind.cli.parsing import Parser, one_of, yes_or_no
from textkind.data.settings import FORMATS, ReadSettings


def add_reading_options(parser: Parser, *, labelled: bool) -> None:
    """Add the options of ReadSettings; those about labels only where labels are read."""
    group = parser.add_argument_group("reading", "without these: as found, and told")
    add = group.add_argument
    add(
        "--text",
        metavar="COLUMN",
        action="append",
        help="column of the text; give it more than once to join columns (default: by its name)",
    )
    if labelled:
        add("--label", metavar="COLUMN", help="column of the label (default: by its name)")
        add(
            "--label-columns",
            metavar="COLUMN",
            nargs="+",
            default=[],
            help="columns of 0 and 1, each a label (default: one column of names)",
        )
        add(
            "--label-delimiter",
            metavar="TEXT",
            help="what stands between the labels of one text (default: one label a text)",
        )
        add(
            "--several",
            action="store_true",
            help="a text may have several labels (default: as the labels look)",
        )
    add("--id", metavar="COLUMN", help="column that names the rows (default: by its name)")
    add(
        "--format",
        metavar="NAME",
        type=one_of(*FORMATS),
        help=f"{', '.join(FORMATS)} (default: by name and content)",
    )
    add("--delimiter", metavar="CHARACTER", help="between CSV fields, or tab (default: as found)")
    add(
        "--header",
        metavar="yes|no",
        type=yes_or_no,
        help="whether CSV starts with a line of column names (default: as it looks)",
    )
    add(
        "--quoting",
        metavar="yes|no",
        type=yes_or_no,
        help='whether " opens a quoted field in CSV (default: as it looks)',
    )
    add("--encoding", metavar="NAME", help="encoding of the file (default: utf-8)")


def read_settings(arguments: argparse.Namespace) -> ReadSettings:
    """The options as ReadSettings."""
    return ReadSettings(
        text=tuple(arguments.text or ()),
        label=getattr(arguments, "label", None),
        label_columns=tuple(getattr(arguments, "label_columns", ())),
        label_delimiter=getattr(arguments, "label_delimiter", None),
        group=getattr(arguments, "group", None),
        time=getattr(arguments, "time", None),
        id=arguments.id,
        several=True if getattr(arguments, "several", False) else None,
        delimiter=arguments.delimiter,
        header=arguments.header,
        quoting=arguments.quoting,
        encoding=arguments.encoding,
        format=arguments.format,
    )
