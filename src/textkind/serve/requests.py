"""One request: what is known of it, its body, and the wait for its answer."""

import asyncio
import random
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from textkind.serve.jobs import Job
from textkind.serve.pool import Pool
from textkind.serve.refusals import RefusalError
from textkind.serve.replies import Send

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]

PAUSE = 0.05  # seconds between two tries to find a place in a full queue
# seconds that "not now" is held, since who asks again at once takes the time of the others; drawn
# for each, so that all who were refused do not come back together
HELD = (0.25, 0.75)


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(slots=True, eq=False)
class Request:
    """What is known of a request while it is answered.

    facts    go into its line of the log
    started  a part of the answer is sent
    waiting  what is called where the client leaves
    """

    scope: Scope
    receive: Receive
    send: Send
    id: bytes
    headers: dict[bytes, bytes]
    facts: dict[str, Any]
    started: bool = False
    waiting: set[Callable[[], None]] = field(default_factory=set)

    def leave(self) -> None:
        """The client has gone."""
        for one in list(self.waiting):
            one()


async def read_body(request: Request, most: int) -> bytes:
    """The whole body; RefusalError with 413 as soon as it is known to be longer."""
    length = request.headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > most:
        raise _too_long(most, int(length))
    pieces, size = [], 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        piece = message["body"]
        size += len(piece)
        if size > most:
            raise _too_long(most, size)
        pieces.append(piece)
        if not message["more_body"]:
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_long(most: int, found: int) -> RefusalError:
    return RefusalError(
        413,
        f"a body may have {most:,} bytes at most",
        found=f"{found:,} or more",
        where="body",
        hint="send several requests, or lines as application/x-ndjson",
    )


async def hold(request: Request) -> None:
    """Wait before "not now" is said; ClientGoneError where the client leaves meanwhile."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def end(error: ClientGoneError | None = None) -> None:
        if not over.done():
            over.set_result(None) if error is None else over.set_exception(error)

    def gone() -> None:
        end(ClientGoneError())

    timer = loop.call_later(random.uniform(*HELD), end)
    request.waiting.add(gone)
    try:
        await over
    finally:
        timer.cancel()
        request.waiting.discard(gone)


async def answered(
    request: Request,
    pool: Pool,
    texts: list[bytes],
    options: str,
    *,
    heavy: bool = False,
    patient: bool = False,
) -> list[bytes]:
    """What workers say of texts: pieces of lines, one line a text, a newline between two.

    patient: where the queue is full, wait for a place in it. RefusalError, or ClientGoneError where
    the client leaves: then the texts leave the queue.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[list[bytes] | RefusalError] = loop.create_future()

    def done(outcome: list[bytes] | RefusalError) -> None:
        if not future.done():
            future.set_result(outcome)

    def gone() -> None:
        if not future.done():
            future.set_exception(ClientGoneError())

    job = Job(texts, options, done, heavy=heavy)
    request.waiting.add(gone)
    try:
        end = loop.time() + pool.settings.limits.timeout
        while not future.done():
            try:
                pool.put(job)
                break
            except RefusalError:
                if not patient or loop.time() >= end:
                    request.waiting.discard(gone)
                    await hold(request)
                    raise
                await asyncio.sleep(PAUSE)
        outcome = await future
    finally:
        request.waiting.discard(gone)
        if job.timer is not None:  # it was put
            pool.drop(job)
    if isinstance(outcome, RefusalError):
        raise outcome
    return outcome
