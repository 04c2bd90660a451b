"""Recurrent layers over ragged texts, on the CPU: as torch.nn's, several times as quick.

    states = recurrent_layer(layer, x, starts, lengths)         (M, directions * H)

layer is a torch.nn.RNN, LSTM or GRU of one layer, whose parameters are used; x (M, D) holds the
positions of all texts one after the other, without padding. All that can be one product of
matrices is one: inputs to gates, and the slopes by every weight. Only the steps themselves, where
a state needs the one before it, are compiled loops (recurrence_kernels.py).
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from textkind.models.networks import recurrence_kernels as kernels
from textkind.models.networks.recurrence_kernels import LANES, TILE
from textkind.parallel import run_blocks

GATES = {"RNN_TANH": 1, "LSTM": 4, "GRU": 3}


def recurrent_layer(layer: nn.RNNBase, x: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
    """(M, directions * H) states of the texts whose positions x (M, D) holds; float32 on the CPU.

    starts and lengths are (B,) int64; a text of length 0 has no position.
    """
    gates, units = GATES[layer.mode], layer.hidden_size
    ways = ("", "_reverse")[: 2 if layer.bidirectional else 1]
    weights, biases, recurrent, inner = [], [], [], []
    for way in ways:
        weight, own = (getattr(layer, f"{name}_l0{way}") for name in ("weight_ih", "weight_hh"))
        bias, other = (getattr(layer, f"{name}_l0{way}") for name in ("bias_ih", "bias_hh"))
        if layer.mode == "GRU":  # the bias inside the reset gate cannot be added to the input's
            inner.append(_filled(other[2 * units :], 1, units))
            other = torch.cat([other[: 2 * units], torch.zeros_like(other[2 * units :])])
        weights.append(_filled(weight, gates, units))
        biases.append(_filled(bias + other, gates, units))
        recurrent.append(functional.pad(_filled(own, gates, units), (0, -units % LANES)))
    projected = functional.linear(x, torch.cat(weights), torch.cat(biases))
    bias = torch.stack(inner) if inner else projected.new_zeros(len(ways), 0)
    states = Recurrence.apply(projected, torch.stack(recurrent), bias, starts, lengths, layer.mode)
    return states.unflatten(1, (len(ways), -1))[:, :, :units].flatten(1)


def _filled(weights: Tensor, gates: int, units: int) -> Tensor:
    """Rows of each gate filled up with zeros to a multiple of sixteen."""
    more = -units % LANES
    if not more:
        return weights
    apart = weights.unflatten(0, (gates, units))
    sides = (0, 0) * (apart.ndim - 2) + (0, more)
    return functional.pad(apart, sides).flatten(0, 1)


class Recurrence(torch.autograd.Function):
    """The kernels as one step of autograd; units are a multiple of sixteen."""

    @staticmethod
    def forward(
        ctx: Any,
        projected: Tensor,
        weights: Tensor,
        bias: Tensor,
        starts: Tensor,
        lengths: Tensor,
        mode: str,
    ) -> Tensor:
        """States (M, directions * H) from inputs to the gates (M, directions * gates * H).

        weights is (directions, gates * H, H), bias (directions, H) of the GRU's new gate.
        """
        ways, units = weights.shape[0], weights.shape[2]
        gates = projected.detach().clone()  # activations take the place of the inputs
        states = torch.zeros(len(projected), ways * units)
        beside = torch.zeros_like(states)  # cells of an LSTM, what reset multiplies in a GRU
        packed = [_packed(weight.T) for weight in weights.detach()]
        forward: dict[str, tuple[Any, tuple[Tensor, ...]]] = {
            "RNN_TANH": (kernels.tanh_forward, (states,)),
            "LSTM": (kernels.lstm_forward, (states, beside)),
            "GRU": (kernels.gru_forward, (states, beside)),
        }
        step, behind = forward[mode]
        own_bias = [(one.numpy(),) if mode == "GRU" else () for one in bias.detach()]
        inputs, where, outputs = gates.numpy(), as_arrays(starts, lengths), as_arrays(*behind)

        def work(way: int, texts: np.ndarray, column: int, place: int) -> None:
            step(
                inputs, packed[way], *own_bias[way], *where, texts, way == 1, column, place,
                *outputs,
            )  # fmt: skip

        _over_tiles(work, ways, GATES[mode] * units, units, lengths)
        ctx.mode = mode
        ctx.save_for_backward(gates, weights, states, beside, starts, lengths)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor | None, ...]:
        """Slopes by the gates' inputs, the weights and the bias."""
        gates, weights, states, beside, starts, lengths = (
            tensor.detach() for tensor in ctx.saved_tensors
        )
        mode, (ways, _, units) = ctx.mode, weights.shape
        slopes = slopes.contiguous()
        by_gates, by_inner = torch.zeros_like(gates), torch.zeros_like(beside)
        packed = [_packed(weight) for weight in weights]
        backward: dict[str, tuple[Any, tuple[Tensor, ...], tuple[Tensor, ...]]] = {
            "RNN_TANH": (kernels.tanh_backward, (states,), (by_gates,)),
            "LSTM": (kernels.lstm_backward, (gates, beside), (by_gates,)),
            "GRU": (kernels.gru_backward, (gates, states, beside), (by_gates, by_inner)),
        }
        step, before, behind = backward[mode]

        inputs, where, outputs = (
            as_arrays(slopes, *before),
            as_arrays(starts, lengths),
            as_arrays(*behind),
        )

        def work(way: int, texts: np.ndarray, column: int, place: int) -> None:
            step(*inputs, packed[way], *where, texts, way == 1, column, place, *outputs)

        _over_tiles(work, ways, GATES[mode] * units, units, lengths)
        by_weights = torch.stack(
            [
                _recurrent_slopes(by_gates, by_inner, states, starts, lengths, way, weights.shape)
                for way in range(ways)
            ]
        )
        by_bias = by_inner.sum(dim=0).view(ways, units) if mode == "GRU" else None
        return by_gates, by_weights, by_bias, None, None, None


