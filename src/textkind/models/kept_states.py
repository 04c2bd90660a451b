"""States behind the frozen layers of an encoder, computed once and kept for all epochs."""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from textkind.encoding.tokens import Tokens, ranks
from textkind.models.networks.bert import Bert
from textkind.models.networks.pretrained import Pretrained
from textkind.models.networks.pretrained_settings import PretrainedSettings
from textkind.training.forward import over_batches
from textkind.training.settings import TrainingSettings
from textkind.training.tasks import Examples

MOST_BYTES = 1 << 31  # of states


def can_keep_states(
    network: Pretrained,
    layers: PretrainedSettings,
    examples: Examples,
    held_out: Examples | None,
    training: TrainingSettings,
) -> bool:
    """Whether states behind frozen layers are the same in every epoch, and fit in memory."""
    special = len(network.frame)
    numbers = sum(
        int(part.tokens.offsets[-1]) + special * len(part.tokens)
        for part in (examples, held_out)
        if part is not None
    )
    return (
        bool(layers.freeze)
        and isinstance(network.encoder, Bert)
        and training.token_dropout == 0
        and 4 * numbers * network.architecture.width <= MOST_BYTES
    )


class Upper(nn.Module):
    """The layers of a Pretrained above the frozen ones, over kept states in place of tokens.

    An id is a position of the training or validation texts, and the table is their states: so the
    loop trains it as it does any other network.
    """

    token_tables = ("states",)
    states: Tensor

    def __init__(self, whole: Pretrained, freeze: int, states: Tensor) -> None:
        super().__init__()
        self.freeze, self.origin = freeze, whole.origin
        self.encoder, self.pooling, self.head = whole.encoder, whole.pooling, whole.head
        self.dropout = whole.dropout
        self.pooled, self.vector_width = whole.pooled, whole.vector_width
        self.register_buffer("states", states, persistent=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(B, T) positions, (B, T) bool -> (B, K) logits."""
        return self.head(self.dropout(self.vectors(input_ids, attention_mask)))

    def vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the last layer reads: (B, W)."""
        x = functional.embedding(input_ids, self.states)
        return self.pooled(self.encoder.above(x, attention_mask, self.freeze), attention_mask)  # type: ignore[operator]


def kept_states(
    network: Pretrained,
    freeze: int,
    examples: Examples,
    held_out: Examples | None,
    device: torch.device,
) -> tuple[Upper, Examples, Examples | None]:
    """The upper network, and examples whose tokens are rows of its states; read on the device."""
    network.to(device)
    parts = [examples] if held_out is None else [examples, held_out]
    special, width = len(network.frame), network.architecture.width
    numbers = [int(part.tokens.offsets[-1]) + special * len(part.tokens) for part in parts]
    states = torch.empty(sum(numbers), width)
    found, begin = [], 0
    for part, number in zip(parts, numbers, strict=True):
        lengths = part.tokens.lengths + special
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        _fill_states(network, freeze, part.tokens, offsets, states[begin : begin + number])
        ids = np.arange(begin, begin + number, dtype=np.int32)
        found.append(replace(part, tokens=Tokens(ids, offsets)))
        begin += number
    upper = Upper(network.to("cpu"), freeze, states)
    return upper, found[0], found[1] if held_out is not None else None


def _fill_states(
    network: Pretrained, freeze: int, tokens: Tokens, offsets: np.ndarray, states: Tensor
) -> None:
    """Write the states of framed texts to rows offsets[i] to offsets[i + 1] of states."""

    def work(rows: np.ndarray, input_ids: Tensor, mask: Tensor) -> None:
        x, whole = network.framed(input_ids, mask)
        x = network.encoder.below(x, whole, freeze)  # type: ignore[operator]
        lengths = offsets[rows + 1] - offsets[rows]
        places = np.repeat(offsets[rows], lengths) + ranks(lengths)
        states[torch.from_numpy(places)] = x[whole].float().cpu()

    over_batches(network, tokens, work)
