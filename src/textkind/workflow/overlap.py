"""Reading ahead and writing behind: both on threads of their own, in order, a few items at most.

Neither changes what is read or written. Memory holds what waits between, `MOST` items a side.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from textkind.storage.place import uninterrupted

Item = TypeVar("Item")

MOST = 2  # items that wait between two threads
PATIENCE = 5.0  # seconds that a reader gets to end: one that waits for a pipe may never

_END = object()


class Abandoned(BaseException):
    """Raised in the thread that writes where the one that computes has failed."""


@contextlib.contextmanager
def ahead(items: Iterable[Item]) -> Iterator[Iterator[Item]]:
    """Yield the items as an iterator, which a thread reads ahead; what it raises is raised here."""
    waiting: queue.Queue[Any] = queue.Queue(MOST)
    left = threading.Event()

    def read() -> None:
        last: Any = _END
        try:
            for item in items:
                if not _put(waiting, item, left):
                    return
        except BaseException as error:
            last = _Raised(error)
        _put(waiting, last, left)

    thread = threading.Thread(target=read, name="textkind-reader", daemon=True)
    thread.start()
    try:
        yield _taken(waiting)
    finally:
        left.set()
        thread.join(PATIENCE)


@contextlib.contextmanager
def behind(write: Callable[[Iterator[Item]], None]) -> Iterator[Callable[[Item], None]]:
    """Yield a function that hands items to `write`, which takes them in order on a thread.

    The block ends when all are written. What `write` raises is raised at the next item, or at the
    end; where the block fails, Abandoned is raised in `write`, so that it clears up.
    """
    waiting: queue.Queue[Any] = queue.Queue(MOST)
    ended = threading.Event()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            write(_taken(waiting))
        except Abandoned:
            pass
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    def put(item: Item) -> None:
        if not _put(waiting, item, ended) and failed:
            raise failed[0]

    thread = threading.Thread(target=work, name="textkind-writer", daemon=True)
    thread.start()
    try:
        yield put
    except BaseException as error:
        abandoned = Abandoned()
        with uninterrupted():
            _put(waiting, _Raised(abandoned), ended)
            thread.join()
        for note in getattr(abandoned, "__notes__", ()):  # what became of the output
            error.add_note(note)
        raise
    with uninterrupted():
        _put(waiting, _END, ended)
        thread.join()
    if failed:
        raise failed[0]


class _Raised:
    """An exception on its way to another thread."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _put(waiting: queue.Queue[Any], item: object, left: threading.Event) -> bool:
    """Hand an item over; False once nobody is there to take it."""
    while not left.is_set():
        with contextlib.suppress(queue.Full):
            waiting.put(item, timeout=0.1)
            return True
    return False


def _taken(waiting: queue.Queue[Any]) -> Iterator[Any]:
    while (item := waiting.get()) is not _END:
        if isinstance(item, _Raised):
            raise item.error
        yield item
