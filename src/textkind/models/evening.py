"""Inputs of a product that are evened out before they are rounded to 8 bits.

    sizes = largest_inputs(network)             linear layer -> (inputs,) float32
    parts = divisors(sizes[layer], weights)     (inputs,)

All inputs of a product share a scale. Where one is always fifteen times as large as the others, as
behind the norms of MiniLM, it takes four of their eight bits. Inputs divided by their size and
weights multiplied with it give the same product (SmoothQuant, Xiao et al. 2023). The sizes are
those of texts of tokens drawn at random, so none are asked for.
"""

import threading
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from textkind.models.networks.pretrained import Pretrained
from textkind.models.networks.windows import plain_network
from textkind.training.forward import evaluating

Sizes = Mapping[nn.Linear, np.ndarray]
TEXTS, LENGTH = 16, 24  # of so many tokens each
# of a size, as a power, that is taken from the inputs; the rest is left to the weights' own scales.
# 0.6 was best for MiniLM among 0.5 to 0.9
SHARE = 0.6
LEAST = 1e-5  # of a size: an input that was never seen above 0


def block_layers(network: nn.Module) -> dict[str, nn.Linear]:
    """The linear layers of the blocks of a network, by name."""
    return {
        name: part
        for name, part in network.named_modules()
        if isinstance(part, nn.Linear) and ".blocks." in f".{name}"
    }


@torch.no_grad()
def largest_inputs(network: nn.Module) -> dict[nn.Linear, np.ndarray]:
    """The largest absolute value of each input of the layers of the blocks, over drawn texts.

    Of one that reads windows, those of the network that reads each.
    """
    own, here = plain_network(network), threading.get_ident()
    layers = block_layers(own).values()
    if not layers:
        return {}
    found: dict[nn.Linear, np.ndarray] = {}

    def note(layer: nn.Linear, given: tuple[Tensor, ...]) -> None:
        if threading.get_ident() == here:  # another thread may read with the network
            found[layer] = given[0].abs().flatten(0, -2).amax(dim=0).float().cpu().numpy()

    table: Tensor = own.embedding.weight  # type: ignore[assignment, union-attr]
    longest: int = (own.architecture if isinstance(own, Pretrained) else own).longest  # type: ignore[assignment]
    size = (TEXTS, min(LENGTH, longest))
    drawn = torch.randint(len(table), size, generator=torch.Generator().manual_seed(0))
    drawn = drawn.to(table.device)
    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    try:
        with evaluating(own):
            own.vectors(drawn, torch.ones_like(drawn, dtype=torch.bool))  # type: ignore[operator]
    finally:
        for hook in hooks:
            hook.remove()
    return found


def divisors(sizes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(inputs,) float32, about 1: of inputs of these sizes, by weights (inputs, outputs).

    Powers of two: what is multiplied with them keeps its digits, and another machine, whose sums
    of floats differ in the last, has the same.
    """
    parts = np.maximum(sizes, LEAST) ** SHARE
    parts /= np.maximum(np.abs(weights).max(axis=1), LEAST) ** (1 - SHARE)
    evened: np.ndarray = np.exp2(np.rint(np.log2(parts / parts.mean()))).astype(np.float32)
    return evened
