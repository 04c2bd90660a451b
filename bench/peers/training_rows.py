"""The texts that fine-tuning is timed on: the same for ours and for the Trainer.

Standard library only: the peers' environments import it too.
"""

from bench.data import Part, drawn

BATCH = 32  # texts a step of the Trainer
WARM_UP_STEPS = 5


def warm_up_and_rows(part: Part, steps: int) -> list[Part]:
    """Texts to warm up with, and as many others as fill `steps` batches: what the clock covers."""
    return drawn(part, WARM_UP_STEPS * BATCH, steps * BATCH)
