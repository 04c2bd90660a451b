"""Where the jobs of a comparison are done: here, one after the other, or wherever a runner can.

The loop begins as many as a runner takes at once, waits for one to end, and begins the next.
"""

import time
from dataclasses import dataclass
from typing import Protocol

from textkind.progress import Talk
from textkind.workflow.isolated import Failure, run_isolated
from textkind.workflow.rung import Job


@dataclass(frozen=True)
class Ended:
    """A job that is over: job.out is there and whole, or there is a failure; what it took."""

    job: Job
    failure: Failure | None
    seconds: float


class JobRunner(Protocol):
    """Does jobs somewhere."""

    @property
    def at_once(self) -> int:
        """How many may have begun and not ended."""
        ...

    def begin(self, job: Job, seconds: float | None, talk: Talk) -> None:
        """Take a job, which is stopped after so many seconds; None: never. talk hears of it."""

    def next_end(self) -> Ended:
        """Wait until one that has begun is over."""
        ...


class LocalRunner:
    """One job at a time, in a process of its own on this machine."""

    at_once = 1

    def __init__(self) -> None:
        self._begun: list[tuple[Job, float | None, Talk]] = []

    def begin(self, job: Job, seconds: float | None, talk: Talk) -> None:
        """Keep it until it is waited for."""
        self._begun.append((job, seconds, talk))

    def next_end(self) -> Ended:
        """Do the job that was begun first."""
        job, seconds, talk = self._begun.pop(0)
        began = time.monotonic()
        failure = run_isolated(job, seconds, talk)
        return Ended(job, failure, time.monotonic() - began)
