"""Tune on a cluster: the desk stays here; trials run on workers, one at a time on each.

A worker has the same process for trials as there is on one machine, so a trial gives what it would
here. What it reads and leaves travels through Ray's object store; its looks at validation are
judged here.
"""

import queue
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from textkind.errors import SettingsError
from textkind.optional import need
from textkind.progress import SILENT, Talk
from textkind.scale.cluster import open_cluster
from textkind.scale.datasets import Pool
from textkind.scale.nodes import worker_count
from textkind.scale.rungs import TRIES, WITHOUT_GPU, place_files, why_lost
from textkind.scale.settings import RaySettings
from textkind.storage.folder_bytes import FolderBytes, folder_bytes, write_folder_bytes
from textkind.workflow.isolated import Failure
from textkind.workflow.rung import TRAIN, VALIDATION
from textkind.workflow.trial import TrialJob
from textkind.workflow.trial_desk import TrialDesk
from textkind.workflow.trial_runner import run_with
from textkind.workflow.tune import TuneResult, TuneSettings, tune
from textkind.workflow.worker import Look, Worker

TICK = 0.1  # seconds between two questions whether a trial has looked at validation


def tune_on(
    ray: RaySettings,
    source: object,
    settings: TuneSettings = TuneSettings(),
    talk: Talk = SILENT,
) -> TuneResult:
    """As workflow.tune.tune, with as many trials at once as there are workers.

    A worker takes settings.run.threads CPUs, one where it is None, and the GPUs of ray where the
    model is a network. The last fit is here. Raises what tune and open_cluster raise.
    """
    if settings.jobs != 1:
        raise SettingsError(
            "on a cluster there are as many trials at once as workers",
            found=f"{settings.jobs} jobs",
            hint="pass --ray-workers in the place of --jobs",
        )
    threads = 1 if settings.run.threads is None else settings.run.threads
    gpus = 0.0 if settings.run.model.model in WITHOUT_GPU else ray.gpus
    with open_cluster(ray, threads, talk, gpus=gpus) as cluster:
        pool = Pool(worker_count(cluster, threads, gpus), threads, gpus)
        run = replace(settings.run, threads=threads * pool.workers)  # shared out among the trials
        shared = replace(settings, run=run, jobs=pool.workers)
        return tune(source, shared, talk, _runner(pool))


def _runner(pool: Pool) -> Callable[[TrialDesk, int, Talk], None]:
    """A runner of trials (workflow/trial_runner.py) on the workers of a pool."""

    def run(desk: TrialDesk, jobs: int, talk: Talk) -> None:
        folder = desk.plan.folder
        parts = need("ray").put(
            {name: (folder / name).read_bytes() for name in (TRAIN, VALIDATION)}
        )
        run_with(lambda: AwayWorker(pool, parts), desk, jobs, talk)

    return run


class AwayWorker:
    """As workflow.worker.Worker, on some node of the cluster; one that dies is replaced.

    parts  a reference to the files of the training and the validation part
    """

    def __init__(self, pool: Pool, parts: Any) -> None:
        self._pool, self._parts = pool, parts
        self._actor: Any = None

    def run(
        self, job: TrialJob, seconds: float | None, stop: threading.Event, look: Look
    ) -> Failure | None:
        """As Worker.run; a trial whose worker dies is begun once more."""
        ray = need("ray")
        for _ in range(TRIES):
            if self._actor is None:
                self._actor = self._begun()
            try:
                files, failure = self._done(job, seconds, stop, look)
            except ray.exceptions.RayTaskError:
                raise  # a fault of ours
            except ray.exceptions.RayError as error:
                reason, self._actor = why_lost(ray, error), None
                continue
            if files is not None:
                place_files(files, job)
            return failure
        return Failure(f"{reason}, {TRIES} times", "see `ray status` and Ray's logs")

    def close(self) -> None:
        """End the actor, if there is one."""
        if self._actor is not None:
            ray = need("ray")
            ray.wait([self._actor.close.remote()], timeout=10)  # its process first
            ray.kill(self._actor)

    def _begun(self) -> Any:
        actor = need("ray").remote(TrialActor).options(
            num_cpus=self._pool.cpus,
            num_gpus=self._pool.gpus,
            max_concurrency=2,  # a trial, and the questions about it
        )  # fmt: skip
        return actor.remote(self._parts)

    def _done(
        self, job: TrialJob, seconds: float | None, stop: threading.Event, look: Look
    ) -> tuple[FolderBytes | None, Failure | None]:
        ray, actor = need("ray"), self._actor
        running = actor.run.remote(job, seconds)
        while not ray.wait([running], timeout=TICK)[0]:
            if stop.is_set():
                actor.stop.remote()
            for share, figures in ray.get(actor.looks.remote()):
                actor.answer.remote(look(share, figures))
        found: tuple[FolderBytes | None, Failure | None] = ray.get(running)
        return found


class TrialActor:
    """An actor with two threads: one runs a trial in a process of its own, the other is asked."""

    def __init__(self, parts: FolderBytes) -> None:
        self._room = tempfile.TemporaryDirectory(prefix="textkind-")
        self._place = Path(self._room.name)
        write_folder_bytes(parts, self._place / "parts")
        self._worker = Worker(TrialJob.module)
        self._stop = threading.Event()
        self._looks: queue.SimpleQueue[tuple[float, dict[str, float]]] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def run(
        self, job: TrialJob, seconds: float | None
    ) -> tuple[FolderBytes | None, Failure | None]:
        """The files of a trial, or why there are none."""
        moved = replace(job, parts=str(self._place / "parts"), out=str(self._place / "out"))
        failure = self._worker.run(moved, seconds, self._stop, self._look)
        if failure is not None:
            return None, failure
        files = folder_bytes(self._place / "out")
        shutil.rmtree(self._place / "out")
        return files, None

    def looks(self) -> list[tuple[float, dict[str, float]]]:
        """Looks at validation that are not answered yet."""
        found = []
        while not self._looks.empty():
            found.append(self._looks.get())
        return found

    def answer(self, goes_on: bool) -> None:
        """To the look before."""
        self._answers.put(goes_on)

    def stop(self) -> None:
        """End the trial, and every later one."""
        self._stop.set()
        self._answers.put(False)

    def close(self) -> None:
        """End the process of the trials, at whatever it is."""
        self.stop()
        self._worker.close()
        self._room.cleanup()

    def _look(self, share: float, figures: dict[str, float]) -> bool:
        self._looks.put((share, figures))
        return self._answers.get()
