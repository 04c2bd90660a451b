"""Solvers: rows and problems in, weights out, each a loop of passes over a compiled kernel.

    solution = solve_binary(rows, size, problems, "squared_hinge", canonical=order)

Sixteen problems share a block. Blocks share nothing, so each goes to a core, and the result does
not depend on how many cores there are.
"""

from collections.abc import Callable

import numpy as np

from textkind.encoding.ngrams import Rows
from textkind.errors import SettingsError
from textkind.models import descent, gradient_descent, multinomial
from textkind.models.lanes import WIDTH
from textkind.models.problems import (
    Problems,
    Solution,
    Stopping,
    logistic_values,
    multinomial_values,
    squared_hinge_values,
    squared_norm,
)
from textkind.parallel import run_blocks
from textkind.seeds import generator

# objective -> number in the kernel, first dual state, primal and dual values
BINARY = {
    "squared_hinge": (descent.SQUARED_HINGE, 0, squared_hinge_values),
    "logistic": (descent.LOGISTIC, descent.FRESH, logistic_values),
}
Visit = Callable[[int, int, np.ndarray, np.ndarray], None]  # block, step, weights, biases


def passes(
    one_pass: Callable[[np.ndarray], np.ndarray],
    canonical: np.ndarray,
    seed: int,
    stopping: Stopping,
) -> tuple[int, bool]:
    """Call one_pass(order) until it hardly moves anything; the passes taken, and whether it did.

    Rows are drawn from `canonical`, an order that does not depend on how the file was sorted.
    """
    draw = generator(seed, "order")
    moved = 0.0
    for number in range(1, stopping.most_passes + 1):
        moves = np.asarray(one_pass(draw.permutation(canonical)), np.float64)
        moved = moved + moves
        if np.all(moves <= stopping.tolerance * moved):
            return number, True
    return stopping.most_passes, False


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


