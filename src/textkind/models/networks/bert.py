"""Encoders of BERT's kind (Devlin et al. 2019): a stack of blocks, normalised behind each part.

    x = norm(x + attention(x))
    x = norm(x + feed_forward(x))

BERT, RoBERTa, XLM-R, DistilBERT and MPNet are the same network but for where positions begin and
how their weights are named; MPNet's attention also knows how far apart two positions are.
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as functional
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from textkind.models.networks.attention import attend
from textkind.models.networks.dropout import Dropout
from textkind.models.networks.pretrained_settings import Architecture
from textkind.models.networks.transformer import allowed_keys

FURTHEST = 128  # distance from which on all are alike (MPNet; Raffel et al. 2020)
_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": functional.gelu,
    "gelu_new": partial(functional.gelu, approximate="tanh"),
    "gelu_pytorch_tanh": partial(functional.gelu, approximate="tanh"),
    "relu": functional.relu,
}


class Bert(nn.Module):
    """Positions, a first normalisation, and blocks; the tokens' vectors are not its own.

    checkpointing: states inside a block are computed again in the backward pass, not kept.
    """

    def __init__(
        self, architecture: Architecture, dropout: float = 0.0, checkpointing: bool = False
    ) -> None:
        super().__init__()
        self.heads, self.checkpointing = architecture.heads, checkpointing
        self.positions = nn.Parameter(torch.zeros(architecture.positions, architecture.width))
        self.norm = nn.LayerNorm(architecture.width, eps=architecture.epsilon)
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(architecture, dropout) for _ in range(architecture.layers)
        )
        self.distances = None
        if architecture.relative_buckets:
            self.distances = nn.Embedding(architecture.relative_buckets, architecture.heads)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Tokens' vectors (B, T, W), (B, T) bool -> the last states (B, T, W)."""
        return self.above(self.below(x, mask, 0), mask, 0)

    def below(self, x: Tensor, mask: Tensor, layers: int) -> Tensor:
        """The states (B, T, W) behind the lowest `layers` blocks."""
        x = self.dropout(self.norm(x + self.positions[: x.shape[1]]))
        return self._through(x, mask, 0, layers)

    def above(self, x: Tensor, mask: Tensor, layers: int) -> Tensor:
        """The last states (B, T, W), from those behind the lowest `layers` blocks."""
        return self._through(x, mask, layers, len(self.blocks))

    def compile_blocks(self) -> None:
        """Let PyTorch's compiler fuse what is between the matrix products: for a GPU."""
        for block in self.blocks:
            block.compile(dynamic=True)

    def _through(self, x: Tensor, mask: Tensor, first: int, end: int) -> Tensor:
        allowed = self.allowed(mask)
        for place in range(first, end):
            if self.checkpointing and self.training:
                x = checkpoint(self.blocks[place], x, allowed, use_reentrant=False)
            else:
                x = self.blocks[place](x, allowed)
        return x

    def allowed(self, mask: Tensor) -> Tensor | None:
        """Which keys count, by a mask (B, T); None: all.

        With distances it is what is added to the scores of attention: (B or 1, H, T, T).
        """
        allowed = allowed_keys(mask)
        if self.distances is None:
            return allowed
        bias = distance_scores(self.distances, mask.shape[1])
        if allowed is None:
            return bias
        return bias.masked_fill(~allowed, torch.finfo(bias.dtype).min)


class Block(nn.Module):
    """One layer; dropout is on what each part adds."""

    def __init__(self, architecture: Architecture, dropout: float) -> None:
        super().__init__()
        width, epsilon = architecture.width, architecture.epsilon
        self.heads = architecture.heads
        self.activation = _FUNCTIONS[architecture.activation]
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width, eps=epsilon)
        self.inner = nn.Linear(width, architecture.inner_width)
        self.inner_out = nn.Linear(architecture.inner_width, width)
        self.inner_norm = nn.LayerNorm(width, eps=epsilon)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, allowed: Tensor | None) -> Tensor:
        """(B, T, W) -> (B, T, W); allowed says which keys count, or what is added to scores."""
        x = self.attention_norm(x + self.dropout(self.attention(x, allowed)))
        inner = self.activation(self.inner(x))  # (B, T, inner)
        return self.inner_norm(x + self.dropout(self.inner_out(inner)))

    def attention(self, x: Tensor, allowed: Tensor | None) -> Tensor:
        """(B, T, W) -> (B, T, W)."""
        batch, length, width = x.shape
        parts = self.query_key_value(x).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (B, H, T, W / H)
        mixed = attend(query, key, value, allowed)
        return self.attention_out(mixed.transpose(1, 2).reshape(batch, length, width))


def distance_scores(distances: nn.Embedding, length: int) -> Tensor:
    """(1, H, T, T): what each head adds to the score of a key for how far it is away."""
    table = distances.weight  # (buckets, H)
    buckets = distance_buckets(length, len(table), table.device)
    return table[buckets].permute(2, 0, 1)[None]


def distance_buckets(length: int, buckets: int, device: torch.device) -> Tensor:
    """(T, T) int64: the bucket of the distance from each position to each (Raffel et al. 2020).

    Half of the buckets are for keys behind the query. In each half the first half are distances of
    their own, the others grow by a factor up to FURTHEST.
    """
    places = torch.arange(length, device=device)
    distance = places[None, :] - places[:, None]  # key - query
    half = buckets // 2
    exact = half // 2
    away = distance.abs()
    scale = (half - exact) / torch.log(torch.tensor(FURTHEST / exact, device=device))
    far = exact + (torch.log(away.clamp(min=1) / exact) * scale).long()
    found = torch.where(away < exact, away, far.clamp(max=half - 1))
    return found + half * (distance > 0)
