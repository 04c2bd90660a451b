"""textkind show: what a model is and what it learned."""

import argparse

from textkind.cli.parsing import Parser
from textkind.cli.usual_options import add_json, add_model

DESCRIPTION = "Tell what a model is: its labels, settings, size, origin and figures."

EXAMPLES = """\
examples:
  textkind show runs/reviews
  textkind show runs/reviews/model --json
  textkind show runs/reviews --gradients
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of show."""
    add_model(parser.add_argument)
    parser.add_argument(
        "--gradients",
        action="store_true",
        help="of an rnn or transformer: how far back in a text the loss's gradient reaches",
    )
    add_json(parser.add_argument)


def run(arguments: argparse.Namespace) -> int:
    """Print the model card, and the figures where the model lies in its run folder."""
    from pathlib import Path

    from textkind.cli.figures import model_table
    from textkind.cli.terminal import print_json
    from textkind.storage.model_folder import read_card
    from textkind.storage.run_folder import read_metrics

    card = read_card(Path(arguments.model))
    metrics = read_metrics(Path(arguments.model))
    if arguments.gradients:
        from textkind.cli.gradients import gradient_picture, gradients_of

        told = gradients_of(metrics, card["kind"], arguments.model)
        if arguments.json:
            print_json({"model": card["kind"], "gradients": told})
        else:
            print(gradient_picture(told))
    elif arguments.json:
        print_json({"model": card, "metrics": metrics})
    else:
        print(model_table(card, metrics))
    return 0
