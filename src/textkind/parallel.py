"""Blocks of rows on all cores: kernels release the interpreter lock, so plain threads suffice.

Numba's own parallel loops are not used: they compile several times as long and their default
thread layer must not be entered from two threads at once, as a service would.
"""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

MOST_THREADS = 64


def thread_count(threads: int | None) -> int:
    """The number of threads to use: as asked, else one for each core this process may use."""
    if threads is not None:
        return max(1, threads)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_blocks(work: Callable[[int], None], blocks: int, threads: int | None = None) -> None:
    """Call work(0) .. work(blocks - 1), each once, on up to `threads` threads.

    Which thread takes which block is left open, so `work` must write only to its own block. The
    calling thread works as well, and waits for no thread that has not begun: calls may nest.
    """
    workers = min(thread_count(threads), blocks)
    if workers <= 1:
        for block in range(blocks):
            work(block)
        return
    numbers = itertools.count()  # next() of it is whole: no two threads get the same number

    def take() -> None:
        while (block := next(numbers)) < blocks:
            work(block)

    pool = _pool(os.getpid())
    helpers = [pool.submit(take) for _ in range(workers - 1)]
    try:
        take()
    finally:
        for _ in range(blocks):  # after an error no block is begun any more
            next(numbers)
        begun = [helper for helper in helpers if not helper.cancel()]
        errors = [helper.exception() for helper in begun]
    for error in errors:
        if error is not None:
            raise error


def run_ranges(work: Callable[[int, int], None], number: int, threads: int) -> None:
    """work(begin, end) over 0 .. number - 1, in as many ranges as there are threads."""
    if threads == 1:
        work(0, number)
        return
    edges = [number * place // threads for place in range(threads + 1)]
    run_blocks(lambda block: work(edges[block], edges[block + 1]), threads, threads)


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Threads that stay: to start them takes longer than most blocks. A fork begins without."""
    return ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="textkind")
