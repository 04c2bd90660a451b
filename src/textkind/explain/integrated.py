"""Integrated gradients of a network: what each token of a text adds to a difference of logits.

    found = integrated_gradients(network, ids, outputs)      ids (T,), outputs (O,)
    found.weights                                            (T,), adding up to end - start

The vectors of all tokens are scaled from nothing to what they are, and the gradient by each is
summed up on the way (Sundararajan, Taly & Yan 2017, "Axiomatic Attribution for Deep Networks").
The baseline is the zero vector in the place of every token; positions, special tokens and the
length of the text stay. A number for each token scales its vector, and the gradient by that
number is the vector times the gradient by it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from textkind.explain.settings import MOST_STEPS, TOLERANCE
from textkind.models.networks.windows import WindowedNetwork, plain_network, window_places
from textkind.training.forward import evaluating

FEWEST_STEPS = 16
POSITIONS = 4096  # in a batch that keeps gradients
MOST_POSITIONS = 1 << 22  # at all steps together: of a text of many tokens fewer steps are taken
MOST_TOKENS = 1 << 16  # of a text: the states of all of them are kept for the gradient
END = ".weight"  # of the name of an embedding's table


@dataclass(frozen=True, eq=False)
class Integrated:
    """weights (T,) float64; start, end: the outputs at the baseline and at the text itself."""

    weights: np.ndarray
    start: float
    end: float
    steps: int

    @property
    def error(self) -> float:
        """How far the weights are from adding up to what they should."""
        return abs(float(self.weights.sum()) - (self.end - self.start))


def integrated_gradients(
    network: nn.Module,
    ids: np.ndarray,
    outputs: np.ndarray,
    *,
    tolerance: float = TOLERANCE,
    most_steps: int = MOST_STEPS,
) -> Integrated:
    """What each of the tokens ids (T,) adds to the network's outputs times `outputs` (O,).

    Steps are doubled until the weights add up within the tolerance and none has moved by more, or
    most_steps are taken, or as many as have MOST_POSITIONS. The network is read without dropout,
    in float32, and keeps its own gradients as they were.
    """
    start, end = _values(network, ids, outputs, np.array([0.0, 1.0]))[0].tolist()
    allowed = tolerance * max(1.0, abs(end - start))
    most_steps = min(most_steps, max(2 * FEWEST_STEPS, MOST_POSITIONS // max(1, ids.size)))
    steps, before = min(FEWEST_STEPS, most_steps), None
    while True:
        at, share = nodes(steps)
        _, slopes = _values(network, ids, outputs, at, slopes=True)
        found = Integrated(share @ slopes, start, end, steps)
        if 2 * steps > most_steps:
            return found
        moved = np.inf if before is None else np.abs(found.weights - before).max(initial=0)
        if max(found.error, moved) <= allowed:
            return found
        steps, before = 2 * steps, found.weights


@cache
def nodes(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Where between 0 and 1 the gradient is taken, and its share in the sum: (steps,) each.

    Those of Gauss and Legendre, squared: a network that normalises its states makes most of its
    way where vectors are still tiny, and half of the nodes are below a quarter.
    """
    at, share = np.polynomial.legendre.leggauss(steps)
    root = (at + 1) / 2
    return root**2, share * root


def _values(
    network: nn.Module, ids: np.ndarray, outputs: np.ndarray, at: np.ndarray, slopes: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Outputs times `outputs` (S,), and slopes by each token's scale (S, T), at scales (S,)."""
    device = next(network.parameters()).device
    values, found = np.empty(at.size), np.zeros((at.size, ids.size))
    wanted = torch.from_numpy(outputs.astype(np.float32)).to(device)
    row = torch.from_numpy(ids.astype(np.int64)).to(device)
    mask = torch.ones(max(ids.size, 1), dtype=torch.bool, device=device)
    if ids.size == 0:  # a text without a token has one position that does not count
        row, mask = row.new_zeros(1), ~mask
    at_once = max(1, POSITIONS // row.numel())
    # cuDNN has no backward pass for a recurrent network that is not training
    with evaluating(network), torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        for first in range(0, at.size, at_once):
            scales = torch.from_numpy(at[first : first + at_once].astype(np.float32)).to(device)
            gates = scales[:, None].repeat(1, row.numel()).requires_grad_(slopes)
            some = (len(gates), row.numel())
            with _gated(network, gates, mask.expand(some)):
                told = network(row.expand(some), mask.expand(some)).float() @ wanted  # (S,)
            values[first : first + at_once] = told.detach().cpu().numpy()
            if slopes and ids.size:
                (slope,) = torch.autograd.grad(told.sum(), gates)
                found[first : first + at_once] = slope.cpu().numpy()
    return values, found


@contextmanager
def _gated(network: nn.Module, gates: Tensor, mask: Tensor) -> Iterator[None]:
    """The network with the vector of each token times its gate, (B, T) as the mask is.

    In this thread alone: others may be reading texts with the same network.
    """
    seen = gates
    if isinstance(network, WindowedNetwork):
        lengths = mask.sum(dim=1)
        texts, begins, _ = window_places(lengths, network.window, network.overlap)
        within = torch.arange(min(network.window, mask.shape[1]), device=mask.device)
        seen = gates[texts[:, None], begins[:, None] + within]
    own = plain_network(network)
    paths: tuple[str, ...] = own.token_tables  # type: ignore[assignment]
    # the others hold a number for each token, not a vector
    tables = [own.get_submodule(path[: -len(END)]) for path in paths if path.endswith(END)]

    here = threading.get_ident()

    def scaled(module: nn.Module, inputs: tuple, vectors: Tensor) -> Tensor:
        return vectors * seen[:, :, None] if threading.get_ident() == here else vectors

    hooks = [table.register_forward_hook(scaled) for table in tables]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
