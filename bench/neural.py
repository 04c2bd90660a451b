"""The neural models beside a plain PyTorch loop, Model2Vec and Hugging Face's tokenizers.

    python -m bench.neural [--runs 3] [QUESTION ...]

Asks every question, or the named ones; prints a table for each and, at the end, the figures to
reach. The peers' environments are built on first use. Without the data it says so and stops.
"""

import sys

from bench.asking import Question, ask_questions
from bench.peers.setup import NEURAL_PEERS
from bench.questions import (
    neural_memory,
    neural_quality,
    static_vectors,
    training_speed,
    wordpiece_speed,
)

QUESTIONS: dict[str, Question] = {
    "training_speed": training_speed.ask,
    "wordpiece_speed": wordpiece_speed.ask,
    "static_vectors": static_vectors.ask,
    "neural_memory": neural_memory.ask,
    "neural_quality": neural_quality.ask,
}


def main() -> int:
    about = __doc__.splitlines()[0] if __doc__ else ""
    return ask_questions("python -m bench.neural", about, QUESTIONS, NEURAL_PEERS)


if __name__ == "__main__":
    sys.exit(main())
