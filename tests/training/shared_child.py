"""One of several processes that train one network; started by test_shared_training.py."""

import sys
from pathlib import Path

import numpy as np
import torch

from textkind.data.labels import LabelSet
from textkind.encoding.tokens import Tokens
from textkind.progress import Talk
from textkind.training.fit import Examples, fit_network
from textkind.training.processes import joined_processes
from textkind.training.settings import Places, TrainingSettings


class Network(torch.nn.Module):
    """Masked mean of embeddings and two linear layers, without dropout."""

    token_tables = ("embedding.weight",)

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(0)
            self.embedding = torch.nn.Embedding(60, 8)
            self.hidden, self.head = torch.nn.Linear(8, 8), torch.nn.Linear(8, 3)

    def forward(self, input_ids, attention_mask):
        x = self.embedding(input_ids) * attention_mask[:, :, None]
        x = x.sum(dim=1) / attention_mask.sum(dim=1, keepdim=True).clamp(min=1)
        return self.head(self.hidden(x).relu())


class Counting(Talk):
    def __init__(self):
        self.told = 0

    def note(self, message):
        self.told += 1

    def advance(self, done, total, detail=""):
        self.told += 1


def examples(rows, seed):
    random = np.random.default_rng(seed)
    lengths = random.integers(0, 12, rows)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    targets = random.integers(0, 3, rows).astype(np.int32)
    ids = random.integers(1, 20, offsets[-1]) + 20 * np.repeat(targets, lengths)
    return Examples(Tokens(ids.astype(np.int32), offsets), targets)


def train(folder):
    """Train; every process writes its weights, and how often it spoke, under its own name."""
    settings = TrainingSettings(
        epochs=3, batch_texts=7, step_texts=14, learning_rate=0.05, precision="float32",
        imbalance="weights", patience=5,
    )  # fmt: skip
    network, talk = Network(), Counting()
    # 64 texts in batches of 7: the last may have one text, and one process none
    trained = fit_network(
        network, examples(64, 0), examples(30, 1), LabelSet(("a", "b", "c")), settings,
        places=Places(folder / "checkpoints", 4, folder / "steps.jsonl"), talk=talk,
    )  # fmt: skip
    arrays = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    place = joined_processes().place
    np.savez(
        folder / f"final-{place}.npz", **arrays, logits_of_validation=trained.validation_logits,
        told=talk.told, processes=trained.facts["processes"],
    )  # fmt: skip


if __name__ == "__main__":
    train(Path(sys.argv[1]))
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
