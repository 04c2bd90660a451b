"""Plain minibatch gradient descent for the log-linear model: the teaching twin of the dual solver.

    w <- w - rate * (mean over the batch of (softmax(w . x) - y) x  +  w / (strength * N))

It minimises the same objective as models/multinomial.py, divided by strength * N; `batch_size` runs
from 1 (stochastic) to N (full gradient). Slow to the last digit, and readable.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, boundscheck=False)
def one_pass(
    order, batch_size, starts, ends, columns, values, targets, costs, decay, rate, time, weights,
    biases,
):  # fmt: skip
    """One pass over the texts in `order`; returns the number of steps taken so far.

    targets (N, K) float32 rows sum to 1; costs (N,) float32; decay = 1 / (strength * N); the rate
    falls as rate / sqrt(1 + time / steps of a pass). weights (V, K) and biases (K,) change.
    """
    classes = biases.size
    steps = -(-order.size // batch_size)
    residuals = np.empty((batch_size, classes), np.float32)
    for first in range(0, order.size, batch_size):
        batch = order[first : first + batch_size]
        for place in range(batch.size):
            row = batch[place]
            residual = residuals[place]
            residual[:] = biases
            for i in range(starts[row], ends[row]):
                residual += values[i] * weights[columns[i]]
            residual[:] = np.exp(residual - residual.max())
            residual /= residual.sum()
            residual -= targets[row]
            residual *= costs[row]
        speed = np.float32(rate / np.sqrt(1 + time / steps))
        weights *= np.float32(1) - speed * decay
        biases *= np.float32(1) - speed * decay
        for place in range(batch.size):
            row = batch[place]
            step = residuals[place] * (speed / np.float32(batch.size))
            biases -= step
            for i in range(starts[row], ends[row]):
                weights[columns[i]] -= values[i] * step
        time += 1
    return time
