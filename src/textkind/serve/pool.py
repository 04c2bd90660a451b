"""One version of a model in the front process: its loader, its workers, and what waits for them."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from dataclasses import dataclass, field
from typing import Any

from textkind.errors import ModelFolderError
from textkind.parallel import thread_count
from textkind.serve.drift import Monitor
from textkind.serve.jobs import Job, Queue
from textkind.serve.loading import Loader
from textkind.serve.log import Log
from textkind.serve.metrics import Metrics
from textkind.serve.refusals import RefusalError, busy, full, refusal_of_json
from textkind.serve.settings import ServeSettings
from textkind.serve.worker_link import WorkerLink

CHEAP = 2e-4  # seconds a text, below which reading requests costs as much as answering them
PATIENCE = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before a worker that ended is replaced
GIVEN_UP = 4  # ends in a row without an answer, after which requests are not kept waiting


@dataclass(eq=False)
class Pool:
    """A loaded model, the queue of its requests and its workers.

    facts      what the loader told of the model
    jobs       that wait or are with a worker
    """

    name: str
    settings: ServeSettings
    facts: dict[str, Any]
    metrics: Metrics
    log: Log
    loader: Loader
    queue: Queue
    drift: Monitor
    workers: list[WorkerLink] = field(default_factory=list)
    idle: list[WorkerLink] = field(default_factory=list)
    jobs: int = 0
    fails: int = 0  # workers that ended in a row without an answer
    retiring: bool = False
    closed: bool = False
    _due: bool = False
    _first: "asyncio.Future[bool]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def version(self) -> str:
        """Of the model."""
        return str(self.facts["version"])

    @property
    def wanted(self) -> int:
        """How many workers there should be."""
        if self.settings.workers is not None:
            return self.settings.workers
        return 1 if self.facts["seconds"] < CHEAP else thread_count(None)

    @property
    def threads(self) -> int:
        """Of each worker."""
        if self.settings.threads is not None:
            return self.settings.threads
        return max(1, thread_count(None) // self.wanted)

    @property
    def trouble(self) -> str | None:
        """Why the model cannot answer now; None where it can."""
        if any(worker.pid for worker in self.workers):
            return None
        if self.fails >= GIVEN_UP:
            return "its workers end as soon as they start"
        return "its workers are starting"

    @property
    def is_given_up(self) -> bool:
        """Whether requests should not wait for a worker."""
        return self.fails >= GIVEN_UP and self.trouble is not None

    @property
    def is_full(self) -> bool:
        """Whether as many requests wait, or are with a worker, as may."""
        return self.jobs >= self.settings.limits.queue

    async def start_workers(self) -> None:
        """All of them; ModelFolderError where one ends before the first is ready."""
        for _ in range(self.wanted):
            await self.start_worker()
        if not await self._first:
            raise ModelFolderError("the workers of the model end as soon as they start")

    async def start_worker(self) -> None:
        """Fork one more."""
        ours, theirs = socket.socketpair()
        try:
            await self.loader.fork(theirs, self.threads)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        loop = asyncio.get_running_loop()
        _, worker = await loop.create_unix_connection(lambda: WorkerLink(self), sock=ours)
        self.workers.append(worker)

    def put(self, job: Job) -> None:
        """Let a job wait for a worker; RefusalError with 503 where it cannot."""
        if self.is_given_up:
            raise _given_up()
        if self.is_full:
            raise full()
        self.jobs += 1
        self.queue.put(job)
        job.timer = asyncio.get_running_loop().call_later(
            self.settings.limits.timeout, self.expire, job
        )
        self.give_soon()

    def drop(self, job: Job) -> None:
        """Forget a job that was put: it is over, or its client is gone."""
        self.jobs -= 1
        if not job.is_over:
            job.end(None)
            self.queue.drop(job)
            self.metrics.count("textkind_abandoned_total", model=self.name)
            self.retire_if_done()

    def expire(self, job: Job) -> None:
        """The time of a job is up; a worker that has sat on its batch as long is ended."""
        if job.is_over:
            return
        limit = self.settings.limits.timeout
        late = RefusalError(
            504,
            f"no answer within {limit:g} seconds",
            hint="send fewer texts at a time, or try later",
        )
        self._refuse(job, late)
        now = asyncio.get_running_loop().time()
        for worker in self.workers:
            if worker.pieces and now - worker.began > limit * 0.9:
                self.log.event("worker stuck", model=self.name, pid=worker.pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGKILL)
        self.retire_if_done()

    def give_soon(self) -> None:
        """Give out batches once all that has arrived by now is in the queue."""
        if self.idle and not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self.give)

    def give(self) -> None:
        """Give every free worker a batch."""
        self._due = False
        while self.idle and len(self.queue):
            pieces, size = self.queue.take()
            worker = self.idle.pop()
            worker.send(pieces, size, asyncio.get_running_loop().time())

    def on_ready(self, worker: WorkerLink) -> None:
        """A worker has started."""
        self.log.event("worker started", model=self.name, version=self.version, pid=worker.pid)
        self.idle.append(worker)
        self.give_soon()
        if not self._first.done():
            self._first.set_result(True)

    def on_answers(self, worker: WorkerLink, head: dict[str, Any], body: bytes) -> None:
        """A worker has answered its batch."""
        pieces, worker.pieces = worker.pieces, []
        self.fails = 0
        self.idle.append(worker)
        self.give()
        seconds, texts, begin = head["seconds"], 0, 0
        if not pieces[0].job.heavy:
            self.queue.learn(worker.size, seconds)
        for piece, (status, size) in zip(pieces, head["parts"], strict=True):
            lines = body[begin : begin + size]
            begin += size
            texts += piece.number
            if status == 200:
                piece.job.answer(piece.begin, piece.number, lines)
            else:
                self._refuse(piece.job, refusal_of_json(status, json.loads(lines)))
        self.metrics.batch(self.name, texts, seconds)
        self.retire_if_done()

    def on_cells(self, cells: bytes) -> None:
        """A worker has counted texts."""
        self.drift.add(cells)

    def _refuse(self, job: Job, refusal: RefusalError) -> None:
        if not job.is_over:
            job.end(refusal)
            self.queue.drop(job)

    def on_lost(self, worker: WorkerLink) -> None:
        """A worker has ended: its requests fail, and another takes its place."""
        if not self._first.done():
            self._first.set_result(False)
        if worker in self.idle:
            self.idle.remove(worker)
        if worker in self.workers:
            self.workers.remove(worker)
        pieces, worker.pieces = worker.pieces, []
        for piece in pieces:
            self._refuse(piece.job, busy("the worker that had this request has ended"))
        if self.closed or self.loader.is_over:
            return
        self.fails += 1
        self.metrics.count("textkind_worker_restarts_total", model=self.name)
        wait = PATIENCE[min(self.fails, len(PATIENCE)) - 1]
        self.log.event(
            "worker ended", model=self.name, pid=worker.pid, requests=len(pieces), restart_in=wait
        )
        if self.is_given_up:
            for job in self.queue.empty():
                job.end(_given_up())
        asyncio.get_running_loop().call_later(wait, self._restart)
        self.retire_if_done()

    def _restart(self) -> None:
        if not self.closed and not self.loader.is_over:
            self.loader.spawn(self.start_worker())

    def retire(self) -> None:
        """Answer what waits, then end: another version has taken over."""
        self.retiring = True
        self.retire_if_done()

    def retire_if_done(self) -> None:
        """End where nothing waits any more."""
        if not self.retiring or len(self.queue):
            return
        if not any(worker.pieces for worker in self.workers):
            self.close()

    def close(self) -> None:
        """End workers and loader now."""
        self.closed = True
        for worker in list(self.workers):
            worker.close()
        self.loader.close()


def _given_up() -> RefusalError:
    return busy("the workers of this model end as soon as they start", seconds=10)
