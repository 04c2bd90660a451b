"""Where trials run: here, in processes of their own, some side by side.

A runner takes a desk and the number of trials that may run at once, and works until `next_job`
gives nothing more. Another one, on other machines, is a function of the same form: it asks the
desk, passes on every look at validation, and says how each trial ended.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

from textkind.progress import Talk
from textkind.workflow.trial import TrialJob
from textkind.workflow.trial_desk import TrialDesk
from textkind.workflow.worker import Worker

Runner = Callable[[TrialDesk, int, Talk], None]


def run_here(desk: TrialDesk, jobs: int, talk: Talk) -> None:
    """Run trials in processes on this machine.

    On Ctrl-C those that run are ended, desk.stop is set, and the exception goes on.
    """
    with ThreadPoolExecutor(jobs, thread_name_prefix="textkind trial") as pool:
        workers = [pool.submit(_work, desk, talk) for _ in range(jobs)]
        try:
            wait(workers)
        except BaseException:
            desk.stop.set()
            raise
    for worker in workers:
        worker.result()


def _work(desk: TrialDesk, talk: Talk) -> None:
    with Worker(TrialJob.module) as worker:
        while (job := desk.next_job()) is not None:
            number = job.number

            def look(share: float, figures: dict[str, float], number: int = number) -> bool:
                if desk.plan.budget is not None:
                    done, total = int(desk.seconds), int(desk.plan.budget)
                    talk.advance(min(done, total), total, f"trial {number}")
                return desk.goes_on(number, share, figures)

            desk.ended(number, worker.run(job, desk.limit(), desk.stop, look))
