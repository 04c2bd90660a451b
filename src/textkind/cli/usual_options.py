"""The options that most commands have, in one form: each is added by the add_argument given."""

from collections.abc import Callable
from typing import Any

from textkind.cli.parsing import number_between, whole_number

Add = Callable[..., Any]  # add_argument of a parser or of a group of its options


def add_model(add: Add) -> None:
    """The model, which comes first."""
    add("model", metavar="MODEL", help="a run folder, or the model folder in it")


def add_texts(add: Add) -> None:
    """TEXT, one or more, as cli/texts.py takes them."""
    add("texts", metavar="TEXT", nargs="+", help="texts; - for a pipe, one text a line")


def add_top(add: Add) -> None:
    """--top: how long the tables printed of a text are."""
    add(
        "--top",
        metavar="NUMBER",
        type=whole_number(1),
        default=10,
        help="rows of a table at most (default: %(default)s)",
    )


def add_out(add: Add, what: str, **more: Any) -> None:
    """--out, a file: what is written there; more goes to add_argument."""
    add("-o", "--out", metavar="OUT", help=what, **more)


def add_slices(add: Add, what: str) -> None:
    """--slice, once for each column: what is told of its values."""
    add(
        "--slice",
        metavar="COLUMN",
        action="append",
        default=[],
        help=f"{what}; give it once for each column (default: length, script, language and columns "
        "of few values)",
    )


def add_figure(add: Add) -> None:
    """--figure: what two models are compared by."""
    add(
        "--figure",
        metavar="NAME",
        help="what must not get worse: accuracy, macro_f1, log_loss or another headline figure of "
        "metrics.json (default: accuracy; of several labels micro_f1)",
    )


def add_level(add: Add) -> None:
    """--level: how sure a difference for the worse must be."""
    add(
        "--level",
        metavar="NUMBER",
        type=number_between(0, 1),
        default=0.05,
        help="p below which it is significantly worse (default: %(default)s)",
    )


def add_overwrite(add: Add, what: str = "OUT if it is there") -> None:
    """--overwrite: what is replaced instead of refused."""
    add("--overwrite", action="store_true", help=f"replace {what} (default: refuse)")


def add_seed(add: Add, of: str) -> None:
    """--seed, of which randomness; 0 by default."""
    add(
        "--seed",
        metavar="NUMBER",
        type=whole_number(0),
        default=0,
        help=f"of {of} (default: %(default)s)",
    )


def add_threads(add: Add) -> None:
    """--threads: 1 or more; None stands for one a core."""
    add("--threads", metavar="NUMBER", type=whole_number(1), help="(default: one a core)")


def add_json(add: Add, what: str = "one JSON document") -> None:
    """--json: what is printed in place of tables."""
    add("--json", action="store_true", help=f"print {what}")
