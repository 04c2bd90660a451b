"""What the service adds to the bare call of the model: one connection, one text at a time.

The linear model alone, as a call of `predict_probabilities` in this process, and through the
service, by a client that writes and reads plain bytes on one open connection. Same texts, in turn.
"""

import socket
import statistics
import time

import pyarrow as pa

from bench.checked_load import request_bytes
from bench.results import Answer, Row, at_most
from bench.served import PORT, SHORT, bodies_of, linear_run, texts_of
from bench.services import ours
from textkind.classifier import predict_probabilities
from textkind.storage.model_folder import load_model

CALLS = 1000
MILLISECONDS = 1.0


def ask(runs: int) -> Answer:
    run = linear_run(SHORT)
    classifier = load_model(run)
    texts = texts_of(SHORT, CALLS)
    bare: list[float] = []
    asked: list[float] = []
    with (
        ours("textkind", PORT, f"model={run}") as service,
        socket.create_connection(("127.0.0.1", service.port)) as connection,
    ):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(runs + 1):  # the first turn warms up
            bare.append(timed(lambda text: call(classifier, text), texts))
            asked.append(timed(lambda body: post(connection, body), bodies_of(texts)))
    alone, served = (1000 * statistics.median(side[1:]) for side in (bare, asked))
    rows: list[Row] = [
        {"side": "the model alone", "median ms": alone},
        {"side": "the service", "median ms": served},
    ]
    return Answer(rows, [at_most("added by the service", served - alone, MILLISECONDS, " ms")])


def call(classifier, text: str) -> None:  # type: ignore[no-untyped-def]
    predict_probabilities(classifier, pa.array([text], pa.large_string()), 1)


def post(connection: socket.socket, body: bytes) -> None:
    connection.sendall(request_bytes(body))
    found = b""
    while not found.endswith(b"]}\n"):
        found += connection.recv(1 << 16)


def timed(work, items) -> float:  # type: ignore[no-untyped-def]
    """Median seconds of the work on one."""
    seconds = []
    for item in items:
        began = time.perf_counter()
        work(item)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)