def solve_binary(
    rows: Rows,
    size: int,
    problems: Problems,
    objective: str,
    *,
    canonical: np.ndarray,
    seed: int = 0,
    stopping: Stopping = Stopping(),
    path: tuple[float, ...] = (1.0,),
    visit: Visit | None = None,
    threads: int | None = None,
) -> Solution:
    """Solve one-against-rest problems by dual coordinate descent.

    rows have columns below `size`. `path` multiplies the costs, step by step, each step starting
    from the last; visit(block, step, weights (V, width), biases (width,)) sees every step's end.
    """
    kind, fresh, values_of = BINARY[objective]
    width = 1 if len(problems) == 1 and objective == "squared_hinge" else WIDTH
    blocks = -(-len(problems) // width)
    weights = np.zeros((blocks, size, width), np.float32)
    biases = np.zeros((blocks, width), np.float32)
    arrays = (rows.starts, rows.ends, rows.columns, rows.values)
    reports: list[tuple] = [()] * blocks

    def work(block: int) -> None:
        part = slice(block * width, min((block + 1) * width, len(problems)))
        signs, base = problems.signs(part, width), problems.block_costs(part, width)
        state = np.full((len(rows), width), fresh, np.float32)
        moved = np.zeros((1, width), np.float32)
        taken, converged = 0, True
        for step, factor in enumerate(path):
            costs = base * np.float32(factor)
            if step > 0 and objective == "logistic":  # its dual variables are shares of the cost
                weights[block] *= np.float32(factor / path[step - 1])
                biases[block] *= np.float32(factor / path[step - 1])

            def one_pass(order: np.ndarray, costs: np.ndarray = costs) -> np.ndarray:
                if width == 1:
                    return descent.descend_single(
                        order, *arrays, signs[:, 0], costs[:, 0],
                        weights[block, :, 0], biases[block], state[:, 0],
                    )  # fmt: skip
                descent.descend_lanes(
                    kind, order, *arrays, signs, costs,
                    weights[block], biases[block : block + 1], state, moved,
                )  # fmt: skip
                return moved[0]

            number, done = passes(one_pass, canonical, seed, stopping)
            taken, converged = taken + number, converged and done
            if visit is not None:
                visit(block, step, weights[block], biases[block])
        primal, dual = values_of(
            block_margins(rows, weights[block], biases[block]),
            signs, costs, state, squared_norm(weights[block], biases[block]),
        )  # fmt: skip
        used = part.stop - part.start
        reports[block] = (taken, converged, primal[:used].sum(), dual[:used].sum())

    run_blocks(work, blocks, threads)
    return Solution(weights, biases, len(problems), facts_of(reports))


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


def solve_multinomial(
    rows: Rows,
    size: int,
    targets: np.ndarray,
    costs: np.ndarray,
    classes: int,
    *,
    canonical: np.ndarray,
    seed: int = 0,
    stopping: Stopping = Stopping(),
) -> Solution:
    """Solve multinomial logistic regression by dual coordinate descent, all classes coupled.

    targets (N,) int32 label ids, costs (N,) float32.
    """
    blocks = -(-classes // WIDTH)
    weights = np.zeros((blocks, size, WIDTH), np.float32)
    biases = np.zeros((blocks, WIDTH), np.float32)
    arrays = (rows.starts, rows.ends, rows.columns, rows.values)
    absent = np.zeros(blocks * WIDTH, np.float32)
    absent[classes:] = multinomial.ABSENT
    state = np.zeros((len(rows), blocks * WIDTH), np.float32)
    state[np.arange(len(rows)), targets] = costs
    state = state.reshape(len(rows), blocks, WIDTH)

    def one_pass(order: np.ndarray) -> np.ndarray:
        return multinomial.descend_multinomial(
            order, *arrays, costs, absent.reshape(blocks, WIDTH), weights, biases, state
        )

    taken, converged = passes(one_pass, canonical, seed, stopping)
    solution = Solution(weights, biases, classes, {})
    norm = sum(squared_norm(weights[block], biases[block]).sum() for block in range(blocks))
    shares = state.reshape(len(rows), -1)[:, :classes]
    values = multinomial_values(all_margins(rows, solution), targets, costs, shares, norm)
    solution.facts.update(facts_of([(taken, converged, *values)]))
    return solution


def solve_gradient_descent(
    rows: Rows,
    size: int,
    targets: np.ndarray,
    costs: np.ndarray,
    classes: int,
    *,
    canonical: np.ndarray,
    seed: int = 0,
    batch_size: int = 32,
    rate: float = 4.0,
    number_of_passes: int = 30,
) -> Solution:
    """Solve multinomial logistic regression by plain minibatch gradient descent.

    The objective is that of solve_multinomial. The rate is per step and falls with its square
    root; there is no dual, so the gap to the minimum is not known.
    """
    if batch_size < 1:
        raise SettingsError("the batch size must be 1 or more", found=batch_size)
    weights = np.zeros((size, classes), np.float32)
    biases = np.zeros(classes, np.float32)
    arrays = (rows.starts, rows.ends, rows.columns, rows.values)
    wanted = np.zeros((len(rows), classes), np.float32)
    wanted[np.arange(len(rows)), targets] = 1
    scale = np.float32(costs.mean())
    decay = np.float32(1 / (scale * len(rows)))
    draw = generator(seed, "order")
    time = 0
    for _ in range(number_of_passes):
        time = gradient_descent.one_pass(
            draw.permutation(canonical), min(batch_size, len(rows)), *arrays,
            wanted, costs / scale, decay, rate, time, weights, biases,
        )  # fmt: skip
    blocks = -(-classes // WIDTH)
    spare = blocks * WIDTH - classes
    wide = np.pad(weights, ((0, 0), (0, spare))).reshape(size, blocks, WIDTH).swapaxes(0, 1)
    wide_biases = np.pad(biases, (0, spare)).reshape(blocks, WIDTH)
    solution = Solution(np.ascontiguousarray(wide), wide_biases, classes, {})
    norm = squared_norm(weights, biases).sum()
    primal, _ = multinomial_values(all_margins(rows, solution), targets, costs, wanted, norm)
    solution.facts.update(
        passes=number_of_passes, converged=None, objective=primal, relative_gap=None
    )
    return solution
