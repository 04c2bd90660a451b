"""Requests that wait for a model, and the batches that are made of them."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from textkind.serve.refusals import RefusalError

OF_A_TEXT = 64  # bytes that an empty text counts, so that a batch of them has an end
SMALLEST, LARGEST = 1 << 10, 1 << 20  # bytes of a batch
AIM = 0.05  # seconds that a batch should take: others wait for its end
MEMORY = 0.2  # weight of the newest batch in the mean speed


class Job:
    """The texts of one request on their way; done with their lines, or with a RefusalError.

    A heavy one is read text by text, in batches of its own: others should not wait for it.

    done is called once: with the lines in the order of the texts, or with the refusal.
    """

    __slots__ = (
        "_done",
        "_left",
        "_lines",
        "given",
        "heavy",
        "is_over",
        "options",
        "texts",
        "timer",
    )

    def __init__(
        self,
        texts: list[bytes],
        options: str,
        done: Callable[[list[bytes] | RefusalError], None],
        *,
        heavy: bool = False,
    ) -> None:
        self.texts, self.options, self.heavy = texts, options, heavy
        self.given = 0  # texts that are in a batch, or behind it
        self.is_over = False
        self.timer: asyncio.TimerHandle | None = None
        self._done = done
        self._left = len(texts)
        self._lines: list[tuple[int, bytes]] = []

    def answer(self, begin: int, number: int, lines: bytes) -> None:
        """Lines of `number` texts from `begin` on; the job is over once it has all."""
        if self.is_over:
            return
        self._lines.append((begin, lines))
        self._left -= number
        if not self._left:
            self.end([lines for _, lines in sorted(self._lines)])

    def end(self, outcome: list[bytes] | RefusalError | None) -> None:
        """Be over: with lines, a refusal, or None where nobody waits any more."""
        if self.is_over:
            return
        self.is_over = True
        if self.timer is not None:
            self.timer.cancel()
        if outcome is not None:
            self._done(outcome)


@dataclass(frozen=True)
class Piece:
    """Some texts of a job that are in a batch: `number` from `begin` on."""

    job: Job
    begin: int
    number: int

    @property
    def texts(self) -> list[bytes]:
        """Their bytes."""
        return self.job.texts[self.begin : self.begin + self.number]


def cost(text: bytes) -> int:
    """What a text takes of a batch's budget."""
    return len(text) + OF_A_TEXT


class Queue:
    """Jobs in the order they came, given out in batches of about AIM seconds of work.

    A job that does not fit into a batch gives what fits and goes to the end of the queue, so that
    a request of a thousand texts does not stand before all others.
    """

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._speed = 0.0  # bytes a second; 0: not known yet

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def budget(self) -> int:
        """Bytes of the next batch."""
        return min(max(int(self._speed * AIM), SMALLEST), LARGEST)

    def put(self, job: Job) -> None:
        """At the end."""
        self._jobs.append(job)

    def drop(self, job: Job) -> None:
        """Take a job out that is over before its time."""
        if job.given < len(job.texts):
            self._jobs.remove(job)

    def take(self) -> tuple[list[Piece], int]:
        """The pieces of the next batch, and their bytes; one text at least where there is one."""
        pieces: list[Piece] = []
        budget, used = self.budget, 0
        while self._jobs:
            job = self._jobs[0]
            begin = end = job.given
            most = len(job.texts)
            if job.heavy:
                most = begin if pieces else begin + 1
            while end < most and (not used or used + cost(job.texts[end]) <= budget):
                used += cost(job.texts[end])
                end += 1
            if end == begin:
                break  # no room for it: it heads the next batch
            job.given = end
            pieces.append(Piece(job, begin, end - begin))
            if end == len(job.texts):
                self._jobs.popleft()
            else:
                self._jobs.rotate(-1)
            if end < len(job.texts) or job.heavy:
                break
        return pieces, used

    def learn(self, size: int, seconds: float) -> None:
        """A batch of so many bytes took so long."""
        speed = size / max(seconds, 1e-6)
        self._speed = speed if not self._speed else (1 - MEMORY) * self._speed + MEMORY * speed

    def empty(self) -> Iterator[Job]:
        """Every job, each taken out as it is given."""
        while self._jobs:
            yield self._jobs.popleft()
