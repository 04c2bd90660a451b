"""Training as a good PyTorch tutorial writes it, over the networks that we have.

Dataset and DataLoader, each batch padded to its longest text, fp32, cross entropy, AdamW at its
defaults. Mean pooling is nn.EmbeddingBag on ids laid end to end, as PyTorch's own tutorial of text
classification has it. Widths, layers and dropout are the defaults of our networks.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

from bench.data import DataSet
from bench.measure import Desk, Facts, TrainingAlone, serve
from bench.peers.training_texts import BATCH, LONGEST, TrainingTexts, rows_to_train, training_texts

Item = tuple[Tensor, int]
Batch = tuple[tuple[Tensor, Tensor], Tensor]  # what the network takes, and the targets


class Texts(Dataset[Item]):
    """One text's ids and its class."""

    def __init__(self, texts: TrainingTexts, rows: np.ndarray) -> None:
        offsets = texts.tokens.offsets
        self.ids = [
            torch.tensor(texts.tokens.ids[offsets[row] : offsets[row + 1]], dtype=torch.long)
            for row in rows
        ]
        self.targets = texts.targets[rows].tolist()

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, place: int) -> Item:
        return self.ids[place], self.targets[place]


def padded(items: list[Item]) -> Batch:
    """(B, T) ids with 0 behind the end, (B,) lengths, (B,) targets."""
    ids = [text for text, _ in items]
    lengths = torch.tensor([len(text) for text in ids])
    targets = torch.tensor([target for _, target in items])
    return (pad_sequence(ids, batch_first=True), lengths), targets


def end_to_end(items: list[Item]) -> Batch:
    """(sum of lengths,) ids, (B,) where each text begins, (B,) targets."""
    ids = [text for text, _ in items]
    lengths = torch.tensor([0, *(len(text) for text in ids)])
    targets = torch.tensor([target for _, target in items])
    return (torch.cat(ids), lengths.cumsum(0)[:-1]), targets


def valid(ids: Tensor, lengths: Tensor) -> Tensor:
    """(B, T) bool: which positions hold a token."""
    return torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]


class BagNetwork(nn.Module):
    def __init__(self, vocabulary: int, outputs: int) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocabulary, 100, mode="mean")
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(100, outputs)

    def forward(self, ids: Tensor, begins: Tensor) -> Tensor:
        return self.head(self.dropout(self.embedding(ids, begins)))


class TextCnn(nn.Module):
    def __init__(self, vocabulary: int, outputs: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 100, padding_idx=0)
        self.convolutions = nn.ModuleList(nn.Conv1d(100, 100, window) for window in (3, 4, 5))
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(300, outputs)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        x = self.embedding(ids).transpose(1, 2)  # (B, 100, T)
        last = lengths[:, None, None]
        found = []
        for convolution in self.convolutions:
            window = convolution.kernel_size[0]
            y = torch.relu(convolution(nn.functional.pad(x, (0, window - 1))))  # (B, 100, T)
            is_behind = torch.arange(y.shape[2], device=y.device) > (last - window).clamp(min=0)
            found.append(y.masked_fill(is_behind, -torch.inf).amax(dim=2))
        return self.head(self.dropout(torch.cat(found, dim=1)))


class BiLstm(nn.Module):
    def __init__(self, vocabulary: int, outputs: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 128, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.4)
        self.head = nn.Linear(256, outputs)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        x = self.dropout(self.embedding(ids))  # (B, T, 100)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)  # (B, T, 256)
        states = states.masked_fill(~valid(ids, lengths)[:, :, None], -torch.inf)
        return self.head(self.dropout(states.amax(dim=1)))


class Encoder(nn.Module):
    def __init__(self, vocabulary: int, outputs: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 128, padding_idx=0)
        self.positions = nn.Embedding(LONGEST, 128)
        layer = nn.TransformerEncoderLayer(
            128, 4, 512, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(
            layer, 2, norm=nn.LayerNorm(128), enable_nested_tensor=False
        )
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(128, outputs)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        mask = valid(ids, lengths)
        x = self.embedding(ids) + self.positions(
            torch.arange(ids.shape[1], device=ids.device)
        )  # (B, T, 128)
        x = self.encoder(self.dropout(x), src_key_padding_mask=~mask)
        x = (x * mask[:, :, None]).sum(dim=1) / lengths[:, None]  # (B, 128)
        return self.head(self.dropout(x))


NETWORKS: dict[str, tuple[type[nn.Module], Callable[[list[Item]], Batch]]] = {
    "mean_pool": (BagNetwork, end_to_end),
    "cnn": (TextCnn, padded),
    "rnn": (BiLstm, padded),
    "transformer": (Encoder, padded),
}


def train_one_epoch(
    network: nn.Module, loader: DataLoader[Item], device: str = "cpu", bfloat16: bool = False
) -> int:
    """Steps taken."""
    network.to(device)
    optimizer = torch.optim.AdamW(network.parameters())
    measure = nn.CrossEntropyLoss()
    network.train()
    steps = 0
    for inputs, targets in loader:
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=bfloat16):
            outputs = network(*(one.to(device) for one in inputs))
            loss = measure(outputs, targets.to(device))
        loss.backward()
        optimizer.step()
        steps += 1
    return steps


class PlainTorch(TrainingAlone):
    model: Any = None  # an nn.Module

    def take(self, data: DataSet) -> None:
        self.texts = {ngrams: training_texts(data, ngrams) for ngrams in (1, 2)}

    def fit(self, setting: Facts) -> Facts:
        """setting: network, ngrams, steps. The clock covers steps alone, the first left out."""
        kind, collate = NETWORKS[setting["network"]]
        texts = self.texts[setting["ngrams"]]
        torch.manual_seed(0)
        network = self.model = kind(texts.vocabulary, len(texts.names))
        warm_up, rows = (Texts(texts, part) for part in rows_to_train(texts, setting["steps"]))
        train_one_epoch(network, DataLoader(warm_up, BATCH, shuffle=True, collate_fn=collate))
        start = time.perf_counter()
        loader = DataLoader(rows, BATCH, shuffle=True, collate_fn=collate)
        steps = train_one_epoch(network, loader)
        seconds = time.perf_counter() - start
        return {
            "seconds": seconds,
            "texts_s": len(rows) / seconds,
            "step_texts": len(rows) / steps,
            "vocabulary": texts.vocabulary,
        }


if __name__ == "__main__":
    serve(Desk(PlainTorch()))
