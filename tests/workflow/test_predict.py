"""Predictions stand beside the input's own columns, row by row, in every format."""

import gzip
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textkind.classifier import predict_probabilities
from textkind.data.settings import ReadSettings
from textkind.data.texts import as_texts
from textkind.errors import ColumnError, DataError, SettingsError
from textkind.progress import Talk
from textkind.workflow import blocks as blocks_module
from textkind.workflow.predict import PredictSettings, predict
from textkind.workflow.predictions import prediction_columns

ROWS = [
    {"text": "my parcel is late", "n": 1, "note": "a,b"},
    {"text": "refund the charge, please", "n": 2, "note": 'say "no"'},
    {"text": "", "n": 3, "note": "two\nlines"},
    {"text": "password 👍 locked", "n": 4, "note": ""},
]


def read_back(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pandas()
    if path.suffix == ".jsonl":
        return pd.DataFrame([json.loads(line) for line in path.read_text().splitlines()])
    return pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",", keep_default_na=False)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("kind", ["frame", "csv", "jsonl", "parquet", "jsonl.gz"])
def test_every_format_goes_in_and_comes_out(run, tmp_path, suffix, kind):
    source = frame = pd.DataFrame(ROWS)
    if kind != "frame":
        source = tmp_path / f"in.{kind}"
        lines = "".join(json.dumps(row) + "\n" for row in ROWS)
        if kind == "csv":
            frame.to_csv(source, index=False)
        elif kind == "parquet":
            frame.to_parquet(source)
        elif kind == "jsonl":
            source.write_text(lines)
        else:
            source.write_bytes(gzip.compress(lines.encode()))
    out = tmp_path / f"out{suffix}"
    result = predict(run.folder, source, out)
    assert (result.read, result.predicted, result.rejected) == (4, 4, 0)
    found = read_back(out)
    assert found.columns.tolist() == ["text", "n", "note", "label", "probability"]
    assert found["text"].tolist() == [row["text"] for row in ROWS]
    assert found["note"].tolist() == [row["note"] for row in ROWS]
    assert found["n"].astype(int).tolist() == [1, 2, 3, 4]
    expected = predict_probabilities(run.classifier, as_texts(frame["text"].tolist()))
    np.testing.assert_allclose(found["probability"].astype(float), expected.max(axis=1), rtol=1e-6)
    names = np.array(run.classifier.labels.names)
    assert found["label"].tolist() == names[expected.argmax(axis=1)].tolist()


def test_the_next_best_labels_are_told_in_order(run, tmp_path):
    predict(run.folder, pd.DataFrame(ROWS), tmp_path / "out.jsonl", PredictSettings(top=9))
    for row in map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines()):
        shares = [row["probability"], row["probability_2"], row["probability_3"]]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(1, abs=1e-5)
        assert {row["label"], row["label_2"], row["label_3"]} == {"billing", "delivery", "login"}


def test_several_labels_are_lists_or_joined(tag_run, tmp_path):
    texts = ["refund invoice parcel courier", "zzz"]
    frame = pd.DataFrame({"text": texts})
    settings = PredictSettings(top=2, joint="; ")
    for suffix in (".jsonl", ".csv", ".parquet"):
        predict(tag_run.folder, frame, tmp_path / f"out{suffix}", settings)
    [first, second] = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert sorted(first["labels"]) == ["billing", "delivery"]
    assert first["probabilities"] == sorted(first["probabilities"], reverse=True)
    assert first["label_1"] == first["labels"][0]
    assert first["probability_1"] == first["probabilities"][0]
    flat = read_back(tmp_path / "out.csv")
    assert flat["labels"][0] == "; ".join(first["labels"])
    assert [float(share) for share in flat["probabilities"][0].split("; ")] == pytest.approx(
        first["probabilities"], rel=1e-6
    )
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert rows[0]["labels"] == first["labels"]
    assert rows[1]["labels"] == second["labels"]


def test_a_delimiter_that_stands_in_a_label_is_refused(tag_run, tmp_path):
    with pytest.raises(SettingsError, match="another"):
        predict(tag_run.folder, pd.DataFrame(ROWS), tmp_path / "o.csv", PredictSettings(joint="i"))


