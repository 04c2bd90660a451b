"""A training in a process of its own that kills itself; started by test_resume.py."""

import os
import signal
from pathlib import Path

import numpy as np
import torch

from textkind.data.labels import LabelSet
from textkind.encoding.tokens import Tokens
from textkind.models.networks.settings import SETTINGS
from textkind.models.networks.table import build_network
from textkind.progress import Talk
from textkind.training import checkpoints
from textkind.training.batches import padded_batch
from textkind.training.fit import Examples, fit_network
from textkind.training.settings import Places, TrainingSettings

LABELS = LabelSet(("a", "b", "c"))
SMALL = {
    "cnn": {"width": 8, "windows": (2, 3), "filters": 6, "dropout": 0.5},
    "rnn": {"width": 8, "units": 6, "dropout": 0.4},
    "transformer": {"width": 16, "layers": 1, "heads": 2, "dropout": 0.2},
    "mean_pool": {"width": 8, "hidden": 6, "dropout": 0.4},
}


def examples(rows, seed):
    random = np.random.default_rng(seed)
    lengths = random.integers(0, 12, rows)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    targets = random.integers(0, 3, rows).astype(np.int32)
    ids = random.integers(1, 20, offsets[-1]) + 20 * np.repeat(targets, lengths)
    return Examples(Tokens(ids.astype(np.int32), offsets), targets)


# Numba is made ready when this is imported, by the server that children are forked from
padded_batch(examples(2, 0).tokens, np.arange(2))


class Killer(Talk):
    """Kills its process with the step of a number, before anything is kept of that step."""

    def __init__(self, at):
        self.at, self.steps = at, 0

    def advance(self, done, total, detail=""):
        self.steps += 1
        if self.steps == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def kill_in_replace(at):
    """Kill the process when a checkpoint is written, but not in place yet, for the at-th time."""
    real, calls = os.replace, iter(range(1, 1000))

    def replace(source, target):
        if next(calls) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        real(source, target)

    checkpoints.os.replace = replace


def train(network_name, folder, optimizer, kill_step=None, kill_checkpoint=None):
    """Train to the end, or to the given step of this process; weights go to final.npz."""
    torch.set_num_threads(1)  # quicker for networks this small, and the same in every process
    folder = Path(folder)
    settings = TrainingSettings(
        epochs=10, batch_texts=4, optimizer=optimizer, learning_rate=0.02, step_texts=8,
        precision="float32", patience=20, metric="accuracy",
    )  # fmt: skip
    layers = SETTINGS[network_name](**SMALL[network_name])
    network = build_network(network_name, 61, 3, layers, seed=5)
    if kill_checkpoint is not None:
        kill_in_replace(kill_checkpoint)
    trained = fit_network(
        network, examples(64, 0), examples(30, 1), LABELS, settings,
        places=Places(folder / "checkpoints", 3, folder / "steps.jsonl"), seed=9,
        talk=Killer(kill_step),
    )  # fmt: skip
    arrays = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    np.savez(folder / "final.npz", **arrays, logits_of_validation=trained.validation_logits)
