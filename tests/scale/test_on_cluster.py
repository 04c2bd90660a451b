"""On a cluster of three nodes: joining it, comparing, predicting, and workers that are killed.

All in one file, so that a run of the tests starts one cluster.
"""

import http.server
import json
import os
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.scale.processes import killed
from tests.workflow.conftest import FIXED, tickets, write_csv
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.data.scan import BLOCK
from textkind.errors import ClusterError, ColumnError, MissingPackageError, SettingsError
from textkind.progress import Notes
from textkind.scale import nodes as nodes_module
from textkind.scale import shared
from textkind.scale.cluster import is_connected, open_cluster
from textkind.scale.compare import compare_on
from textkind.scale.nodes import worker_count
from textkind.scale.predict import predict_on
from textkind.scale.rungs import RayRunner
from textkind.scale.settings import RaySettings
from textkind.scale.tokens import MODE as TOKEN_MODE
from textkind.scale.tokens import TOKEN
from textkind.storage.model_folder import load_model
from textkind.storage.part_files import write_part, write_texts
from textkind.workflow.compare import CompareSettings, compare
from textkind.workflow.isolated import Failure
from textkind.workflow.labelling import PredictSettings
from textkind.workflow.predict import predict
from textkind.workflow.rung import MODEL, OUTCOME, TEST, TRAIN, Job
from textkind.workflow.train import TrainSettings, train

# of its own settings, when Ray Data is first used
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context")


def joined(cluster):
    return RaySettings(cluster.address)


def test_a_cluster_is_joined_and_left_as_it_was(ray_cluster):
    before, heard = dict(os.environ), Notes()
    with open_cluster(joined(ray_cluster), talk=heard) as cluster:
        assert is_connected()
        assert sorted(node.cpus for node in cluster.nodes) == [0, 1, 1]
        assert worker_count(cluster, 1, 0) == 2
    assert not is_connected()
    assert dict(os.environ) == before
    assert heard.told == ["Ray: 3 nodes, 2 workers of 1 CPU"]
    with open_cluster(joined(ray_cluster)) as cluster:  # and can be joined again
        assert len(cluster.nodes) == 3


