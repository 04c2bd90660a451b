"""Training from a stream: the run of memory where it can be, and told where it cannot."""

import errno
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.workflow.conftest import FIXED, tickets, write_csv
from textkind.data.cells import Cells
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.text_keys import text_keys
from textkind.errors import DataError, OutputError, SettingsError
from textkind.models.networks.settings import CnnSettings
from textkind.models.neural_settings import NeuralSettings
from textkind.models.settings import LinearSettings
from textkind.progress import Notes
from textkind.storage.model_folder import load_model
from textkind.workflow import spooled, streaming
from textkind.workflow.streaming import bytes_needed, is_streamed
from textkind.workflow.train import TrainSettings, train

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "metrics.schema.json").read_text())
PLAIN = TrainSettings(model=FIXED, map="none", novelty="none", stream=True)


def shards(folder, rows, seed=0, size=100):
    """CSV shards of tickets; one row of each is without a text."""
    folder.mkdir()
    texts, labels = tickets(rows, seed)
    for begin in range(0, rows, size):
        part = list(zip(texts[begin : begin + size], labels[begin : begin + size], strict=True))
        part.insert(5, (" ", "billing"))
        write_csv(folder / f"part-{begin // size}.csv", ("text", "label"), part)
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return shards(tmp_path_factory.mktemp("stream") / "shards", 500)


@pytest.fixture(scope="module")
def streamed(source, tmp_path_factory):
    notes = Notes()
    settings = TrainSettings(out=tmp_path_factory.mktemp("runs") / "run", model=FIXED, stream=True)
    return train(source, settings, notes), notes.told


def learned(run):
    """What the model folder knows but facts of the fit."""
    config, arrays = load_model(run.folder / "model").model.state()
    return config["ngrams"], {name: array.tobytes() for name, array in arrays.items()}


def test_the_run_is_whole_and_its_metrics_follow_their_schema(streamed):
    run, told = streamed
    jsonschema.validate(run.metrics, SCHEMA)
    names = {path.name for path in run.folder.iterdir()}
    assert {"model", "metrics.json", "rejected.jsonl", "report.html", "kept.arrow"} <= names
    assert "by a hash of each text" in (run.folder / "report.html").read_text()
    assert run.metrics["test"]["accuracy"]["value"] > 0.9
    assert run.metrics["validation"]["rows"] == run.metrics["data"]["parts"]["validation"]["rows"]
    assert any(note.startswith("streamed: ") for note in told)


def test_rows_add_up_and_every_rejected_one_is_in_the_file_with_its_shard(streamed):
    run, _ = streamed
    data = run.metrics["data"]
    assert (data["read"], data["accepted"], data["rejected"]) == (505, 500, 5)
    assert sum(part["rows"] for part in data["parts"].values()) == 500
    for part in data["parts"].values():
        assert sum(part["labels"].values()) == part["rows"]
    lines = (run.folder / "rejected.jsonl").read_text().splitlines()
    rejected = [json.loads(line) for line in lines]
    assert [Path(one["shard"]).name for one in rejected] == [f"part-{n}.csv" for n in range(5)]
    assert {one["line"] for one in rejected} == {7}


def test_nothing_is_left_of_the_cache(streamed):
    run, _ = streamed
    assert [path.name for path in run.folder.parent.iterdir()] == ["run"]


def test_no_text_is_on_both_sides_and_all_are_known_to_the_model(streamed, source):
    run, _ = streamed
    frame = pd.concat([pd.read_csv(path) for path in sorted(source.iterdir())])
    texts = pa.array(frame["text"][frame["text"] != " "].tolist(), pa.large_string())
    tested = run.metrics["data"]["parts"]["test"]["rows"]
    seen = run.classifier.seen
    assert len(seen) == 500 - tested
    assert set(seen) <= set(text_keys(texts))


