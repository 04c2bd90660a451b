"""Low-rank updates of an encoder's matrices (Hu et al. 2021, LoRA), by the library peft.

    with low_rank(network, 16, seed=0):
        ...

Few numbers are trained inside, and the optimizer keeps moments of few.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from textkind.models.networks.pretrained import Pretrained
from textkind.optional import need
from textkind.seeds import child_seed
from textkind.training.randomness import seeded

LARGE = 300_000_000  # parameters above which an encoder gets low-rank updates
RANK = 16  # of those


def rank_of(asked: int | None, network: Pretrained) -> int:
    """The rank that is asked for, or else that of an encoder of this size; 0 is none."""
    if asked is not None:
        return asked
    size = sum(parameter.numel() for parameter in network.encoder.parameters())
    return RANK if size > LARGE else 0


@contextmanager
def low_rank(network: Pretrained, rank: int, seed: int) -> Iterator[None]:
    """Inside the block only low-rank updates of the encoder's matrices are trained, and the head.

    Matrices that were not trained before (freeze_lowest) get no update. Behind the block updates
    are added to the matrices, and the network is as it was built.
    """
    if not rank:
        yield
        return
    matrices = [
        name
        for name, part in network.encoder.named_modules()
        if isinstance(part, nn.Linear) and part.weight.requires_grad
    ]
    peft = need("peft", "low-rank updates")
    for name, parameter in network.named_parameters():
        if not name.startswith(("head.", "pooling.")):
            parameter.requires_grad_(False)
    if not matrices:
        yield
        return
    config = peft.LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=matrices, bias="none"
    )
    with seeded(child_seed(seed, "low rank"), torch.device("cpu")):
        peft.inject_adapter_in_model(config, network.encoder)
    try:
        yield
    finally:
        for name in matrices:
            place, _, own = name.rpartition(".")
            owner = network.encoder.get_submodule(place)
            updated: Any = getattr(owner, own)
            updated.merge()
            setattr(owner, own, updated.get_base_layer())
