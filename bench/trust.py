"""The audit, and what probabilities and promises are worth.

    python -m bench.trust [QUESTION ...]

Prints a table for each question and, at the end, the figures to reach. Without the data it says so
and stops.
"""

import sys

from bench.asking import Question, ask_questions
from bench.peers.setup import TRUST_PEERS
from bench.questions import (
    audit_speed,
    calibration_error,
    imbalance,
    label_noise,
    near_duplicates,
)

QUESTIONS: dict[str, Question] = {
    "near_duplicates": near_duplicates.ask,
    "audit_speed": audit_speed.ask,
    "label_noise": label_noise.ask,
    "imbalance": imbalance.ask,
    "calibration_error": calibration_error.ask,
}


def main() -> int:
    about = __doc__.splitlines()[0] if __doc__ else ""
    return ask_questions("python -m bench.trust", about, QUESTIONS, TRUST_PEERS)


if __name__ == "__main__":
    sys.exit(main())
