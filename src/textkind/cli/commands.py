"""The command `textkind`: finds the command asked for, runs it, turns errors into exit codes.

Exit codes: 0 done, 1 we failed, 2 asked wrongly, 130 interrupted by Ctrl-C.
"""

import argparse
import contextlib
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from textkind import __version__
from textkind.cli.parsing import Parser
from textkind.errors import SettingsError, TextkindError, did_you_mean

COMMANDS = {
    "train": "learn from labelled text; write a model, its figures and a report",
    "compare": "fit every model on one split; tell which is worth its cost",
    "tune": "search for the settings of a model that do best on validation",
    "distil": "let a small, fast model learn from a big one",
    "update": "let a run learn on from new labelled text, without forgetting",
    "audit": "look for what makes figures lie: leaks, wrong labels, give-aways",
    "clean": "leave out, or mend, what an audit finds",
    "crossvalidate": "test every row once, by fits that have not seen it",
    "evaluate": "measure a model on labelled text",
    "diff": "compare two models row by row; fail on a regression",
    "errors": "group a model's mistakes by what may be their cause",
    "behaviour": "change texts a little, and tell how often the answer flips",
    "explain": "tell which words of a text made a model say what it says",
    "next": "tell what to do next: more texts, labels to check, texts to label",
    "predict": "label texts with a model",
    "export": "write a model for other programs, with rows that prove it",
    "serve": "answer HTTP requests with the labels of texts",
    "map": "draw texts as points, near where a model finds them alike",
    "similar": "tell how near texts lie, and which training texts lie nearest",
    "trace": "show how a text becomes a label, step by step",
    "show": "tell what a model is and what it learned",
    "zero": "make a model of label names alone, without a labelled text",
}

EXAMPLES = """\
examples:
  textkind train reviews.csv
  textkind train train.csv --test test.csv --out runs/reviews
  textkind compare reviews.csv --budget 10m
  textkind evaluate runs/reviews new.csv
  textkind predict runs/reviews unlabelled.csv -o labelled.csv
  echo "a fine film" | textkind predict runs/reviews -
  textkind zero labels.txt --out first-model
"""

EVERYWHERE = {
    "--quiet": "tell nothing but results and errors",
    "--debug": "show the traceback of an error",
}

FAILED, INTERRUPTED = 1, 130


class Command(Protocol):
    """What the file of a command holds."""

    DESCRIPTION: str
    EXAMPLES: str

    def add_arguments(self, parser: Parser) -> None:
        """Add the options of the command."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do the work and return the exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; nothing is raised but --help's SystemExit."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    debug = "--debug" in given
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot show
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(given)
        sys.stdout.flush()  # here, where a closed pipe or a full disk can still be told
        return code
    except BrokenPipeError:  # the reader has seen enough, as in `textkind show ... | head`
        _abandon_stdout()
        return FAILED
    except KeyboardInterrupt as interrupt:
        _say("interrupted: " + "; ".join(_notes(interrupt) or ["nothing is left half written"]))
        return INTERRUPTED
    except TextkindError as error:
        _say(f"error: {error}", *(_notes(error) if error.exit_code == FAILED else []))
        if debug:
            raise
        return error.exit_code
    except OSError as error:
        place = "standard output" if error.filename is None else error.filename
        _say(f"error: {place}: {error.strerror}", *_notes(error))
        if debug:
            raise
        _abandon_stdout()
        return FAILED
    except MemoryError as error:
        _say("error: the memory of this machine is not enough", *_notes(error))
        return FAILED
    except Exception as error:
        _say(f"internal error: {type(error).__name__}: {error}", *_notes(error))
        if debug:
            raise
        _say(
            "this is a fault in textkind, not yours; please report it with what this prints:",
            f"textkind {' '.join(given)} --debug",
        )
        return FAILED


def build_parser() -> tuple[Parser, dict[str, Parser]]:
    """The parser of the whole command line, and those of the commands by name."""
    parser = Parser(
        prog="textkind",
        description="Labelled text in, a classifier out that you can trust and afford.",
        epilog=EXAMPLES + "\n`textkind COMMAND --help` tells the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"textkind {__version__}")
    for option, purpose in EVERYWHERE.items():
        parser.add_argument(option, action="store_true", help=purpose)
    places = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands = {}
    for name, purpose in COMMANDS.items():
        module = _module(name)
        command = places.add_parser(
            name, help=purpose, description=module.DESCRIPTION, epilog=module.EXAMPLES
        )
        module.add_arguments(command)
        for option, purpose in EVERYWHERE.items():
            # SUPPRESS keeps the value that was given before the command.
            command.add_argument(
                option, action="store_true", default=argparse.SUPPRESS, help=purpose
            )
        commands[name] = command
    return parser, commands


def _run(given: list[str]) -> int:
    parser, commands = build_parser()
    if not given:
        parser.print_help(sys.stderr)
        return 2
    command = next((word for word in given if not word.startswith("-")), None)
    if command is not None and command not in COMMANDS:
        raise SettingsError(
            "there is no such command", found=command, hint=did_you_mean(command, COMMANDS)
        )
    arguments, unknown = parser.parse_known_args(given)
    if unknown:
        commands[arguments.command].refuse(unknown)
    arguments.typed = given
    return _module(arguments.command).run(arguments)


def _module(command: str) -> Command:
    return cast(Command, importlib.import_module(f"textkind.cli.{command}"))


def _abandon_stdout() -> None:
    """Give what is still to be flushed at exit a place to go, or Python would complain."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # not a real file
        return


def _notes(error: BaseException) -> list[str]:
    """What was said about an error on its way here, such as what became of a folder."""
    notes: list[str] = []
    chain: BaseException | None = error
    while chain is not None:  # a second Ctrl-C during the clean-up hides the first
        notes += [note for note in getattr(chain, "__notes__", []) if note not in notes]
        chain = chain.__context__
    return notes


def _say(*lines: str) -> None:
    """Tell the user on stderr, if anyone still listens."""
    from textkind.cli.terminal import printable

    with contextlib.suppress(OSError):
        print(*(f"textkind: {printable(line)}" for line in lines), sep="\n", file=sys.stderr)