def as_arrays(*tensors: Tensor) -> tuple[np.ndarray, ...]:
    """Tensors as arrays of the same memory."""
    return tuple(tensor.numpy() for tensor in tensors)


def _over_tiles(work: Any, ways: int, wide: int, units: int, lengths: Tensor) -> None:
    """Call work(way, texts, column, place) for every direction and every four texts."""
    order = np.argsort(-lengths.numpy(), kind="stable")
    order = order[: int((lengths > 0).sum())]
    tiles = np.full((-(-order.size // TILE), TILE), -1, np.int64)
    tiles.reshape(-1)[: order.size] = order

    def one(number: int) -> None:
        tile, way = divmod(number, ways)  # the longest first, so that threads end together
        work(way, tiles[tile], way * wide // LANES, way * units // LANES)

    run_blocks(one, len(tiles) * ways, torch.get_num_threads())


def _packed(matrix: Tensor) -> np.ndarray:
    """(K, 16 n) -> (n, K, 16): sixteen columns at a time, as multiply_tile reads them."""
    return matrix.unflatten(1, (-1, LANES)).transpose(0, 1).contiguous().numpy()


def _recurrent_slopes(
    by_gates: Tensor,
    by_inner: Tensor,
    states: Tensor,
    starts: Tensor,
    lengths: Tensor,
    way: int,
    shape: torch.Size,
) -> Tensor:
    """Slopes by one direction's recurrent weights: all steps in one product."""
    _, wide, units = shape
    earlier = torch.zeros(len(states), units)
    own = states[:, way * units : (way + 1) * units]
    read = starts[lengths > 0]
    if way == 0:
        earlier[1:] = own[:-1]
        earlier[read] = 0
    else:
        earlier[:-1] = own[1:]
        earlier[read + lengths[lengths > 0] - 1] = 0
    slopes = by_gates[:, way * wide : (way + 1) * wide]
    if wide == GATES["GRU"] * units:  # the new gate's weights stand behind the reset gate
        inner = by_inner[:, way * units : (way + 1) * units]
        slopes = torch.cat([slopes[:, : 2 * units], inner], dim=1)
    return slopes.T @ earlier
