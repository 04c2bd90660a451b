"""Answers on their way out: status, headers and bytes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from textkind.serve.refusals import RefusalError

Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

SECURITY: Headers = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
JSON = b"application/json"


@dataclass(frozen=True)
class Reply:
    """A whole answer. security: headers that keep a browser from doing more than it is told."""

    status: int
    body: bytes
    kind: bytes = JSON
    headers: Headers = ()
    security: Headers = SECURITY


def reply_of(refusal: RefusalError) -> Reply:
    """The refusal as JSON."""
    return Reply(refusal.status, refusal.body, headers=refusal.headers)


async def send_reply(send: Send, reply: Reply, request: bytes, *, head: bool = False) -> None:
    """Send it; head: without the body. What a client has already (304) has no length."""
    await send_start(send, reply, request, None if reply.status == 304 else len(reply.body))
    await send({"type": "http.response.body", "body": b"" if head else reply.body})


async def send_start(send: Send, reply: Reply, request: bytes, length: int | None) -> None:
    """Send status and headers; without a length the body goes in chunks, and comes later."""
    counted = () if length is None else ((b"content-length", str(length).encode()),)
    await send(
        {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [
                (b"content-type", reply.kind),
                *counted,
                (b"x-request-id", request),
                *reply.headers,
                *reply.security,
            ],
        }
    )
