"""The perceptron: a bag of words, or TF-IDF, through linear layers and a non-linearity.

Without a hidden layer it is the log-linear model, and can learn only what adds up. The first layer
is a table with a row for every word: a text's product with it is the sum of its words' rows.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from textkind.models.networks.dropout import Dropout
from textkind.models.networks.pooling import weighted_sum
from textkind.models.networks.settings import PerceptronSettings

# Standard deviation of the table at first: 0.1 and more leave rare words loud.
START = 0.01


def unchanged(x: Tensor) -> Tensor:
    """No non-linearity: the layers multiply out to one."""
    return x


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "gelu": functional.gelu,
    "none": unchanged,
}


class Perceptron(nn.Module):
    """Weighted counts of words, hidden layers each followed by the activation, dropout, linear."""

    token_tables: tuple[str, ...] = ("embedding.weight",)
    vector_tables: tuple[str, ...] = ()  # its table holds no word vectors
    inverse_frequency: Tensor | None  # (V,), where the weighting is tfidf

    def __init__(self, vocabulary: int, outputs: int, settings: PerceptronSettings) -> None:
        super().__init__()
        hidden = settings.hidden
        first = hidden[0] if hidden else outputs
        self.embedding = nn.Embedding(vocabulary, first)
        nn.init.normal_(self.embedding.weight, std=START)
        self.bias = nn.Parameter(torch.zeros(first))
        has_frequency = settings.weighting == "tfidf"
        self.register_buffer("inverse_frequency", torch.ones(vocabulary) if has_frequency else None)
        if has_frequency:
            self.token_tables = ("embedding.weight", "inverse_frequency")
        # without a hidden layer the table alone gives the logits
        self.activation = ACTIVATIONS[settings.activation] if hidden else unchanged
        self.layers = nn.ModuleList(nn.Linear(before, units) for before, units in pairwise(hidden))
        self.vector_width = hidden[-1] if hidden else outputs
        self.dropout = Dropout(settings.dropout if hidden else 0.0)
        self.head = nn.Linear(hidden[-1], outputs) if hidden else nn.Identity()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(B, T) int64 ids, (B, T) bool -> (B, K) logits."""
        return self.head(self.dropout(self.vectors(input_ids, attention_mask)))

    def vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the last layer reads: (B, last hidden units), or (B, K) logits without any."""
        weights = self.word_weights(input_ids, attention_mask)  # (B, T)
        x = weighted_sum(self.embedding(input_ids), attention_mask, weights)
        x = self.activation(x + self.bias)  # (B, first hidden units)
        for layer in self.layers:
            x = self.activation(layer(self.dropout(x)))
        return x

    def word_weights(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What each occurrence of a word adds to its value in the bag: (B, T) float32."""
        if self.inverse_frequency is None:
            return attention_mask.float()
        weights = self.inverse_frequency[input_ids] * attention_mask
        return weights / bag_lengths(input_ids, weights).clamp(min=1e-12)[:, None]

    def set_document_counts(self, document_counts: np.ndarray, texts: int) -> None:
        """Weigh words by inverse document frequency, where the weighting is tfidf.

        document_counts (V,) says how many of the texts of training hold each word; both are one
        greater here than they are, as in scikit-learn, so that no word divides by zero.
        """
        if self.inverse_frequency is None:
            return
        frequency = (1 + texts) / (1 + document_counts)
        self.inverse_frequency.copy_(torch.from_numpy(np.log(frequency) + 1))


def bag_lengths(input_ids: Tensor, weights: Tensor) -> Tensor:
    """The Euclidean length (B,) of each text's bag of words.

    weights (B, T) is what each occurrence adds to the value of its word; where it is zero the
    position counts for nothing, whatever its id.
    """
    ids, order = input_ids.sort(dim=1)  # the occurrences of a word are neighbours now
    is_new = functional.pad(ids[:, 1:] != ids[:, :-1], (1, 0))
    run = is_new.cumsum(dim=1)  # (B, T): the place of the word among the text's different words
    values = torch.zeros_like(weights).scatter_add(1, run, weights.gather(1, order))
    return values.square().sum(dim=1).sqrt()
