"""Mean pooling: the vectors of a text's tokens become one, and a linear layer reads it.

fastText's network (Joulin et al. 2017), the deep averaging network where it has a hidden layer
(Iyyer et al. 2015), and the smooth inverse frequency of Arora et al. (2017).
"""

import numpy as np
import torch
from torch import Tensor, nn

from textkind.models.networks.bag_sum import bag_sum, ragged_mean
from textkind.models.networks.dropout import Dropout
from textkind.models.networks.pooling import POOLINGS, weighted_sum
from textkind.models.networks.quick import quick_here
from textkind.models.networks.settings import MeanPoolSettings

RARITY = 1e-3  # a of a / (a + p), as Arora et al. (2017) have it
# Standard deviation of the embedding at first: 0.1 and more leave rare words loud.
START = 0.01


class MeanPool(nn.Module):
    """Embedding, pooling over time, a hidden ReLU layer where asked for, dropout, linear."""

    token_tables: tuple[str, ...] = ("embedding.weight",)
    vector_tables = ("embedding.weight",)
    token_weights: Tensor | None  # (V,), where the pooling is sif

    def __init__(self, vocabulary: int, outputs: int, settings: MeanPoolSettings) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, settings.width)
        nn.init.normal_(self.embedding.weight, std=START)
        is_weighted = settings.pooling == "sif"
        self.register_buffer("token_weights", torch.ones(vocabulary) if is_weighted else None)
        if is_weighted:
            self.token_tables = ("embedding.weight", "token_weights")
        is_mean = settings.pooling in ("mean", "sif")
        self.pooling = None if is_mean else POOLINGS[settings.pooling](settings.width)
        self.hidden = nn.Linear(settings.width, settings.hidden) if settings.hidden else None
        self.vector_width = settings.hidden if settings.hidden else settings.width
        self.dropout = Dropout(settings.dropout)
        self.head = nn.Linear(self.vector_width, outputs)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(B, T) int64 ids, (B, T) bool -> (B, K) logits."""
        return self.head(self.dropout(self.vectors(input_ids, attention_mask)))

    def vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the last layer reads: (B, hidden or D)."""
        x = self.pooled(input_ids, attention_mask)  # (B, D)
        return x if self.hidden is None else torch.relu(self.hidden(x))

    def pooled(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The vectors of a text's tokens as one: (B, D)."""
        if self.pooling is not None:
            return self.pooling(self.embedding(input_ids), attention_mask)
        weights = attention_mask / attention_mask.sum(dim=1, keepdim=True).clamp(min=1)  # (B, T)
        if self.token_weights is not None:
            weights = weights * self.token_weights[input_ids]
        if self.reads_ragged:
            return bag_sum(self.embedding.weight, input_ids, weights)
        return weighted_sum(self.embedding(input_ids), attention_mask, weights)

    @property
    def reads_ragged(self) -> bool:
        """Whether the compiled sums can be taken here."""
        # a hook on the embedding wants to see the vector of every position
        is_watched = bool(self.embedding._forward_hooks)
        return self.pooling is None and quick_here(self.embedding.weight) and not is_watched

    def ragged_vectors(self, ids: np.ndarray, offsets: np.ndarray) -> Tensor:
        """As vectors, of texts without padding: text i has ids[offsets[i]:offsets[i + 1]]."""
        x = ragged_mean(self.embedding.weight, self.token_weights, ids, offsets)  # (N, D)
        return x if self.hidden is None else torch.relu(self.hidden(x))

    def set_token_counts(self, counts: np.ndarray) -> None:
        """Weigh tokens by rarity, where the pooling is sif; counts (V,) are those of training."""
        if self.token_weights is None:
            return
        share = counts / max(int(counts.sum()), 1)
        self.token_weights.copy_(torch.from_numpy(RARITY / (RARITY + share)))
