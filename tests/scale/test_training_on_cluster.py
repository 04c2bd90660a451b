"""On a cluster of three nodes: networks trained by two workers, and workers that are killed."""

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")
pytest.importorskip("ray")

import ray

from tests.scale.processes import below
from tests.workflow.conftest import tickets
from textkind.errors import ClusterError, SettingsError, TrainingError
from textkind.models.neural_settings import default_settings
from textkind.models.settings import LinearSettings
from textkind.progress import Notes
from textkind.scale import shared
from textkind.scale.cluster import open_cluster
from textkind.scale.datasets import Pool
from textkind.scale.settings import RaySettings
from textkind.scale.training import ClusterTrainer, train_on
from textkind.storage.run_folder import MODEL
from textkind.training.settings import Places
from textkind.workflow.auto import AutoSettings
from textkind.workflow.train import TrainSettings, train

WORKER = "ray::RayTrainWorker"


@pytest.fixture(scope="module")
def rows():
    return [{"text": text, "label": label} for text, label in zip(*tickets(300), strict=True)]


@pytest.fixture(scope="module")
def connected(ray_cluster):
    with open_cluster(RaySettings(ray_cluster.address)) as cluster:
        yield cluster


def asked(out, *, places=None, epochs=3, dropout=0.0):
    """A run of a small network; nothing is dropped, unless it is asked for."""
    network = default_settings("mean_pool")
    network = replace(
        network,
        layers=replace(network.layers, dropout=dropout),
        training=replace(
            network.training, epochs=epochs, batch_texts=15, precision="float32", patience=10_000
        ),
        places=Places() if places is None else places,
    )
    return TrainSettings(out=out, model=network, threads=1, map="none")


def weights(run):
    return (run.folder / MODEL / "weights.safetensors").read_bytes()


def test_two_workers_train_as_one_process_does(connected, rows, tmp_path):
    heard = Notes()
    here = train(rows, asked(tmp_path / "here"))
    there = train_on(RaySettings(), rows, asked(tmp_path / "there"), heard)
    one, other = here.metrics["fit"], there.metrics["fit"]
    assert (one["processes"], other["processes"]) == (1, 2)
    assert one["steps"] == other["steps"] > 30
    assert len(one["history"]) == len(other["history"]) == 3
    for look, same in zip(one["history"], other["history"], strict=True):
        assert look["log_loss"] == pytest.approx(same["log_loss"], abs=1e-4)
    for figure in ("log_loss", "brier"):
        expected = here.metrics["test"][figure]["value"]
        assert there.metrics["test"][figure]["value"] == pytest.approx(expected, abs=1e-4)
    assert here.metrics["data"] == there.metrics["data"]
    assert sorted(path.name for path in here.folder.iterdir()) == sorted(
        path.name for path in there.folder.iterdir()
    )
    texts = [row["text"] for row in rows[:20]]
    logits = [
        run.classifier.model.logits(pa.array(texts, pa.large_string()), 1) for run in (here, there)
    ]
    np.testing.assert_allclose(*logits, atol=1e-3)


@pytest.mark.slow
def test_what_a_worker_finds_wrong_is_told_as_it_would_be_here(connected, rows, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    train(rows[:200], asked(tmp_path / "other", places=Places(kept, 1), epochs=1))
    with pytest.raises(TrainingError, match="the checkpoint is of another training"):
        train_on(RaySettings(), rows, asked(tmp_path / "run", places=Places(kept)))
    assert not (tmp_path / "run").exists()
    end = time.monotonic() + 30
    while ray.available_resources().get("CPU") != 2 and time.monotonic() < end:
        time.sleep(0.1)
    assert ray.available_resources()["CPU"] == 2  # also that of the placement group
    assert not [told for told in below(os.getpid()).values() if "PlacementGroup" in told]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (LinearSettings(), "--ray trains networks and pretrained encoders; found 'linear'"),
        (AutoSettings(), "--ray trains networks and pretrained encoders; found 'auto'"),
        (default_settings("frozen"), "the head of a frozen encoder is fitted at once"),
    ],
    ids=["linear", "auto", "frozen"],
)
def test_a_model_that_is_not_trained_step_by_step_is_refused(model, words, tmp_path):
    with pytest.raises(SettingsError, match=words):
        train_on(RaySettings(), [], TrainSettings(model=model, out=tmp_path / "run"))


