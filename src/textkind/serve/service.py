"""The service as an ASGI application: a table of routes, and the road of a request.

It is written out by hand rather than with a framework: POST /v1/predict is called thousands of
times a second, and there is little else.
"""

import asyncio
import itertools
import json
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from textkind.serve.access import Access
from textkind.serve.asked import read_asked
from textkind.serve.jobs import Job
from textkind.serve.log import Log
from textkind.serve.metrics import Metrics
from textkind.serve.models import Models
from textkind.serve.pool import Pool
from textkind.serve.refusals import RefusalError, busy
from textkind.serve.replies import Reply, Send, reply_of, send_reply
from textkind.serve.settings import ServeSettings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]

FAILED_LINE = b'{"error": '  # how the line of a text begins that the model failed on


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(slots=True, eq=False)
class Request:
    """What is known of a request while it is answered; facts go into its line of the log."""

    scope: Scope
    receive: Receive
    send: Send
    id: bytes
    headers: dict[bytes, bytes]
    facts: dict[str, Any]


Handler = Callable[["Service", Request], Awaitable[Reply | None]]


@dataclass(frozen=True)
class Route:
    """What answers a path; free: without a key."""

    name: str
    methods: dict[str, Handler]
    free: bool = False


class Service:
    """The ASGI application. It starts its models with the server, or by `start`."""

    def __init__(self, settings: ServeSettings) -> None:
        """Open the log; nothing is loaded yet."""
        self.settings = settings
        self.log = Log(settings.log)
        self.metrics = Metrics()
        self.models = Models(settings, self.metrics, self.log)
        self.access = Access(settings.api_keys, settings.host_names)
        self.is_ending = False
        self._numbers = itertools.count()
        self._prefix = secrets.token_hex(4)
        self._started = False
        self.metrics.gauges.append(
            lambda: [("textkind_log_lines_lost_total", {}, float(self.log.lost))]
        )

    async def start(self) -> None:
        """Load all models; ModelFolderError where one cannot be."""
        self._started = True
        try:
            await self.models.start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End all processes and the log."""
        self.models.close()
        self.log.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start and end with a server that is not ours."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    if not self._started:
                        await self.start()
                except Exception as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            else:
                self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        number = f"{self._prefix}-{next(self._numbers)}"
        route = ROUTES.get(scope["path"])
        request = Request(
            scope, receive, send, number.encode(), dict(scope["headers"]), {"request": number}
        )
        method = scope["method"]
        try:
            reply = await self._handle(route, method, request)
            status = 200 if reply is None else reply.status
        except RefusalError as refusal:
            reply = reply_of(refusal)
            status = reply.status
        except ClientGoneError:
            reply, status = None, 499  # nobody sees it; the log and the counts do
        except asyncio.CancelledError:  # the time of grace is over
            reply = reply_of(busy("the service is ending"))
            status = reply.status
        except Exception as error:
            self.log.event("fault", request=number, error=type(error).__name__)
            reply = reply_of(
                RefusalError(500, "a fault of the service", found=type(error).__name__)
            )
            status = 500
        if reply is not None:
            await send_reply(send, reply, request.id, head=method == "HEAD")
        seconds = time.perf_counter() - began
        name = "other" if route is None else route.name
        self.metrics.request(name, status, seconds)
        self.log.line(
            {
                "route": name,
                "status": status,
                "ms": round(seconds * 1000, 3),
                **request.facts,
            }
        )

    async def _handle(self, route: Route | None, method: str, request: Request) -> Reply | None:
        headers = request.headers
        self.access.check_host(headers.get(b"host"))
        if route is None:
            raise RefusalError(
                404, "there is no such path", hint="GET /openapi.json tells all paths"
            )
        if not route.free:
            self.access.check_key(headers.get(b"authorization"))
        handler = route.methods.get("GET" if method == "HEAD" else method)
        if handler is None:
            allowed = ", ".join(route.methods).encode()
            raise RefusalError(
                405, "this path takes another method", hint=allowed.decode(),
                headers=((b"allow", allowed),),
            )  # fmt: skip
        return await handler(self, request)


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


async def answered(request: Request, pool: Pool, texts: list[bytes], options: str) -> list[bytes]:
    """The lines of texts, once a worker has answered them; RefusalError, or ClientGoneError."""
    future: asyncio.Future[list[bytes] | RefusalError] = asyncio.get_running_loop().create_future()

    def done(outcome: list[bytes] | RefusalError) -> None:
        if not future.done():
            future.set_result(outcome)

    def gone() -> None:
        pool.drop(job)
        if not future.done():
            future.set_exception(ClientGoneError())

    job = Job(texts, options, done)
    pool.put(job)
    request.scope["on_disconnect"] = gone  # called by connections.py
    try:
        outcome = await future
    finally:
        request.scope["on_disconnect"] = None
        pool.drop(job)  # where the wait itself was ended
    if isinstance(outcome, RefusalError):
        raise outcome
    return outcome


async def predict(service: Service, request: Request) -> Reply:
    """POST /v1/predict."""
    kind = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise RefusalError(
            415,
            "the body must be application/json",
            found=kind.decode("latin-1") if kind else "no Content-Type",
            where="Content-Type",
        )
    body = await read_body(request, service.settings.limits.body)
    asked = read_asked(body, service.settings.limits)
    pool = service.models.find(asked.model)
    facts = request.facts
    facts["model"], facts["version"], facts["texts"] = pool.name, pool.version, len(asked.texts)
    if service.settings.log_texts:
        facts["said"] = [text.decode() for text in asked.texts]
    lines = await answered(request, pool, asked.texts, asked.options)
    if asked.alone and lines[0].startswith(FAILED_LINE):
        raise RefusalError(500, **json.loads(lines[0])["error"])
    results = b", ".join(lines).replace(b"\n", b", ")
    return Reply(
        200,
        b'{"model": "%s", "version": "%s", "results": [%s]}\n'
        % (pool.name.encode(), pool.version.encode(), results),
    )


async def models(service: Service, request: Request) -> Reply:
    """GET /v1/models."""
    return _json_reply({"models": service.models.facts(), "limits": vars(service.settings.limits)})


async def health(service: Service, request: Request) -> Reply:
    """GET /healthz: the process answers."""
    return _json_reply({"status": "ok"})


async def readiness(service: Service, request: Request) -> Reply:
    """GET /readyz: every model can answer."""
    trouble = service.models.trouble
    if service.is_ending or trouble:
        why = "the service is ending" if service.is_ending else "a model cannot answer"
        refusal = busy(why, hint="wait, and ask again")
        refusal.error["found"] = "; ".join(f"{name}: {told}" for name, told in trouble.items())
        raise refusal
    return _json_reply({"status": "ready"})


async def metrics(service: Service, request: Request) -> Reply:
    """GET /metrics."""
    return Reply(200, service.metrics.text().encode(), b"text/plain; version=0.0.4; charset=utf-8")


def _json_reply(value: Any) -> Reply:
    return Reply(200, json.dumps(value, ensure_ascii=False).encode() + b"\n")


ROUTES = {
    "/v1/predict": Route("predict", {"POST": predict}),
    "/v1/models": Route("models", {"GET": models}),
    "/healthz": Route("healthz", {"GET": health}, free=True),
    "/readyz": Route("readyz", {"GET": readiness}, free=True),
    "/metrics": Route("metrics", {"GET": metrics}),
}
