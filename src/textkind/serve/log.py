"""The log: a line of JSON for each request and each event, written by a thread of its own.

The service never waits for its log. What the thread cannot write, to a full disk or a pipe that
nobody reads, is lost and counted, and answers go on.
"""

import datetime as dt
import json
import os
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

from textkind.storage.place import writing

MOST_WAITING = 10_000  # lines; more are lost
PAUSE = 0.05  # seconds between two looks
LAST_WORDS = 2.0  # seconds that the end of the service waits for the log


class Log:
    """Lines for a file, or for standard error."""

    def __init__(self, path: Path | None) -> None:
        """Open the file to append to; OutputError where it cannot be."""
        if path is None:
            self._handle = os.dup(2)
        else:
            with writing(path):
                self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        self.lost = 0
        self._lines: deque[dict[str, Any]] = deque()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def event(self, event: str, **facts: Any) -> None:
        """Something that happened to the service."""
        self.line({"event": event, **facts})

    def line(self, facts: dict[str, Any]) -> None:
        """One line; the time is added."""
        if len(self._lines) >= MOST_WAITING:
            self.lost += 1
            return
        facts["time"] = time.time()
        self._lines.append(facts)

    def close(self) -> None:
        """Write what is left, unless that takes too long."""
        self._ended.set()
        self._thread.join(LAST_WORDS)

    def _write_all(self) -> None:
        while True:
            ended = self._ended.wait(PAUSE)
            self._write_waiting()
            if ended:
                return

    def _write_waiting(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if not lines:
            return
        left = "".join(map(_line, lines)).encode()
        try:
            while left:
                left = left[os.write(self._handle, left) :]
        except OSError:
            self.lost += left.count(b"\n")


def _line(facts: dict[str, Any]) -> str:
    moment = dt.datetime.fromtimestamp(facts.pop("time"), dt.UTC)
    return json.dumps({"time": moment.isoformat(timespec="milliseconds"), **facts}) + "\n"
