"""A connection: uvicorn's protocol, with limits on what a client may take its time for.

    nothing is sent                               closed after keep_alive
    a request is not whole after client_timeout   408; of a stream, where it stands still as long
    an answer is not read for client_timeout      cut
    headers of over 64 KiB                        431
    more connections than allowed                 503 at once

uvicorn times only the pause between two requests. A client that has closed its side of the
connection is taken for gone: most have closed both, and their requests should leave the queue.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from textkind.serve.metrics import Metrics
from textkind.serve.refusals import RefusalError, busy
from textkind.serve.replies import JSON, SECURITY
from textkind.serve.settings import Limits

LARGEST_HEADERS = 1 << 16  # bytes


def connection_class(limits: Limits, metrics: Metrics) -> type[asyncio.Protocol]:
    """The protocol of a server with these limits; what it refuses itself is counted."""

    class Connection(_Connection):
        pass

    Connection.limits, Connection.metrics = limits, metrics
    return Connection


class _Connection(HttpToolsProtocol):
    limits: Limits
    metrics: Metrics

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._deadline: asyncio.TimerHandle | None = None
        self._timed = False  # a request has begun, and the deadline is its
        self._unread: asyncio.TimerHandle | None = None
        self._head = 0  # bytes since the last request was whole, while headers are not
        self._in_headers = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(busy("too many connections"))
            return
        self._deadline = self.loop.call_later(self.limits.keep_alive, self._on_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        if self._unread is not None:
            self._unread.cancel()
        cycle = self.cycle
        super().connection_lost(exc)
        if cycle is not None and not cycle.response_complete:
            gone: Any = cycle.scope.get("on_disconnect")
            if gone is not None:
                gone()

    def data_received(self, data: bytes) -> None:
        if self.parser is None or self.transport.is_closing():
            return
        if self._in_headers:
            self._head += len(data)
        super().data_received(data)
        if self.transport is None or self.transport.is_closing():
            return
        if self._in_headers and self._head > LARGEST_HEADERS:
            self._refuse(RefusalError(431, f"headers may have {LARGEST_HEADERS:,} bytes at most"))
        elif self._head or not self._in_headers:  # a request has begun and is not whole
            streams = not self._in_headers and self.cycle.scope.get("streams", False)
            self._wait(again=bool(streams))
        else:
            self._stop_waiting()

    def on_headers_complete(self) -> None:
        self._in_headers, self._head = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_headers = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(RefusalError(400, "not an HTTP request", hint="HTTP/1.1 is spoken here"))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self.limits.client_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _wait(self, *, again: bool) -> None:
        """Time the request, from its first byte on or again from now."""
        if self._timed and not again:
            return
        self._stop_waiting()
        self._timed = True
        self._deadline = self.loop.call_later(self.limits.client_timeout, self._on_late)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._timed = False

    def _on_late(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if not self._timed:
            self.transport.close()
            return
        self._refuse(
            RefusalError(
                408,
                f"the request was not sent within {self.limits.client_timeout:g} seconds",
                hint="send it whole and at once",
            )
        )

    def _refuse(self, refusal: RefusalError) -> None:
        """Answer where no request can be handed on, and close."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if cycle.response_started or not cycle.more_body:
                self.transport.abort()  # another answer is owed before this one
                return
            cycle.disconnected = True  # its body will not come
            cycle.message_event.set()
        self.metrics.count("textkind_requests_total", route="none", code=str(refusal.status))
        headers = [
            (b"content-type", JSON),
            (b"content-length", str(len(refusal.body)).encode()),
            (b"connection", b"close"),
            *refusal.headers,
            *SECURITY,
        ]
        lines = [name + b": " + value + b"\r\n" for name, value in headers]
        self.transport.write(b"".join([STATUS_LINE[refusal.status], *lines, b"\r\n", refusal.body]))
        self.transport.close()
