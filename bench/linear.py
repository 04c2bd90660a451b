"""The linear model beside scikit-learn, fastText and Vowpal Wabbit.

    python -m bench.linear [--runs 3] [QUESTION ...]

Asks every question, or the named ones; prints a table for each and, at the end, the figures to
reach. The peers' environments are built on first use. Without the data it says so and stops.
"""

import sys

from bench.asking import Question, ask_questions
from bench.peers.setup import LINEAR_PEERS
from bench.questions import (
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

QUESTIONS: dict[str, Question] = {
    "fit_speed": fit_speed.ask,
    "search_cost": search_cost.ask,
    "features_speed": features_speed.ask,
    "predict_speed": predict_speed.ask,
    "memory": memory.ask,
    "model_size": model_size.ask,
    "first_call": first_call.ask,
    "row_order": row_order.ask,
    "quality": quality.ask,
}


def main() -> int:
    about = __doc__.splitlines()[0] if __doc__ else ""
    return ask_questions("python -m bench.linear", about, QUESTIONS, LINEAR_PEERS)


if __name__ == "__main__":
    sys.exit(main())
