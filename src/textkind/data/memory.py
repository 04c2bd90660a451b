"""Arrays of bytes that go back to the system as soon as they are freed.

The C library keeps freed blocks of some megabytes for itself, so that a file read block by block
and then packed into one column would stand in memory twice.
"""

import contextlib
import mmap

import numpy as np

SMALL = 1 << 20  # bytes; below it the C library is faster and keeps little


def new_bytes(size: int) -> np.ndarray:
    """(size,) uint8, not initialised by us."""
    if size < SMALL or not hasattr(mmap, "MAP_PRIVATE"):
        return np.empty(size, np.uint8)
    room = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without huge pages: only slower
            room.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(room, np.uint8)
