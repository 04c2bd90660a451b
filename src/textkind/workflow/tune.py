"""Tune: read -> split -> trials on train and validation -> the best, by the road of train.

Until the run folder is put in its place there is NAME.unfinished beside it, in which every finished
trial is kept: the same call goes on from there. The test part stays sealed until the one model that
was chosen is evaluated.
"""

import shutil
import threading
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import textkind
from textkind.data.split import Parts
from textkind.errors import DataError, SettingsError, TrainingError, did_you_mean
from textkind.evaluation.selection import FIGURES, LOG_LOSS
from textkind.models.neural_settings import NeuralSettings, default_settings
from textkind.models.search_spaces import SPACES, Dimension, open_dimensions, value_at
from textkind.models.settings import LinearSettings
from textkind.optional import need
from textkind.parallel import thread_count
from textkind.progress import SILENT, Talk
from textkind.storage.documents import document_bytes, parse_document
from textkind.storage.part_files import write_part
from textkind.storage.place import check_folder_target, writing
from textkind.storage.run_folder import (
    JOURNAL,
    new_run_folder,
    not_a_run_folder,
)
from textkind.storage.run_folder import TUNING as TUNING_FILE
from textkind.storage.unfinished import TUNING, open_unfinished
from textkind.workflow.isolated import check_budget
from textkind.workflow.learn import LEAST_VALIDATION_ROWS
from textkind.workflow.material import Material, read_material
from textkind.workflow.origin import run_folder_for
from textkind.workflow.parts import readings_digest
from textkind.workflow.rung import TRAIN, VALIDATION
from textkind.workflow.settings_as_json import model_to_json, rule_to_json
from textkind.workflow.told import Account
from textkind.workflow.train import (
    RunResult,
    TrainSettings,
    fill_run,
)
from textkind.workflow.trial_desk import TrialDesk
from textkind.workflow.trial_plan import TrialPlan
from textkind.workflow.trial_runner import Runner, run_here
from textkind.workflow.trial_study import open_study
from textkind.workflow.tuning_figures import best_settings, tuning_facts

FORMAT = 1


