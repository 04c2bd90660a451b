"""The options that say how probabilities become labels."""

import argparse
from typing import TYPE_CHECKING

from textkind.cli.parsing import Parser, given, whole_number

if TYPE_CHECKING:
    from textkind.decision.rule_settings import RuleSettings


def add_rule_options(parser: Parser) -> None:
    """Add the options; what is not given stays as in RuleSettings."""
    add = parser.add_argument_group("how labels are chosen").add_argument
    add(
        "--threshold",
        metavar="RULE",
        help="the lowest probability of a label that is given: a number, or by validation "
        "micro-f1, macro-f1, per-label-f1, precision=FLOOR, recall=FLOOR, "
        "per-label-precision=FLOOR or per-label-recall=FLOOR; with two labels of which a text has "
        "one f1, macro-f1, precision=FLOOR, recall=FLOOR; most-probable (default: auto: with "
        "several labels micro and macro F1 together, else the most probable)",
    )
    add(
        "--positive",
        metavar="LABEL",
        help="with two labels, the one that the threshold is of (default: the second)",
    )
    add(
        "--costs",
        metavar="FILE",
        help="a CSV or JSON file of what every predicted label costs for every gold one: the label "
        "of least expected cost is given (default: none)",
    )
    add(
        "--top",
        metavar="NUMBER",
        type=whole_number(1),
        help="with several labels: always give so many, the most probable (default: none)",
    )
    add(
        "--at-least-one",
        action="store_true",
        help="with several labels: give the most probable where none reaches its threshold",
    )


def rule_settings(arguments: argparse.Namespace) -> "RuleSettings":
    """The settings of the rule; SettingsError where they make no sense."""
    from textkind.decision.rule_settings import RuleSettings

    return RuleSettings(**given(arguments, "threshold", "positive", "costs", "top", "at_least_one"))
