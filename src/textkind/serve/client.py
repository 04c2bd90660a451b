"""Ask a service of textkind from Python; nothing but the standard library is needed.

    with Client("http://127.0.0.1:8000", key="...") as client:
        client.predict("a fine film")                     {"label": "positive", "probability": 0.97}
        client.predict(["a fine film", "a bore"], top=2)  a list of as many
        for result in client.stream(texts): ...           any number, few in memory at a time

The options are the fields of POST /v1/predict (docs/serve.md). Where the service is busy (503), the
client waits as long as it says and asks again.
"""

import http.client
import json
import math
import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any, Self
from urllib.parse import urlsplit

from textkind.errors import ServiceError, SettingsError

AT_ONCE = 500  # texts of a request
ROOM = 500_000  # bytes of them in JSON: a service takes bodies of a million unless told otherwise
SLOW, SLOW_AT_ONCE = frozenset(("explain", "similar", "trace")), 16  # as in serve/asked.py
LINES = 256  # texts of a stream, which the service reads before it answers any


class Client:
    """One connection to a service, kept open; not for several threads at once.

    key: of the service, where it asks for one. timeout: seconds without a word of the service.
    patience: seconds in all that a request may be refused as 503 before that is an error.
    certificate: a file in PEM that the service's own must be signed by; None: those of the system.
    """

    def __init__(
        self,
        address: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        timeout: float = 60.0,
        patience: float = 30.0,
        certificate: str | None = None,
    ) -> None:
        """Nothing is asked yet; SettingsError for an address that is none."""
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(
                "the address must begin with http:// or https://", found=address,
                hint="such as http://127.0.0.1:8000",
            )  # fmt: skip
        self._path, self.patience = parts.path.rstrip("/"), patience
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=certificate)
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=timeout, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(
                parts.hostname, parts.port, timeout=timeout
            )

    def predict(self, texts: str | Iterable[str], **options: Any) -> Any:
        """The result of one text, or a list of results of many in their order; ServiceError.

        Many go in requests of at most 500 texts, of 16 with an option that is slow.
        """
        if isinstance(texts, str):
            return self._post({"text": texts, **options})["results"][0]
        found: list[dict[str, Any]] = []
        is_slow = any(options.get(name) not in (None, False) for name in SLOW)
        for part in _parts(texts, SLOW_AT_ONCE if is_slow else AT_ONCE, ROOM):
            found += self._post({"texts": part, **options})["results"]
        return found

    def stream(self, texts: Iterable[str], **options: Any) -> Iterator[dict[str, Any]]:
        """The result of each text while others are still to come.

        A text that is refused has `error` in its result, and the others are answered.
        """
        for part in _parts(texts, LINES):
            lines = [json.dumps({"text": text, **options}) for text in part]
            answer = self._ask("POST", "/v1/predict", "\n".join(lines).encode(), "x-ndjson")
            number = 0
            try:
                for line in answer:
                    number += 1
                    told = json.loads(line)
                    yield told["results"][0] if "results" in told else {"error": told["error"]}
            except (OSError, http.client.HTTPException):
                pass  # the service has ended: told below
            finally:
                if not answer.isclosed():  # nobody wants the rest, or it will not come
                    self.close()
            if number != len(part):
                raise ServiceError("the answers ended too soon", found=f"{number} of {len(part)}")

    def models(self) -> list[dict[str, Any]]:
        """What GET /v1/models tells of each model, the default first."""
        found: list[dict[str, Any]] = json.load(self._ask("GET", "/v1/models"))["models"]
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()

    def _post(self, asked: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(asked).encode()
        told: dict[str, Any] = json.load(self._ask("POST", "/v1/predict", body))
        return told

    def _ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "json"
    ) -> http.client.HTTPResponse:
        headers = self._headers | {"Content-Type": f"application/{kind}"}
        end = time.monotonic() + self.patience
        while True:
            answer = self._send(method, self._path + path, body, headers)
            if answer.status == 200:
                return answer
            told = answer.read()
            wait = float(answer.headers.get("Retry-After", 1))
            if answer.status != 503 or time.monotonic() + wait > end:
                raise _error(answer.status, told)
            time.sleep(wait)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        """Once more on a new connection where the service has closed the old one between two."""
        was_open = self._connection.sock is not None
        try:
            self._connection.request(method, path, body, headers)
            return self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if was_open and isinstance(error, http.client.RemoteDisconnected | ConnectionError):
                return self._send(method, path, body, headers)
            raise ServiceError(
                "the service cannot be reached", found=str(error) or type(error).__name__,
                where=f"{self._connection.host}:{self._connection.port}", hint="is it running?",
            ) from None  # fmt: skip


def _parts(texts: Iterable[str], most: int, room: float = math.inf) -> Iterator[list[str]]:
    """So many texts at most, and so many bytes of JSON but where one text alone has more."""
    part: list[str] = []
    used = 0
    for text in texts:
        size = 0 if room == math.inf else len(json.dumps(text))
        if part and (len(part) == most or used + size > room):
            yield part
            part, used = [], 0
        part.append(text)
        used += size
    if part:
        yield part


def _error(status: int, body: bytes) -> ServiceError:
    try:
        told = json.loads(body)["error"]
    except (ValueError, LookupError, TypeError):
        told = {"problem": "the answer is none of textkind's", "found": body[:80].decode("latin-1"),
                "where": "", "hint": "is this the address of a textkind service?"}  # fmt: skip
    return ServiceError(
        told["problem"], status=status, found=told["found"], where=told["where"], hint=told["hint"]
    )
