"""A process that does one job after another: what it has loaded and compiled serves them all.

    with contextlib.closing(Worker(module)) as worker:
        failure = worker.run(job, seconds, stop, look)

A job that fails, is stopped or kills the process ends it; the next job begins a new one.
"""

import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from typing import IO, Any

from textkind.workflow.child import GIVE_UP, GO_ON
from textkind.workflow.isolated import (
    JOB,
    OUT_OF_TIME,
    Failure,
    Job,
    end,
    placed,
    prepared,
    started,
    why,
)

TICK = 0.05  # seconds after which it is seen that a job is to be stopped
STOPPED, GIVEN_UP = Failure("stopped"), Failure("given up")

Look = Callable[[float, dict[str, float]], bool]


class Worker:
    """A process of a module whose main is `jobs_done_as_child`; it begins with the first job."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._printed: IO[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._look: Look | None = None
        self._over = threading.Event()
        self._error: BaseException | None = None  # of a look
        self._is_whole: bool | None = None  # of the job that is over; None: the process ended

    def run(
        self, job: Job, seconds: float | None, stop: threading.Event, look: Look
    ) -> Failure | None:
        """Do the job; None where job.out is there and whole.

        It is stopped after so many seconds (None: never) and when `stop` is set. look is told every
        look at validation, and says whether the job goes on; GIVEN_UP where it does not. What it
        raises is raised here, and the job stopped.
        """
        partial = prepared(job)
        process = self._begun()
        self._look, self._is_whole = look, None
        self._over.clear()
        deadline = float("inf") if seconds is None else time.monotonic() + seconds
        try:
            self._say(str(partial / JOB))
            while not self._over.wait(TICK):
                if stop.is_set() or time.monotonic() >= deadline:
                    self.close()
                    return placed(job, STOPPED if stop.is_set() else OUT_OF_TIME)
        except BaseException:
            self.close()
            raise
        if self._error is not None:
            error, self._error = self._error, None
            self.close()
            placed(job, STOPPED)
            raise error
        failure: Failure | None = None
        if self._is_whole is None:
            code = process.wait()
            assert self._printed is not None
            self._printed.seek(0)
            text = self._printed.read().decode(errors="replace")
            failure = why(partial, code, text)
            self.close()
        elif not self._is_whole:
            failure = GIVEN_UP
        return placed(job, failure)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is None:
            return
        if self._process.poll() is None:
            end(self._process)
        assert self._listener is not None
        self._listener.join()
        for stream in (self._process.stdin, self._process.stdout, self._printed):
            assert stream is not None
            try:
                stream.close()
            except OSError:  # what it was still to be told has nobody to hear it
                continue
        self._process = None

    def _begun(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._printed = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
            self._process = started(self._module, self._printed)
            self._listener = threading.Thread(
                target=self._listen, args=(self._process,), daemon=True
            )
            self._listener.start()
        return self._process

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                said: dict[str, Any] = json.loads(line)
            except ValueError:  # the end of a line that a kill cut off
                continue
            if "ended" in said:
                self._is_whole = said["ended"]
                self._over.set()
            elif "figures" in said:
                assert self._look is not None
                try:
                    goes_on = self._look(said["progress"], said["figures"])
                except BaseException as error:  # raised where the job was asked for
                    self._error = error
                    break
                self._say(GO_ON if goes_on else GIVE_UP)
        self._over.set()

    def _say(self, line: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()
        except OSError:  # it has ended, and whoever waits for it will see
            return
