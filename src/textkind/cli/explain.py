"""textkind explain: a model and texts in, the words that decided out."""

import argparse

from textkind.cli.parsing import Parser, one_of, positive_number, whole_number
from textkind.cli.usual_options import add_json, add_model, add_texts, add_threads, add_top

DESCRIPTION = """\
Tell which words of a text made a model say what it says: exactly of the linear model, by integrated
gradients of networks, and of any model by leaving words out one after the other."""

EXAMPLES = """\
examples:
  textkind explain runs/reviews "A fine film, but far too long."
  textkind explain runs/topics "Profits at the club fell" --label business --against sports
  textkind explain runs/reviews "A fine film" --method leave-one-out --check
  cat texts.txt | textkind explain runs/reviews - --json > explained.json
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of explain."""
    add = parser.add_argument
    add_model(add)
    add_texts(add)
    add("--label", metavar="NAME", help="explain this label (default: that of the decision)")
    add(
        "--against",
        metavar="NAME",
        help="explain why --label rather than this one (default: rather than the rest)",
    )
    add(
        "--method",
        metavar="NAME",
        type=one_of("auto", "weights", "gradients", "leave-one-out"),
        help="auto, weights (linear model), gradients (networks) or leave-one-out (any model) "
        "(default: auto)",
    )
    add(
        "--tolerance",
        metavar="NUMBER",
        type=positive_number,
        help="of gradients: how far their sum may be from the difference, in logits or as a share "
        "of a difference above 1 (default: 0.01)",
    )
    add(
        "--most-steps",
        metavar="NUMBER",
        type=whole_number(1),
        help="of gradients, between the baseline and the text (default: 1024)",
    )
    add(
        "--most-pieces",
        metavar="NUMBER",
        type=whole_number(1),
        help="of leave-one-out: of a text of more words several are left out at a time "
        "(default: 256)",
    )
    add(
        "--check",
        action="store_true",
        help="measure whether the heaviest words matter more than words drawn at random",
    )
    add("--seed", metavar="NUMBER", type=whole_number(0), help="of --check (default: 0)")
    add_top(add)
    add_threads(add)
    add_json(add)


def run(arguments: argparse.Namespace) -> int:
    """Explain each text, and print it with its words marked."""
    from dataclasses import asdict

    from textkind.cli.explained_texts import print_explained
    from textkind.cli.parsing import given
    from textkind.cli.terminal import print_json, talk_for
    from textkind.cli.texts import given_texts
    from textkind.explain.settings import ExplainSettings
    from textkind.workflow.explain import explain_texts

    settings = ExplainSettings(
        check=arguments.check,
        **given(
            arguments, "label", "against", "method", "tolerance", "most_steps", "most_pieces",
            "seed", "threads",
        ),
    )  # fmt: skip
    texts = given_texts(arguments.texts)
    explained = explain_texts(arguments.model, texts, settings, talk_for(arguments))
    if arguments.json:
        print_json({"texts": [asdict(one) for one in explained]})
    else:
        print_explained(explained, arguments.top)
    return 0
