"""textkind zero: label names in, a model out that has seen no labelled text."""

import argparse

from textkind.cli.parsing import Parser, positive_number
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.usual_options import add_overwrite, add_threads

DESCRIPTION = """\
Make a classifier of the names of the labels, and of descriptions if there are any: a text gets the
label whose vector is nearest to its own. Needs the extra `pretrained`. Where there are 8 labelled
texts for each label, `textkind train --model frozen` does far better."""

EXAMPLES = """\
examples:
  textkind zero labels.txt --out tickets-model                one name a line
  textkind zero labels.csv --out tickets-model                columns label and description
  textkind zero labels.csv --out tickets-model --unlabelled tickets.csv --text body
  textkind predict tickets-model tickets.csv -o labelled.csv
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of zero."""
    add = parser.add_argument
    add("labels", metavar="LABELS", help="a .csv or .tsv with the column label, or a name a line")
    add(
        "-o",
        "--out",
        metavar="DIR",
        required=True,
        help="the model folder to write; it must be named, there is no default",
    )
    add_overwrite(add, "it if it is there")
    add(
        "--unlabelled",
        metavar="FILE",
        help="texts such as will come; similarity is then measured from their mean (default: none)",
    )
    add(
        "--template",
        metavar="TEXT",
        action="append",
        help="a sentence with {label} in it; give it more than once for several "
        "(default: '{label}' and 'This text is about {label}.')",
    )
    add(
        "--temperature",
        metavar="NUMBER",
        type=positive_number,
        help="that similarities are divided by; lower is surer (default: 0.06)",
    )
    add(
        "--encoder",
        metavar="NAME",
        help="the pretrained encoder: a folder, or a name of the Hugging Face hub "
        "(default: the bundled MiniLM)",
    )
    add("--revision", metavar="COMMIT", help="of a name of the hub (default: its newest)")
    add_threads(add)
    add_reading_options(parser, labelled=False)


def run(arguments: argparse.Namespace) -> int:
    """Make the model, and print what it is."""
    from pathlib import Path

    from textkind.cli.figures import model_table
    from textkind.cli.parsing import given
    from textkind.cli.terminal import talk_for
    from textkind.models.zero_shot_settings import ZeroShotSettings
    from textkind.storage.model_folder import read_card
    from textkind.workflow.zero_shot import ZeroSettings, zero_shot

    model = given(arguments, "temperature", "revision")
    if arguments.encoder is not None:
        model["encoder"] = arguments.encoder
    if arguments.template is not None:
        model["templates"] = tuple(arguments.template)
    out = Path(arguments.out)
    settings = ZeroSettings(
        out,
        overwrite=arguments.overwrite,
        unlabelled=arguments.unlabelled,
        reading=read_settings(arguments),
        model=ZeroShotSettings(**model),
        **given(arguments, "threads"),
    )
    zero_shot(arguments.labels, settings, talk_for(arguments))
    print(model_table(read_card(out), None))
    return 0
