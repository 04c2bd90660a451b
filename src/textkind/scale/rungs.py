"""The rungs of a comparison on a cluster: a task each, in the same process of its own as here.

What a rung reads and what it leaves travel through Ray's object store, so no disk is shared. A rung
whose worker dies is begun once more; then it is a row with its reason.
"""

import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textkind.errors import TextkindError
from textkind.optional import need
from textkind.progress import Notes, Talk
from textkind.scale.nodes import Cluster, worker_count
from textkind.storage.folder_bytes import FolderBytes, folder_bytes, write_folder_bytes
from textkind.workflow.isolated import JOB, Failure, placed, prepared, run_isolated
from textkind.workflow.isolated import Job as AnyJob
from textkind.workflow.job_runner import Ended
from textkind.workflow.ladder import PRIOR, STACK
from textkind.workflow.rung import Job

WITHOUT_GPU = (PRIOR, "linear", STACK)
TRIES = 2


@dataclass(frozen=True)
class Fitted:
    """What a task gives back: the files of a rung or why there are none, and what was told."""

    files: FolderBytes | None
    failure: Failure | None
    notes: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class _Begun:
    job: Job
    seconds: float | None
    talk: Talk


class RayRunner:
    """Does the jobs of a comparison on a cluster, each on so many CPUs, and GPUs if it can."""

    def __init__(self, cluster: Cluster, cpus: int, gpus: float) -> None:
        self.at_once = worker_count(cluster, cpus, gpus)
        self._cpus, self._gpus = cpus, gpus
        self._parts: dict[str, Any] = {}  # of a fold's folder: what it holds, in the object store
        self._running: dict[Any, _Begun] = {}
        self._tries: Counter[str] = Counter()
        self._first: dict[str, float] = {}  # clock at the first try of a job, in seconds

    def begin(self, job: Job, seconds: float | None, talk: Talk) -> None:
        """Send the job to a worker."""
        ray = need("ray")
        if job.parts not in self._parts:
            files = {path.name: path.read_bytes() for path in Path(job.parts).glob("*.arrow")}
            self._parts[job.parts] = ray.put(files)
        members = {Path(place).name: folder_bytes(Path(place)) for place in job.members}
        task = ray.remote(fit_rung).options(
            num_cpus=self._cpus,
            num_gpus=0 if job.rung in WITHOUT_GPU else self._gpus,
            max_retries=0,  # a second try is told, and not by Ray
        )
        asked = task.remote(job, seconds, self._parts[job.parts], members)
        self._running[asked] = _Begun(job, seconds, talk)
        self._first.setdefault(job.out, time.monotonic())
        self._tries[job.out] += 1

    def next_end(self) -> Ended:
        """Wait for a task; its files are put where the job wants them."""
        ray = need("ray")
        while True:
            (asked,), _ = ray.wait(list(self._running), num_returns=1)
            begun = self._running.pop(asked)
            try:
                fitted: Fitted = ray.get(asked)
            except ray.exceptions.RayTaskError as error:
                return self._failed(begun.job, _failure_of(error.cause))
            except ray.exceptions.RayError as error:
                reason = why_lost(ray, error)
                if self._tries[begun.job.out] < TRIES:
                    begun.talk.note(f"{reason}; it is begun once more")
                    self.begin(begun.job, begun.seconds, begun.talk)
                    continue
                failure = Failure(f"{reason}, {TRIES} times", "see `ray status` and Ray's logs")
                return self._failed(begun.job, failure)
            for note in fitted.notes:
                begun.talk.note(note)
            if fitted.files is not None:
                place_files(fitted.files, begun.job)
            return Ended(begun.job, fitted.failure, fitted.seconds)

    def _failed(self, job: Job, failure: Failure) -> Ended:
        """A job that gave nothing back took what passed since its first try began."""
        return Ended(job, failure, time.monotonic() - self._first[job.out])


def fit_rung(
    job: Job, seconds: float | None, parts: FolderBytes, members: dict[str, FolderBytes]
) -> Fitted:
    """In a worker: do the job in a folder of its own, in a process of its own."""
    notes, began = Notes(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="textkind-") as room:
        place = Path(room)
        write_folder_bytes(parts, place / "parts")
        for name, files in members.items():
            write_folder_bytes(files, place / "members" / name)
        moved = replace(
            job,
            parts=str(place / "parts"),
            out=str(place / "out"),
            members=tuple(str(place / "members" / name) for name in members),
        )
        failure = run_isolated(moved, seconds, notes)
        made = folder_bytes(place / "out") if failure is None else None
        return Fitted(made, failure, tuple(notes.told), time.monotonic() - began)


def place_files(files: FolderBytes, job: AnyJob) -> None:
    """The files of a job as its folder, whole or not at all; where it was done is not kept."""
    kept = {name: data for name, data in files.items() if name != JOB}
    write_folder_bytes(kept, prepared(job))
    placed(job, None)


def _failure_of(error: BaseException) -> Failure:
    """The row for what a task raised."""
    if isinstance(error, TextkindError):
        return Failure(str(error.args[0]), error.hint)
    return Failure(f"internal error: {type(error).__name__}: {error}")


def why_lost(ray: Any, error: BaseException) -> str:
    """What became of a task that did not end, in words."""
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "the memory of its node was not enough"
    if isinstance(error, ray.exceptions.NodeDiedError | ray.exceptions.LocalRayletDiedError):
        return "its node died"
    return "its worker died"
