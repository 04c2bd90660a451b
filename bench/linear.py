"""The linear model beside scikit-learn, fastText and Vowpal Wabbit.

    python -m bench.linear [--runs 3] [QUESTION ...]

Asks every question, or the named ones; prints a table for each and, at the end, the figures to
reach. The peers' environments are built on first use. Without the data it says so and stops.
"""

import argparse
import os
import sys
from collections.abc import Callable

from bench import data
from bench.peers.setup import build_peers
from bench.questions import (
    calibration,
    features_speed,
    first_call,
    fit_speed,
    memory,
    model_size,
    predict_speed,
    quality,
    row_order,
    search_cost,
)
from bench.results import Answer, goal_rows, keep, table

QUESTIONS: dict[str, Callable[[int], Answer]] = {
    "fit_speed": fit_speed.ask,
    "search_cost": search_cost.ask,
    "features_speed": features_speed.ask,
    "predict_speed": predict_speed.ask,
    "memory": memory.ask,
    "model_size": model_size.ask,
    "first_call": first_call.ask,
    "calibration": calibration.ask,
    "row_order": row_order.ask,
    "quality": quality.ask,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.linear", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument(
        "questions",
        nargs="*",
        metavar="QUESTION",
        help=f"one or more of {', '.join(QUESTIONS)}; all by default",
    )
    parser.add_argument(
        "--runs", type=int, default=3, help="turns a side; the median counts (default 3)"
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.questions if name not in QUESTIONS]
    if unknown:
        parser.error(f"no question {', '.join(unknown)}; there are {', '.join(QUESTIONS)}")
    if data.missing():
        print(f"skipped: {data.missing()}")
        return 0
    build_peers()
    goals, failed = [], 0
    for name in arguments.questions if arguments.questions else QUESTIONS:
        load = os.getloadavg()[0]
        try:
            answer = QUESTIONS[name](arguments.runs)
        except RuntimeError as error:  # a side failed: the other questions can still be asked
            failed += 1
            print(f"## {name}\n\nfailed: {error}\n", flush=True)
            continue
        keep(name, answer, load)
        goals += answer.goals
        print(f"## {name}\n\n{table(answer.rows)}\n", flush=True)
    print(f"## Figures to reach\n\n{table(goal_rows(goals))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
