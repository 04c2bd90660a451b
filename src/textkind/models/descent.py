"""Dual coordinate descent over sixteen binary problems at once: compiled kernels.

Each lane is one problem: a class against the rest, or one strength of the same problem. For lane l

    minimise over w   ||w||^2 / 2 + sum_i cost(i) * loss(sign_i * w . x_i)

in the dual, one text at a time (Hsieh et al. 2008 for the squared hinge, Yu, Huang and Lin 2011
for the logistic loss). The bias is the weight of a feature that is 1 in every text. One pass over
a text's features serves all lanes: the weights of a feature are one cache line.

state  (N, 16) float32: for the squared hinge the dual variables alpha >= 0; for the logistic loss
       their logits t, with alpha = cost * sigmoid(t).
"""

import numpy as np
from numba import njit

from textkind.models.lanes import (
    any_nonzero,
    exponential,
    fill,
    load,
    maximum,
    multiply_add,
    select_positive,
    store,
)

SQUARED_HINGE = 0
LOGISTIC = 1
FRESH = np.float32(-80)  # the logit of a dual variable that is still 0
NEWTON_STEPS = 6  # of the one-variable logistic problem; quadratic convergence from a good start
compiled = njit(cache=True, nogil=True, boundscheck=False)


@compiled
def margins_of(begin, end, columns, values, weights, biases):
    """w . x of one text in every lane, and x . x with the bias."""
    even = load(biases, 0)
    odd = fill(np.float32(0))
    squares = np.float32(1)
    i = begin
    while i + 1 < end:  # two sums, so that one addition need not wait for the other
        even = multiply_add(fill(values[i]), load(weights, columns[i]), even)
        odd = multiply_add(fill(values[i + 1]), load(weights, columns[i + 1]), odd)
        squares += values[i] * values[i] + values[i + 1] * values[i + 1]
        i += 2
    if i < end:
        even = multiply_add(fill(values[i]), load(weights, columns[i]), even)
        squares += values[i] * values[i]
    return even + odd, squares


@compiled
def add_text(begin, end, columns, values, step, weights, biases):
    """w += step * x in every lane."""
    store(biases, 0, load(biases, 0) + step)
    for i in range(begin, end):
        store(weights, columns[i], multiply_add(fill(values[i]), step, load(weights, columns[i])))


@compiled
def sigmoid(lanes):
    """1 / (1 + exp(-x))."""
    one = fill(np.float32(1))
    return one / (one + exponential(fill(np.float32(0)) - lanes))


@compiled
def hinge_step(margin, squares, sign, alpha, cost):
    """The best dual variable of one text for the squared hinge, in closed form."""
    diagonal = np.float32(0.5) / cost
    gradient = sign * margin + diagonal * alpha - np.float32(1)
    return maximum(alpha - gradient / (diagonal + squares), fill(np.float32(0)))


@compiled
def logistic_step(margin, squares, sign, logit, cost):
    """The best dual logit of one text for the logistic loss, by Newton's method.

    Solves t + squares * cost * sigmoid(t) + offset = 0, whose left side rises everywhere and whose
    root lies between -offset - squares * cost and -offset. On either side of 0 the left side bends
    one way only: kept on the root's side, Newton's steps close in on it and cannot run in a circle.
    """
    zero = fill(np.float32(0))
    curvature = cost * squares
    offset = sign * margin - curvature * sigmoid(logit)
    at_zero = curvature * np.float32(0.5) + offset
    high = zero - offset
    low = high - curvature
    high = select_positive(at_zero, zero - maximum(offset, zero), high)
    low = select_positive(at_zero, low, maximum(low, zero))
    point = maximum(low, zero - maximum(zero - high, zero - logit))
    for _ in range(NEWTON_STEPS):
        share = sigmoid(point)
        value = point + curvature * share + offset
        slope = multiply_add(curvature * share, np.float32(1) - share, fill(np.float32(1)))
        point = point - value / slope
        point = maximum(low, zero - maximum(zero - high, zero - point))
    return point


@compiled
def descend_lanes(
    objective, order, starts, ends, columns, values,
    signs, costs, sample_weights, weights, biases, state, moved,
):  # fmt: skip
    """One pass over the texts in `order`, sixteen problems at once.

    signs (N, 16) int8 is 1, -1, or 0 for a lane without a problem; costs (2, 16) holds the cost of
    a text with sign -1 and 1, times sample_weights (N,) the cost of the row. weights (V, 16),
    biases (1, 16) and state are updated in place.
    moved (1, 16) takes the sum of squared steps, each times x . x: a measure of what the pass did.
    """
    moves = fill(np.float32(0))
    for place in range(order.size):
        row = order[place]
        begin, end = starts[row], ends[row]
        margin, squares = margins_of(begin, end, columns, values, weights, biases)
        length = fill(squares)
        sign = load(signs, row)
        cost = select_positive(sign, load(costs, 1), load(costs, 0)) * sample_weights[row]
        before = load(state, row)
        if objective == SQUARED_HINGE:
            after = hinge_step(margin, length, sign, before, cost)
            step = (after - before) * sign
        else:
            after = logistic_step(margin, length, sign, before, cost)
            step = (sigmoid(after) - sigmoid(before)) * cost * sign
        if any_nonzero(step):
            store(state, row, after)
            add_text(begin, end, columns, values, step, weights, biases)
            moves = multiply_add(step * length, step, moves)
    store(moved, 0, moves)


@njit(cache=True, nogil=True, boundscheck=False, fastmath=True)
def descend_single(
    order, starts, ends, columns, values, signs, costs, sample_weights, weights, biases, state
):
    """As descend_lanes, for one squared-hinge problem in packed arrays of width 1.

    A single problem in sixteen lanes would move sixteen times the memory.
    """
    moves = np.float32(0)
    for place in range(order.size):
        row = order[place]
        margin, squares = biases[0], np.float32(1)
        for i in range(starts[row], ends[row]):
            margin += values[i] * weights[columns[i]]
            squares += values[i] * values[i]
        sign = np.float32(signs[row])
        diagonal = np.float32(0.5) / (costs[1 if sign > 0 else 0] * sample_weights[row])
        before = state[row]
        gradient = sign * margin + diagonal * before - np.float32(1)
        after = max(before - gradient / (diagonal + squares), np.float32(0))
        step = (after - before) * sign
        if step != 0:
            state[row] = after
            biases[0] += step
            for i in range(starts[row], ends[row]):
                weights[columns[i]] += values[i] * step
            moves += step * step * squares
    return moves


@compiled
def margins_lanes(starts, ends, columns, values, weights, biases, margins):
    """margins[i] = w . x_i + bias for every text, in every lane."""
    for row in range(starts.size):
        margin, _ = margins_of(starts[row], ends[row], columns, values, weights, biases)
        store(margins, row, margin)


@njit(cache=True, nogil=True, boundscheck=False, fastmath=True)
def margins_single(starts, ends, columns, values, weights, biases, margins):
    """As margins_lanes, for one problem in packed arrays of width 1."""
    for row in range(starts.size):
        margin = biases[0]
        for i in range(starts[row], ends[row]):
            margin += values[i] * weights[columns[i]]
        margins[row] = margin
