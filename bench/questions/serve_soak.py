"""Minutes of mixed requests at 70 % of the maximum, while the model is replaced every minute.

Two runs take each other's place in the served folder. Every answer is compared with what `textkind
predict` says of the same texts by the version that the answer names. Memory is the proportional set
size of all processes, read just before each reload: growth is from the first such reading after a
minute, or after the first reload, to the last.
"""

import os
import shutil
import threading
import time
from pathlib import Path

from bench.checked_load import checked_load
from bench.results import Answer, Goal, Row, at_most
from bench.served import FOLDER, PORT, SHORT, linear_run, mixed_requests
from bench.services import Service, ours

MINUTES = 2.0  # set by --minutes; the issue asks for 30
SHARE, CONNECTIONS = 0.7, 64
GROWTH_MB = 20.0
MEASURED = 10.0  # seconds of the maximum


def ask(runs: int) -> Answer:
    pair = [linear_run(SHORT, strength) for strength in (1.0, 0.5)]
    place = FOLDER / "served"
    put(pair[0], place)
    requests = mixed_requests(pair)
    minute = 60 * min(1.0, MINUTES / 2)  # at least one reload
    with ours("soak", PORT, f"model={place}", "--watch", "0.5") as service:
        most = checked_load(service, requests, connections=CONNECTIONS, seconds=MEASURED, rate=None)
        ended = threading.Event()
        readings: list[float] = []
        changer = threading.Thread(
            target=change, args=(pair, place, service, minute, ended, readings)
        )
        changer.start()
        facts = checked_load(
            service, requests, connections=CONNECTIONS, seconds=60 * MINUTES,
            rate=SHARE * most["requests_s"],
        )  # fmt: skip
        ended.set()
        changer.join()
        readings.append(service.memory_mb())
        taken = service.log.read_text().count('"model taken"')
    lost = sum(facts[name] for name in ("refused", "other", "broken", "unanswered"))
    growth = readings[-1] - readings[min(1, len(readings) - 1)]
    row: Row = {
        "minutes": MINUTES, "maximum/s": most["requests_s"], "asked/s": facts["requests_s"],
        "right": facts["right"], "wrong": facts["wrong"] + most["wrong"], "lost": lost,
        "p50_ms": facts["p50_ms"], "p99_ms": facts["p99_ms"], "reloads": taken,
        "MB": readings[-1], "growth MB": growth,
    }  # fmt: skip
    goals: list[Goal] = [
        at_most("answers lost or wrong", lost + facts["wrong"] + most["wrong"], 0, ""),
        at_most("growth of memory", growth, GROWTH_MB, " MB"),
    ]
    return Answer([row], goals)


def change(
    pair: list[Path], place: Path, service: Service, minute: float, ended: threading.Event,
    readings: list[float],
) -> None:  # fmt: skip
    """Put the other run in the place every minute."""
    turn = 0
    while not ended.wait(minute):
        readings.append(service.memory_mb())
        turn += 1
        put(pair[turn % 2], place)


def put(run: Path, place: Path) -> None:
    """The model folder of a run in the place of what is there, by renaming."""
    fresh, old = place.with_name("fresh"), place.with_name(f"old-{time.monotonic_ns()}")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(run / "model", fresh)
    if place.exists():
        os.rename(place, old)
    os.rename(fresh, place)
    shutil.rmtree(old, ignore_errors=True)
