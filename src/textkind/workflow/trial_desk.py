"""The desk that hands out trials and takes their results: Optuna proposes, a journal remembers.

    desk = TrialDesk(plan, study, stop, talk)
    job = desk.next_job()                        None: there is nothing more to do
    desk.goes_on(job.number, share, figures)     at every look at validation while it runs
    desk.ended(job.number, failure)              a Failure, or None where its folder is whole

Trials may run side by side: every method may be called from any thread, and none waits for a trial.
The first job is the defaults; nothing else is handed out before `open_trials`.
"""

import json
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from textkind.errors import SettingsError
from textkind.evaluation.selection import LOG_LOSS
from textkind.models.search_spaces import KNOWN, usual_values, with_values
from textkind.progress import Talk
from textkind.storage.documents import canonical_bytes
from textkind.workflow.isolated import OUT_OF_TIME, Failure
from textkind.workflow.learn import ModelSettings
from textkind.workflow.settings_as_json import model_of_json, model_to_json
from textkind.workflow.trial import OUTCOME, RUNGS, TrialJob
from textkind.workflow.trial_plan import TrialPlan
from textkind.workflow.trial_records import (
    ABOUT,
    END,
    FAILED,
    FINISHED,
    PRUNED,
    REPEATED,
    STOPPED,
    USUAL,
    about_of,
    end_of,
)
from textkind.workflow.trial_study import (
    add_finished,
    distributions,
    drawn,
    new_sampler,
    percent,
    propose_interrupted,
    propose_known,
)

DEFAULTS = 0  # number of the trial of the defaults
SHOWN = 4  # digits of a figure that is told while the search goes on
SLOWEST, AT_LEAST = 5.0, 20.0  # times the defaults' seconds that a trial may take; seconds
REPEATS = 30  # proposals in a row that were tried already, after which there is nothing new


@dataclass
class _Running:
    """A trial that runs: its Optuna trial (None: the defaults), what it reported, when it began."""

    trial: Any
    began: float
    seen: float = float("inf")  # the least log loss so far
    reported: dict[int, float] = field(default_factory=dict)
    is_hopeless: bool = False


