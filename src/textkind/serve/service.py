"""The service as an ASGI application: a table of routes, and the road of a request.

It is written out by hand rather than with a framework: POST /v1/predict is called thousands of
times a second, and there is little else.
"""

import asyncio
import itertools
import secrets
import time

from textkind.serve.access import Access
from textkind.serve.log import Log
from textkind.serve.metrics import Metrics
from textkind.serve.models import Models
from textkind.serve.refusals import RefusalError, busy
from textkind.serve.replies import Reply, Send, reply_of, send_reply
from textkind.serve.requests import ClientGoneError, Receive, Request, Scope
from textkind.serve.routes import PAGES, ROUTES, Route
from textkind.serve.settings import ServeSettings


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
        scope["path"] = scope["path"].removeprefix(scope.get("root_path", ""))
        route = ROUTES.get(scope["path"]) or PAGES.get(scope["path"])
        request = Request(
            scope, receive, send, number.encode(), dict(scope["headers"]), {"request": number}
        )
        scope["on_disconnect"] = request.leave  # called by connections.py
        method = scope["method"]
        try:
            reply = await self._handle(route, method, request)
            status = 200 if reply is None else reply.status
        except RefusalError as refusal:
            reply = reply_of(refusal)
            status = reply.status
        except ClientGoneError:
            reply, status = None, 499  # nobody sees it; the log and the counts do
        except asyncio.CancelledError:
            if self.is_ending:  # the time of grace is over
                reply = reply_of(busy("the service is ending"))
                status = reply.status
            else:  # as servers do that are not ours
                reply, status = None, 499
        except Exception as error:
            self.log.event("fault", request=number, error=type(error).__name__)
            reply = reply_of(
                RefusalError(500, "a fault of the service", found=type(error).__name__)
            )
            status = 500
        if reply is not None and not request.started:
            await send_reply(send, reply, request.id, head=method == "HEAD")
        del scope["on_disconnect"]  # they hold each other, which only the collector would find
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
