"""Requests as lines, answered line by line while they come: NDJSON.

    {"text": "a fine film"}    ->   {"line": 1, "model": ..., "version": ..., "results": [...]}
    {"txt": "a bore"}          ->   {"line": 2, "status": 422, "error": {...}}

Every line is what POST /v1/predict takes, and is answered with what it would answer. Few lines are
in memory at a time: none is read while answers wait for the client.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import groupby

from textkind.serve.asked import Asked, read_asked
from textkind.serve.models import Models
from textkind.serve.pool import Pool
from textkind.serve.predicted import answer_of
from textkind.serve.refusals import RefusalError
from textkind.serve.replies import Reply, send_start
from textkind.serve.requests import ClientGoneError, Request, answered
from textkind.serve.settings import Limits

NDJSON = b"application/x-ndjson"
AT_ONCE = 256  # lines that are handed on together
AHEAD = 2  # so many times AT_ONCE, while the first of them are answered


@dataclass(eq=False)
class Line:
    """A line by its number from 1: what it asks and of which model, or why it is refused."""

    number: int
    asked: Asked | None = None
    pool: Pool | None = None
    refusal: RefusalError | None = None
    pieces: list[bytes] = field(default_factory=list)

    @property
    def group(self) -> tuple[Pool | None, str, bool]:
        """Neighbours of one group are asked together."""
        if self.asked is None or self.refusal is not None:
            return None, "", False
        return self.pool, self.asked.options, self.asked.heavy


async def predict_lines(models: Models, limits: Limits, request: Request) -> None:
    """Answer a stream of lines."""
    request.scope["streams"] = True  # connections.py times a pause, not the whole
    ready: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue(AHEAD)
    request.facts["lines"] = 0
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_write(request, ready))
            async for lines in numbered_lines(request, limits.body):
                request.facts["lines"] = lines[-1][0]
                work = _answers(models, limits, request, lines)
                await ready.put(group.create_task(work))
            await ready.put(None)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def numbered_lines(
    request: Request, most: int
) -> AsyncIterator[list[tuple[int, bytes | None]]]:
    """The lines of a body with their numbers, some at a time; None for one of over `most` bytes.

    Blank lines are counted and left out.
    """
    number, left, skipping, more = 0, b"", False, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        more = message["more_body"]
        *whole, left = (left + message["body"]).split(b"\n")
        if not more:
            whole, left = [*whole, left], b""
        found: list[tuple[int, bytes | None]] = []
        for line in whole:
            number += 1
            if skipping or len(line) > most:
                found.append((number, None))
            elif line.strip():
                found.append((number, line))
            skipping = False
        if len(left) > most:
            left, skipping = b"", True
        elif skipping:
            left = b""
        for begin in range(0, len(found), AT_ONCE):
            yield found[begin : begin + AT_ONCE]


async def _write(request: Request, ready: "asyncio.Queue[asyncio.Task[bytes] | None]") -> None:
    """Send answers in the order of the lines."""
    start = Reply(200, b"", NDJSON)
    request.started = True
    await send_start(request.send, start, request.id, None)
    while (task := await ready.get()) is not None:
        answers = await task
        await request.send({"type": "http.response.body", "body": answers, "more_body": True})
    await request.send({"type": "http.response.body", "body": b""})


async def _answers(
    models: Models, limits: Limits, request: Request, lines: list[tuple[int, bytes | None]]
) -> bytes:
    """The answers to some lines, each a line."""
    read = [_read(models, limits, number, line) for number, line in lines]
    groups = [list(group) for _, group in groupby(read, key=lambda line: line.group)]
    await asyncio.gather(*(_ask(request, group) for group in groups))
    request.facts["texts"] = request.facts.get("texts", 0) + sum(
        len(line.asked.texts) for line in read if line.asked is not None
    )
    return b"".join(map(_answer, read))


def _read(models: Models, limits: Limits, number: int, line: bytes | None) -> Line:
    try:
        if line is None:
            raise RefusalError(413, f"a line may have {limits.body:,} bytes at most")
        asked = read_asked(line, limits)
        return Line(number, asked, models.find(asked.model))
    except RefusalError as refusal:
        return Line(number, refusal=refusal)


async def _ask(request: Request, lines: list[Line]) -> None:
    """Fill in what workers say of the texts of a group, or why they say nothing."""
    pool, options, heavy = lines[0].group
    if pool is None:
        return
    texts = [text for line in lines if line.asked is not None for text in line.asked.texts]
    try:
        pieces = await answered(request, pool, texts, options, heavy=heavy, patient=True)
    except RefusalError as refusal:
        for line in lines:
            line.refusal = refusal
        return
    said = iter(b"\n".join(pieces).split(b"\n"))
    for line in lines:
        assert line.asked is not None
        line.pieces = [next(said) for _ in line.asked.texts]


def _answer(line: Line) -> bytes:
    try:
        if line.refusal is not None:
            raise line.refusal
        assert line.pool is not None
        assert line.asked is not None
        return b'{"line": %d, %s\n' % (
            line.number,
            answer_of(line.pool, line.asked, line.pieces)[1:],
        )
    except RefusalError as refusal:
        told = {"line": line.number, "status": refusal.status, "error": refusal.error}
        return json.dumps(told).encode() + b"\n"