@pytest.mark.parametrize("refit", [True, False])
def test_with_files_for_test_and_validation_the_model_is_that_of_memory_to_the_bit(tmp_path, refit):
    folder = shards(tmp_path / "train", 400)
    held = {
        name: shards(tmp_path / name, 60, seed)
        for seed, name in enumerate(("test", "validation"), 1)
    }
    settings = replace(PLAIN, **held)
    runs = [
        train(folder, replace(settings, out=tmp_path / str(stream), stream=stream))
        for stream in (True, False)
    ]
    assert learned(runs[0]) == learned(runs[1])
    for entry in ("test", "validation", "trust", "clean", "curves"):
        assert runs[0].metrics[entry] == runs[1].metrics[entry]
    same = ("read", "accepted", "rejected", "parts", "duplicates", "words", "bytes", "columns")
    for entry in same:
        assert runs[0].metrics["data"][entry] == runs[1].metrics["data"][entry]
    for name in ("rejected.jsonl", "rejected.test.jsonl"):
        assert (runs[0].folder / name).read_text() == (runs[1].folder / name).read_text()
    np.testing.assert_array_equal(runs[0].classifier.seen, runs[1].classifier.seen)


def test_how_the_rows_are_cut_into_shards_changes_nothing(tmp_path, source, streamed):
    rows = pd.concat([pd.read_csv(path) for path in sorted(source.iterdir())]).iloc[::-1]
    rows.to_csv(tmp_path / "one.csv", index=False)
    run = train(tmp_path / "one.csv", TrainSettings(out=tmp_path / "run", model=FIXED, stream=True))
    assert learned(run) == learned(streamed[0])
    assert run.metrics["test"] == streamed[0].metrics["test"]


def test_open_choices_several_labels_and_weights_are_streamed_too(tmp_path, tag_file):
    settings = TrainSettings(
        out=tmp_path / "run", stream=True, reading=ReadSettings(label="labels"),
        model=LinearSettings(imbalance="weights"),
    )  # fmt: skip
    run = train(tag_file, settings)
    jsonschema.validate(run.metrics, SCHEMA)
    assert run.metrics["task"] == "several labels"
    assert len(run.metrics["fit"]["candidates"]) > 5
    assert run.metrics["effect"]["per_label"]


@pytest.mark.slow
def test_mean_pool_is_streamed_too(tmp_path, source):
    pytest.importorskip("torch")
    run = train(source, replace(PLAIN, out=tmp_path / "run", model=NeuralSettings()))
    jsonschema.validate(run.metrics, SCHEMA)
    assert run.metrics["test"]["accuracy"]["value"] > 0.9
    assert load_model(run.folder / "model").model.name == "mean_pool"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_parts_that_memory_holds_are_capped_and_that_is_told(tmp_path, source, monkeypatch):
    monkeypatch.setattr(
        spooled,
        "MOST",
        {"test": (40, 1 << 20), "validation": (30, 1 << 20), "train": (60, 1 << 20)},
    )
    notes = Notes()
    run = train(source, replace(PLAIN, out=tmp_path / "run"), notes)
    parts = run.metrics["data"]["parts"]
    assert {name: part["rows"] for name, part in parts.items()} == {
        "train": 430, "validation": 30, "test": 40,
    }  # fmt: skip
    told = " ".join(notes.told)
    assert "the test part is held in memory, so it ends at 40 texts" in told
    assert "sees 60 of them" in told
    assert "60 of 430 training texts are kept" in told
    assert run.metrics["data"]["stream"]["sample"] == 60


def test_groups_stay_on_one_side(tmp_path):
    texts, labels = tickets(300)
    groups = [f"g{n % 30}" for n in range(300)]
    frame = pd.DataFrame({"text": texts, "label": labels, "by": groups})
    settings = replace(PLAIN, out=tmp_path / "run", reading=ReadSettings(group="by"))
    run = train(frame, settings)
    assert run.metrics["data"]["parts"]["test"]["rows"] % 10 == 0
    assert run.metrics["data"]["split"]["method"] == "hash"