@dataclass(frozen=True)
class TuneSettings:
    """Everything a search for settings needs beside its data.

    run is what the run is to be otherwise; its model is the first trial, and what in it is not as
    by default is kept by all.
    """

    run: TrainSettings = field(default_factory=TrainSettings)
    budget: float | None = 1800.0  # seconds for all trials together; None: by `trials`
    trials: int | None = None  # at most, the defaults among them
    jobs: int = 1  # trials at once, each with its part of the threads
    figure: str = LOG_LOSS  # of validation, by which the best is chosen: log_loss or headline
    fixed: tuple[str, ...] = ()  # settings that keep their value, by the names of search_spaces.py

    def __post_init__(self) -> None:
        model = self.run.model.model
        if model not in SPACES:
            raise SettingsError(
                f"there is nothing to search of the model {model}",
                found=model,
                hint=f"choose one of {', '.join(SPACES)}",
            )
        if self.figure not in FIGURES:
            raise SettingsError(
                f"figure must be one of {', '.join(FIGURES)}",
                found=self.figure,
                hint=did_you_mean(self.figure, FIGURES),
            )
        if self.budget is None and self.trials is None:
            raise SettingsError(
                "a search needs an end", found="neither a budget nor a number of trials",
                hint="pass --budget 30m (budget=1800), --trials 50 (trials=50), or both",
            )  # fmt: skip
        check_budget(self.budget)
        for name in ("trials", "jobs"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise SettingsError(f"{name} must be a whole number of 1 or more", found=value)


@dataclass(frozen=True, eq=False)
class TuneResult(RunResult):
    """As RunResult, and what tune.json holds."""

    tuning: dict[str, Any]


def tune(
    source: object,
    settings: TuneSettings = TuneSettings(),
    talk: Talk = SILENT,
    runner: Runner = run_here,
) -> TuneResult:
    """Search for the settings of a model that do best on validation, and write a run with them.

    source is as for train. The first trial is the settings as they are, and another is taken only
    where it is no worse than they in log loss and in the headline figure. On Ctrl-C the search ends
    with the best there is; on a second one everything ends, and the same call goes on later.

    Raises what train raises, MissingPackageError without Optuna, DataError where validation is too
    small to choose by, and TrainingError where the defaults cannot be fitted or not in time. runner
    says where trials run (trial_runner.py).
    """
    account = Account(talk)
    need("optuna", "tuning")
    run = settings.run
    out = run_folder_for(source, "tuned") if run.out is None else Path(run.out)
    check_folder_target(out, run.overwrite, not_a_run_folder)
    data = read_material(source, run, account)
    parts = data.parts
    _check_parts(parts)
    dimensions, fixed = _searched(settings, parts, account)
    plan = _plan(data, settings, dimensions)
    with open_unfinished(TUNING, out, plan, overwrite=run.overwrite) as (folder, goes_on):
        if goes_on:
            account.note(f"going on with the unfinished tuning in {folder}")
        desk = _desk(folder, parts, settings, dimensions, account)
        with account.step("tune"):
            write_part(folder / TRAIN, parts.train)
            write_part(folder / VALIDATION, parts.validation)
            _search(desk, settings, runner, account)
            facts = _told(settings, fixed, desk, parts)
        model, threads = best_settings(desk, facts["best"], run.model)
        with new_run_folder(out, overwrite=run.overwrite) as made:
            final = replace(run, model=model, threads=threads)
            metrics, classifier = fill_run(made, data, final, account, facts)
            with writing(made):
                shutil.copyfile(folder / JOURNAL, made / JOURNAL)
    shutil.rmtree(folder, ignore_errors=True)
    talk.note(f"written to {out}")
    return TuneResult(out, metrics, classifier, facts)


def _search(desk: TrialDesk, settings: TuneSettings, runner: Runner, account: Account) -> None:
    """The defaults, then the others until the desk has no more; a first Ctrl-C ends that well."""
    if not desk.has_defaults:
        with account.task("fitting the defaults"):
            runner(desk, 1, account)
    failure = desk.failure_of_defaults
    if failure is not None:
        shutil.rmtree(desk.plan.folder, ignore_errors=True)  # there is nothing to go on from
        if desk.is_over_budget:
            raise TrainingError(
                "the budget was over before the defaults were fitted",
                found=f"{settings.budget:g} s",
                hint="give a longer --budget, or fewer texts",
            )
        raise TrainingError(
            f"the defaults could not be fitted: {failure.reason}", hint=failure.hint
        )
    desk.open_trials()
    try:
        with account.task("searching"):
            runner(desk, settings.jobs, account)
    except KeyboardInterrupt:
        account.note(
            "interrupted: the best so far is taken (Ctrl-C again ends everything, and the same "
            "command goes on later)"
        )


def _check_parts(parts: Parts) -> None:
    rows = len(parts.validation)
    if rows < LEAST_VALIDATION_ROWS:
        raise DataError(
            "there are too few validation texts to choose settings by",
            found=rows,
            hint=f"{LEAST_VALIDATION_ROWS} are the least: give more texts, a larger "
            "--validation-share, or a file with --validation",
        )


def _searched(
    settings: TuneSettings, parts: Parts, talk: Talk
) -> tuple[tuple[Dimension, ...], list[str]]:
    """What is searched, and the names of what could be and is fixed; SettingsError for nothing."""
    base = settings.run.model
    assert isinstance(base, LinearSettings | NeuralSettings)
    names = [one.name for one in SPACES[base.model]]
    for name in settings.fixed:
        if name not in names:
            raise SettingsError(
                f"this is no setting of the {base.model} that is searched",
                found=name,
                hint=did_you_mean(name, names),
            )
    usual = LinearSettings() if isinstance(base, LinearSettings) else _usual(base)
    fixed = [
        name
        for name in names
        if name in settings.fixed or value_at(base, name) != value_at(usual, name)
    ]
    dimensions = open_dimensions(base, fixed, several=parts.train.labels.several)
    if not dimensions:
        raise SettingsError(
            "every setting that could be searched is given",
            found=", ".join(fixed),
            hint="leave some out, or use textkind train",
        )
    if fixed:
        told = ", ".join(f"{name} = {value_at(base, name)}" for name in fixed)
        talk.note(f"kept as given, and not searched: {told}")
    return dimensions, fixed


def _usual(base: NeuralSettings) -> NeuralSettings:
    return default_settings(base.network, base.vectors)


def _desk(
    folder: Path,
    parts: Parts,
    settings: TuneSettings,
    dimensions: tuple[Dimension, ...],
    talk: Talk,
) -> TrialDesk:
    run, labels = settings.run, parts.train.labels
    assert isinstance(run.model, LinearSettings | NeuralSettings)
    plan = TrialPlan(
        base=run.model,
        dimensions=dimensions,
        folder=folder,
        labels=labels.names,
        several=labels.several,
        rule=rule_to_json(run.rule),
        figure=settings.figure,
        seed=run.split.seed,
        budget=settings.budget,
        trials=settings.trials,
        threads=max(1, thread_count(run.threads) // settings.jobs),
    )
    return TrialDesk(plan, open_study(folder / JOURNAL), threading.Event(), talk)


def _plan(
    data: Material, settings: TuneSettings, dimensions: tuple[Dimension, ...]
) -> dict[str, Any]:
    """What decides whether an unfinished search is the same: its data and its settings.

    Budget, trials and jobs are not in it: whoever goes on may have more time.
    """
    run = settings.run
    assert isinstance(run.model, LinearSettings | NeuralSettings)
    return {
        "textkind": textkind.__version__,
        "data": readings_digest(data.readings),
        "split": asdict(run.split),
        "model": model_to_json(run.model),
        "searched": [one.name for one in dimensions],
        "rule": rule_to_json(run.rule),
        "figure": settings.figure,
    }


def _told(
    settings: TuneSettings, fixed: list[str], desk: TrialDesk, parts: Parts
) -> dict[str, Any]:
    """What tune.json holds."""
    run = settings.run
    facts = {
        "format": FORMAT,
        "textkind": textkind.__version__,
        "command": run.command,
        "model": run.model.model,
        "settings": {
            "budget": settings.budget,
            "trials": settings.trials,
            "jobs": settings.jobs,
            "figure": settings.figure,
            "seed": run.split.seed,
        },
        "fixed": fixed,
        **tuning_facts(desk, parts.validation),
    }
    return parse_document(document_bytes(facts), TUNING_FILE)  # tuples become lists
