"""Passes over rows: in which order they are drawn, and what one block of problems does with them.

What a descent in memory and one over rows on disk have in common, so that the same rows in the
same order give both the same bits.
"""

from collections.abc import Callable, Iterator

import numpy as np

from textkind.encoding.rows import Rows
from textkind.models import descent
from textkind.models.lanes import WIDTH
from textkind.models.problems import (
    STRETCH,
    Solution,
    Stopping,
    logistic_sums,
    squared_hinge_sums,
)

# objective -> number in the kernel, first dual state, sums of its primal and dual objective
BINARY = {
    "squared_hinge": (descent.SQUARED_HINGE, 0, squared_hinge_sums),
    "logistic": (descent.LOGISTIC, descent.FRESH, logistic_sums),
}


def width_of(problems: int, objective: str) -> int:
    """The lanes of a block: a single squared-hinge problem is alone in its own."""
    return 1 if problems == 1 and objective == "squared_hinge" else WIDTH


def block_part(block: int, width: int, problems: int) -> slice:
    """Which of the problems a block computes; the last block may have lanes to spare."""
    return slice(block * width, min((block + 1) * width, problems))


def drawn_buffers(draw: np.random.Generator, buffers: int) -> np.ndarray:
    """(buffers,) int64: in which order a pass reads the buffers; nothing is drawn for one."""
    return np.zeros(1, np.int64) if buffers == 1 else draw.permutation(buffers)


def pass_orders(
    draw: np.random.Generator, canonical: np.ndarray, edges: np.ndarray | None
) -> Iterator[np.ndarray]:
    """The rows of one pass, buffer by buffer, each in an order of its own.

    Buffer b is canonical[edges[b]:edges[b + 1]]; without edges all rows are one buffer. A pass
    that draws within buffers needs to hold only one of them (Yu, Hsieh, Chang and Lin 2012, "Large
    linear classification when data cannot fit in memory").
    """
    edges = np.array([0, canonical.size]) if edges is None else edges
    for buffer in drawn_buffers(draw, edges.size - 1):
        yield draw.permutation(canonical[edges[buffer] : edges[buffer + 1]])


def passes(
    one_pass: Callable[[np.ndarray], np.ndarray],
    canonical: np.ndarray,
    draw: np.random.Generator,
    stopping: Stopping,
    moved: np.ndarray,
    edges: np.ndarray | None = None,
) -> tuple[int, bool]:
    """Call one_pass(order) until a pass hardly moves anything; the passes, and whether it did.

    Rows are drawn from `canonical`, an order that does not depend on how the file was sorted, and
    within the buffers that `edges` cut it into. moved (width,) float64 sums all moves since the
    weights were 0, and is added to.
    """
    for number in range(1, stopping.most_passes + 1):
        moves = np.zeros(moved.shape)
        for order in pass_orders(draw, canonical, edges):
            moves += one_pass(order)
        moved += moves
        if is_still(moves, moved, stopping):
            return number, True
    return stopping.most_passes, False


def is_still(moves: np.ndarray, moved: np.ndarray, stopping: Stopping) -> bool:
    """Whether a pass moved hardly anything, measured by all moves so far."""
    return bool(np.all(moves <= stopping.tolerance * moved))


def sample_weights_of(weights: np.ndarray | None, rows: int) -> np.ndarray:
    """(N,) float32 sample weights, all 1 where none are given."""
    return np.ones(rows, np.float32) if weights is None else weights.astype(np.float32)


def descend_block(
    objective: str,
    order: np.ndarray,
    rows: Rows,
    signs: np.ndarray,
    costs: np.ndarray,
    weights: np.ndarray,
    biases: np.ndarray,
    state: np.ndarray,
    sample_weights: np.ndarray | None = None,
) -> np.ndarray:
    """One pass of a block of problems over the rows in `order`; (width,) float64 moves.

    signs (N, width) int8, costs (2, width) float32 and sample_weights (N,) float32 as of Problems;
    weights (V, width), biases (width,) and the dual state (N, width), float32, are updated in
    place.
    """
    arrays = (rows.starts, rows.ends, rows.columns, rows.values)
    sample_weights = sample_weights_of(sample_weights, len(rows))
    if biases.size == 1:
        moved = descent.descend_single(
            order, *arrays, signs[:, 0], costs[:, 0], sample_weights,
            weights[:, 0], biases, state[:, 0],
        )  # fmt: skip
        return np.array([moved], np.float64)
    moves = np.zeros((1, biases.size), np.float32)
    descent.descend_lanes(
        BINARY[objective][0], order, *arrays, signs, costs, sample_weights,
        weights, biases[None], state, moves,
    )  # fmt: skip
    return moves[0].astype(np.float64)


def first_state(objective: str, rows: int, width: int, soft: np.ndarray | None) -> np.ndarray:
    """(N, width) float32 dual state of weights that are 0.

    Of soft targets w = sum_i (cost p_i - alpha_i) x_i, so that there alpha is cost p.
    """
    if soft is None:
        return np.full((rows, width), BINARY[objective][1], np.float32)
    with np.errstate(divide="ignore"):
        logits = np.asarray(np.log(soft) - np.log1p(-soft))
    return np.clip(logits, descent.FRESH, -descent.FRESH)


def block_sums(
    objective: str,
    rows: Rows,
    signs: np.ndarray,
    costs: np.ndarray,
    soft: np.ndarray | None,
    weights: np.ndarray,
    biases: np.ndarray,
    state: np.ndarray,
    sample_weights: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Primal and dual objective of a block's problems without the norm, each (width,) float64."""
    sample_weights = sample_weights_of(sample_weights, len(rows))
    primal, dual = np.zeros(biases.size), np.zeros(biases.size)
    for first in range(0, len(rows), STRETCH):
        part = slice(first, first + STRETCH)
        margins = block_margins(rows.part(part), weights, biases)
        loss, dual_sum = BINARY[objective][2](
            margins, signs[part], costs, sample_weights[part], state[part]
        )
        if soft is not None:  # the part that is linear in the weights, see Problems.signs
            loss -= (costs[0] * soft[part] * margins).sum(axis=0, dtype=np.float64)
        primal, dual = primal + loss, dual + dual_sum
    return primal, dual


def block_margins(rows: Rows, weights: np.ndarray, biases: np.ndarray) -> np.ndarray:
    """(N, width) float32 margins of one block: weights (V, width), biases (width,)."""
    width = biases.size
    margins = np.empty((len(rows), width), np.float32)
    arrays = (rows.starts, rows.ends, rows.columns, rows.values)
    if width == 1:
        descent.margins_single(*arrays, weights[:, 0], biases, margins[:, 0])
    else:
        descent.margins_lanes(*arrays, weights, biases[None], margins)
    return margins


def all_margins(rows: Rows, solution: Solution) -> np.ndarray:
    """(N, P) float32 margins of all problems."""
    margins = [
        block_margins(rows, weights, biases)
        for weights, biases in zip(solution.weights, solution.biases, strict=True)
    ]
    return np.concatenate(margins, axis=1)[:, : solution.problems]


def facts_of(reports: list[tuple]) -> dict:
    """Passes, convergence and objective of all blocks together, from what each reports."""
    taken, converged, primal, dual = zip(*reports, strict=True)
    objective = float(sum(primal))
    return {
        "passes": max(taken),
        "converged": all(converged),
        "objective": objective,
        "relative_gap": (objective - float(sum(dual))) / max(objective, 1e-12),
    }
