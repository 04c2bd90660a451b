"""The service beside minimal endpoints of FastAPI, and under load, faults and fuzz.

    python -m bench.serve [QUESTION ...] [--minutes 30] [--cases 20000]

Prints a table for each question and, at the end, the figures to reach. --minutes are those of soak
(default 2), --cases what fuzz makes at least (default 500). Needs wrk. Without the data it
says so and stops.
"""

import argparse
import sys

from bench.asking import Question, ask_questions
from bench.peers.setup import SERVE_PEERS
from bench.questions import (
    serve_fuzz,
    serve_overhead,
    serve_overload,
    serve_soak,
    serve_throughput,
)

QUESTIONS: dict[str, Question] = {
    "throughput_linear": serve_throughput.ask_linear,
    "throughput_encoder": serve_throughput.ask_encoder,
    "overhead": serve_overhead.ask,
    "soak": serve_soak.ask,
    "overload": serve_overload.ask,
    "fuzz": serve_fuzz.ask,
}


def main() -> int:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--minutes", type=float, default=serve_soak.MINUTES)
    parser.add_argument("--cases", type=int, default=serve_fuzz.CASES)
    told, rest = parser.parse_known_args()
    serve_soak.MINUTES, serve_fuzz.CASES = told.minutes, told.cases
    sys.argv[1:] = rest
    about = __doc__.splitlines()[0] if __doc__ else ""
    return ask_questions("python -m bench.serve", about, QUESTIONS, SERVE_PEERS)


if __name__ == "__main__":
    sys.exit(main())
