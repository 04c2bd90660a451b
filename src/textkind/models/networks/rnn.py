"""The recurrent network: a plain, LSTM or GRU cell over the tokens, in one direction or both.

Padding changes nothing: the CPU's road has no padding at all, any other packs the texts.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from textkind.models.networks.dropout import Dropout
from textkind.models.networks.pooling import POOLINGS, last_valid
from textkind.models.networks.quick import quick_here
from textkind.models.networks.recurrence import recurrent_layer
from textkind.models.networks.settings import RnnSettings

START = 0.1  # standard deviation of the embedding at first
CELLS = {"tanh": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class Rnn(nn.Module):
    """Embedding, stacked recurrent layers with dropout between, pooling, dropout, linear."""

    token_tables: tuple[str, ...] = ("embedding.weight",)
    vector_tables: tuple[str, ...] = ("embedding.weight",)

    def __init__(self, vocabulary: int, outputs: int, settings: RnnSettings) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, settings.width)
        nn.init.normal_(self.embedding.weight, std=START)
        self.dropout = Dropout(settings.dropout)
        self.units, both = settings.units, settings.directions == 2
        self.vector_width = settings.directions * settings.units
        widths = [settings.width] + [self.vector_width] * (settings.layers - 1)
        cell, units = CELLS[settings.cell], settings.units
        layers = [cell(width, units, batch_first=True, bidirectional=both) for width in widths]
        for layer in layers:
            first_weights(layer)
        self.layers = nn.ModuleList(layers)
        self.reads_last = settings.pooling == "last"
        self.pooling = POOLINGS[settings.pooling](self.vector_width)
        self.head = nn.Linear(self.vector_width, outputs)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(B, T) int64 ids, (B, T) bool -> (B, K) logits."""
        return self.head(self.dropout(self.vectors(input_ids, attention_mask)))

    def vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the last layer reads: (B, directions * units)."""
        # a hook on the embedding wants to see the vector of every position, in its place
        if quick_here(self.embedding.weight) and not self.embedding._forward_hooks:
            states = self.ragged_states(input_ids, attention_mask)
        else:
            states = self.packed_states(input_ids, attention_mask)
        if not self.reads_last:
            return self.pooling(states, attention_mask)
        # a direction's last state is that of the last token it reads
        last = last_valid(states, attention_mask)  # (B, directions * units)
        first = states[:, 0] * attention_mask.any(dim=1)[:, None]
        return torch.cat([last[:, : self.units], first[:, self.units :]], dim=1)

    def ragged_states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(B, T, directions * units) by compiled loops over the valid positions alone."""
        lengths = attention_mask.sum(dim=1)  # (B,)
        starts = lengths.cumsum(dim=0) - lengths
        x = self.embedding(input_ids[attention_mask])  # (M, D)
        for layer in self.layers:
            x = recurrent_layer(layer, self.dropout(x), starts, lengths)  # type: ignore[arg-type]
        padded = x.new_zeros(*input_ids.shape, x.shape[1])
        return padded.masked_scatter(attention_mask[:, :, None], x)

    def packed_states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The same by PyTorch's own layers, on any device."""
        lengths = attention_mask.sum(dim=1).clamp(min=1).cpu()  # packing knows no empty text
        x = self.embedding(input_ids)  # (B, T, D)
        for layer in self.layers:
            packed = pack_padded_sequence(
                self.dropout(x), lengths, batch_first=True, enforce_sorted=False
            )
            x, _ = pad_packed_sequence(
                layer(packed)[0], batch_first=True, total_length=input_ids.shape[1]
            )
        return x * attention_mask[:, :, None]


def first_weights(layer: nn.RNNBase) -> None:
    """Orthogonal recurrent weights, Xavier inputs, no bias but 1 for the gate that keeps the state.

    An LSTM's forget gate and a GRU's update gate begin open, so that what is early in a text
    reaches its end (Jozefowicz et al. 2015).
    """
    units = layer.hidden_size
    for name, parameter in layer.named_parameters():
        if name.startswith("weight_hh"):
            for gate in parameter.split(units):
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            for gate in parameter.split(units):
                nn.init.xavier_uniform_(gate)
        else:
            nn.init.zeros_(parameter)
            if not isinstance(layer, nn.RNN) and name.startswith("bias_ih"):
                with torch.no_grad():  # the second gate, in both
                    parameter[units : 2 * units] = 1.0
