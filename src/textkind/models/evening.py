"""Inputs of a product that are evened out before they are rounded to 8 bits.

    sizes = largest_inputs(network)             linear layer -> (inputs,) float32
    parts = divisors(sizes[layer], weights)     (inputs,)

All inputs of a product share a scale. Where one is always fifteen times as large as the others, as
in most pretrained encoders, it takes four of their eight bits. Inputs divided by their size and
weights multiplied with it give the same product (SmoothQuant, Xiao et al. 2023). The sizes are
those of texts of tokens drawn at random, so none are asked for.
"""

import numpy as np
import torch
from torch import Tensor, nn

from textkind.models.networks.pretrained import Pretrained
from textkind.models.networks.windows import plain_network

TEXTS, LENGTH = 16, 24  # that are drawn
SHARE = 0.6  # of a size that is taken from the inputs; the rest is left to the weights' scales
LEAST = 1e-5


def block_layers(network: nn.Module) -> dict[str, nn.Linear]:
    """The linear layers of the blocks of a network, by name."""
    return {
        name: part
        for name, part in network.named_modules()
        if isinstance(part, nn.Linear) and ".blocks." in f".{name}"
    }


@torch.no_grad()
def largest_inputs(network: nn.Module) -> dict[nn.Linear, np.ndarray]:
    """The largest absolute value of each input of the layers of the blocks, over drawn texts."""
    layers = list(block_layers(network).values())
    if not layers:
        return {}
    found: dict[nn.Linear, np.ndarray] = {}

    def note(layer: nn.Linear, given: tuple[Tensor, ...]) -> None:
        found[layer] = given[0].abs().flatten(0, -2).amax(dim=0).numpy()

    own = plain_network(network)
    vocabulary = len(own.embedding.weight)  # type: ignore[arg-type, union-attr]
    length = min(LENGTH, _longest(own))
    drawn = torch.randint(vocabulary, (TEXTS, length), generator=torch.Generator().manual_seed(0))
    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    try:
        own.vectors(drawn, torch.ones_like(drawn, dtype=torch.bool))  # type: ignore[operator]
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _longest(network: nn.Module) -> int:
    """Tokens that the network can read at once."""
    if isinstance(network, Pretrained):
        shape = network.architecture
        return shape.positions - shape.before - shape.behind
    longest: int = network.longest  # type: ignore[assignment]
    return longest


def divisors(sizes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(inputs,) float32, 1 on average: of inputs of these sizes, by weights (inputs, outputs)."""
    parts = np.maximum(sizes, LEAST) ** SHARE
    parts /= np.maximum(np.abs(weights).max(axis=1), LEAST) ** (1 - SHARE)
    evened: np.ndarray = (parts / parts.mean()).astype(np.float32)
    return evened
