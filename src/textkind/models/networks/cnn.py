"""The convolutional network: filters over windows of words, each at its strongest (Kim 2014).

With two channels every filter reads a tuned and a fixed table of vectors and adds the two, which is
the same as reading the sum of the vectors.
"""

import torch
from torch import Tensor, nn

from textkind.models.networks.dropout import Dropout
from textkind.models.networks.quick import quick_here
from textkind.models.networks.settings import CnnSettings
from textkind.models.networks.window_max import different_words, plain_window_max, window_max

START = 0.1  # standard deviation of the embedding at first


class Cnn(nn.Module):
    """Embedding, filters, ReLU, the maximum over time, dropout, linear."""

    token_tables: tuple[str, ...] = ("embedding.weight",)
    vector_tables: tuple[str, ...] = ("embedding.weight",)

    def __init__(self, vocabulary: int, outputs: int, settings: CnnSettings) -> None:
        super().__init__()
        self.windows = settings.windows
        self.embedding = nn.Embedding(vocabulary, settings.width)
        nn.init.normal_(self.embedding.weight, std=START)
        self.embedding.weight.requires_grad_(settings.channels != "static")
        self.fixed = None
        if settings.channels == "two":
            self.fixed = nn.Embedding(vocabulary, settings.width)
            self.fixed.weight = nn.Parameter(self.embedding.weight.detach().clone(), False)
            self.token_tables = self.vector_tables = ("embedding.weight", "fixed.weight")
        self.filters = nn.Parameter(first_filters(settings))  # (sum of windows, F, D)
        self.vector_width = len(settings.windows) * settings.filters
        self.bias = nn.Parameter(torch.zeros(self.vector_width))
        self.dropout = Dropout(settings.dropout)
        self.head = nn.Linear(self.vector_width, outputs)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(B, T) int64 ids, (B, T) bool -> (B, K) logits."""
        return self.head(self.dropout(self.vectors(input_ids, attention_mask)))

    def vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the last layer reads: (B, windows * F), zeros for an empty text."""
        table = self.embedding.weight
        # a hook on the embedding wants to see the vector of every position, in its place
        if quick_here(table) and not self.embedding._forward_hooks:
            words, places = different_words(input_ids, attention_mask, len(table))
            x = self.embedded(words)  # (U, D)
            x = window_max(x, places, attention_mask, self.filters, self.windows)
        else:
            x = self.embedded(input_ids)  # (B, T, D)
            x = plain_window_max(x, attention_mask, self.filters, self.windows)
        # ReLU rises, so that of the maximum is the maximum of the ReLUs
        return torch.relu(x + self.bias) * attention_mask.any(dim=1)[:, None]

    def embedded(self, ids: Tensor) -> Tensor:
        """The vectors of ids, summed over the channels: (..., D)."""
        x = self.embedding(ids)
        return x if self.fixed is None else x + self.fixed(ids)


def first_filters(settings: CnnSettings) -> Tensor:
    """Uniform, and smaller the more numbers a filter adds up (He et al. 2015)."""
    taps = [
        torch.empty(window, settings.filters, settings.width).uniform_(-1, 1)
        * (6 / (window * settings.width)) ** 0.5
        for window in settings.windows
    ]
    return torch.cat(taps)
