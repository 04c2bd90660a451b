"""Clients that check every answer, in a process of their own.

    facts = checked_load(service, requests, connections=64, seconds=10, rate=None)

Requests are written ahead. rate: requests a second in all, spread over the connections; None: each
connection sends the next as soon as it has its answer. An answer is right where its results are
those expected of the version that it names.
"""

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from bench.measure import Facts
from bench.places import ROOT
from bench.services import Service

TICK = 0.001  # seconds between two looks at what is due


@dataclass(frozen=True)
class Asked:
    """A body of POST /v1/predict, and its results by version."""

    body: dict[str, Any]
    expected: dict[str, list[Any]]


def checked_load(
    service: Service, requests: list[Asked], *, connections: int, seconds: float, rate: float | None
) -> Facts:
    """Counts of answers that are right, wrong, refused (503), other, and of connections that broke;
    requests_s of those answered, and p50_ms and p99_ms of those.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requests.json"
        path.write_text(json.dumps([vars(one) for one in requests]))
        settings = {"port": service.port, "connections": connections, "seconds": seconds,
                    "rate": rate, "requests": str(path)}  # fmt: skip
        command = [sys.executable, "-m", "bench.checked_load", json.dumps(settings)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the clients failed:\n{done.stderr[-2000:]}")
    facts: Facts = json.loads(done.stdout)
    return facts


class Load:
    """All connections, and what they were answered."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.asked = json.loads(Path(settings["requests"]).read_text())
        self.sent = [request_bytes(json.dumps(one["body"]).encode()) for one in self.asked]
        self.idle: list[Connection] = []
        self.counts = dict.fromkeys(("right", "wrong", "refused", "other", "broken"), 0)
        self.seconds: list[float] = []
        self.turn = 0
        self.ending = False

    def give(self, connection: "Connection") -> None:
        """The next request."""
        self.turn = (self.turn + 1) % len(self.sent)
        connection.ask(self.turn, self.sent[self.turn])

    def on_answer(self, connection: "Connection", status: int, body: bytes, seconds: float) -> None:
        """Judge an answer, and go on."""
        if status == 503:
            self.counts["refused"] += 1
        elif status != 200:
            self.counts["other"] += 1
        else:
            self.seconds.append(seconds)
            told = json.loads(body)
            expected = self.asked[connection.number]["expected"].get(told["version"])
            self.counts["right" if told["results"] == expected else "wrong"] += 1
        if self.ending or self.settings["rate"] is not None:
            self.idle.append(connection)
        else:
            self.give(connection)

    async def run(self) -> Facts:
        """Ask for so many seconds, then wait for what is owed."""
        loop = asyncio.get_running_loop()
        number, rate = self.settings["connections"], self.settings["rate"]
        for _ in range(number):
            await loop.create_connection(
                lambda: Connection(self), "127.0.0.1", self.settings["port"]
            )
        began, given = time.perf_counter(), 0
        while self.idle and rate is None:
            self.give(self.idle.pop())
        while (passed := time.perf_counter() - began) < self.settings["seconds"]:
            while rate is not None and self.idle and given < passed * rate:
                self.give(self.idle.pop())
                given += 1
            await asyncio.sleep(TICK if rate is not None else 0.1)
        self.ending, end = True, time.perf_counter() + 60
        while len(self.idle) + self.counts["broken"] < number and time.perf_counter() < end:
            await asyncio.sleep(0.01)
        unanswered = number - len(self.idle) - self.counts["broken"]
        times = sorted(self.seconds) or [float("inf")]
        return self.counts | {
            "unanswered": unanswered,
            "requests_s": len(self.seconds) / passed,
            "p50_ms": 1000 * times[len(times) // 2],
            "p99_ms": 1000 * times[int(len(times) * 0.99)],
        }


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request at a time."""

    def __init__(self, load: Load) -> None:
        self.load, self.number, self.began = load, -1, 0.0
        self.buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.load.idle.append(self)

    def ask(self, number: int, request: bytes) -> None:
        self.number, self.began = number, time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < size:
            return
        self.buffer = body[size:]
        seconds = time.perf_counter() - self.began
        self.load.on_answer(self, int(head[9:12]), body[:size], seconds)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self.load.idle:
            self.load.idle.remove(self)
        self.load.counts["broken"] += 1


def request_bytes(body: bytes) -> bytes:
    """POST /v1/predict with a body, as it goes over a kept connection."""
    head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


if __name__ == "__main__":
    gc.disable()  # its pauses would be counted as the service's
    print(json.dumps(uvloop.run(Load(json.loads(sys.argv[1])).run())))