class Notes(Talk):
    def __init__(self):
        self.told = []

    def note(self, message):
        self.told.append(message)


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ([], ["label", "probability", "label_2", "probability_2"]),
        (
            ["label_2"],
            ["predicted_" + n for n in ("label", "probability", "label_2", "probability_2")],
        ),
        (
            ["label", "predicted_label"],
            [
                "predicted_predicted_" + n
                for n in ("label", "probability", "label_2", "probability_2")
            ],
        ),
    ],
)
def test_columns_of_the_input_are_never_overwritten(taken, expected):
    columns, notes = prediction_columns(taken, several=False, top=2, labels=3)
    assert columns.names == expected
    assert bool(notes) == bool(taken)


def test_a_clash_of_names_is_told(run, ticket_file, tmp_path):
    notes = Notes()
    predict(run.folder, ticket_file, tmp_path / "out.csv", talk=notes)
    assert any("predicted_label" in note for note in notes.told)
    assert read_back(tmp_path / "out.csv").columns.tolist()[-2] == "predicted_label"


def test_rows_that_cannot_be_used_go_beside_the_output(run, tmp_path):
    source = tmp_path / "in.jsonl"
    lines = [b'{"text": "fine"}', b'{"text": null}', b"{broken", b'{"text": 7}', b'{"text": "b"}']
    source.write_bytes(b"\n".join(lines) + b"\n")
    notes = Notes()
    result = predict(run.folder, source, tmp_path / "out.csv", talk=notes)
    assert (result.read, result.predicted, result.rejected) == (5, 2, 3)
    assert result.rejected_file == tmp_path / "out.csv.rejected.jsonl"
    rejected = [json.loads(line) for line in result.rejected_file.read_text().splitlines()]
    assert [one["line"] for one in rejected] == [2, 3, 4]
    assert any("3 rows could not be used" in note for note in notes.told)
    assert len(read_back(tmp_path / "out.csv")) == 2


def test_memory_is_bounded_by_blocks_and_blocks_change_nothing(run, tmp_path, monkeypatch):
    texts = [f"parcel late invoice {n} password" for n in range(40_000)]
    table = pa.table({"text": texts})
    pq.write_table(table, tmp_path / "in.parquet")
    seen = []
    real = blocks_module.Blocks._block

    def watched(self, source, batch):
        block = real(self, source, batch)
        seen.append(block.read)
        return block

    monkeypatch.setattr(blocks_module.Blocks, "_block", watched)
    predict(run.folder, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert len(seen) > 1
    assert sum(seen) == 40_000
    found = pq.read_table(tmp_path / "out.parquet").to_pandas()
    assert found["text"].tolist() == texts
    expected = predict_probabilities(run.classifier, as_texts(texts)).max(axis=1)
    np.testing.assert_allclose(found["probability"], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("prepare", "output", "error", "message"),
    [
        (lambda p: None, "out.txt", SettingsError, "must end in"),
        (lambda p: None, "out", SettingsError, "must end in"),
        (lambda p: (p / "out.csv").write_text("mine"), "out.csv", SettingsError, "exists already"),
        (lambda p: None, "in.csv", SettingsError, "the same file"),
    ],
)
def test_outputs_that_make_no_sense_are_refused(run, tmp_path, prepare, output, error, message):
    pd.DataFrame(ROWS).to_csv(tmp_path / "in.csv", index=False)
    prepare(tmp_path)
    with pytest.raises(error, match=message):
        predict(run.folder, tmp_path / "in.csv", tmp_path / output)


def test_a_column_that_is_not_there_gets_the_nearest_name(run, tmp_path):
    settings = PredictSettings(reading=ReadSettings(text=("txet",)))
    with pytest.raises(ColumnError, match="text"):
        predict(run.folder, pd.DataFrame(ROWS), tmp_path / "out.csv", settings)


@pytest.mark.parametrize("when", ["at the start", "in the middle"])
def test_after_an_error_the_output_is_as_it_was(run, tmp_path, monkeypatch, when):
    out = tmp_path / "out.jsonl"
    out.write_text("old")
    source = tmp_path / "in.parquet"
    source.write_bytes(b"PAR1 no parquet at all")
    if when == "in the middle":
        source = pa.Table.from_batches([pa.record_batch({"text": ["a"] * 500}) for _ in range(3)])
        real, count = blocks_module.collect, iter(range(100))

        def failing(*args):
            if next(count) == 1:
                raise DataError("broken half way")
            return real(*args)

        monkeypatch.setattr(blocks_module, "collect", failing)
    with pytest.raises(DataError):
        predict(run.folder, source, out, PredictSettings(overwrite=True))
    assert out.read_text() == "old"
    assert not list(tmp_path.glob(".textkind-*"))
