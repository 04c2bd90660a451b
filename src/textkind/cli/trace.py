"""textkind trace: the road of a text through a model, step by step."""

import argparse

from textkind.cli.parsing import Parser, one_of
from textkind.cli.usual_options import add_json, add_model, add_texts, add_top

DESCRIPTION = """\
Show how a text becomes a label: what is read of it, tokens or n-grams, vectors, logits,
probabilities, and why the label is given. Of every model."""

EXAMPLES = """\
examples:
  textkind trace runs/reviews "a fine film"
  textkind trace runs/reviews "a fine film" --top 5
  textkind trace runs/reviews "a fine film" "not a fine film" --json
  cat texts.txt | textkind trace runs/reviews -                    one text a line
"""


def add_arguments(parser: Parser) -> None:
    """Add the options of trace."""
    add = parser.add_argument
    add_model(add)
    add_texts(add)
    add_top(add)
    add("--full", action="store_true", help="all rows, and columns of all labels")
    add(
        "--precision",
        metavar="NAME",
        type=one_of("auto", "float32", "bfloat16", "int8"),
        help="that a network reads in, as for predict; the steps are computed in float32, and the "
        "difference is told (default: float32)",
    )
    add_json(add)


def run(arguments: argparse.Namespace) -> int:
    """Trace each text, and print its road."""
    from dataclasses import asdict

    from textkind.cli.terminal import print_json, talk_for
    from textkind.cli.texts import given_texts
    from textkind.cli.trace_tables import trace_blocks
    from textkind.workflow.labelling import reading_in
    from textkind.workflow.origin import classifier_of
    from textkind.workflow.trace import texts_kept_in, trace_text

    texts = given_texts(arguments.texts)
    classifier, _ = classifier_of(arguments.model)
    classifier = reading_in(classifier, arguments.precision, talk_for(arguments))
    top = None if arguments.full else arguments.top
    known = texts_kept_in(classifier, arguments.model)
    traces = (trace_text(classifier, text, top, known) for text in texts)
    if arguments.json:
        print_json({"traces": [asdict(trace) for trace in traces]})
        return 0
    for number, trace in enumerate(traces, 1):
        if len(texts) > 1:
            print(f"text {number:,} of {len(texts):,}\n")
        print(trace_blocks(trace) + ("\n" if number < len(texts) else ""))
    return 0
