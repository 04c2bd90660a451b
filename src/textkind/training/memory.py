"""Whether a training fits into memory: asked before it begins, and told when it did not."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from textkind.data.free_memory import available_memory
from textkind.errors import TrainingError

# whole tables and dense parameters: themselves, two moments, the best weights so far
COPIES = 4


def needed_for_table(rows: int, width: int) -> int:
    """Bytes of training a table of float32."""
    return rows * width * 4 * COPIES


def check_memory(rows: int, width: int, available: int | None = None) -> None:
    """TrainingError where a token table of that shape could not be trained in memory."""
    needed = needed_for_table(rows, width)
    have = available_memory() if available is None else available
    if needed > have:
        raise TrainingError(
            f"training a table of {rows:,} tokens by {width:,} numbers takes "
            f"{needed / 1e9:,.1f} GB, and {have / 1e9:,.1f} GB are free",
            hint="lower the vocabulary's limit (--vocabulary-limit) or the width (--width)",
        )


@contextmanager
def told_when_short(network: nn.Module, positions: int) -> Iterator[None]:
    """Turn the failure to get memory inside the block into our error."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        text = str(error)
        is_short = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not is_short and "allocate memory" not in text and "out of memory" not in text:
            raise
        asked = next((word for word in text.split() if word.isdigit() and len(word) > 6), None)
        wanted = "" if asked is None else f", which asked for {int(asked) / 1e9:,.1f} GB more"
        raise TrainingError(
            f"memory ran out on a batch of {positions:,} positions{wanted}",
            hint="lower --batch-tokens or --max-tokens",
        ) from error
