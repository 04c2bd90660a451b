"""textkind predict over shards, in one process or on Ray, on so many cores of this machine.

    python -m bench.peers.our_cluster '{"do": "predict", "cores": 2, "workers": 2, ...}'

Everything, the workers and Ray's own processes too, is bound to the first `cores` cores. workers 0:
no Ray. "simulate" has workers that sleep for given seconds instead of labelling. Prints facts.

CPU seconds are those of all processes together, so they say what work there is also where others
keep the cores busy.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

from bench.measure import Facts
from textkind.scale.cluster import open_cluster
from textkind.scale.datasets import Pool, mapped, packed, ray_data, rows_of
from textkind.scale.predict import predict_on
from textkind.scale.settings import RaySettings
from textkind.workflow.labelling import PredictSettings
from textkind.workflow.predict import predict


def predicted(cores: int, workers: int, model: str, shards: str, out: str) -> Facts:
    os.sched_setaffinity(0, range(cores))
    settings = PredictSettings(threads=1)
    began = time.perf_counter()
    with ExitStack() as stack:
        if workers:
            ray = RaySettings(workers=workers)
            stack.enter_context(open_cluster(ray))
        cpu = stack.enter_context(CpuTime())
        started = time.perf_counter()
        if workers:
            result = predict_on(ray, model, shards, f"{out}/", settings)
        else:
            result = predict(model, shards, f"{out}/", settings)
        seconds = time.perf_counter() - started
        used = cpu.seconds()
    written = sorted(path.stat().st_mtime for path in Path(out).glob("*.parquet"))
    return {
        "start": started - began,
        "seconds": seconds,
        "cpu": used,
        "texts": result.predicted,
        "written": [at - written[0] for at in written],
    }


class CpuTime:
    """CPU seconds since the block began, of this process and all below it, also of those that end.

    Twice a second it looks at them: what one used after the last look is missed.
    """

    def __init__(self) -> None:
        self._ticks: dict[int, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._before = dict(self._ticks)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def seconds(self) -> float:
        self._look()
        ticks = sum(now - self._before.get(process, 0) for process, now in self._ticks.items())
        return ticks / os.sysconf("SC_CLK_TCK")

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            self._look()

    def _look(self) -> None:
        stats = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                stats[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
        ours, more = set[int](), {os.getpid()}
        while more:
            ours |= more
            more = {one for one, stat in stats.items() if int(stat[1]) in more} - ours
        for one in ours & set(stats):
            self._ticks[one] = int(stats[one][11]) + int(stats[one][12])


def simulated(workers: int, services: list[float]) -> Facts:
    """Seconds from the first answer to the last of workers that sleep, a service time a row."""
    with open_cluster(RaySettings(workers=workers)), ray_data(in_order=False) as data:
        rows = data.from_arrow([packed(seconds) for seconds in services])
        dataset = mapped(data, rows, sleeper(), (), Pool(workers, 1, 0))
        answered = [time.perf_counter() for _ in rows_of(dataset)]
    return {"written": [at - answered[0] for at in answered]}


def sleeper() -> type:
    """A class for workers that do not know the bench: a local one is sent as its code."""

    class Sleeper:
        def __call__(self, row: Any) -> Any:
            import time

            from textkind.scale.datasets import unpacked

            time.sleep(unpacked(row)[0])
            return row

    return Sleeper


DO: dict[str, Callable[..., Facts]] = {"predict": predicted, "simulate": simulated}

if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(json.dumps(DO[asked.pop("do")](**asked)))
