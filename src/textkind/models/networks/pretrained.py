"""A pretrained encoder with pooling and a head: text goes in with its frame of special tokens.

[CLS] tokens of the text [SEP]  ->  states  ->  one vector  ->  logits
"""

import importlib
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from textkind.models.networks.dropout import Dropout
from textkind.models.networks.pooling import POOLINGS
from textkind.models.networks.pretrained_settings import (
    Architecture,
    FrozenSettings,
    PretrainedSettings,
)

ENCODERS = {
    False: ("textkind.models.networks.bert", "Bert"),
    True: ("textkind.models.networks.foreign", "ForeignEncoder"),
}


class FirstState(nn.Module):
    """The state of the first special token, [CLS]."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D), (B, T) bool -> (B, D)."""
        return x[:, 0]


class Pretrained(nn.Module):
    """Tokens' vectors, frame, encoder, pooling, unit length where it was trained so, linear.

    frame holds the vectors of the special tokens: they stand in every text, so they are no rows of
    the table that a batch is lent.
    """

    token_tables = ("embedding.weight",)
    vector_tables = ()
    origin = ""  # what it was made from (models/starting.py)
    positions_at_once = 512  # on the CPU: states of more fit no cache, and take fresh memory
    start_positions = 32  # that take as long as what a batch takes beside them

    def __init__(self, vocabulary: int, outputs: int, settings: FrozenSettings) -> None:
        super().__init__()
        architecture = settings.architecture
        assert architecture is not None
        self.architecture = architecture
        dropout, checkpointing = 0.0, False
        if isinstance(settings, PretrainedSettings):
            dropout, checkpointing = settings.dropout, settings.checkpointing
        self.embedding = nn.Embedding(vocabulary, architecture.token_width)
        special = architecture.before + architecture.behind
        self.frame = nn.Parameter(torch.zeros(special, architecture.token_width))
        self.encoder = make_encoder(architecture, dropout, checkpointing)
        is_first = settings.pooling == "cls"
        self.pooling = FirstState() if is_first else POOLINGS[settings.pooling](architecture.width)
        self.normalize = bool(settings.normalize)
        self.vector_width = architecture.width
        self.dropout = Dropout(0.0 if self.normalize else dropout)
        self.head = nn.Linear(architecture.width, outputs)
        self.rate_factors: Mapping[str, float] = {}  # of the learning rate, where not 1

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(B, T) int64 ids, (B, T) bool -> (B, K) logits."""
        return self.head(self.dropout(self.vectors(input_ids, attention_mask)))

    def vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the last layer reads: (B, D)."""
        x, mask = self.framed(input_ids, attention_mask)
        return self.pooled(self.encoder(x, mask), mask)

    def framed(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (B, T + S, D) of the tokens and the S special ones about them, and their mask."""
        before = self.architecture.before
        return framed(self.embedding(input_ids), attention_mask, self.frame, before)

    def pooled(self, states: Tensor, mask: Tensor) -> Tensor:
        """Last states (B, T, W) of framed texts as one vector each, (B, W)."""
        x = self.pooling(states, mask)
        return functional.normalize(x.float(), dim=1) if self.normalize else x


def make_encoder(
    architecture: Architecture, dropout: float = 0.0, checkpointing: bool = False
) -> nn.Module:
    """The network of an architecture, ours or that of transformers, without pretrained weights.

    MissingPackageError where transformers is needed and not installed.
    """
    module, name = ENCODERS[architecture.config is not None]
    make: Callable[..., nn.Module] = getattr(importlib.import_module(module), name)
    return make(architecture, dropout, checkpointing)


def framed(x: Tensor, mask: Tensor, frame: Tensor, before: int) -> tuple[Tensor, Tensor]:
    """Vectors (B, T, D) with the frame's (S, D) about them, and their mask: (B, T + S).

    The first `before` stand before a text, the others behind its last valid token.
    """
    batch, length, width = x.shape
    behind = len(frame) - before
    begin = frame[:before].to(x.dtype).expand(batch, before, width)
    if x.device.type == "cpu" and bool(mask.all()):  # a text alone, or some of one length
        end = frame[before:].to(x.dtype).expand(batch, behind, width)
        whole = torch.cat([begin, x, end], dim=1)
        return whole, mask.new_ones(whole.shape[:2])
    room = x.new_zeros(batch, behind, width)
    whole = torch.cat([begin, x, room], dim=1)
    lengths = mask.sum(dim=1)  # (B,)
    places = torch.arange(length + len(frame), device=x.device)
    if behind:
        rows = torch.arange(batch, device=x.device)[:, None]
        ends = before + lengths[:, None] + torch.arange(behind, device=x.device)  # (B, behind)
        values = frame[before:].to(x.dtype).expand(batch, behind, width)
        whole = whole.index_put((rows, ends), values)
    return whole, places < (lengths + len(frame))[:, None]


def depth_of(name: str, layers: int) -> int:
    """How high a parameter of a Pretrained is: 0 at the tokens, layers + 1 at the head."""
    name = name.removeprefix("inner.")  # of one that reads windows
    if name.startswith(("embedding.", "frame")):
        return 0
    if not name.startswith("encoder."):
        return layers + 1
    numbers = [int(part) for part in name.split(".") if part.isdigit()]
    return numbers[0] + 1 if numbers else 0


def rate_factors(network: nn.Module, layer_decay: float, layers: int) -> dict[str, float]:
    """What the learning rate of each parameter is multiplied with: less, the lower it is."""
    return {
        name: layer_decay ** (layers + 1 - depth_of(name, layers))
        for name, _ in network.named_parameters()
    }


def freeze_vectors(network: Pretrained) -> None:
    """Let the tokens' vectors stay as they are, the special ones' too."""
    for vectors in (network.embedding.weight, network.frame):
        vectors.requires_grad_(False)


def freeze_lowest(network: nn.Module, number: int, layers: int) -> None:
    """Let the lowest layers, and the tokens' vectors below them, stay as they are."""
    if number == 0:
        return
    for name, parameter in network.named_parameters():
        if depth_of(name, layers) <= number:
            parameter.requires_grad_(False)