def test_a_pipe_is_streamed_too(tmp_path, monkeypatch):
    texts, labels = tickets(200)
    content = "text,label\n" + "".join(
        f"{text},{label}\n" for text, label in zip(texts, labels, strict=True)
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    run = train("-", replace(PLAIN, out=tmp_path / "run"))
    assert run.metrics["data"]["accepted"] == 200


def test_a_split_by_time_is_refused_with_what_to_do(tmp_path, source):
    settings = replace(PLAIN, out=tmp_path / "run", split=SplitSettings("time"))
    with pytest.raises(SettingsError, match="a split by time needs all rows at once") as caught:
        train(source, settings)
    assert "--validation and --test" in str(caught.value)


def test_a_split_by_group_without_one_is_refused(tmp_path, source):
    settings = replace(PLAIN, out=tmp_path / "run", split=SplitSettings("group"))
    with pytest.raises(SettingsError, match="a split by group needs a group column"):
        train(source, settings)


def test_a_label_out_of_scope_is_refused_with_what_to_do(tmp_path, source):
    with pytest.raises(SettingsError, match="which is not streamed") as caught:
        train(source, replace(PLAIN, out=tmp_path / "run", out_of_scope_label="login"))
    assert "--out-of-scope" in str(caught.value)


def test_a_model_that_wants_all_texts_in_memory_is_refused(tmp_path, source):
    settings = replace(PLAIN, out=tmp_path / "run", model=NeuralSettings(layers=CnnSettings()))
    with pytest.raises(SettingsError, match="it does not learn from a stream") as caught:
        train(source, settings)
    assert "choose linear" in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_too_few_rows_to_test_on_are_told(tmp_path):
    frame = pd.DataFrame({"text": ["a", "b", "c"], "label": ["x", "y", "x"]})
    settings = replace(PLAIN, out=tmp_path / "run", split=SplitSettings(test_share=0.001))
    with pytest.raises(DataError, match="3 rows are too few to split off a test part"):
        train(frame, settings)


def test_a_full_disk_is_told_with_the_option_and_leaves_nothing(tmp_path, source, monkeypatch):
    append, calls = Cells.append, []

    def full(self, *arguments):
        calls.append(1)
        append(self, *arguments)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Cells, "append", full)
    cache = tmp_path / "cache"
    with pytest.raises(OutputError, match="could not be written: the disk is full") as caught:
        train(source, replace(PLAIN, out=tmp_path / "run", cache=cache))
    assert str(cache) in str(caught.value)
    assert "--cache" in str(caught.value)
    assert calls == [1]
    assert list(cache.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_ctrl_c_leaves_neither_run_nor_cache(tmp_path, source, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Cells, "append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(source, replace(PLAIN, out=tmp_path / "run"))
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_is_no_folder_is_told(tmp_path, source):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="part of the path is a file, not a folder"):
        train(source, replace(PLAIN, out=tmp_path / "run", cache=tmp_path / "file"))


@pytest.mark.parametrize(
    ("model", "factor"),
    [(LinearSettings(features="words"), 5), (LinearSettings(), 29), (NeuralSettings(), 4)],
)
def test_the_memory_of_a_fit_is_guessed_by_model_and_size(tmp_path, model, factor):
    (tmp_path / "a.jsonl").write_bytes(b"x" * 1000)
    assert bytes_needed(tmp_path / "a.jsonl", ReadSettings(), model) == factor * 1000
    (tmp_path / "b.csv.gz").write_bytes(b"x" * 1000)
    assert bytes_needed(tmp_path / "b.csv.gz", ReadSettings(), model) == factor * 4000
    assert bytes_needed(str(tmp_path / "*.jsonl"), ReadSettings(), model) == factor * 1000
    assert bytes_needed([{"text": "a"}], ReadSettings(), model) == 0
    assert bytes_needed("-", ReadSettings(), model) == 0


def test_what_is_too_large_for_memory_is_streamed_unless_refused(source, monkeypatch):
    needed = bytes_needed(source, ReadSettings(), FIXED)
    monkeypatch.setattr(streaming, "available_memory", lambda: needed // 2)
    notes = Notes()
    assert is_streamed(source, ReadSettings(), FIXED, None, notes)
    assert "the corpus is streamed (--no-stream keeps it in memory)" in notes.told[0]
    assert not is_streamed(source, ReadSettings(), FIXED, False, notes)
    cnn = NeuralSettings(layers=CnnSettings())
    assert not is_streamed(source, ReadSettings(), cnn, None, notes)
    assert "could be streamed (--stream)" in notes.told[1]
    monkeypatch.setattr(streaming, "available_memory", lambda: 2 * needed)
    assert not is_streamed(source, ReadSettings(), FIXED, None, notes)
    assert len(notes.told) == 2
