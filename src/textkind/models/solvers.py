"""Solvers: rows and problems in, weights out, each a loop of passes over a compiled kernel.

    solution = BinaryDescent(rows, size, problems, "squared_hinge", canonical=order).finish()

Sixteen problems share a block. Blocks share nothing, so each goes to a core, and the result does
not depend on how many cores there are.
"""

from dataclasses import dataclass

import numpy as np

from textkind.encoding.rows import Rows
from textkind.errors import SettingsError
from textkind.models import gradient_descent, multinomial
from textkind.models.lanes import WIDTH
from textkind.models.passes import (
    all_margins,
    block_part,
    block_sums,
    descend_block,
    facts_of,
    first_state,
    passes,
    width_of,
)
from textkind.models.problems import (
    Problems,
    Solution,
    Stopping,
    multinomial_values,
    norm_sums,
    squared_norm,
)
from textkind.parallel import run_blocks
from textkind.seeds import generator


@dataclass(frozen=True, eq=False)
class Standing:
    """Where the descent of P problems stands, so that another can go on from there.

    weights (V, P), biases (P,), dual states (N, P) float32, and all moves so far (P,) float64.
    centre (V + 1, P) float32 is what the weights, the bias last, are drawn to; None: 0.
    """

    weights: np.ndarray
    biases: np.ndarray
    states: np.ndarray
    moved: np.ndarray
    centre: np.ndarray | None = None


