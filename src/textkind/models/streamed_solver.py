"""Dual coordinate descent over rows on disk: every pass reads each buffer once, and its state.

The passes, the steps and the end are those of BinaryDescent: with the same buffers of the same rows
both come to the same bits. This is the block minimisation of Yu, Hsieh, Chang and Lin (2012, "Large
linear classification when data cannot fit in memory"), each block visited by one round of steps.
"""

import numpy as np

from textkind.models.buffers import Buffer, Buffers
from textkind.models.passes import (
    block_part,
    block_sums,
    descend_block,
    drawn_buffers,
    facts_of,
    first_state,
    is_still,
    width_of,
)
from textkind.models.problems import Problems, Solution, Stopping, squared_norm
from textkind.parallel import run_blocks
from textkind.progress import SILENT, Talk
from textkind.seeds import generator


def state_bytes(problems: int, objective: str) -> int:
    """Bytes of one row's dual state."""
    width = width_of(problems, objective)
    return 4 * width * -(-problems // width)


class StreamedDescent:
    """One-against-rest problems, of the classes (P,) and costs (2, P) of Problems."""

    def __init__(
        self,
        buffers: Buffers,
        size: int,
        classes: np.ndarray,
        costs: np.ndarray,
        objective: str,
        *,
        seed: int = 0,
        stopping: Stopping = Stopping(),
        threads: int | None = None,
    ) -> None:
        self.buffers, self.objective = buffers, objective
        self.classes, self.costs = classes, costs
        self.seed, self.stopping, self.threads = seed, stopping, threads
        self.width = width_of(classes.size, objective)
        self.blocks = -(-classes.size // self.width)
        self.weights = np.zeros((self.blocks, size, self.width), np.float32)
        self.biases = np.zeros((self.blocks, self.width), np.float32)

    def finish(self, talk: Talk = SILENT) -> Solution:
        """Descend until no block moves any more, and measure the gap."""
        draw = generator(self.seed, "order")
        moved = np.zeros((self.blocks, self.width))
        ended: dict[int, int] = {}
        for number in range(1, self.stopping.most_passes + 1):
            active = [block for block in range(self.blocks) if block not in ended]
            if not active:
                break
            moves = np.zeros_like(moved)
            for buffer in self.buffers.ahead(drawn_buffers(draw, len(self.buffers))):
                order = draw.permutation(len(buffer.rows))
                moves += self._pass_over(buffer, order, active)
            moved += moves
            still = [b for b in active if is_still(moves[b], moved[b], self.stopping)]
            ended |= dict.fromkeys(still, number)
            talk.advance(number, self.stopping.most_passes, f"pass {number}")
        primal, dual = self._objectives()
        taken = [ended.get(block, self.stopping.most_passes) for block in range(self.blocks)]
        reports = [
            (taken[block], block in ended, float(primal[block]), float(dual[block]))
            for block in range(self.blocks)
        ]
        return Solution(self.weights, self.biases, self.classes.size, facts_of(reports))

    def _pass_over(self, buffer: Buffer, order: np.ndarray, active: list[int]) -> np.ndarray:
        """One pass of the active blocks over a buffer; (blocks, width) float64 moves."""
        state, rows = buffer.state, len(buffer.rows)
        if state is None:
            fresh = first_state(self.objective, rows, self.width, None)
            state = np.repeat(fresh[None], self.blocks, axis=0)
        moves = np.zeros((self.blocks, self.width))

        def work(place: int) -> None:
            block = active[place]
            signs, costs = self._block(buffer, block)
            moves[block] = descend_block(
                self.objective, order, buffer.rows, signs, costs,
                self.weights[block], self.biases[block], state[block],
            )  # fmt: skip

        run_blocks(work, len(active), self.threads)
        self.buffers.keep(buffer, state)
        return moves

    def _block(self, buffer: Buffer, block: int) -> tuple[np.ndarray, np.ndarray]:
        problems = Problems(buffer.targets, self.classes, self.costs)
        part = block_part(block, self.width, self.classes.size)
        return problems.signs(part, self.width), problems.block_costs(part, self.width)

    def _objectives(self) -> tuple[np.ndarray, np.ndarray]:
        """(blocks,) primal and dual objective of each block's problems, summed."""
        primal = np.stack([
            squared_norm(weights, biases) / 2
            for weights, biases in zip(self.weights, self.biases, strict=True)
        ])  # fmt: skip
        dual = -primal
        for buffer in self.buffers.ahead(np.arange(len(self.buffers))):
            assert buffer.state is not None

            def work(block: int, buffer: Buffer = buffer) -> None:
                signs, costs = self._block(buffer, block)
                assert buffer.state is not None
                loss, entropy = block_sums(
                    self.objective, buffer.rows, signs, costs, None,
                    self.weights[block], self.biases[block], buffer.state[block],
                )  # fmt: skip
                primal[block] += loss
                dual[block] += entropy

            run_blocks(work, self.blocks, self.threads)
        used = np.arange(primal.size).reshape(primal.shape) < self.classes.size
        return (primal * used).sum(axis=1), (dual * used).sum(axis=1)
