"""Beyond one machine and into other hands: data larger than memory, Ray, tuning, updates, exports.

    python -m bench.scale [--runs 3] [--texts 300000] [QUESTION ...]

Asks every question, or the named ones; prints a table for each and, at the end, the figures to
reach. `--texts` is the size of the corpora that are made: 10000000 is that of the figures. The
peers' environments are built on first use. Without the data it says so and stops.
"""

import sys

from bench.asking import Question, ask_questions
from bench.peers.setup import PRETRAINED_PEERS
from bench.questions import (
    linear_stream,
    onnx_int8,
    predict_stream,
    ray_predict,
    ray_training,
    small_file,
    tuning,
    updating,
)

PEERS = (*PRETRAINED_PEERS, "fasttext", "vowpalwabbit")
QUESTIONS: dict[str, Question] = {
    "linear_stream": linear_stream.ask,
    "onnx_int8": onnx_int8.ask,
    "predict_stream": predict_stream.ask,
    "ray_predict": ray_predict.ask,
    "ray_training": ray_training.ask,
    "small_file": small_file.ask,
    "tuning": tuning.ask,
    "updating": updating.ask,
}


def main() -> int:
    about = __doc__.splitlines()[0] if __doc__ else ""
    return ask_questions("python -m bench.scale", about, QUESTIONS, PEERS)


if __name__ == "__main__":
    sys.exit(main())
