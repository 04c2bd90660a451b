"""The promises that predict keeps and evaluate checks, as options."""

import argparse
from typing import TYPE_CHECKING, Any

from textkind.cli.parsing import Parser, given, one_of, share

if TYPE_CHECKING:
    from textkind.decision.conformal import ConformalSettings

SET_METHODS = ("lac", "aps", "raps")


def add_promises(parser: Parser) -> Any:
    """The group of promises, to which a command may add more."""
    group = parser.add_argument_group("promises, made of the model's validation texts")
    group.add_argument(
        "--max-error",
        metavar="SHARE",
        type=share,
        help="leave the unsure without a label, so that at most this share of the answers is wrong "
        "with 95 %% confidence: 2%% or 0.02 (default: answer all)",
    )
    group.add_argument(
        "--sets",
        metavar="SHARE",
        type=share,
        help="a set of labels for each text; the true one is in it for this share of texts: "
        "90%% or 0.9 (default: no sets)",
    )
    group.add_argument(
        "--set-method",
        metavar="NAME",
        type=one_of(*SET_METHODS),
        help="lac: small sets; aps, raps: larger where the model is unsure (default: lac)",
    )
    group.add_argument(
        "--per-class",
        action="store_true",
        default=None,
        help="the share of --sets holds for each true label (default: over all texts)",
    )
    return group


def set_settings(arguments: argparse.Namespace) -> "ConformalSettings | None":
    """What --sets asks for; None where it is not given; SettingsError for options of it alone."""
    from textkind.decision.conformal import ConformalSettings
    from textkind.errors import SettingsError

    chosen = given(arguments, coverage="sets", method="set_method", per_class="per_class")
    if "coverage" in chosen:
        return ConformalSettings(**chosen)
    for name in chosen:
        option = {"method": "--set-method"}.get(name, "--per-class")
        raise SettingsError(f"{option} is an option of sets", hint="ask for them: --sets 90%")
    return None