def test_a_stream_is_learned_on_one_machine(tmp_path):
    settings = replace(asked(tmp_path / "run"), stream=True)
    with pytest.raises(SettingsError, match="a corpus that is streamed is learned on one machine"):
        train_on(RaySettings(), [], settings)


def test_a_folder_of_checkpoints_that_a_node_does_not_see_is_found_at_the_start(
    connected, rows, tmp_path, monkeypatch
):
    monkeypatch.setattr(shared, "ask_nodes", lambda nodes, sees: [True, False])
    with pytest.raises(ClusterError, match="a node does not see the folder of the checkpoints"):
        train_on(RaySettings(), rows, asked(tmp_path / "run", places=Places(tmp_path / "kept")))
    assert not list((tmp_path / "kept").iterdir())


@pytest.mark.slow
def test_a_training_whose_worker_is_killed_ends_in_the_same_bits(connected, rows, tmp_path):
    undisturbed = train_on(RaySettings(), rows, asked(tmp_path / "one", epochs=40, dropout=0.2))
    heard, kept = Notes(), tmp_path / "kept"
    settings = asked(tmp_path / "two", epochs=40, dropout=0.2, places=Places(kept, 2))
    gone = threading.Thread(target=_kill_workers, args=(kept, 1, heard))
    gone.start()
    there = train_on(RaySettings(), rows, settings, heard)
    gone.join()
    assert "a worker was lost: all begin again from the last checkpoint" in heard.told
    assert any(note.startswith("going on from step") for note in heard.told)
    assert weights(there) == weights(undisturbed)
    assert there.metrics["test"] == undisturbed.metrics["test"]


def _kill_workers(kept: Path, times: int, heard: Notes):
    """So often, wait until all have begun again and written a checkpoint, and kill -9 a worker."""
    for number in range(times):
        while sum(note.startswith("a worker was lost") for note in heard.told) < number:
            time.sleep(0.01)
        before = _steps(kept)
        while not _steps(kept) - before:
            time.sleep(0.01)
        commands = below(os.getpid()).items()
        os.kill(max(pid for pid, told in commands if told.startswith(WORKER)), signal.SIGKILL)


def _steps(kept: Path):
    return {path.name for path in kept.glob("step-*.safetensors")}


@pytest.mark.slow
def test_a_training_that_loses_workers_again_and_again_is_given_up(connected, rows, tmp_path):
    trainer = ClusterTrainer(connected, Pool(2, 1, 0.0), losses=1)
    heard, kept = Notes(), tmp_path / "kept"
    killer = threading.Thread(target=_kill_workers, args=(kept, 2, heard), daemon=True)
    killer.start()
    settings = asked(tmp_path / "run", epochs=500, places=Places(kept, 20))
    with pytest.raises(ClusterError, match="given up: workers were lost 2 times") as caught:
        train(rows, settings, heard, trainer)
    killer.join()
    assert "--checkpoints the same command goes on" in caught.value.hint
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_ctrl_c_ends_the_workers(connected, rows, tmp_path):
    def workers():
        return [one for one in below(os.getpid()).values() if one.startswith(WORKER)]

    def interrupt():
        while not workers():
            time.sleep(0.05)
        time.sleep(1)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        train_on(RaySettings(), rows, asked(tmp_path / "run", epochs=5_000))
    end = time.monotonic() + 30
    while workers() and time.monotonic() < end:
        time.sleep(0.1)
    assert not workers()
    assert not (tmp_path / "run").exists()
