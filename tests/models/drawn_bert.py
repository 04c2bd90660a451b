"""A small Bert with drawn numbers, for tests of what reads instead of it."""

import torch

from textkind.models.networks.bert import Bert
from textkind.models.networks.pretrained_settings import Architecture


def drawn(activation="gelu", buckets=0):
    """A Bert with numbers like those of trained ones, its architecture, a batch and its mask."""
    architecture = Architecture(
        9, 32, 32, layers=3, positions=20, heads=4, inner_width=64, activation=activation,
        relative_buckets=buckets,
    )  # fmt: skip
    torch.manual_seed(0)
    bert = Bert(architecture).eval()
    with torch.no_grad():
        for parameter in bert.parameters():
            parameter.normal_(std=0.2) if parameter.ndim > 1 else parameter.add_(0.1)
    mask = torch.arange(11) < torch.tensor([[11], [1], [4]])
    return bert, architecture, torch.randn(3, 11, 32), mask


def root_mean_square(x):
    return x.square().mean().sqrt()