class TrialDesk:
    """As the head of the file tells; `stop` once set, nothing more is handed out."""

    def __init__(self, plan: TrialPlan, study: Any, stop: threading.Event, talk: Talk) -> None:
        self.plan, self.study, self.stop = plan, study, stop
        self.ended_because = ""
        self._talk = talk
        self._lock = threading.RLock()
        self._running: dict[int, _Running] = {}
        self._failure: Failure | None = None
        self._is_open = False
        trials = self.trials
        self._earlier: float = max((end_of(one).get("at", 0.0) for one in trials), default=0.0)
        self._began = time.monotonic()
        self._distributions = distributions(plan.dimensions)
        self._tried = {
            about_of(trial)["key"]: trial.value
            for trial in trials
            if end_of(trial).get("status") == FINISHED
        }
        propose_interrupted(study, plan.dimensions)

    @property
    def trials(self) -> list[Any]:
        """Of the study, as Optuna keeps them, to be looked at alone."""
        found: list[Any] = self.study.get_trials(deepcopy=False)
        return found

    @property
    def seconds(self) -> float:
        """Spent on trials, in earlier calls too."""
        return self._earlier + time.monotonic() - self._began

    @property
    def seconds_left(self) -> float | None:
        """Of the budget; None without one."""
        return None if self.plan.budget is None else self.plan.budget - self.seconds

    @property
    def is_over_budget(self) -> bool:
        """Whether nothing is left of it."""
        return self.seconds_left is not None and self.seconds_left <= 0

    @property
    def has_defaults(self) -> bool:
        """Whether the trial of the defaults is finished."""
        return bool(self.trials)

    @property
    def failure_of_defaults(self) -> Failure | None:
        """Why the defaults could not be fitted, where they could not."""
        return self._failure

    def open_trials(self) -> None:
        """Hand out the others, first what is known to do well."""
        with self._lock:
            self._is_open = True
            if len(self.trials) == 1:
                propose_known(self.study, self.plan.dimensions, KNOWN[self.plan.base.model])

    def next_job(self) -> TrialJob | None:
        """What to do next; None where nothing is left, or nothing before something else ends."""
        with self._lock:
            if not self.has_defaults:
                if DEFAULTS in self._running or self._failure is not None or self.stop.is_set():
                    return None
                self._running[DEFAULTS] = _Running(None, self.seconds)
                return self._job(DEFAULTS, self.plan.base)
            return self._next_trial() if self._is_open else None

    def limit(self) -> float | None:
        """Seconds after which a trial that begins now is to be stopped; None: never."""
        with self._lock:
            limits = [] if self.seconds_left is None else [max(self.seconds_left, 0.0)]
            if self.has_defaults:
                limits.append(self._slowest())
            return min(limits) if limits else None

    def goes_on(self, number: int, share: float, figures: Mapping[str, float]) -> bool:
        """Take a look at validation at a share of the training; whether the trial is worth more.

        At RUNGS it goes on while its least log loss so far is in the better half of what all trials
        had there (successive halving: Jamieson & Talwalkar 2016; asynchronous: Li et al. 2020). The
        defaults always do.
        """
        with self._lock:
            running = self._running.get(number)
            if running is None:
                return False
            running.seen = min(running.seen, figures[LOG_LOSS])
            for rung in RUNGS:
                step = percent(rung)
                if share < rung - 1e-9 or step in running.reported:
                    continue
                running.reported[step] = running.seen
                if running.trial is None:
                    continue
                running.trial.report(running.seen, step)
                if not is_kept(running.seen, self._others(number, step)):
                    running.is_hopeless = True
            return not running.is_hopeless

    def ended(self, number: int, failure: Failure | None) -> None:
        """Take the end of a trial; without a failure its folder is whole."""
        with self._lock:
            running = self._running.pop(number)
            told: dict[str, Any] = {
                "began": running.began,
                "seconds": self.seconds - running.began,
                "at": self.seconds,
                "threads": self.plan.threads,
            }
            value = None
            if failure is None:
                text = (self.plan.place(number) / OUTCOME).read_text(encoding="utf-8")
                outcome = json.loads(text)
                figures = outcome["figures"]
                value = (
                    figures["log_loss"] if self.plan.figure == LOG_LOSS else -figures["headline"]
                )
                told |= {"status": FINISHED, "outcome": outcome}
            elif running.is_hopeless:
                told |= {"status": PRUNED}
            elif self.stop.is_set():
                told |= {"status": STOPPED, "reason": "it was interrupted"}
            elif self.is_over_budget:
                told |= {"status": STOPPED, "reason": "the budget was over"}
            elif failure == OUT_OF_TIME:
                reason = f"stopped: it took over {SLOWEST:g} times as long as the defaults"
                told |= {"status": FAILED, "reason": reason, "hint": ""}
            else:
                told |= {"status": FAILED, "reason": failure.reason, "hint": failure.hint}
            if running.trial is None:
                self._end_defaults(running, told, value, failure)
            else:
                self._tell(running.trial, told, value)

    def _next_trial(self) -> TrialJob | None:
        for _ in range(REPEATS):
            self.ended_because = self._why_over()
            if self.ended_because:
                return None
            states = [one.state.name for one in self.trials]
            done = sum(state in ("COMPLETE", "PRUNED", "RUNNING") for state in states)
            self.study.sampler = new_sampler(self.plan.seed, done)
            trial = self.study.ask(self._distributions)
            values = drawn(self.plan.dimensions, trial.params)
            try:
                settings, read = with_values(self.plan.base, self.plan.dimensions, values)
            except SettingsError as error:
                trial.set_user_attr(ABOUT, {"values": values, "key": ""})
                told = {"status": FAILED, "reason": str(error.args[0]), "hint": error.hint}
                self._tell(trial, told | {"began": self.seconds, "seconds": 0.0}, None)
                continue
            key = _key(settings)
            if key in self._tried:
                self._tell(trial, {"status": REPEATED}, self._tried[key])
                continue
            trial.set_user_attr(ABOUT, {"values": read, "key": key})
            self._running[trial.number] = _Running(trial, self.seconds)
            return self._job(trial.number, settings)
        self.ended_because = "every combination was tried"
        return None

    def _why_over(self) -> str:
        if self.stop.is_set():
            return "it was interrupted"
        if self.is_over_budget:
            return "the budget was spent"
        if self.plan.trials is not None:
            statuses = [end_of(one).get("status") for one in self.trials]
            made = sum(one in (FINISHED, PRUNED, FAILED) for one in statuses)
            if made + len(self._running) >= self.plan.trials:
                return f"{self.plan.trials:,} trials were made"
        return ""

    def _slowest(self) -> float:
        usual = end_of(self.trials[DEFAULTS])["seconds"]
        return max(SLOWEST * float(usual), AT_LEAST)

    def _job(self, number: int, settings: ModelSettings) -> TrialJob:
        plan, out = self.plan, self.plan.place(number)
        shutil.rmtree(out, ignore_errors=True)  # of a call that ended before it could say so
        return TrialJob(
            number, str(plan.folder), str(out), plan.labels, plan.several, model_to_json(settings),
            plan.rule, plan.seed, plan.threads,
        )  # fmt: skip

    def _others(self, number: int, step: int) -> list[float]:
        """What the other trials had at a rung."""
        others = (one for one in self.trials if one.number != number)
        return [one.intermediate_values[step] for one in others if step in one.intermediate_values]

    def _end_defaults(
        self, running: _Running, told: dict[str, Any], value: float | None, failure: Failure | None
    ) -> None:
        """The defaults become the first trial of the study, by what validation chose for them."""
        if value is None:
            assert failure is not None
            self._failure = failure
            return
        settings = model_of_json(told["outcome"]["model"])
        values = usual_values(settings, self.plan.dimensions)
        about = {"values": values, "key": _key(settings)}
        attributes = {"origin": USUAL, ABOUT: about, END: told}
        add_finished(self.study, self.plan.dimensions, values, value, running.reported, attributes)
        self._tried[about["key"]] = value
        self._talk.note(f"the defaults: {self._figures(told['outcome']['figures'])}")

    def _tell(self, trial: Any, told: dict[str, Any], value: float | None) -> None:
        import optuna

        trial.set_user_attr(END, told)
        status = told["status"]
        if value is not None:
            best = min(self._tried.values())
            self.study.tell(trial, value)
            if status == FINISHED:
                self._tried[about_of(trial)["key"]] = value
                if round(value, SHOWN) < round(best, SHOWN):
                    figures = self._figures(told["outcome"]["figures"])
                    by = self.plan.figure.replace("_", " ")
                    self._talk.note(f"trial {trial.number}: {figures}, the best {by} so far")
            return
        if status == FAILED:
            self._talk.note(f"trial {trial.number} failed: {told['reason']}")
        # what failed is told as pruned: then the next proposals keep away from it
        is_stopped = status == STOPPED
        state = optuna.trial.TrialState
        self.study.tell(trial, state=state.FAIL if is_stopped else state.PRUNED)

    def _figures(self, figures: Mapping[str, float]) -> str:
        name = "micro F1" if self.plan.several else "accuracy"
        return f"log loss {figures['log_loss']:.{SHOWN}f}, {name} {100 * figures['headline']:.1f} %"


def is_kept(value: float, others: list[float]) -> bool:
    """Whether a value is in the better, lower half of all; of two the lower one is."""
    better = sum(other < value for other in others)
    return better < max(1, (len(others) + 1) // 2)


def _key(settings: ModelSettings) -> str:
    """Equal for equal settings."""
    return canonical_bytes(model_to_json(settings)).decode()
