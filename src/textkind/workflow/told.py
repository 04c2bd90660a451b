"""Remembers what is told during a run, with the seconds, and passes it on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from textkind.progress import Talk


class Account(Talk):
    """Every note of a run with the seconds since its start, and how long each step took."""

    def __init__(self, listener: Talk) -> None:
        self._listener = listener
        self._began = time.monotonic()
        self.timed_notes: list[tuple[float, str]] = []
        self.step_seconds: dict[str, float] = {}

    @property
    def notes(self) -> list[str]:
        """The notes alone."""
        return [note for _, note in self.timed_notes]

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began

    def note(self, message: str) -> None:
        """Remember it and pass it on, once: two files may well say the same."""
        if message in self.notes:
            return
        self.timed_notes.append((self.seconds, message))
        self._listener.note(message)

    def advance(self, done: int, total: int, detail: str = "") -> None:
        """Pass it on."""
        self._listener.advance(done, total, detail)

    @contextmanager
    def task(self, name: str) -> Iterator[None]:
        """Pass it on."""
        with self._listener.task(name):
            yield

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step of the recipe."""
        began = self.seconds
        try:
            yield
        finally:
            self.step_seconds[name] = round(self.seconds - began, 3)

    def log(self) -> str:
        """The notes as lines of log.txt."""
        return "".join(f"{at:9.2f} s  {note}\n" for at, note in self.timed_notes)
