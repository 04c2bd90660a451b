"""Recurrent layers over ragged texts, four texts at a time: compiled.

The states of one text do not depend on another's, so four texts (a tile) are taken from their first
step to their last by one thread: at each step four rows of states are multiplied with the recurrent
weights, which stay in the nearest caches, and the gates follow at once. There are no barriers, and
no work on padding. Columns come in lanes of sixteen; units that fill up the last lane stay zero.

Everywhere: `texts` (4,) are row numbers, the longest first, -1 for none; text i has the positions
starts[i] to starts[i] + lengths[i]; `column` is the first lane of the direction's gates and `place`
of its states. Arrays of gates and states are (positions, .) float32.
"""

import numpy as np
from numba import njit

from textkind.models.lanes import exponential, fill, load, multiply_add, store

LANES, TILE = 16, 4
compiled = njit(cache=True, nogil=True, boundscheck=False)


@compiled
def sigmoid(lanes):
    """1 / (1 + e^-x)."""
    one = fill(np.float32(1))
    return one / (one + exponential(fill(np.float32(0)) - lanes))


@compiled
def hyperbolic_tangent(lanes):
    """2 sigmoid(2 x) - 1."""
    return sigmoid(lanes + lanes) * np.float32(2) - np.float32(1)


@compiled
def multiply_tile(rows, weights, blocks, inner, sums):
    """sums (4, 16 blocks) += rows (4, inner) times weights, packed as (blocks, inner, 16)."""
    for block in range(blocks):
        first, second = load(sums, block), load(sums, blocks + block)
        third, fourth = load(sums, 2 * blocks + block), load(sums, 3 * blocks + block)
        begin = block * inner
        for i in range(inner):
            weight = load(weights, begin + i)
            first = multiply_add(fill(rows[0, i]), weight, first)
            second = multiply_add(fill(rows[1, i]), weight, second)
            third = multiply_add(fill(rows[2, i]), weight, third)
            fourth = multiply_add(fill(rows[3, i]), weight, fourth)
        store(sums, block, first)
        store(sums, blocks + block, second)
        store(sums, 2 * blocks + block, third)
        store(sums, 3 * blocks + block, fourth)


@compiled
def position(starts, lengths, text, step, backwards):
    """Where a text is at a step of its direction; -1 where it has no such step."""
    if text < 0 or step < 0 or step >= lengths[text]:
        return -1
    return starts[text] + (lengths[text] - 1 - step if backwards else step)


@compiled
def copy_lanes(source, begin, target, to, count):
    """Copy lanes of one array to lanes of another."""
    for block in range(count):
        store(target, to + block, load(source, begin + block))


@compiled
def clear_lanes(target, begin, count):
    """Set lanes to zero."""
    for block in range(count):
        store(target, begin + block, fill(np.float32(0)))


@compiled
def tanh_forward(gates, weights, starts, lengths, texts, backwards, column, place, states):
    """States of a plain layer: h = tanh(gates + W h)."""
    wide, across = gates.shape[1] // LANES, states.shape[1] // LANES
    units = weights.shape[1]
    blocks = units // LANES
    held, sums = np.zeros((TILE, units), np.float32), np.zeros((TILE, units), np.float32)
    for step in range(lengths[texts[0]]):
        for row in range(TILE):
            at = position(starts, lengths, texts[row], step, backwards)
            if at >= 0:
                copy_lanes(gates, at * wide + column, sums, row * blocks, blocks)
        multiply_tile(held, weights, blocks, units, sums)
        for row in range(TILE):
            at = position(starts, lengths, texts[row], step, backwards)
            for block in range(blocks if at >= 0 else 0):
                state = hyperbolic_tangent(load(sums, row * blocks + block))
                store(held, row * blocks + block, state)
                store(states, at * across + place + block, state)


