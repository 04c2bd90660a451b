"""The ladder, `textkind compare` at its defaults: how long it takes, and how much memory.

    python -m bench.ladder

Prints the table of the rungs and the figures to reach. Without the data it says so and stops.
"""

import sys

from bench.asking import Question, ask_questions
from bench.questions import ladder

QUESTIONS: dict[str, Question] = {"ladder": ladder.ask}


def main() -> int:
    about = __doc__.splitlines()[0] if __doc__ else ""
    return ask_questions("python -m bench.ladder", about, QUESTIONS, ())


if __name__ == "__main__":
    sys.exit(main())