@pytest.mark.parametrize(
    ("token", "words", "hint"),
    [
        ("another", "the cluster has another token", "RAY_AUTH_TOKEN_PATH=FILE"),
        (None, "the cluster asks for a token, and there is none here", "~/.ray/auth_token"),
    ],
)
def test_a_cluster_is_joined_with_its_token_alone(
    token, words, hint, ray_cluster, monkeypatch, tmp_path
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(TOKEN_MODE)
    monkeypatch.delenv(TOKEN)
    if token is not None:
        monkeypatch.setenv(TOKEN, token)
    with (
        pytest.raises(ClusterError, match=words) as caught,
        open_cluster(joined(ray_cluster)),
    ):
        pass
    assert hint in caught.value.hint
    assert caught.value.where == ray_cluster.address
    assert not is_connected()


def test_nothing_listens(ray_cluster):
    with (
        pytest.raises(ClusterError, match="nothing listens at this address") as caught,
        open_cluster(RaySettings("127.0.0.1:9")),
    ):
        pass
    assert "ray start --head" in caught.value.hint


def test_another_server_is_not_taken_for_a_cluster():
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with (
            pytest.raises(ClusterError, match="does not answer as a Ray cluster does"),
            open_cluster(RaySettings(f"127.0.0.1:{server.server_port}")),
        ):
            pass
        server.shutdown()


@pytest.mark.parametrize("address", ["local", "auto", "10.0.0.1:6379"])
def test_without_ray_the_extra_is_named(address, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(MissingPackageError, match="ray, needed for work on a cluster, is not") as e,
        open_cluster(RaySettings(address)),
    ):
        pass
    assert e.value.hint == "pip install 'textkind[scale]'"


@pytest.fixture(scope="module")
def connected(ray_cluster):
    """The cluster, joined for all tests behind this one."""
    with open_cluster(joined(ray_cluster)) as cluster:
        yield cluster


def test_a_connection_that_is_there_is_used_and_stays(connected):
    heard = Notes()
    with open_cluster(RaySettings("local"), talk=heard) as cluster:
        assert cluster.nodes == connected.nodes
    assert is_connected()
    assert heard.told[0] == "the connection to Ray that this process has is used"


def test_a_worker_that_no_node_has_room_for(connected):
    cases = [
        (RaySettings(), 4, ClusterError, "no node of the cluster has 4 CPUs for a worker"),
        (RaySettings(gpus=1.0), 1, ClusterError, "no node of the cluster has 1 CPU and 1 GPU"),
        (RaySettings(workers=3), 1, SettingsError, "the cluster has room for 2 workers of 1 CPU"),
    ]
    for asked, cpus, kind, words in cases:
        with pytest.raises(kind, match=words) as caught, open_cluster(asked, cpus):
            pass
        assert "--threads" in caught.value.hint


def test_a_silent_node_is_named(connected, monkeypatch):
    monkeypatch.setattr(nodes_module, "PATIENCE", 0.0)
    with (
        pytest.raises(ClusterError, match="did not answer in 0 seconds"),
        open_cluster(RaySettings()),
    ):
        pass


@pytest.fixture(scope="module")
def tickets_file(tmp_path_factory):
    rows = list(zip(*tickets(300), strict=True))
    return write_csv(tmp_path_factory.mktemp("tickets") / "tickets.csv", ("text", "label"), rows)


@pytest.fixture
def job(tmp_path):
    """A rung to fit, with its parts."""
    texts, labels = tickets(60)
    names = LabelSet(tuple(sorted(set(labels))))
    targets = np.array([names.names.index(label) for label in labels], np.int32)
    corpus = Corpus(pa.array(texts, pa.large_string()), targets, names, np.arange(60))
    write_part(tmp_path / TRAIN, corpus)
    write_texts(tmp_path / TEST, corpus.texts.slice(0, 8))
    origin = {"source": "toy", "rows": 60, "seed": 0, "columns": None, "sha256": None}
    out = str(tmp_path / "prior")
    return Job("prior", str(tmp_path), out, names.names, False, 0, 1, None, (), origin)


def test_a_comparison_is_the_same_as_here(connected, tickets_file, tmp_path):
    asked = CompareSettings(models=("prior", "linear"), threads=1, budget=None)
    here = compare(tickets_file, replace(asked, out=tmp_path / "here"))
    there = compare_on(RaySettings(), tickets_file, replace(asked, out=tmp_path / "there"))
    for one, other in zip(here.facts["rungs"], there.facts["rungs"], strict=True):
        assert one["status"] == other["status"] == "finished"
        assert (one["test"], one["fit"]) == (other["test"], other["fit"])
    weights = "models/linear/weights.safetensors"
    assert (here.folder / weights).read_bytes() == (there.folder / weights).read_bytes()
    assert here.facts["settings"] == there.facts["settings"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "there"]


def test_a_rung_whose_worker_is_killed_is_begun_once_more(connected, job, capfd):
    heard = Notes()
    runner = RayRunner(connected, 1, 0)
    runner.begin(job, None, heard)
    with killed("ray::fit_rung", times=1):
        ended = runner.next_end()
    assert ended.failure is None
    assert heard.told[0] == "its worker died; it is begun once more"
    assert capfd.readouterr() == ("", "")  # Ray would tell it at length
    assert load_model(Path(job.out) / MODEL).labels.names == job.labels
    assert json.loads((Path(job.out) / OUTCOME).read_text())["rung"] == "prior"


def test_a_rung_whose_workers_are_killed_twice_is_a_row_with_the_reason(connected, job):
    runner = RayRunner(connected, 1, 0)
    runner.begin(job, None, Notes())
    with killed("ray::fit_rung", times=2):
        ended = runner.next_end()
    assert ended.failure == Failure("its worker died, 2 times", "see `ray status` and Ray's logs")
    assert not Path(job.out).exists()


def test_a_rung_that_fails_there_is_a_row_with_its_reason(connected, job):
    runner = RayRunner(connected, 1, 0)
    runner.begin(replace(job, rung="stack"), None, Notes())
    assert runner.next_end().failure == Failure("no validation part to mix by")
    runner.begin(replace(job, rung="no such"), None, Notes())
    assert "internal error: KeyError" in runner.next_end().failure.reason


@pytest.fixture(scope="module")
def model(tickets_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("model") / "run"
    train(tickets_file, TrainSettings(out=out, model=FIXED))
    return out


@pytest.fixture(scope="module")
def many_rows(tmp_path_factory):
    """A file of several blocks, of which some rows cannot be read."""
    path = tmp_path_factory.mktemp("many") / "rows.csv"
    texts, _ = tickets(1000)
    with path.open("w", encoding="utf-8") as file:
        file.write("number,text\n")
        for number in range(300_000):
            file.write(f"{number},{texts[number % 1000]} {number % 7919}\n")
            if number % 50_000 == 7:
                file.write("a,b,c\n")
    assert path.stat().st_size > BLOCK
    return path


def same_files(one, other):
    return one.read_bytes() == other.read_bytes()


def test_predictions_are_the_same_as_here_row_for_row(connected, model, many_rows, tmp_path):
    asked = PredictSettings(top=2, threads=1)
    here = predict(model, many_rows, tmp_path / "here.csv", asked)
    heard = Notes()
    there = predict_on(RaySettings(), model, many_rows, tmp_path / "there.csv", asked, heard)
    assert same_files(tmp_path / "here.csv", tmp_path / "there.csv")
    assert here.rejected == there.rejected == 6
    rejected = ".csv.rejected.jsonl"
    assert same_files(tmp_path / f"here{rejected}", tmp_path / f"there{rejected}")
    assert (here.read, here.predicted) == (there.read, there.predicted)
    assert any("6 rows could not be used" in note for note in heard.told)


@pytest.mark.slow
def test_what_a_killed_worker_had_is_labelled_by_another(
    connected, model, many_rows, tmp_path, capfd
):
    here = tmp_path / "here.jsonl"
    predict(model, many_rows, here, PredictSettings(threads=1))
    there = tmp_path / "there.jsonl"
    with killed("ray::MapWorker(MapBatches(BlockWorker)).submit", times=1):
        predict_on(RaySettings(), model, many_rows, there)
    assert same_files(here, there)
    assert capfd.readouterr() == ("", "")


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Five shards of CSV, one of them empty; in each other one a row that cannot be used."""
    folder = tmp_path_factory.mktemp("shards")
    texts, _ = tickets(2_000)
    for number in range(5):
        rows = "".join(f"{text} {number}\n" for text in texts) + "a,b\n" if number != 3 else ""
        (folder / f"part-{number}.csv").write_text(f"text\n{rows}")
    return folder


def files_of(folder):
    """What is in a folder of predictions, but for the order in which the files were finished."""
    found = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    names = {name: path.read_bytes() for name, path in found.items() if path.name != "lock"}
    return {name: sorted(data.splitlines()) if "done" in str(name) else data
            for name, data in names.items()}  # fmt: skip


def test_a_folder_of_predictions_is_the_same_as_here(
    connected, model, shards, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # workers begin elsewhere
    heard, source = Notes(), os.path.relpath(shards)
    predict(model, source, "here/", PredictSettings(threads=1))
    result = predict_on(RaySettings(), model, source, "there/", talk=heard)
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")
    assert (result.read, result.rejected, result.shards) == (4 * 2_001, 4, 4)
    assert any("part-3.csv" in note for note in heard.told)
    (tmp_path / "there" / "part-1.csv").unlink()
    again = predict_on(RaySettings(), model, source, "there/")
    assert (again.shards, again.shards_before) == (4, 3)
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


@pytest.mark.slow
def test_the_shard_of_a_killed_worker_is_labelled_by_another(connected, model, shards, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    predict(model, shards, f"{here}/", PredictSettings(threads=1))
    with killed("ray::MapWorker(MapBatches(ShardWorker)).submit", times=1):
        predict_on(RaySettings(), model, shards, f"{there}/")
    assert files_of(here) == files_of(there)


@pytest.mark.slow
def test_one_shard_for_many_workers_is_told(connected, model, shards, tmp_path):
    heard = Notes()
    predict_on(RaySettings(), model, shards / "part-0.csv", f"{tmp_path}/", talk=heard)
    assert any(note.startswith("1 of 2 workers have a shard to label") for note in heard.told)


def test_storage_that_is_not_shared_is_found_before_anything_is_done(
    connected, model, shards, tmp_path, monkeypatch
):
    monkeypatch.setattr(shared, "ask_nodes", lambda nodes, sees: [True, False])
    with pytest.raises(ClusterError, match="a node does not see the folder of the predictions"):
        predict_on(RaySettings(), model, shards, f"{tmp_path}/")
    assert [path.name for path in tmp_path.iterdir()] == ["_textkind"]
    assert not list(tmp_path.rglob("probe-*"))


def test_what_a_worker_finds_wrong_is_told_as_it_would_be_here(connected, model, tmp_path):
    shards = tmp_path / "shards"
    shards.mkdir()
    (shards / "a.csv").write_text("text,id\na,1\n")
    (shards / "b.csv").write_text("title,id\nb,2\n")
    said = []
    for number, way in enumerate((predict, partial(predict_on, RaySettings()))):
        with pytest.raises(ColumnError) as caught:
            way(model, shards, f"{tmp_path}/{number}/")
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "the shard has no column 'text', which is in use" in said[0]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"source": "-"}, "workers cannot read the standard input"),
        ({"settings": PredictSettings(precision="auto")}, "workers could choose different"),
    ],
)
def test_what_a_cluster_cannot_do_is_refused(asked, words, model, tmp_path):
    asked = {"source": "x.csv", "settings": PredictSettings()} | asked
    with pytest.raises(SettingsError, match=words):
        predict_on(RaySettings(), model, output=tmp_path / "x.csv", **asked)
    with pytest.raises(SettingsError, match="a classifier in memory cannot be sent"):
        predict_on(RaySettings(), load_model(model), "x.csv", tmp_path / "x.csv")
