"""The front's end of a worker: the batch it is at, and its socket."""

import asyncio
from typing import Any, Protocol, cast

from textkind.serve.frames import Frames, frame, packed_texts
from textkind.serve.jobs import Piece


class Owner(Protocol):
    """What hears of a worker."""

    def on_ready(self, worker: "WorkerLink") -> None:
        """It has started."""

    def on_answers(self, worker: "WorkerLink", head: dict[str, Any], body: bytes) -> None:
        """It has answered its batch."""

    def on_cells(self, cells: bytes) -> None:
        """It has counted the texts of batches."""

    def on_lost(self, worker: "WorkerLink") -> None:
        """It has ended."""


class WorkerLink(asyncio.Protocol):
    """The front's end of a worker: one batch at a time."""

    def __init__(self, pool: "Owner") -> None:
        self.pool = pool
        self.pid = 0
        self.pieces: list[Piece] = []
        self.size = 0
        self.began = 0.0
        self._frames = Frames()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ready; the worker will say its pid."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's are of no such class

    def data_received(self, data: bytes) -> None:
        """The first frame says that the worker is there; others answer the batch, or have cells."""
        for head, body in self._frames.feed(data):
            if self.pid == 0:
                self.pid = head["pid"]
                self.pool.on_ready(self)
            elif head:
                self.pool.on_answers(self, head, body)
            else:
                self.pool.on_cells(body)

    def connection_lost(self, error: Exception | None) -> None:
        """The worker ended."""
        self.pool.on_lost(self)

    def send(self, pieces: list[Piece], size: int, now: float) -> None:
        """Give the worker a batch."""
        assert self._transport is not None
        self.pieces, self.size, self.began = pieces, size, now
        texts = [text for piece in pieces for text in piece.texts]
        head = {"parts": [[piece.job.options, piece.number] for piece in pieces]}
        self._transport.writelines(frame(head, *packed_texts(texts)))

    def close(self) -> None:
        """Let the worker end."""
        if self._transport is not None:
            self._transport.close()
