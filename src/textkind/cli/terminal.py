"""What the user sees while a command works: notes and progress bars on stderr.

Bars are drawn only on a terminal and only for work of over a second. Results never come here:
they go to stdout.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from textkind.progress import Talk

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

PATIENCE = 1.0  # seconds of work before a bar is drawn
_ESCAPES = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0)) if code not in (9, 10)
}


def printable(text: str) -> str:
    """The text without characters that would steer the terminal: a label may hold anything."""
    return text.translate(_ESCAPES)


def print_json(value: Any) -> None:
    """One JSON document on stdout, in ASCII where stdout has no UTF-8."""
    encoding = sys.stdout.encoding
    is_narrow = encoding is None or not encoding.lower().startswith("utf")
    print(json.dumps(value, ensure_ascii=is_narrow, indent=2, default=str))


def talk_for(arguments: argparse.Namespace) -> Talk:
    """Whom a command tells of its work: the terminal, a plain stderr, or with --quiet nobody."""
    if arguments.quiet:
        return Talk()
    return TerminalTalk() if sys.stderr.isatty() else PlainTalk()


class PlainTalk(Talk):
    """Notes as lines on stderr, for pipes and logs."""

    def note(self, message: str) -> None:
        """One line."""
        # in one piece: lines of a log may go to the same place from another thread
        print(printable(message) + "\n", end="", file=sys.stderr, flush=True)


class TerminalTalk(Talk):
    """Notes as lines, and a bar for each task that lasts."""

    def __init__(self, console: "Console | None" = None) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._bars: list[_Bar] = []

    def note(self, message: str) -> None:
        """One line, above the bar where there is one."""
        self._open_console().print(
            printable(message), markup=False, highlight=False, soft_wrap=True
        )

    def advance(self, done: int, total: int, detail: str = "") -> None:
        """Move the bar of the innermost task."""
        with self._lock:
            if self._bars:
                self._bars[-1].move(done, total, printable(detail))

    @contextmanager
    def task(self, name: str) -> Iterator[None]:
        """A bar while the block runs, once it has run for PATIENCE seconds."""
        bar = _Bar(printable(name), self._open_console(), self._lock)
        with self._lock:
            outer = self._bars[-1] if self._bars else None
            if outer is not None:
                outer.hide()
            self._bars.append(bar)
        bar.start()
        try:
            yield
        finally:
            with self._lock:
                self._bars.remove(bar)
                bar.close()

    def _open_console(self) -> "Console":
        if self._console is None:
            from rich.console import Console

            self._console = Console(stderr=True)
        return self._console


class _Bar:
    """One task's bar: unseen until it is worth drawing, gone when its task is done."""

    def __init__(self, name: str, console: "Console", lock: threading.Lock) -> None:
        self._name, self._console, self._lock = name, console, lock
        self._began = time.monotonic()
        self._done, self._total, self._detail = 0, 0, ""
        self._progress: Progress | None = None
        self._closed = False
        self._timer = threading.Timer(PATIENCE, self._draw_when_due)
        self._timer.daemon = True

    def start(self) -> None:
        """Begin waiting."""
        self._timer.start()

    def move(self, done: int, total: int, detail: str = "") -> None:
        """Set how much is done; the caller holds the lock."""
        self._done, self._total, self._detail = done, total, detail
        if self._progress is not None:
            self._progress.update(
                self._progress.task_ids[0],
                completed=done,
                total=total if total > 0 else None,
                detail=detail,
            )

    def hide(self) -> None:
        """Make room for a task inside this one; the caller holds the lock."""
        self._timer.cancel()
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def close(self) -> None:
        """Take the bar away; the caller holds the lock."""
        self._closed = True
        self.hide()

    def _draw_when_due(self) -> None:
        with self._lock:
            if not self._closed:
                self._draw()

    def _draw(self) -> None:
        from rich.progress import (
            BarColumn,
            Progress,
            SpinnerColumn,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", markup=False),
            console=self._console,
            transient=True,
        )
        total = self._total if self._total > 0 else None
        self._progress.add_task(self._name, completed=self._done, total=total, detail=self._detail)
        self._progress.start()
