"""The command of a bench: asks its questions, prints their tables and the figures to reach."""

import argparse
import os
from collections.abc import Callable

from bench import data
from bench.peers.setup import build_peers
from bench.results import Answer, goal_rows, keep, table

Question = Callable[[int], Answer]  # asked with the turns a side


def ask_questions(
    program: str, about: str, questions: dict[str, Question], peers: tuple[str, ...]
) -> int:
    """Asks the questions of the command line, all by default; the exit status.

    The peers of these names are built first where they are not there yet. Without the data it says
    so and stops.
    """
    parser = argparse.ArgumentParser(prog=program, description=about)
    parser.add_argument(
        "questions",
        nargs="*",
        metavar="QUESTION",
        help=f"one or more of {', '.join(questions)}; all by default",
    )
    parser.add_argument(
        "--runs", type=int, default=3, help="turns a side; the median counts (default 3)"
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.questions if name not in questions]
    if unknown:
        parser.error(f"no question {', '.join(unknown)}; there are {', '.join(questions)}")
    if data.missing():
        print(f"skipped: {data.missing()}")
        return 0
    build_peers(peers)
    goals, failed = [], 0
    for name in arguments.questions if arguments.questions else questions:
        load = os.getloadavg()[0]
        try:
            answer = questions[name](arguments.runs)
        except RuntimeError as error:  # a side failed: the other questions can still be asked
            failed += 1
            print(f"## {name}\n\nfailed: {error}\n", flush=True)
            continue
        keep(name, answer, load)
        goals += answer.goals
        print(f"## {name}\n\n{table(answer.rows)}\n", flush=True)
    print(f"## Figures to reach\n\n{table(goal_rows(goals))}")
    return 1 if failed else 0