class BinaryDescent:
    """One-against-rest problems under descent; may go on at another strength where it stands.

    rows have columns below `size`; weights (blocks, size, width) and biases (blocks, width) are
    the present solution. A single squared-hinge problem has width 1, others WIDTH. `edges` cut the
    canonical order into buffers, as rows on disk are read (passes.py).
    """

    def __init__(
        self,
        rows: Rows,
        size: int,
        problems: Problems,
        objective: str,
        *,
        canonical: np.ndarray,
        edges: np.ndarray | None = None,
        seed: int = 0,
        stopping: Stopping = Stopping(),
        threads: int | None = None,
    ) -> None:
        self.rows, self.problems, self.objective = rows, problems, objective
        self.canonical, self.edges = canonical, edges
        self.seed, self.stopping = seed, stopping
        self.threads = threads
        if problems.soft is not None and objective != "logistic":
            raise SettingsError(
                "probabilities for targets need the logistic objective", found=objective
            )
        width = width_of(len(problems), objective)
        blocks = -(-len(problems) // width)
        self.weights = np.zeros((blocks, size, width), np.float32)
        self.biases = np.zeros((blocks, width), np.float32)
        self.moved = np.zeros((blocks, width))
        self.states: list[np.ndarray | None] = [None] * blocks
        self.centre: np.ndarray | None = None
        self.factor = 1.0

    def run(self, factor: float = 1.0) -> None:
        """Descend with all costs times `factor`, from where the last run ended."""

        def work(block: int) -> None:
            self._descend(block, factor)

        run_blocks(work, len(self.weights), self.threads)
        self.factor = factor

    def begin(self, start: Standing) -> None:
        """Start from where a descent on the first rows stood."""
        self.centre = start.centre
        width = self.biases.shape[1]
        for block in range(len(self.weights)):
            part = block_part(block, width, len(self.problems))
            used = part.stop - part.start
            state = self._first_state(part, width)
            state[: len(start.states), :used] = start.states[:, part]
            self.weights[block, :, :used] = start.weights[:, part]
            self.biases[block, :used] = start.biases[part]
            self.moved[block, :used] = start.moved[part]
            self.states[block] = state

    def standing(self, part: slice) -> Standing:
        """Where some of the problems stand; copies."""
        size = self.weights.shape[1]
        weights = self.weights.swapaxes(0, 1).reshape(size, -1)[:, part]
        states = np.concatenate([state for state in self.states if state is not None], axis=1)
        biases, moved = self.biases.ravel()[part], self.moved.ravel()[part]
        centre = None if self.centre is None else self.centre[:, part]
        return Standing(weights, biases.copy(), states[:, part], moved.copy(), centre)

    def finish(self) -> Solution:
        """Descend at the costs as they are and measure the gap, keeping no state of a block."""
        reports: list[tuple] = [()] * len(self.weights)

        def work(block: int) -> None:
            taken, converged, state = self._descend(block, 1.0)
            reports[block] = (taken, converged, *self._objectives(block, state))
            self.states[block] = None

        run_blocks(work, len(self.weights), self.threads)
        return Solution(self.weights, self.biases, len(self.problems), facts_of(reports))

    def margins(self, rows: Rows) -> np.ndarray:
        """(N, P) float32 margins of any rows under the present solution."""
        return all_margins(rows, Solution(self.weights, self.biases, len(self.problems), {}))

    def _objectives(self, block: int, state: np.ndarray) -> tuple[float, float]:
        """Primal and dual objective of a block's problems, summed."""
        part, signs, costs = self._block(block)
        soft = self.problems.soft_part(part, signs.shape[1])
        weights, biases = self.weights[block], self.biases[block]
        centre = None if self.centre is None else self.centre[:, part]
        norm, dual_norm = norm_sums(weights, biases, centre)
        arguments = (self.objective, self.rows, signs, costs, soft, weights, biases, state)
        primal, dual = block_sums(*arguments, self.problems.weights)
        used = part.stop - part.start
        return float((norm + primal)[:used].sum()), float((dual + dual_norm)[:used].sum())

    def _block(self, block: int) -> tuple[slice, np.ndarray, np.ndarray]:
        width = self.biases.shape[1]
        part = block_part(block, width, len(self.problems))
        return part, self.problems.signs(part, width), self.problems.block_costs(part, width)

    def _first_state(self, part: slice, width: int) -> np.ndarray:
        soft = self.problems.soft_part(part, width)
        return first_state(self.objective, len(self.rows), width, soft)

    def _descend(self, block: int, factor: float) -> tuple[int, bool, np.ndarray]:
        width = self.biases.shape[1]
        part, signs, costs = self._block(block)
        costs *= np.float32(factor)
        weights, biases = self.weights[block], self.biases[block]
        state = self.states[block]
        if state is None:
            state = self.states[block] = self._first_state(part, width)
        elif self.objective == "logistic":  # its dual variables are shares of the cost
            weights *= np.float32(factor / self.factor)
            biases *= np.float32(factor / self.factor)
        objective, rows, sample_weights = self.objective, self.rows, self.problems.weights

        def one_pass(order: np.ndarray) -> np.ndarray:
            return descend_block(
                objective, order, rows, signs, costs, weights, biases, state, sample_weights
            )

        draw, moved = generator(self.seed, "order"), self.moved[block]
        ended = passes(one_pass, self.canonical, draw, self.stopping, moved, self.edges)
        return *ended, state


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
    state: np.ndarray = np.zeros((len(rows), blocks * WIDTH), np.float32)
    state[np.arange(len(rows)), targets] = costs
    state = state.reshape(len(rows), blocks, WIDTH)

    def one_pass(order: np.ndarray) -> np.ndarray:
        return multinomial.descend_multinomial(
            order, *arrays, costs, absent.reshape(blocks, WIDTH), weights, biases, state
        )

    draw = generator(seed, "order")
    taken, converged = passes(one_pass, canonical, draw, stopping, np.zeros(1))
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
    weights: np.ndarray = np.zeros((size, classes), np.float32)
    biases: np.ndarray = np.zeros(classes, np.float32)
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
    padded = np.pad(weights, ((0, 0), (0, spare)))
    wide = padded.reshape(size, blocks, WIDTH).swapaxes(0, 1)
    wide_biases = np.pad(biases, (0, spare)).reshape(blocks, WIDTH)
    solution = Solution(np.ascontiguousarray(wide), wide_biases, classes, {})
    norm = squared_norm(weights, biases).sum()
    primal, _ = multinomial_values(all_margins(rows, solution), targets, costs, wanted, norm)
    solution.facts.update(
        passes=number_of_passes, converged=None, objective=primal, relative_gap=None
    )
    return solution
