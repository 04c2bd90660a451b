"""The models by name: loaded, watched, replaced while they answer."""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textkind.errors import TextkindError, did_you_mean
from textkind.serve.drift import Monitor
from textkind.serve.jobs import Queue
from textkind.serve.loading import load
from textkind.serve.log import Log
from textkind.serve.metrics import Metrics
from textkind.serve.pool import Pool
from textkind.serve.refusals import RefusalError
from textkind.serve.settings import ServeSettings
from textkind.storage.manifest import find_model_folder

Signature = tuple[tuple[str, int, int, int], ...]
UNTOLD = ("seconds", "profile")  # of the facts that the loader tells
AGAIN = 10.0  # seconds after which a model whose loader has ended is loaded again


@dataclass(eq=False)
class Place:
    """A model's name, its folder, and the version that answers."""

    name: str
    folder: Path
    pool: Pool
    seen: Signature | None  # of the folder when it was last loaded or refused
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: bool = False  # for a reload that has not begun


class Models:
    """All models of a service; the first is the default."""

    def __init__(self, settings: ServeSettings, metrics: Metrics, log: Log) -> None:
        self.settings, self.metrics, self.log = settings, metrics, log
        self.places: dict[str, Place] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        metrics.gauges.append(self._gauges)

    async def start(self) -> None:
        """Load all models, one after the other; ModelFolderError names the one that fails."""
        for name, folder in self.settings.models:
            seen = signature_of(folder)
            self.places[name] = Place(name, folder, await self._loaded(name, folder), seen)
        if self.settings.watch:
            self._spawn(self._watch())

    def find(self, name: str | None) -> Pool:
        """The version that answers for a name; None: the default. RefusalError with 404."""
        place = self._default if name is None else self.places.get(name)
        if place is None:
            raise RefusalError(
                404,
                "there is no such model",
                found=name,
                where="model",
                hint=did_you_mean(str(name), self.places),
            )
        return place.pool

    @property
    def _default(self) -> Place | None:
        return next(iter(self.places.values()), None)

    @property
    def trouble(self) -> dict[str, str]:
        """Why models cannot answer, by their names; empty where all can."""
        found = {name: place.pool.trouble for name, place in self.places.items()}
        return {name: why for name, why in found.items() if why is not None}

    @property
    def are_full(self) -> bool:
        """Whether no model takes a request now."""
        return all(place.pool.is_full for place in self.places.values())

    def facts(self) -> list[dict[str, Any]]:
        """What GET /v1/models tells, the default first."""
        return [
            {
                "name": place.name,
                "default": place is self._default,
                "workers": place.pool.wanted,
                **{key: value for key, value in place.pool.facts.items() if key not in UNTOLD},
            }
            for place in self.places.values()
        ]

    def drift(self) -> list[dict[str, Any]]:
        """What GET /v1/drift tells, the default first."""
        return [
            {"name": name, "version": place.pool.version, **place.pool.drift.facts()}
            for name, place in self.places.items()
        ]

    def reload_all(self) -> None:
        """Load every model anew, beside the work that goes on."""
        for place in self.places.values():
            self._spawn(self.reload(place))

    async def reload(self, place: Place) -> bool:
        """Put the folder's model in the place of the one that answers, unless it is bad.

        Whether it did; False as well where another call is about to.
        """
        if place.asked:
            return False
        place.asked = True
        async with place.lock:
            place.asked = False
            seen = await asyncio.to_thread(signature_of, place.folder)
            place.seen = seen
            try:
                pool = await self._loaded(place.name, place.folder)
            except (TextkindError, OSError) as error:
                self.metrics.count("textkind_reloads_total", model=place.name, outcome="refused")
                self.log.event(
                    "model refused",
                    model=place.name,
                    problem=str(error),
                    still_answers=place.pool.version,
                )
                return False
            old, place.pool = place.pool, pool
            self.metrics.count("textkind_reloads_total", model=place.name, outcome="taken")
            self.log.event("model taken", model=place.name, version=pool.version, was=old.version)
            old.retire()
            return True

    def close(self) -> None:
        """End all processes."""
        for task in self._tasks:
            task.cancel()
        for place in self.places.values():
            place.pool.close()

    async def _loaded(self, name: str, folder: Path) -> Pool:
        loader, facts = await load(folder, self.settings.precision, similar=self.settings.similar)
        queue = Queue()
        drift = Monitor(facts["profile"], self.settings.drift_window)
        pool = Pool(name, self.settings, facts, self.metrics, self.log, loader, queue, drift)
        try:
            await pool.start_workers()
        except BaseException:
            pool.close()
            raise
        loader.on_end = lambda: self._on_loader_end(pool)
        return pool

    def _on_loader_end(self, pool: Pool) -> None:
        """Without a loader no worker can be replaced: load the model again."""
        if pool.closed or pool.retiring:
            return
        self.log.event("loader ended", model=pool.name)
        self._spawn(self._load_again(pool))

    async def _load_again(self, pool: Pool) -> None:
        place = self.places[pool.name]
        while place.pool is pool and not await self.reload(place):
            await asyncio.sleep(AGAIN)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.settings.watch)
            for place in self.places.values():
                now = await asyncio.to_thread(signature_of, place.folder)
                if now == place.seen or place.lock.locked():
                    continue
                if now is None:
                    place.seen = None
                    self.log.event("model folder gone", model=place.name)
                else:
                    self._spawn(self.reload(place))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _gauges(self) -> Iterable[tuple[str, dict[str, str], float]]:
        for name, place in self.places.items():
            pool, of = place.pool, {"model": name}
            yield "textkind_queue_requests", of, len(pool.queue)
            yield "textkind_workers", of, sum(worker.pid > 0 for worker in pool.workers)
            yield "textkind_model_info", of | {"version": pool.version}, 1
            yield from pool.drift.gauges(name)


def signature_of(folder: Path) -> Signature | None:
    """By what a change of a model folder is seen, its files unread; None where it is gone."""
    try:
        with os.scandir(find_model_folder(folder)) as entries:
            found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
    except (OSError, TextkindError):
        return None
    return tuple(
        sorted((name, facts.st_ino, facts.st_size, facts.st_mtime_ns) for name, facts in found)
    )
