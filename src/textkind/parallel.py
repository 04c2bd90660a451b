"""Blocks of rows on all cores: kernels release the interpreter lock, so plain threads suffice.

Numba's own parallel loops are not used: they compile several times as long and their default
thread layer must not be entered from two threads at once, as a service would.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def thread_count(threads: int | None) -> int:
    """The number of threads to use: as asked, else one for each core this process may use."""
    if threads is not None:
        return max(1, threads)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_blocks(work: Callable[[int], None], blocks: int, threads: int | None = None) -> None:
    """Call work(0) .. work(blocks - 1), each once, on up to `threads` threads.

    Which thread takes which block is left open, so `work` must write only to its own block.
    """
    workers = min(thread_count(threads), blocks)
    if workers <= 1:
        for block in range(blocks):
            work(block)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(work, range(blocks)):
            pass