@compiled
def tanh_backward(
    slopes, states, weights, starts, lengths, texts, backwards, column, place, gate_slopes
):
    """Slopes by the gates, from those by the states; weights are transposed and packed."""
    wide, across = gate_slopes.shape[1] // LANES, states.shape[1] // LANES
    units = weights.shape[1]
    blocks = units // LANES
    back, given = np.zeros((TILE, units), np.float32), np.zeros((TILE, units), np.float32)
    for step in range(lengths[texts[0]] - 1, -1, -1):
        for row in range(TILE):
            at = position(starts, lengths, texts[row], step, backwards)
            for block in range(blocks if at >= 0 else 0):
                state = load(states, at * across + place + block)
                slope = load(slopes, at * across + place + block) + load(back, row * blocks + block)
                slope = slope * (fill(np.float32(1)) - state * state)
                store(given, row * blocks + block, slope)
                store(gate_slopes, at * wide + column + block, slope)
        clear_lanes(back, 0, TILE * blocks)
        multiply_tile(given, weights, blocks, units, back)


@compiled
def lstm_forward(gates, weights, starts, lengths, texts, backwards, column, place, states, cells):
    """States and cells of an LSTM; gates (input, forget, cell, output) become their activations."""
    wide, across = gates.shape[1] // LANES, states.shape[1] // LANES
    units = weights.shape[1]
    blocks = units // LANES
    held, kept = np.zeros((TILE, units), np.float32), np.zeros((TILE, units), np.float32)
    sums = np.zeros((TILE, 4 * units), np.float32)
    for step in range(lengths[texts[0]]):
        for row in range(TILE):
            at = position(starts, lengths, texts[row], step, backwards)
            if at >= 0:
                copy_lanes(gates, at * wide + column, sums, row * 4 * blocks, 4 * blocks)
        multiply_tile(held, weights, 4 * blocks, units, sums)
        for row in range(TILE):
            at = position(starts, lengths, texts[row], step, backwards)
            for block in range(blocks if at >= 0 else 0):
                here, there = row * 4 * blocks + block, at * wide + column + block
                entry, forget = sigmoid(load(sums, here)), sigmoid(load(sums, here + blocks))
                new = hyperbolic_tangent(load(sums, here + 2 * blocks))
                output = sigmoid(load(sums, here + 3 * blocks))
                cell = forget * load(kept, row * blocks + block) + entry * new
                state = output * hyperbolic_tangent(cell)
                store(kept, row * blocks + block, cell)
                store(held, row * blocks + block, state)
                store(cells, at * across + place + block, cell)
                store(states, at * across + place + block, state)
                store(gates, there, entry)
                store(gates, there + blocks, forget)
                store(gates, there + 2 * blocks, new)
                store(gates, there + 3 * blocks, output)


@compiled
def lstm_backward(
    slopes, gates, cells, weights, starts, lengths, texts, backwards, column, place, gate_slopes
):
    """Slopes by the gates before activation; weights are transposed and packed."""
    wide, across = gates.shape[1] // LANES, cells.shape[1] // LANES
    units = weights.shape[1] // 4
    blocks = units // LANES
    one, zero = fill(np.float32(1)), fill(np.float32(0))
    back, kept = np.zeros((TILE, units), np.float32), np.zeros((TILE, units), np.float32)
    given = np.zeros((TILE, 4 * units), np.float32)
    for step in range(lengths[texts[0]] - 1, -1, -1):
        for row in range(TILE):
            at = position(starts, lengths, texts[row], step, backwards)
            before = position(starts, lengths, texts[row], step - 1, backwards)
            for block in range(blocks if at >= 0 else 0):
                there, here = at * wide + column + block, row * 4 * blocks + block
                entry, forget = load(gates, there), load(gates, there + blocks)
                new, output = load(gates, there + 2 * blocks), load(gates, there + 3 * blocks)
                bent = hyperbolic_tangent(load(cells, at * across + place + block))
                earlier = load(cells, before * across + place + block) if before >= 0 else zero
                slope = load(slopes, at * across + place + block) + load(back, row * blocks + block)
                by_cell = slope * output * (one - bent * bent) + load(kept, row * blocks + block)
                store(kept, row * blocks + block, by_cell * forget)
                by_entry = by_cell * new * entry * (one - entry)
                by_forget = by_cell * earlier * forget * (one - forget)
                by_new = by_cell * entry * (one - new * new)
                by_output = slope * bent * output * (one - output)
                store(given, here, by_entry)
                store(given, here + blocks, by_forget)
                store(given, here + 2 * blocks, by_new)
                store(given, here + 3 * blocks, by_output)
            if at >= 0:
                copy_lanes(given, row * 4 * blocks, gate_slopes, at * wide + column, 4 * blocks)
        clear_lanes(back, 0, TILE * blocks)
        multiply_tile(given, weights, blocks, 4 * units, back)


