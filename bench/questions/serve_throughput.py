"""Requests of one text from 64 connections: ours, and a minimal FastAPI endpoint around the peer.

Both sides as their own pages say. FastAPI under uvicorn[standard] (uvloop, httptools), without an
access log, as many worker processes as cores, the endpoint once as a `def` and once as an `async
def`: the better counts. Ours as `textkind serve` starts, its log written to a file. Both answer a
label and its probability, and read the same bodies of real test texts; wrk asks each in turn.
"""

import os
import statistics
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Facts
from bench.places import ROOM, ROOT, environment_python
from bench.results import Answer, Goal, Row, at_least, at_most
from bench.served import FOLDER, PORT, bodies_of, is_usable, linear_run, texts_of
from bench.services import Service, bombard, ours, running
from bench.sides import OUR_ENCODER, Contender, Workers

CONNECTIONS = 64
SECONDS, WARM_UP = 8.0, 3.0
BODIES = 2000
TIMES_LINEAR, TIMES_ENCODER, SPREAD = 2.0, 4.0, 3.0
ENCODER = ROOM / "models" / "encoder_inference"
ENCODER_SET = "banking77"
PEER_PATHS = {"FastAPI, def": "/predict", "FastAPI, async def": "/predict_here"}


@dataclass(frozen=True)
class Side:
    """How a service is started, and the path that answers."""

    start: Callable[[], AbstractContextManager[Service]]
    path: str


def fastapi(name: str, module: str, python: Path, model: Path, threads: int) -> Side:
    """The endpoint of the row's name, one process a core."""
    cores = len(os.sched_getaffinity(0))
    command = [str(python), "-m", "uvicorn", f"{module}:app", "--port", str(PORT), "--workers",
               str(cores), "--no-access-log", "--log-level", "warning"]  # fmt: skip
    environment = {"BENCH_MODEL": str(model), "BENCH_THREADS": str(threads)}
    address = f"http://127.0.0.1:{PORT}"
    return Side(lambda: running(name, command, address, "/ready", environment), PEER_PATHS[name])


def textkind(name: str, folder: Path, *words: str) -> Side:
    return Side(lambda: ours(name, PORT, f"model={folder}", *words), "/v1/predict")


def measure(sides: dict[str, Side], bodies: list[bytes], runs: int) -> dict[str, list[Facts]]:
    """Every side in turn, each time started anew and warmed up."""
    found: dict[str, list[Facts]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, side in sides.items():
            with side.start() as service:
                bombard(service, side.path, bodies, CONNECTIONS, WARM_UP)
                found[name].append(bombard(service, side.path, bodies, CONNECTIONS, SECONDS))
    return found


def row_of(name: str, said: list[Facts], **more: object) -> Row:
    """Medians of the turns."""
    row: Row = {"side": name, **more}
    for fact in ("requests_s", "p50_ms", "p99_ms"):
        row[fact] = statistics.median(one[fact] for one in said)
    row["p99 over p50"] = statistics.median(one["p99_ms"] / one["p50_ms"] for one in said)
    row["refused"] = sum(one["refused"] for one in said)
    return row


def value(row: Row, fact: str) -> float:
    return float(str(row[fact]))


def ask_linear(runs: int, sets: tuple[str, ...] = ("banking77", "imdb")) -> Answer:
    """The same n-grams on both sides: words and pairs of them, sublinear TF-IDF."""
    rows: list[Row] = []
    goals: list[Goal] = []
    for name in sets:
        model = FOLDER / f"{name}.pickle"
        run = linear_run(name)
        python = environment_python("fastapi")
        if not model.exists():
            fit = [str(python), "-m", "bench.peers.fastapi_linear", name, str(model)]
            subprocess.run(fit, cwd=ROOT, check=True)
        sides = {"textkind": textkind("textkind", run)}
        for peer in PEER_PATHS:
            sides[peer] = fastapi(peer, "bench.peers.fastapi_linear", python, model, 1)
        said = measure(sides, bodies_of(texts_of(name, BODIES)), runs)
        rows += [row_of(side, told, set=name) for side, told in said.items()]
        own, *peers = rows[-len(sides) :]
        best = max(value(row, "requests_s") for row in peers)
        goals += [
            at_least(f"{name}, beside the better FastAPI", value(own, "requests_s") / best,
                     TIMES_LINEAR, "x"),
            at_most(f"{name}, p99 over p50", value(own, "p99 over p50"), SPREAD, ""),
        ]  # fmt: skip
    return Answer(rows, goals)


def ask_encoder(runs: int) -> Answer:
    """MiniLM in float32 on both sides; beside it ours in the precision that pays here."""
    if not is_usable(ENCODER / "textkind"):
        with Workers() as workers:
            maker = Contender("textkind", OUR_ENCODER, {})
            workers.load([maker], [ENCODER_SET], warm_up=None)
            workers.of(maker).ask("make", folder=str(ENCODER))
    folder, python = ENCODER / "textkind", environment_python("transformers")
    sides = {
        "textkind": textkind("textkind", folder),
        "textkind, --precision auto": textkind("textkind auto", folder, "--precision", "auto"),
    }
    for peer in PEER_PATHS:
        model = ENCODER / "hugging_face"
        sides[peer] = fastapi(peer, "bench.peers.fastapi_encoder", python, model, 1)
    said = measure(sides, bodies_of(texts_of(ENCODER_SET, BODIES)), runs)
    rows = [row_of(side, told) for side, told in said.items()]
    own, peers = rows[:2], rows[2:]
    best = max(peers, key=lambda row: value(row, "requests_s"))
    goals: list[Goal] = []
    for row in own:
        times = value(row, "requests_s") / value(best, "requests_s")
        late = value(row, "p99_ms") / value(best, "p99_ms")
        goals += [
            at_least(f"{row['side']}, beside the better FastAPI", times, TIMES_ENCODER, "x"),
            at_most(f"{row['side']}, p99 beside its p99", late, 1.0, "x"),
        ]
    return Answer(rows, goals)
