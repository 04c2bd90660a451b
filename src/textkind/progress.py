"""How work tells of itself: the library is silent, the command line listens.

Every long function takes `talk: Talk = SILENT`. The command line passes a subclass that writes to
stderr, and Notes remembers.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class Talk:
    """Listens and says nothing. Subclass it to hear notes and see progress."""

    def note(self, message: str) -> None:
        """One fact worth telling: a choice made, a row dropped, a fallback taken."""

    def advance(self, done: int, total: int, detail: str = "") -> None:
        """The present task has done `done` of `total` units; detail is a word on how it stands."""

    def look(self, progress: float, figures: dict[str, float]) -> None:
        """Validation was measured when this share of a training, or of its texts, was done."""

    @contextmanager
    def task(self, name: str) -> Iterator[None]:
        """A piece of work that may take over a second, from its start to its end."""
        yield


class Notes(Talk):
    """Remembers the notes: `told`, in their order."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, message: str) -> None:
        """Keep it."""
        self.told.append(message)


def counted(number: int, noun: str) -> str:
    """A count and its noun: 1 file, 2 files."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


SILENT = Talk()
