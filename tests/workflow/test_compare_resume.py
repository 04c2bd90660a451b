"""An interrupted comparison goes on where it was, and another one is not mistaken for it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.workflow.conftest import rung_here
from textkind.errors import SettingsError
from textkind.storage.unfinished import COMPARISON, open_unfinished, unfinished_folder
from textkind.workflow import compare as compare_module
from textkind.workflow import job_runner, rung
from textkind.workflow.climb import SPENT
from textkind.workflow.compare import CompareSettings, compare
from textkind.workflow.isolated import Failure
from textkind.workflow.rung import OUTCOME

MODELS = ("prior", "linear")


def settings(out, **given):
    return CompareSettings(models=MODELS, out=out, threads=1, **given)


@pytest.fixture
def interrupted(ticket_file, tmp_path, monkeypatch):
    """The target of a comparison that Ctrl-C ended when its first rung was finished."""

    def run_until_linear(job, seconds, talk):
        if job.rung == "linear":
            raise KeyboardInterrupt
        return rung_here(job, seconds, talk)

    with monkeypatch.context() as patch:
        patch.setattr(job_runner, "run_isolated", run_until_linear)
        with pytest.raises(KeyboardInterrupt) as caught:
            compare(ticket_file, settings(tmp_path / "ladder"))
    folder = unfinished_folder(tmp_path / "ladder")
    assert f"what is finished is kept in {folder}" in "; ".join(caught.value.__notes__)
    assert [path.name for path in tmp_path.iterdir()] == ["ladder.unfinished"]
    return tmp_path / "ladder"


def test_the_same_command_keeps_what_is_finished(interrupted, ticket_file, rungs_here):
    outcome = unfinished_folder(interrupted) / "fold-1" / "prior" / OUTCOME
    marked = json.loads(outcome.read_text())
    marked["cost"]["fit_seconds"] = 123.0  # so that a second fit would be seen
    outcome.write_text(json.dumps(marked))
    facts = compare(ticket_file, settings(interrupted)).facts
    assert [rung["status"] for rung in facts["rungs"]] == ["finished", "finished"]
    assert facts["rungs"][0]["cost"]["fit_seconds"] == 123.0
    assert any("going on with the unfinished comparison" in note for note in facts["notes"])
    assert not unfinished_folder(interrupted).exists()


def test_what_an_interrupted_comparison_has_spent_stays_spent(interrupted, ticket_file, rungs_here):
    spent = unfinished_folder(interrupted) / SPENT
    assert json.loads(spent.read_text())["seconds"] > 0
    spent.write_text(json.dumps({"seconds": 1e6}))
    facts = compare(ticket_file, settings(interrupted)).facts
    assert [rung["status"] for rung in facts["rungs"]] == ["finished", "failed"]
    assert facts["rungs"][1]["reason"] == "no time left"


def mixing(monkeypatch, weight):
    monkeypatch.setattr(rung, "fit_weights", lambda given, _: np.full(len(given), weight))


def test_a_stack_is_mixed_again_where_the_models_are_others(
    ticket_file, tmp_path, rungs_here, monkeypatch
):
    def stop(*_):
        raise KeyboardInterrupt

    mixing(monkeypatch, 1.0)
    out, models = tmp_path / "ladder", ("linear", "perceptron", "mean_pool")
    with monkeypatch.context() as patch:
        patch.setattr(compare_module, "judged", stop)
        with pytest.raises(KeyboardInterrupt):
            compare(ticket_file, CompareSettings(models=(*models, "stack"), out=out, threads=1))
    outcome = unfinished_folder(out) / "fold-1" / "stack" / OUTCOME
    assert set(json.loads(outcome.read_text())["fit"]["members"]) == set(models)
    again = CompareSettings(models=(*models[:2], "stack"), out=out, threads=1)
    stack = compare(ticket_file, again).facts["rungs"][-1]
    assert set(stack["fit"]["members"]) == set(models[:2])


def test_a_good_stack_is_kept_where_another_model_cannot_be_had(ticket_file, tmp_path, monkeypatch):
    begun = []

    def fitted_but_one(job, seconds, talk):
        begun.append(job.rung)
        return Failure("not installed") if job.rung == "cnn" else rung_here(job, seconds, talk)

    def stop(*_):
        raise KeyboardInterrupt

    mixing(monkeypatch, 1.0)
    monkeypatch.setattr(job_runner, "run_isolated", fitted_but_one)
    models = ("linear", "perceptron", "cnn", "stack")
    asked = CompareSettings(models=models, out=tmp_path / "ladder", threads=1)
    with monkeypatch.context() as patch:
        patch.setattr(compare_module, "judged", stop)
        with pytest.raises(KeyboardInterrupt):
            compare(ticket_file, asked)
    assert begun == list(models)
    rungs = compare(ticket_file, asked).facts["rungs"]
    assert begun == [*models, "cnn"]
    assert [rung["status"] for rung in rungs] == ["finished", "finished", "failed", "finished"]


def test_a_stack_of_members_that_know_nothing_says_so(
    ticket_file, tmp_path, rungs_here, monkeypatch
):
    mixing(monkeypatch, 0.0)
    models = ("linear", "perceptron", "stack")
    with pytest.raises(SettingsError, match="better on validation than to know nothing"):
        compare(ticket_file, CompareSettings(models=models, out=tmp_path / "ladder", threads=1))


@pytest.mark.parametrize(
    ("change", "found"),
    [({"budget": 77.0}, "budget"), ({"folds": 2}, "folds"), ({"test": "itself"}, "data")],
)
def test_another_comparison_is_refused_and_says_what_differs(
    change, found, interrupted, ticket_file
):
    change = {"test": ticket_file} if "test" in change else change
    with pytest.raises(SettingsError, match="with other data or settings") as caught:
        compare(ticket_file, settings(interrupted, **change))
    assert caught.value.found == found
    assert "--overwrite" in caught.value.hint
    assert (unfinished_folder(interrupted) / "fold-1" / "prior" / OUTCOME).exists()


def test_overwrite_starts_anew(interrupted, ticket_file, rungs_here):
    (unfinished_folder(interrupted) / "fold-1" / "prior" / OUTCOME).write_text("{}")
    facts = compare(ticket_file, settings(interrupted, budget=77.0, overwrite=True)).facts
    assert [rung["status"] for rung in facts["rungs"]] == ["finished", "finished"]


def test_a_folder_that_is_no_comparison_is_never_touched(ticket_file, tmp_path):
    strange = tmp_path / "ladder.unfinished"
    strange.mkdir()
    (strange / "letter.txt").write_text("dear all")
    for overwrite in (False, True):
        with pytest.raises(SettingsError):
            compare(ticket_file, settings(tmp_path / "ladder", overwrite=overwrite))
    assert (strange / "letter.txt").read_text() == "dear all"


def test_a_finished_comparison_is_replaced_only_when_asked(ticket_file, tmp_path):
    (tmp_path / "ladder").mkdir()
    (tmp_path / "ladder" / "compare.json").write_text("{}")
    with pytest.raises(SettingsError, match="the folder exists already"):
        compare(ticket_file, settings(tmp_path / "ladder"))


def test_the_labels_of_the_test_part_are_nowhere_in_the_folder(interrupted):
    fold = unfinished_folder(interrupted) / "fold-1"
    columns = {}
    for path in fold.glob("*.arrow"):
        with pa.ipc.open_file(path) as file:
            columns[path.stem] = file.schema.names
    assert columns == {
        "train": ["text", "targets"],
        "validation": ["text", "targets"],
        "test": ["text"],
    }


def test_two_comparisons_do_not_work_in_one_folder(interrupted, ticket_file):
    plan = json.loads((unfinished_folder(interrupted) / "plan.json").read_text())
    with open_unfinished(COMPARISON, interrupted, plan, overwrite=False) as (_, goes_on):
        assert goes_on
        for overwrite in (False, True):
            with pytest.raises(SettingsError, match="another comparison is at work"):
                compare(ticket_file, settings(interrupted, budget=77.0, overwrite=overwrite))
    assert (unfinished_folder(interrupted) / "fold-1" / "prior" / OUTCOME).exists()


def test_a_kill_before_the_plan_is_written_is_no_obstacle(tmp_path):
    unfinished_folder(tmp_path / "ladder").mkdir()
    (unfinished_folder(tmp_path / "ladder") / "lock").touch()
    target, plan = tmp_path / "ladder", {"data": "x"}
    with open_unfinished(COMPARISON, target, plan, overwrite=False) as (folder, goes_on):
        assert not goes_on
        assert json.loads((folder / "plan.json").read_text()) == {"data": "x"}


def alive(name):
    """The processes whose command line names a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if name.encode() in words and b"textkind.workflow.rung" in words:
            found.append(int(process.name))
    return found


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_comparison_leaves_no_process_and_goes_on(how, ticket_file, tmp_path, rungs_here):
    out = tmp_path / "ladder"
    (tmp_path / "torch.py").write_text("import time; time.sleep(600)")
    paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    words = [sys.executable, "-m", "textkind", "compare", str(ticket_file), "--out", str(out)]
    words += ["--models", "prior,cnn", "--threads", "1"]
    process = subprocess.Popen(
        words, env={**os.environ, "PYTHONPATH": paths}, stderr=subprocess.PIPE, text=True
    )
    place = unfinished_folder(out) / "fold-1"
    try:
        for _ in range(1200):
            if (place / "cnn.part").exists() and alive(str(place / "cnn.part")):
                break
            time.sleep(0.05)
        assert (place / "prior" / OUTCOME).exists()
        process.send_signal(how)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert f"what is finished is kept in {unfinished_folder(out)}" in said
    for _ in range(200):
        if not alive(str(place)):
            break
        time.sleep(0.05)
    assert alive(str(place)) == []
    (tmp_path / "torch.py").unlink()
    again = settings(out)
    facts = compare(ticket_file, again).facts  # linear for cnn: the models may change
    assert [rung["name"] for rung in facts["rungs"]] == ["prior", "linear"]
    assert any("going on with" in note for note in facts["notes"])
