"""The transformer encoder, from scratch (Vaswani et al. 2017), normalised before each part.

    x = x + attention(norm(x))
    x = x + feed_forward(norm(x))

Positions are learned vectors, or rotations of queries and keys (Su et al. 2021).
"""

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from textkind.errors import SettingsError
from textkind.models.networks.attention import attend
from textkind.models.networks.dropout import Dropout
from textkind.models.networks.pooling import POOLINGS
from textkind.models.networks.settings import TransformerSettings

SLOWEST = 10_000.0  # the slowest rotation takes 2 pi times so many positions (Su et al. 2021)
TABLE_START = 0.02  # standard deviation of embedding and positions at first, as in GPT-2
WEIGHT_START = 0.5  # of a matrix, times its inputs ** -0.5: GPT-2's 0.02 at its width of 768


class Transformer(nn.Module):
    """Embedding, blocks, a last normalisation, pooling, dropout, linear."""

    token_tables = ("embedding.weight",)
    vector_tables = ("embedding.weight",)

    def __init__(self, vocabulary: int, outputs: int, settings: TransformerSettings) -> None:
        super().__init__()
        width = settings.width
        self.longest, self.heads = settings.longest, settings.heads
        self.vector_width = width
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=TABLE_START)
        self.positions = self.front = self.pooling = None
        if settings.positions == "learned":
            self.positions = nn.Parameter(TABLE_START * torch.randn(settings.longest, width))
        if settings.pooling == "cls":
            self.front = nn.Parameter(TABLE_START * torch.randn(width))
        else:
            self.pooling = POOLINGS[settings.pooling](width)
        self.blocks = nn.ModuleList(
            Block(width, settings.heads, settings.feed_forward * width, settings.dropout)
            for _ in range(settings.layers)
        )
        for block in self.blocks:
            start_weights(block, settings.layers)  # type: ignore[arg-type]
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(settings.dropout)
        self.head = nn.Linear(width, outputs)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(B, T) int64 ids, (B, T) bool -> (B, K) logits; SettingsError where T is too long."""
        return self.head(self.dropout(self.vectors(input_ids, attention_mask)))

    def vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the last layer reads: (B, D)."""
        length = input_ids.shape[1]
        if length > self.longest:
            raise SettingsError(
                f"the transformer has positions for {self.longest:,} tokens",
                found=length,
                hint="cut the texts, or set longest to the tokens that should be read",
            )
        x = self.embedding(input_ids)  # (B, T, D)
        if self.positions is not None:
            x = x + self.positions[:length]
        keys = attention_mask
        if self.front is not None:
            x = torch.cat([self.front.expand(len(x), 1, -1), x], dim=1)  # (B, 1 + T, D)
            keys = functional.pad(attention_mask, (1, 0), value=True)
        rotation = None
        if self.positions is None:
            rotation = rotations(x.shape[1], x.shape[2] // self.heads, x.device)
        x, allowed = self.dropout(x), allowed_keys(keys)
        for block in self.blocks:
            x = block(x, allowed, rotation)
        if self.pooling is not None:
            return self.pooling(self.norm(x), attention_mask)  # (B, D)
        # a text of no token gives zeros here as it does with every other pooling
        return self.norm(x[:, 0]) * attention_mask.any(dim=1)[:, None]


class Block(nn.Module):
    """One layer of the encoder: attention between positions, then a step at each by itself.

    Dropout is on what each part adds; on the attention itself it would keep PyTorch from its
    quick kernels where those compute (attention.py).
    """

    def __init__(self, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.inner_norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, inner)
        self.inner_out = nn.Linear(inner, width)
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Tensor, allowed: Tensor | None, rotation: tuple[Tensor, Tensor] | None
    ) -> Tensor:
        """(B, T, D) -> (B, T, D); allowed says which keys count, rotation where positions are."""
        x = x + self.dropout(self.attention(self.attention_norm(x), allowed, rotation))
        inner = functional.gelu(self.inner(self.inner_norm(x)))  # (B, T, inner)
        return x + self.dropout(self.inner_out(inner))

    def attention(
        self, x: Tensor, allowed: Tensor | None, rotation: tuple[Tensor, Tensor] | None
    ) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        batch, length, width = x.shape
        x = self.query_key_value(x).view(batch, length, 3, self.heads, width // self.heads)
        x = x.permute(2, 0, 3, 1, 4)  # (3, B, H, T, D / H)
        query_key, value = x[:2], x[2]
        if rotation is not None:
            query_key = rotated(query_key, *rotation)
        query, key = query_key
        x = attend(query, key, value, allowed)  # (B, H, T, D / H)
        return self.attention_out(x.transpose(1, 2).reshape(batch, length, width))


def allowed_keys(keys: Tensor) -> Tensor | None:
    """The attention mask (B, 1, 1, T) of the positions (B, T) that may be looked at; None: all.

    Where there is none the first may be: a softmax over nothing is nan.
    """
    if bool(keys.all()):
        return None  # attention without a mask is quicker
    is_first = torch.arange(keys.shape[1], device=keys.device) == 0  # (T,)
    allowed = keys | (is_first & ~keys.any(dim=1, keepdim=True))  # (B, T)
    return allowed[:, None, None, :]


def rotations(length: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine (T, width / 2) of the angles by which each position turns its pairs."""
    pair = torch.arange(width // 2, device=device)
    speed = SLOWEST ** (-2 * pair / width)  # radians a position
    angles = torch.arange(length, device=device)[:, None] * speed
    return angles.cos(), angles.sin()


def rotated(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """x (..., T, width) with number i and number width / 2 + i turned as a pair."""
    first, second = x.chunk(2, dim=-1)
    turned = [first * cosine - second * sine, second * cosine + first * sine]
    return torch.cat(turned, dim=-1).to(x.dtype)


def start_weights(block: Block, layers: int) -> None:
    """First weights as in GPT-2: what a block adds is small where many blocks add to it."""
    for name, module in block.named_modules():
        if isinstance(module, nn.Linear):
            adds = name in ("attention_out", "inner_out")
            scale = (2 * layers) ** -0.5 if adds else 1.0
            nn.init.normal_(module.weight, std=scale * WEIGHT_START * module.in_features**-0.5)
            nn.init.zeros_(module.bias)
