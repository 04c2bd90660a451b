"""A folder in which one process works at a time."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from textkind.errors import SettingsError
from textkind.storage.place import writing


@contextlib.contextmanager
def alone_in(folder: Path, lock: Path, work: str) -> Iterator[None]:
    """Hold the lock of a folder, which the system takes back from a process that ends, however.

    SettingsError where another process holds it; `work` is what that one does.
    """
    try:
        import fcntl
    except ImportError:  # Windows: two processes in one folder are not kept apart
        yield
        return
    with writing(folder):
        file = lock.open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"another {work} is at work in this folder",
                where=str(folder),
                hint="wait for it, or name another folder: --out",
            ) from None
        yield
