"""What answers each path."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from textkind.serve.asked import read_asked
from textkind.serve.lines import NDJSON, predict_lines
from textkind.serve.metrics import Metrics
from textkind.serve.models import Models
from textkind.serve.openapi import openapi
from textkind.serve.page_files import page_files
from textkind.serve.predicted import answer_of
from textkind.serve.refusals import RefusalError, busy, full
from textkind.serve.replies import JSON, Reply
from textkind.serve.requests import Request, answered, hold, read_body
from textkind.serve.settings import ServeSettings


class Serving(Protocol):
    """What a route may look at."""

    settings: ServeSettings
    metrics: Metrics
    models: Models
    is_ending: bool


Handler = Callable[[Serving, Request], Awaitable[Reply | None]]


@dataclass(frozen=True)
class Route:
    """What answers a path; free: without a key."""

    name: str
    methods: dict[str, Handler]
    free: bool = False


async def predict(service: Serving, request: Request) -> Reply | None:
    """POST /v1/predict."""
    limits = service.settings.limits
    kind = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind == NDJSON:
        await predict_lines(service.models, limits, request)
        return None
    if kind != JSON:
        raise RefusalError(
            415,
            "the body must be application/json, or application/x-ndjson",
            found=kind.decode("latin-1") if kind else "no Content-Type",
            where="Content-Type",
        )
    body = await read_body(request, limits.body)
    if service.models.are_full:
        await hold(request)
        raise full()  # unparsed: what is refused should cost little
    asked = read_asked(body, limits)
    pool = service.models.find(asked.model)
    facts = request.facts
    facts["model"], facts["version"], facts["texts"] = pool.name, pool.version, len(asked.texts)
    if service.settings.log_texts:
        facts["said"] = [text.decode() for text in asked.texts]
    pieces = await answered(request, pool, asked.texts, asked.options, heavy=asked.heavy)
    return Reply(200, answer_of(pool, asked, pieces) + b"\n")


async def models(service: Serving, request: Request) -> Reply:
    """GET /v1/models."""
    return _json_reply({"models": service.models.facts(), "limits": vars(service.settings.limits)})


async def drift(service: Serving, request: Request) -> Reply:
    """GET /v1/drift."""
    return _json_reply({"models": service.models.drift()})


async def health(service: Serving, request: Request) -> Reply:
    """GET /healthz: the process answers."""
    return _json_reply({"status": "ok"})


async def readiness(service: Serving, request: Request) -> Reply:
    """GET /readyz: every model can answer."""
    trouble = service.models.trouble
    if service.is_ending or trouble:
        why = "the service is ending" if service.is_ending else "a model cannot answer"
        refusal = busy(why, hint="wait, and ask again")
        refusal.error["found"] = "; ".join(f"{name}: {told}" for name, told in trouble.items())
        raise refusal
    return _json_reply({"status": "ready"})


async def description(service: Serving, request: Request) -> Reply:
    """GET /openapi.json."""
    return _json_reply(openapi(list(service.models.places), service.settings.limits))


async def metrics(service: Serving, request: Request) -> Reply:
    """GET /metrics."""
    return Reply(200, service.metrics.text().encode(), b"text/plain; version=0.0.4; charset=utf-8")


async def page(service: Serving, request: Request) -> Reply:
    """GET / and the files of the web page."""
    return FILES[request.scope["path"]].reply(request.headers.get(b"if-none-match"))


def _json_reply(value: Any) -> Reply:
    return Reply(200, json.dumps(value, ensure_ascii=False).encode() + b"\n")


ROUTES: dict[str, Route] = {
    "/v1/predict": Route("predict", {"POST": predict}),
    "/v1/models": Route("models", {"GET": models}),
    "/v1/drift": Route("drift", {"GET": drift}),
    "/openapi.json": Route("openapi", {"GET": description}, free=True),
    "/healthz": Route("healthz", {"GET": health}, free=True),
    "/readyz": Route("readyz", {"GET": readiness}, free=True),
    "/metrics": Route("metrics", {"GET": metrics}),
}
FILES = page_files()
PAGES = {path: Route("page", {"GET": page}, free=True) for path in FILES}  # not of the API
