"""Pretrained encoders beside Hugging Face's Trainer and pipeline, PyTorch and onnxruntime.

    python -m bench.pretrained [--runs 3] [QUESTION ...]
    python -m bench.pretrained pretrained_quality:trec,cr

Asks every question, or the named ones, of all their sets or of some; prints a table for each and,
at the end, the figures to reach. The peers' environment is built on first use. Without the data it
says so and stops.
"""

import sys

from bench.asking import Question, ask_questions
from bench.peers.setup import PRETRAINED_PEERS
from bench.questions import (
    all_rows,
    encoder_inference,
    few_shot,
    finetuning_speed,
    larger_encoder,
    pretrained_quality,
)

QUESTIONS: dict[str, Question] = {
    "finetuning_speed": finetuning_speed.ask,
    "encoder_inference": encoder_inference.ask,
    "few_shot": few_shot.ask,
    "pretrained_quality": pretrained_quality.ask,
    "all_rows": all_rows.ask,
    "larger_encoder": larger_encoder.ask,
}


def main() -> int:
    about = __doc__.splitlines()[0] if __doc__ else ""
    return ask_questions("python -m bench.pretrained", about, QUESTIONS, PRETRAINED_PEERS)


if __name__ == "__main__":
    sys.exit(main())
