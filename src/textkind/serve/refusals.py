"""A request that is refused: its status, and one of our errors to tell why."""

import json
from typing import Any

from textkind.errors import TextkindError

MOST_SHOWN = 200  # characters of what was found: an answer need not repeat a body


class RefusalError(Exception):
    """Raised anywhere on the way of a request; answered with the status and the error as JSON."""

    def __init__(
        self,
        status: int,
        problem: str,
        *,
        found: object = None,
        where: str = "",
        hint: str = "",
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(problem)
        self.status, self.headers = status, headers
        self.error = {"problem": problem, "found": shown(found), "where": where, "hint": hint}

    @property
    def body(self) -> bytes:
        """The JSON document that is answered."""
        return json.dumps({"error": self.error}).encode()


def refusal_of(status: int, error: TextkindError) -> RefusalError:
    """One of our errors as a refusal."""
    return RefusalError(
        status, error.args[0], found=error.found, where=error.where, hint=error.hint
    )


def refusal_of_json(status: int, told: dict[str, Any]) -> RefusalError:
    """A refusal that another process has told."""
    return RefusalError(status, **told)


def shown(found: object) -> str | None:
    """What was found as a short string; None where nothing was."""
    if found is None:
        return None
    text = found if isinstance(found, str) else repr(found)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "..."


def busy(problem: str, hint: str = "send it again", *, seconds: int = 1) -> RefusalError:
    """503: not now."""
    return RefusalError(503, problem, hint=hint, headers=((b"retry-after", str(seconds).encode()),))


def full() -> RefusalError:
    """503: the queue is full."""
    return busy("too many requests are waiting for this model")
