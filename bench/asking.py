"""The command of a bench: asks its questions, prints their tables and the figures to reach."""

import argparse
import inspect
import os
from collections.abc import Callable

from bench import data
from bench.peers.setup import build_peers
from bench.results import Answer, goal_rows, keep, table

# asked with the turns a side and, where it takes them, sets of texts or a number of texts
Question = Callable[..., Answer]


def ask_questions(
    program: str, about: str, questions: dict[str, Question], peers: tuple[str, ...]
) -> int:
    """Asks the questions of the command line, all by default; the exit status.

    QUESTION:SET,SET asks it of these sets alone, where its function takes sets. The peers of these
    names are built first where they are not there yet. Without the data it says so and stops.
    """
    parser = argparse.ArgumentParser(prog=program, description=about)
    parser.add_argument(
        "questions",
        nargs="*",
        metavar="QUESTION",
        help=f"one or more of {', '.join(questions)}; all by default; NAME:SET,SET for some sets",
    )
    parser.add_argument(
        "--runs", type=int, default=3, help="turns a side; the median counts (default 3)"
    )
    sized = [name for name, question in questions.items() if takes(question, "texts")]
    if sized:
        parser.add_argument(
            "--texts", type=int, help=f"the size of what is made for {', '.join(sized)}"
        )
    arguments = parser.parse_args()
    asked = [wanted(text, questions, parser) for text in arguments.questions or questions]
    if data.missing():
        print(f"skipped: {data.missing()}")
        return 0
    build_peers(peers)
    goals, failed = [], 0
    for name, sets in asked:
        load = os.getloadavg()[0]
        title = name if sets is None else f"{name}, {', '.join(sets)}"
        try:
            more = {} if sets is None else {"sets": sets}
            if name in sized and arguments.texts is not None:
                more["texts"] = arguments.texts
            answer = questions[name](arguments.runs, **more)
        except RuntimeError as error:  # a side failed: the other questions can still be asked
            failed += 1
            print(f"## {title}\n\nfailed: {error}\n", flush=True)
            continue
        keep(name if sets is None else f"{name}-{'-'.join(sets)}", answer, load)
        goals += answer.goals
        print(f"## {title}\n\n{table(answer.rows)}\n", flush=True)
    print(f"## Figures to reach\n\n{table(goal_rows(goals))}")
    return 1 if failed else 0


def takes(question: Question, name: str) -> bool:
    """Whether the question has a parameter of that name."""
    return name in inspect.signature(question).parameters


def wanted(
    text: str, questions: dict[str, Question], parser: argparse.ArgumentParser
) -> tuple[str, tuple[str, ...] | None]:
    """The question and the sets of QUESTION or QUESTION:SET,SET; None: all of its sets."""
    name, _, told = text.partition(":")
    if name not in questions:
        parser.error(f"no question {name}; there are {', '.join(questions)}")
    if not told:
        return name, None
    known = inspect.signature(questions[name]).parameters.get("sets")
    if known is None:
        parser.error(f"{name} is not asked of sets")
    sets = tuple(told.split(","))
    unknown = [one for one in sets if one not in known.default]
    if unknown:
        parser.error(f"{name} has no {', '.join(unknown)}; there are {', '.join(known.default)}")
    return name, sets
