"""The audit, and what probabilities, promises, error groups, forecasts and explanations are worth.

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
    error_groups,
    explanations,
    imbalance,
    label_noise,
    near_duplicates,
    next_steps,
    out_of_scope,
    promises,
    report_size,
    similar,
)

QUESTIONS: dict[str, Question] = {
    "near_duplicates": near_duplicates.ask,
    "audit_speed": audit_speed.ask,
    "label_noise": label_noise.ask,
    "imbalance": imbalance.ask,
    "calibration_error": calibration_error.ask,
    "error_groups": error_groups.ask,
    "forecast": next_steps.ask_forecast,
    "next_texts": next_steps.ask_texts,
    "promises": promises.ask,
    "similar": similar.ask,
    "report": report_size.ask,
    "out_of_scope": out_of_scope.ask,
    "explanations": explanations.ask,
}


def main() -> int:
    about = __doc__.splitlines()[0] if __doc__ else ""
    return ask_questions("python -m bench.trust", about, QUESTIONS, TRUST_PEERS)


if __name__ == "__main__":
    sys.exit(main())
