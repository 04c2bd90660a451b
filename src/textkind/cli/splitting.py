"""Labelled files, how rows are shared out, what is kept: of train, compare and distil."""

import argparse
from typing import TYPE_CHECKING, Any

from textkind.cli.parsing import Parser, given, one_of, share, whole_number
from textkind.cli.usual_options import add_json, add_overwrite

if TYPE_CHECKING:
    from textkind.data.settings import SplitSettings


def add_data_arguments(parser: Parser) -> None:
    """Add the file of labelled text, and those of its test and validation part."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="labelled text: CSV, TSV, JSONL, Parquet, Arrow, fastText, each plain or .gz, "
        "a folder of text files for each class, or - for a pipe",
    )
    parser.add_argument("--test", metavar="FILE", help="test on this file (default: split off)")
    parser.add_argument(
        "--validation", metavar="FILE", help="validate on this file (default: split off)"
    )


def add_result_arguments(
    parser: Parser,
    out: str,
    document: str,
    replaced: str = "the run folder if it is there",
) -> None:
    """Add where the result is written, what may be replaced, and whether JSON is printed."""
    parser.add_argument("-o", "--out", metavar="DIR", help=out)
    add_overwrite(parser.add_argument, replaced)
    add_json(parser.add_argument, f"{document} instead of the table")


def add_keep_texts(parser: Parser) -> None:
    """Add how many training texts the run keeps."""
    parser.add_argument(
        "--keep-texts",
        metavar="NUMBER",
        type=whole_number(0),
        help="texts of each part that the run keeps at most, for `textkind similar` to look "
        "through and `textkind update` to learn again; 0 for private ones (default: 10000)",
    )


def add_map(parser: Parser) -> None:
    """Add how the map in the report is drawn."""
    parser.add_argument(
        "--map",
        metavar="NAME",
        type=one_of("pca", "umap", "none"),
        help="the map in the report: pca, umap (with the extra map), or none (default: pca)",
    )


def add_split_options(parser: Parser) -> None:
    """Add the options of SplitSettings, and the columns that a split can go by."""
    add = parser.add_argument_group("splitting").add_argument
    add(
        "--split",
        metavar="METHOD",
        type=one_of("stratified", "group", "time"),
        help="stratified, group, or time (default: by --group or --time, else stratified)",
    )
    add("--group", metavar="COLUMN", help="rows of one group stay together (default: none)")
    add("--time", metavar="COLUMN", help="later rows are tested (default: none)")
    add("--test-share", metavar="SHARE", type=share, help="of all rows (default: 0.2)")
    add("--validation-share", metavar="SHARE", type=share, help="of all rows (default: 0.1)")
    add(
        "--duplicates",
        metavar="WHERE",
        type=one_of("together", "anywhere"),
        help="equal texts: together on one side, or anywhere (default: together)",
    )
    add("--seed", metavar="NUMBER", type=whole_number(0), help="of all that is random (default: 0)")


def split_settings(arguments: argparse.Namespace) -> "SplitSettings":
    """The options as SplitSettings."""
    from textkind.data.settings import SplitSettings

    return SplitSettings(**split_options(arguments))


def split_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options that were given, by the names of SplitSettings."""
    split = given(arguments, "test_share", "validation_share", "seed", method="split")
    if arguments.duplicates is not None:
        split["duplicates_on_one_side"] = arguments.duplicates == "together"
    return split
