"""The other end of isolated.py and worker.py: a process that does jobs, tells of them, and ends.

What it has to say goes to standard output as lines of JSON; what libraries print goes to standard
error. When standard input ends, whoever asked for the job is gone, and so is this process.
"""

import json
import os
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from textkind.errors import TextkindError, TrainingError
from textkind.progress import Talk
from textkind.workflow.failures import write_failure

GO_ON, GIVE_UP = "go on", "give up"  # the answers to a look at validation
Do = Callable[[dict[str, Any], Talk], None]


class GivenUpError(Exception):
    """Whoever asked for the job has no use for it any more."""


def done_as_child(path: Path, do: Do) -> int:
    """Do the job of the file; 0 where it is done, 1 where failure.json in its out tells why not."""
    replies = _replies()
    threading.Thread(target=_read, args=(None,), daemon=True).start()
    return 0 if _is_done(path, do, LineTalk(replies)) else 1


def jobs_done_as_child(do: Do) -> int:
    """Do the jobs whose files standard input names, a line each, until one fails.

    A look at validation waits for its answer. Says {"ended": true} where a job's folder is whole,
    false where it was given up; after a failure the process ends as that of done_as_child.
    """
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    talk = LineTalk(_replies(), lines)
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    while True:
        path = Path(lines.get())
        try:
            if not _is_done(path, do, talk):
                return 1
        except GivenUpError:
            talk.ended(is_whole=False)
        else:
            talk.ended(is_whole=True)


def _replies() -> IO[str]:
    """Standard output as ours alone."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return replies


def _read(lines: "queue.SimpleQueue[str] | None") -> None:
    """Pass the lines of standard input on; its end is ours.

    Not by sys.stdin, whose lock would be missed when Python ends.
    """
    waiting = b""
    while found := os.read(0, 1 << 16):
        *whole, waiting = (waiting + found).split(b"\n")
        for line in whole:
            if lines is not None:
                lines.put(line.decode())
    os._exit(1)


def _is_done(path: Path, do: Do, talk: Talk) -> bool:
    told = json.loads(path.read_text(encoding="utf-8"))
    try:
        do(told, talk)
    except GivenUpError:
        raise
    except TextkindError as error:
        failure = error
    except MemoryError:
        failure = TrainingError("the memory of this machine is not enough")
    except Exception as error:  # a fault of one fit is a row of the table, not an end
        import traceback

        traceback.print_exc()
        failure = TrainingError(f"internal error: {type(error).__name__}: {error}")
    else:
        return True
    write_failure(Path(told["out"]), failure)
    return False


class LineTalk(Talk):
    """Notes, progress and looks as lines of JSON; answers are what looks wait for, if anything."""

    def __init__(self, stream: IO[str], answers: "queue.SimpleQueue[str] | None" = None) -> None:
        self._stream, self._answers = stream, answers
        self._told = 0.0

    def note(self, message: str) -> None:
        """One line."""
        self._say({"note": message})

    def advance(self, done: int, total: int, detail: str = "") -> None:
        """One line, a few times a second at most."""
        now = time.monotonic()
        if now - self._told > 0.2:
            self._told = now
            self._say({"done": done, "total": total, "detail": detail})

    def look(self, progress: float, figures: dict[str, float]) -> None:
        """One line; GivenUpError where the answer is that."""
        if self._answers is None:
            return
        self._say({"progress": progress, "figures": figures})
        if self._answers.get() == GIVE_UP:
            raise GivenUpError

    def ended(self, *, is_whole: bool) -> None:
        """One line: a job is over."""
        self._say({"ended": is_whole})

    def _say(self, value: dict[str, Any]) -> None:
        try:
            self._stream.write(json.dumps(value) + "\n")
            self._stream.flush()
        except OSError:  # nobody listens: the end of standard input will say so
            return
