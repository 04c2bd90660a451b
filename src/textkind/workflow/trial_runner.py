"""Where trials run: here, in processes of their own, some side by side.

A runner takes a desk and the number of trials that may run at once, and works until `next_job`
gives nothing more. Another one, on other machines, is run_with of other workers (scale/tuning.py).
"""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Protocol

from textkind.progress import Talk
from textkind.workflow.isolated import Failure
from textkind.workflow.trial import TrialJob
from textkind.workflow.trial_desk import TrialDesk
from textkind.workflow.worker import Look, Worker

Runner = Callable[[TrialDesk, int, Talk], None]


class TrialWorker(Protocol):
    """Does one trial after another until it is closed, as workflow.worker.Worker does."""

    def run(  # noqa: D102
        self, job: TrialJob, seconds: float | None, stop: threading.Event, look: Look
    ) -> Failure | None: ...

    def close(self) -> None: ...  # noqa: D102


def run_here(desk: TrialDesk, jobs: int, talk: Talk) -> None:
    """Run trials in processes on this machine."""
    run_with(lambda: Worker(TrialJob.module), desk, jobs, talk)


def run_with(new_worker: Callable[[], TrialWorker], desk: TrialDesk, jobs: int, talk: Talk) -> None:
    """Run trials on so many workers.

    On Ctrl-C those that run are ended, desk.stop is set, and the exception goes on.
    """
    with ThreadPoolExecutor(jobs, thread_name_prefix="textkind trial") as pool:
        workers = [pool.submit(_work, new_worker, desk, talk) for _ in range(jobs)]
        try:
            wait(workers)
        except BaseException:
            desk.stop.set()
            raise
    for worker in workers:
        worker.result()


def _work(new_worker: Callable[[], TrialWorker], desk: TrialDesk, talk: Talk) -> None:
    with contextlib.closing(new_worker()) as worker:
        while (job := desk.next_job()) is not None:
            number = job.number

            def look(share: float, figures: dict[str, float], number: int = number) -> bool:
                if desk.plan.budget is not None:
                    done, total = int(desk.seconds), int(desk.plan.budget)
                    talk.advance(min(done, total), total, f"trial {number}")
                return desk.goes_on(number, share, figures)

            desk.ended(number, worker.run(job, desk.limit(), desk.stop, look))
