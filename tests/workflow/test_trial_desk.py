"""The desk of a search: what it hands out, what it ends early, what it remembers."""

import json
import os
import threading

import optuna
import pytest

from textkind.models.search_spaces import open_dimensions
from textkind.models.settings import LinearSettings
from textkind.progress import Notes
from textkind.storage.run_folder import JOURNAL
from textkind.workflow.isolated import OUT_OF_TIME, Failure
from textkind.workflow.settings_as_json import model_to_json
from textkind.workflow.trial import OUTCOME
from textkind.workflow.trial_desk import TrialDesk, is_kept
from textkind.workflow.trial_plan import TrialPlan
from textkind.workflow.trial_records import trial_records
from textkind.workflow.trial_study import importances, open_study

BASE = LinearSettings(features="both", naive_bayes=False, strength=1.0)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """The journal is flushed at every line, which is most of what these tests would take."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def desk_in(folder, base=BASE, fixed=("features", "naive_bayes"), **given):
    given = {"budget": None, "trials": 12, "figure": "log_loss"} | given
    plan = TrialPlan(
        base=base, dimensions=open_dimensions(base, fixed, several=False), folder=folder,
        labels=("no", "yes"), several=False, rule={}, seed=0, threads=1, **given,
    )  # fmt: skip
    return TrialDesk(plan, open_study(folder / JOURNAL), threading.Event(), Notes())


def worth(model):
    """A log loss that is least at strength 10 without symbols."""
    settings = model["settings"]
    return 0.3 + abs(settings["strength"] - 10) / 100 + 0.05 * settings["symbols"]


def finish(desk, job, value=None, headline=0.8):
    place = desk.plan.place(job.number)
    place.mkdir(parents=True)
    value = worth(job.model) if value is None else value
    told = {"figures": {"log_loss": value, "headline": headline}, "model": job.model}
    (place / OUTCOME).write_text(json.dumps(told | {"epochs": None, "seconds": 1.0}))
    desk.ended(job.number, None)


def started(folder, **given):
    """A desk whose defaults are finished."""
    desk = desk_in(folder, **given)
    finish(desk, desk.next_job())
    desk.open_trials()
    return desk


def go(desk, most=100):
    """Do what the desk hands out, in order; the settings of each job."""
    jobs = []
    while len(jobs) < most and (job := desk.next_job()) is not None:
        jobs.append(job.model["settings"])
        goes_on = all(
            desk.goes_on(job.number, share, {"log_loss": worth(job.model) / share**0.1})
            for share in (0.25, 0.5)
        )
        if goes_on:
            finish(desk, job)
        else:
            desk.ended(job.number, Failure("given up"))
    return jobs


def test_the_defaults_come_first_and_alone(tmp_path):
    desk = desk_in(tmp_path)
    job = desk.next_job()
    assert job.number == 0
    assert job.model == model_to_json(BASE)
    assert desk.next_job() is None
    finish(desk, job)
    assert desk.next_job() is None
    desk.open_trials()
    known = desk.next_job()
    assert known.number == 1
    changed = model_to_json(BASE)["settings"] | {"objective": "logistic", "strength": 8.0}
    assert {**known.model["settings"], "minimum_document_frequency": None} == changed | {
        "minimum_document_frequency": None
    }
    assert [one["origin"] for one in trial_records(desk.study)] == ["defaults"]


def test_proposals_get_better_than_the_defaults(tmp_path):
    desk = started(tmp_path, trials=30)
    go(desk)
    records = trial_records(desk.study)
    assert len(records) == 30
    assert desk.ended_because == "30 trials were made"
    values = [one["figures"]["log_loss"] for one in records if one["status"] == "finished"]
    assert min(values) < 0.35 < values[0]
    assert sum(one["status"] == "pruned" for one in records) >= 8
    assert {one["origin"] for one in records} == {"defaults", "known", "drawn"}


def test_the_better_half_is_kept_as_optunas_successive_halving_keeps_it():
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for seed in range(5):
        study = optuna.create_study(pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=seed))
        seen = []
        for _ in range(40):
            trial = study.ask()
            value = trial.suggest_float("x", 0, 1)
            trial.report(value, 1)
            assert is_kept(value, seen) == (not trial.should_prune())
            seen.append(value)
            study.tell(trial, value)


def test_a_search_that_was_killed_proposes_what_it_would_have_proposed(tmp_path):
    folders = [tmp_path / name for name in ("whole", "killed")]
    for folder in folders:
        folder.mkdir()
    whole = go(started(folders[0], trials=20))
    first = go(started(folders[1], trials=20), most=9)
    running = desk_in(folders[1], trials=20)
    running.open_trials()
    lost = running.next_job()  # and then the process is killed, in the middle of a line
    with (folders[1] / JOURNAL).open("ab") as file:
        file.write(b'{"op_code": 4, "wor')
    (folders[1] / f"{JOURNAL}.lock").symlink_to("of a process that is gone")
    again = desk_in(folders[1], trials=20)
    again.open_trials()
    rest = go(again)
    assert [*first, *rest] == whole
    assert rest[0] == lost.model["settings"]
    statuses = [one["status"] for one in trial_records(again.study)]
    assert len(statuses) == 20


def test_what_the_budget_stopped_is_run_again_with_more_of_it(tmp_path):
    desk = started(tmp_path, trials=None, budget=1000.0)
    job = desk.next_job()
    desk.stop.set()
    desk.ended(job.number, Failure("stopped"))
    assert desk.next_job() is None
    assert desk.ended_because == "it was interrupted"
    assert trial_records(desk.study)[-1]["reason"] == "it was interrupted"
    for _ in range(2):  # the second finds what the first was killed with
        again = desk_in(tmp_path, trials=None, budget=2000.0)
        again.open_trials()
        models = [again.next_job().model for _ in range(4)]
        assert models.count(job.model) == 1


def test_a_trial_that_fails_is_a_row_and_the_search_goes_on(tmp_path):
    desk = started(tmp_path)
    job = desk.next_job()
    desk.ended(job.number, Failure("the memory of this machine is not enough", "buy more"))
    record = trial_records(desk.study)[-1]
    assert (record["status"], record["figures"]) == ("failed", None)
    assert record["reason"] == "the memory of this machine is not enough"
    assert record["hint"] == "buy more"
    assert desk._talk.told[-1] == f"trial {job.number} failed: {record['reason']}"
    assert desk.next_job() is not None


def test_a_trial_that_takes_far_too_long_is_told(tmp_path):
    desk = started(tmp_path)
    assert desk.limit() == 20.0
    desk.ended(desk.next_job().number, OUT_OF_TIME)
    assert trial_records(desk.study)[-1]["reason"] == (
        "stopped: it took over 5 times as long as the defaults"
    )


def test_the_defaults_that_fail_end_the_search(tmp_path):
    desk = desk_in(tmp_path)
    desk.ended(desk.next_job().number, Failure("out of luck"))
    assert desk.failure_of_defaults.reason == "out of luck"
    assert desk.next_job() is None
    assert not desk.has_defaults


def test_when_every_combination_was_tried_the_search_ends(tmp_path):
    names = ("features", "naive_bayes", "strength", "word_ngrams", "character_ngrams", "symbols",
             "minimum_document_frequency")  # fmt: skip
    desk = started(tmp_path, fixed=names, trials=100)
    jobs = go(desk)
    told = {(one["objective"], one["word_borders"]) for one in jobs}
    assert len(jobs) == len(told) == 3  # and the defaults are the fourth
    assert desk.ended_because == "every combination was tried"
    assert len(trial_records(desk.study)) == 4


def test_by_the_headline_the_sampler_learns_from_the_headline(tmp_path):
    desk = started(tmp_path, figure="headline")
    job = desk.next_job()
    finish(desk, job, value=9.0, headline=0.9)
    assert desk.study.best_trial.number == job.number


def test_open_choices_of_the_defaults_are_told_as_validation_closed_them(tmp_path):
    desk = desk_in(tmp_path, base=LinearSettings(), fixed=())
    job = desk.next_job()
    closed = job.model["settings"] | {
        "features": "words", "strength": 4.0, "naive_bayes": False, "minimum_document_frequency": 1
    }  # fmt: skip
    job.model["settings"].update(closed)
    finish(desk, job)
    assert trial_records(desk.study)[0]["values"]["strength"] == 4.0
    desk.open_trials()
    assert desk.next_job().model["settings"]["features"] == "words"  # what is known changes others


def test_optuna_itself_opens_the_journal(tmp_path):
    go(started(tmp_path))
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / JOURNAL))
    storage = optuna.storages.JournalStorage(backend)
    study = optuna.load_study(study_name=None, storage=storage)
    assert len(study.trials) >= 12
    assert study.best_value == min(trial.value for trial in study.trials if trial.value is not None)


def test_what_alone_matters_is_told_to_matter():
    dimensions = open_dimensions(BASE, ("features", "naive_bayes"), several=False)
    usual = {"objective": "logistic", "strength": 1.0, "symbols": True, "word_borders": True,
             "word_ngrams": (1, 2), "character_ngrams": (2, 5),
             "minimum_document_frequency": 2}  # fmt: skip
    trials = [
        (
            {"strength": 0.05 * 1.3**n, "symbols": n % 3 == 0, "word_borders": n % 2 == 0},
            (n - 9) ** 2,
        )
        for n in range(24)
    ]
    found = importances(dimensions, usual, [(values, float(v)) for values, v in trials], 0)
    assert sum(found.values()) == pytest.approx(1)
    assert max(found, key=found.get) == "strength"
    assert found["strength"] > 0.7
    flat = importances(dimensions, usual, [(values, 1.0) for values, _ in trials], 0)
    assert set(flat.values()) == {0.0}
