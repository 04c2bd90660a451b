"""textkind export: a model out of textkind, for other programs, with rows that prove it."""

import argparse
from typing import TYPE_CHECKING, Any

from textkind.cli.parsing import Parser, number_from, one_of, positive_number, share
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.usual_options import add_json, add_model, add_out, add_overwrite, add_threads

if TYPE_CHECKING:
    from textkind.export.artefact import Verified
    from textkind.workflow.export import ExportResult

DESCRIPTION = """\
Write a model for other programs: for onnxruntime, transformers, a browser or Ray Serve, with all
that is needed there. A few texts and the model's answers to them lie in what is written, and are
checked at once and whenever it is loaded."""

EXAMPLES = """\
examples:
  textkind export runs/reviews --to onnx -o reviews-onnx
  textkind export runs/reviews --to onnx --precision int8 --check new.csv -o reviews-int8
  textkind export runs/reviews --to huggingface -o reviews-for-the-hub
  textkind export runs/reviews --to compact --max-mb 0.5 --training reviews.csv -o reviews-small
  textkind export runs/reviews --to page -o reviews-page
  textkind export runs/reviews --to ray-serve -o served
  textkind export --verify reviews-onnx
  python reviews-onnx/run_onnx.py "a fine film"        without textkind
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of export."""
    add = parser.add_argument
    add_model(add)
    add(
        "--to",
        metavar="NAME",
        help="onnx, huggingface, compact, page, scikit-learn or ray-serve (default: none; needed "
        "but for --verify)",
    )
    add_out(add, "what to write (default: none; needed but for --verify)")
    add("--verify", action="store_true", help="MODEL is an export: is it as it was written?")
    add(
        "--precision",
        metavar="NAME",
        type=one_of("float32", "int8"),
        help="onnx: float32, or int8: smaller and quicker, nearly the same (default: float32)",
    )
    add(
        "--max-changed",
        metavar="SHARE",
        type=share,
        help="refuse it where more labels change than this share (default: int8 0.5%%, else 2%%)",
    )
    add(
        "--check",
        metavar="FILE",
        help="the texts by which that is counted (default: the training texts that the run keeps)",
    )
    add(
        "--max-mb",
        metavar="N",
        type=positive_number,
        help="compact, page, scikit-learn: prune the model to so many MB (default: as it is)",
    )
    add(
        "--training",
        metavar="FILE",
        help="with --max-mb: the file that it learned from; what is kept of a linear model is "
        "fitted to it anew, and what is lost measured on validation (default: weights stay)",
    )
    add(
        "--max-lost",
        metavar="POINTS",
        type=number_from(0),
        help="with --training: refuse it where more points of accuracy are lost (default: 1)",
    )
    add(
        "--custom-code",
        action="store_true",
        help="huggingface: bring code for a head that transformers has not; users must trust it",
    )
    add_overwrite(add)
    add_threads(add)
    add_json(add)
    add_reading_options(parser, labelled=False)


def run(arguments: argparse.Namespace) -> int:
    """Export or verify, and tell what was found."""
    from dataclasses import asdict

    from textkind.cli.terminal import print_json, talk_for
    from textkind.errors import SettingsError
    from textkind.export.settings import ExportSettings
    from textkind.workflow.export import export_model, verify_exported

    if arguments.verify:
        verified = verify_exported(arguments.model)
        if arguments.json:
            print_json(verified.card | {"rows": verified.rows, "gaps": verified.gaps})
        else:
            print(told_verified(verified))
        return 0
    if arguments.to is None or arguments.out is None:
        raise SettingsError(
            "an export needs a target and a place",
            hint="textkind export MODEL --to onnx -o OUT",
        )
    settings = ExportSettings(
        to=arguments.to,
        overwrite=arguments.overwrite,
        precision=arguments.precision,
        most_changed=arguments.max_changed,
        check=arguments.check,
        most_mb=arguments.max_mb,
        most_lost=arguments.max_lost,
        training=arguments.training,
        reading=read_settings(arguments),
        custom_code=arguments.custom_code or None,
        threads=arguments.threads,
    )
    result = export_model(arguments.model, arguments.out, settings, talk_for(arguments))
    if arguments.json:
        print_json(asdict(result))
    else:
        print(told_export(result))
    return 0


def told_export(result: "ExportResult") -> str:
    """Where it lies, how large it is, and how near its golden rows are."""
    return (
        f"{told_gaps(result.rows, result.gaps)}\n"
        f"{result.size / 1e6:,.1f} MB written to {result.output}"
    )


def told_verified(verified: "Verified") -> str:
    """What it is, and that it is sound."""
    card = verified.card
    return (
        f"{card['target']}, a {card['kind']} model with {len(card['labels']):,} labels, "
        f"exported by textkind {card['textkind']}\n"
        f"sound: {told_gaps(verified.rows, verified.gaps)}"
    )


def told_gaps(rows: int, gaps: dict[str, Any]) -> str:
    """The golden rows in a sentence."""
    return (
        f"{rows:,} golden rows answered as before; probabilities differ by "
        f"{gaps['probabilities']:.1g} at most"
    )
