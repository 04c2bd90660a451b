"""Dual coordinate descent for multinomial logistic regression: compiled kernels.

    minimise over W   ||W||^2 / 2 + sum_i cost(i) * (log sum_k exp(w_k . x_i) - w_{y_i} . x_i)

In the dual every text has a share alpha_k of its cost for each class, and
W_k = sum_i (cost_i [y_i = k] - alpha_ik) x_i. The shares of one text are found together: with
u_k = (x . x) alpha_k they solve u_k + log u_k = z_k - mu under sum u = (x . x) cost (Yu, Huang and
Lin 2011, section 4), here by Newton's method on all log u_k and mu at once.
"""

import numpy as np
from numba import njit

from textkind.models.descent import add_text, compiled, margins_of
from textkind.models.lanes import exponential, fill, load, maximum, store, total

NEWTON_STEPS = 8
ABSENT = np.float32(-1e4)  # the margin of a lane without a class


@njit(inline="always")
def least(left, right):
    """The lesser of two lanes."""
    zero = fill(np.float32(0))
    return zero - maximum(zero - left, zero - right)


@compiled
def share_out(margins, shares, squares, cost, logits):
    """The best shares of one text, written over the old ones; all arrays are (blocks, 16).

    `logits` is scratch. Starts from the softmax of the margins; the last step scales the shares to
    sum to `cost`, so that they stay feasible however far Newton's method came.
    """
    blocks = margins.shape[0]
    highest = margins.max()
    weight = squares * cost
    ceiling = fill(np.log(weight))
    mass = np.float32(0)
    for block in range(blocks):
        mass += total(exponential(load(margins, block) - highest))
    start = np.log(weight / mass) - highest
    offset = np.log(squares)
    for block in range(blocks):
        store(logits, block, load(margins, block) + start)
    for _ in range(NEWTON_STEPS):
        mass = np.float32(0)
        slopes = np.float32(0)
        drift = np.float32(0)
        for block in range(blocks):
            logit = load(logits, block)
            share = exponential(logit)
            target = load(margins, block) + load(shares, block) * squares + offset
            slope = share / (share + np.float32(1))
            mass += total(share)
            slopes += total(slope)
            drift += total(slope * (share + logit - target))
        shift = (mass - drift - weight) / slopes
        for block in range(blocks):
            logit = load(logits, block)
            share = exponential(logit)
            target = load(margins, block) + load(shares, block) * squares + offset
            step = (share + logit - target + shift) / (share + np.float32(1))
            store(logits, block, least(logit - step, ceiling))
    mass = np.float32(0)
    for block in range(blocks):
        mass += total(exponential(load(logits, block)))
    factor = cost / mass
    for block in range(blocks):
        store(shares, block, exponential(load(logits, block)) * factor)


@compiled
def descend_multinomial(
    order, starts, ends, columns, values, costs, absent, weights, biases, state
):
    """One pass over the texts in `order`, all classes together.

    costs (N,) float32; absent (blocks, 16) float32 is 0 for a class and ABSENT for a spare lane;
    weights (blocks, V, 16), biases (blocks, 16) and state (N, blocks, 16), the shares, are updated
    in place. Returns the sum of squared steps, each times x . x.
    """
    blocks = absent.shape[0]
    margins = np.empty((blocks, 16), np.float32)
    shares = np.empty((blocks, 16), np.float32)
    logits = np.empty((blocks, 16), np.float32)
    moves = np.float32(0)
    for place in range(order.size):
        row = order[place]
        begin, end = starts[row], ends[row]
        squares = np.float32(1)
        for block in range(blocks):
            margin, squares = margins_of(
                begin, end, columns, values, weights[block], biases[block : block + 1]
            )
            store(margins, block, margin + load(absent, block))
            store(shares, block, load(state[row], block))
        share_out(margins, shares, squares, costs[row], logits)
        for block in range(blocks):
            step = load(state[row], block) - load(shares, block)
            store(state[row], block, load(shares, block))
            add_text(begin, end, columns, values, step, weights[block], biases[block : block + 1])
            moves += total(step * step) * squares
    return moves
