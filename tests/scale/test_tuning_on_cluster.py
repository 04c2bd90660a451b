"""On a cluster of three nodes: trials on its workers, with the results of one machine."""

import signal
import threading

import pytest

pytest.importorskip("ray")
pytest.importorskip("optuna")

from tests.scale.processes import killed
from tests.workflow.conftest import tickets
from textkind.errors import SettingsError
from textkind.models.settings import LinearSettings
from textkind.progress import Notes
from textkind.scale.cluster import open_cluster
from textkind.scale.settings import RaySettings
from textkind.scale.tuning import tune_on
from textkind.workflow.train import TrainSettings
from textkind.workflow.tune import TuneSettings, tune


@pytest.fixture(scope="module")
def rows():
    return [{"text": text, "label": label} for text, label in zip(*tickets(300), strict=True)]


@pytest.fixture(scope="module")
def connected(ray_cluster):
    with open_cluster(RaySettings(ray_cluster.address)) as cluster:
        yield cluster


def asked(out, trials=3, **given):
    model = LinearSettings(features="words", naive_bayes=False)
    run = TrainSettings(out=out, model=model, map="none", threads=1, keep_texts=0)
    return TuneSettings(
        run=run, budget=None, trials=trials, fixed=("features", "naive_bayes"), **given
    )


def told(result):
    """What does not hang on the clock."""
    keys = ("number", "status", "values", "figures")
    return [{key: one.get(key) for key in keys} for one in result.tuning["trials"]]


def test_the_trials_of_one_worker_are_those_of_one_machine(connected, rows, tmp_path):
    here = tune(rows, asked(tmp_path / "here"))
    there = tune_on(RaySettings(workers=1), rows, asked(tmp_path / "there"))
    assert told(here) == told(there)
    assert here.tuning["best"] == there.tuning["best"]
    assert here.metrics["test"] == there.metrics["test"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "there"]


def test_jobs_are_of_one_machine(tmp_path):
    with pytest.raises(SettingsError, match="as many trials at once as workers") as caught:
        tune_on(RaySettings(), [], asked(tmp_path / "run", jobs=2))
    assert "--ray-workers" in caught.value.hint


@pytest.mark.slow
def test_a_trial_whose_worker_is_killed_is_begun_once_more(connected, rows, tmp_path):
    with killed("ray::TrialActor", times=1):
        there = tune_on(RaySettings(workers=2), rows, asked(tmp_path / "run", trials=5))
    assert sum(one["status"] == "finished" for one in there.tuning["trials"]) >= 4
    assert not any("worker died" in str(one) for one in there.tuning["trials"])


@pytest.mark.slow
def test_interrupted_the_search_ends_with_the_best_there_is(connected, rows, tmp_path):

    class Hearing(Notes):
        def task(self, name):
            if name == "searching":
                threading.Timer(3, signal.raise_signal, [signal.SIGINT]).start()
            return super().task(name)

    heard = Hearing()
    result = tune_on(RaySettings(), rows, asked(tmp_path / "run", trials=500), heard)
    assert any(note.startswith("interrupted: the best so far is taken") for note in heard.told)
    assert result.tuning["trials"][0]["status"] == "finished"