@compiled
def gru_forward(
    gates, weights, bias, starts, lengths, texts, backwards, column, place, states, inner
):
    """States of a GRU; gates (reset, update, new) become their activations.

    inner takes W h + b of the new gate, which reset multiplies (torch.nn.GRU); bias (units,) is b.
    """
    wide, across = gates.shape[1] // LANES, states.shape[1] // LANES
    units = weights.shape[1]
    blocks = units // LANES
    held, sums = np.zeros((TILE, units), np.float32), np.zeros((TILE, 3 * units), np.float32)
    for step in range(lengths[texts[0]]):
        for row in range(TILE):
            at = position(starts, lengths, texts[row], step, backwards)
            if at >= 0:
                copy_lanes(gates, at * wide + column, sums, row * 3 * blocks, 2 * blocks)
                copy_lanes(bias, 0, sums, row * 3 * blocks + 2 * blocks, blocks)
        multiply_tile(held, weights, 3 * blocks, units, sums)
        for row in range(TILE):
            at = position(starts, lengths, texts[row], step, backwards)
            for block in range(blocks if at >= 0 else 0):
                here, there = row * 3 * blocks + block, at * wide + column + block
                reset, update = sigmoid(load(sums, here)), sigmoid(load(sums, here + blocks))
                hidden = load(sums, here + 2 * blocks)
                new = hyperbolic_tangent(load(gates, there + 2 * blocks) + reset * hidden)
                state = new + update * (load(held, row * blocks + block) - new)
                store(held, row * blocks + block, state)
                store(states, at * across + place + block, state)
                store(inner, at * across + place + block, hidden)
                store(gates, there, reset)
                store(gates, there + blocks, update)
                store(gates, there + 2 * blocks, new)


@compiled
def gru_backward(
    slopes, gates, states, inner, weights, starts, lengths, texts, backwards, column, place,
    gate_slopes, inner_slopes,
):  # fmt: skip
    """Slopes by the gates before activation, and by `inner`; weights are transposed and packed."""
    wide, across = gates.shape[1] // LANES, states.shape[1] // LANES
    units = weights.shape[1] // 3
    blocks = units // LANES
    one, zero = fill(np.float32(1)), fill(np.float32(0))
    back, given = np.zeros((TILE, units), np.float32), np.zeros((TILE, 3 * units), np.float32)
    for step in range(lengths[texts[0]] - 1, -1, -1):
        for row in range(TILE):
            at = position(starts, lengths, texts[row], step, backwards)
            before = position(starts, lengths, texts[row], step - 1, backwards)
            for block in range(blocks if at >= 0 else 0):
                there, here = at * wide + column + block, row * 3 * blocks + block
                reset, update = load(gates, there), load(gates, there + blocks)
                new = load(gates, there + 2 * blocks)
                hidden = load(inner, at * across + place + block)
                earlier = load(states, before * across + place + block) if before >= 0 else zero
                slope = load(slopes, at * across + place + block) + load(back, row * blocks + block)
                by_new = slope * (one - update) * (one - new * new)
                by_reset = by_new * hidden * reset * (one - reset)
                by_update = slope * (earlier - new) * update * (one - update)
                store(gate_slopes, there, by_reset)
                store(gate_slopes, there + blocks, by_update)
                store(gate_slopes, there + 2 * blocks, by_new)
                store(inner_slopes, at * across + place + block, by_new * reset)
                store(given, here, by_reset)
                store(given, here + blocks, by_update)
                store(given, here + 2 * blocks, by_new * reset)
                store(back, row * blocks + block, slope * update)
        multiply_tile(given, weights, blocks, 3 * units, back)
