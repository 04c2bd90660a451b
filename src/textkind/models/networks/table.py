"""The table of networks, and how one is made: by name, with first weights that the seed decides."""

import importlib

import torch
from torch import nn

from textkind.errors import SettingsError, did_you_mean
from textkind.models.networks.settings import NetworkSettings
from textkind.seeds import child_seed

# name -> where its class is; a module is imported when its network is first made
NETWORKS: dict[str, tuple[str, str]] = {
    "mean_pool": ("textkind.models.networks.mean_pool", "MeanPool"),
    "perceptron": ("textkind.models.networks.perceptron", "Perceptron"),
    "cnn": ("textkind.models.networks.cnn", "Cnn"),
    "rnn": ("textkind.models.networks.rnn", "Rnn"),
    "transformer": ("textkind.models.networks.transformer", "Transformer"),
    "frozen": ("textkind.models.networks.pretrained", "Pretrained"),
    "pretrained": ("textkind.models.networks.pretrained", "Pretrained"),
}


def build_network(
    name: str, vocabulary: int, outputs: int, settings: NetworkSettings, seed: int
) -> nn.Module:
    """The network of that name; the same seed gives the same weights.

    PyTorch's own generator is left as it was. SettingsError for a name that is not in the table.
    """
    if name not in NETWORKS:
        raise SettingsError(
            "there is no such network", found=name, hint=did_you_mean(name, NETWORKS)
        )
    path, kind = NETWORKS[name]
    make = getattr(importlib.import_module(path), kind)
    with torch.random.fork_rng(devices=[]):  # networks are made on the CPU
        first = int(child_seed(seed, "weights").generate_state(1)[0])
        torch.default_generator.manual_seed(first)
        return make(vocabulary, outputs, settings)
