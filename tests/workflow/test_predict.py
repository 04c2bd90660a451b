"""Predictions stand beside the input's own columns, row by row, in every format."""

import gzip
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.workflow.conftest import FIXED, tickets, write_csv
from textkind.classifier import predict_probabilities
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.texts import as_texts
from textkind.decision.conformal import METHODS, ConformalSettings
from textkind.decision.evidence import evidence_arrays, evidence_from_arrays
from textkind.errors import ColumnError, DataError, SettingsError
from textkind.estimator import TextClassifier
from textkind.progress import Notes
from textkind.workflow import blocks as blocks_module
from textkind.workflow.labelling import PredictSettings
from textkind.workflow.predict import predict
from textkind.workflow.predictions import prediction_columns
from textkind.workflow.promised import PromiseSettings
from textkind.workflow.train import TrainSettings, train

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


def vague_tickets(rows, seed=0):
    """Tickets, every third without its two telling words."""
    texts, labels = tickets(rows, seed)
    return [t.split(" ", 2)[2] if n % 3 == 0 else t for n, t in enumerate(texts)], labels


@pytest.fixture(scope="session")
def vague_run(tmp_path_factory):
    """A run on texts of which a third says nothing of the label."""
    texts, labels = vague_tickets(1500)
    folder = tmp_path_factory.mktemp("vague")
    rows = list(zip(texts, labels, strict=True))
    split = SplitSettings(validation_share=0.3)
    file = write_csv(folder / "vague.csv", ("text", "label"), rows)
    return train(file, TrainSettings(out=folder / "run", model=FIXED, split=split))


def test_the_unsure_are_left_without_a_label_and_it_is_told(vague_run, tmp_path):
    texts, _ = vague_tickets(300, seed=5)
    frame = pd.DataFrame({"text": [*texts, "", "nothing known here"]})
    notes = Notes()
    settings = PredictSettings(promises=PromiseSettings(max_error=0.05))
    result = predict(vague_run.folder, frame, tmp_path / "out.csv", settings, notes)
    found = read_back(tmp_path / "out.csv")
    assert found.columns.tolist() == ["text", "label", "probability", "answered"]
    sure = found["probability"].astype(float) >= np.float32(result.least_confidence) - 1e-7
    np.testing.assert_array_equal(found["answered"].astype(bool), sure)
    np.testing.assert_array_equal(found["label"] == "", ~sure)
    assert result.answered == sure.sum()
    assert 180 < result.answered < 300
    [told] = [note for note in notes.told if "answered" in note]
    assert f"{result.answered:,} of 302 texts answered" in told
    assert "at most 0.05 of the answers are wrong, with 95% confidence" in told


def test_a_promise_that_cannot_be_kept_ends_before_anything_is_written(vague_run, run, tmp_path):
    for folder, words in ((vague_run.folder, "cannot be promised"), (run.folder, "need 50")):
        with pytest.raises(SettingsError, match=words):
            predict(
                folder,
                pd.DataFrame(ROWS),
                tmp_path / "out.csv",
                PredictSettings(promises=PromiseSettings(max_error=0.001)),
            )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", METHODS)
def test_sets_are_the_same_alone_and_in_a_batch_and_from_python(vague_run, tmp_path, method):
    texts, labels = vague_tickets(400, seed=6)
    settings = PredictSettings(promises=PromiseSettings(sets=ConformalSettings(method, 0.95)))
    predict(vague_run.folder, pd.DataFrame({"text": texts}), tmp_path / "out.jsonl", settings)
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    together = [json.loads(line)["label_set"] for line in lines]
    predict(vague_run.folder, pd.DataFrame({"text": texts[:1]}), tmp_path / "one.jsonl", settings)
    assert json.loads((tmp_path / "one.jsonl").read_text())["label_set"] == together[0]
    estimator = TextClassifier.load(vague_run.folder)
    member = estimator.predict_sets(texts, 0.95, method=method)
    assert [sorted(one) for one in together] == [estimator.classes_[row].tolist() for row in member]
    assert np.mean([label in one for label, one in zip(labels, together, strict=True)]) > 0.9


def test_sets_are_joined_in_csv_the_likeliest_first(vague_run, tmp_path):
    settings = PredictSettings(
        promises=PromiseSettings(sets=ConformalSettings(coverage=0.99)), joint=" / "
    )
    texts = ["refund parcel password", "nothing known here"]
    predict(vague_run.folder, pd.DataFrame({"text": texts}), tmp_path / "out.csv", settings)
    found = read_back(tmp_path / "out.csv")
    for label, many in zip(found["label"], found["label_set"], strict=True):
        assert many.split(" / ")[0] == label
        assert len(many.split(" / ")) > 1
    with pytest.raises(SettingsError, match="another"):
        predict(
            vague_run.folder, pd.DataFrame(ROWS), tmp_path / "o.csv", replace(settings, joint="i")
        )


def test_the_estimator_answers_as_predict_does(vague_run, tmp_path):
    texts, _ = vague_tickets(200, seed=7)
    predict(
        vague_run.folder, pd.DataFrame({"text": texts}), tmp_path / "out.parquet",
        PredictSettings(promises=PromiseSettings(max_error=0.05)),
    )  # fmt: skip
    found = pq.read_table(tmp_path / "out.parquet")["answered"].to_pylist()
    assert TextClassifier.load(vague_run.folder).is_answered(texts, 0.05).tolist() == found


def test_of_several_labels_the_sets_hold_the_labels(tag_run, tmp_path):
    texts = ["refund invoice parcel courier", "zzz"]
    big = replace(tag_run.classifier, evidence=many_rows(tag_run.classifier.evidence))
    settings = PredictSettings(
        promises=PromiseSettings(sets=ConformalSettings(coverage=0.9), max_error=0.2)
    )
    predict(big, pd.DataFrame({"text": texts}), tmp_path / "out.jsonl", settings)
    [first, second] = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert set(first["label_set"]) >= {"billing", "delivery"}
    assert (first["answered"], second["answered"]) == (True, False)
    assert second["labels"] is None
    asked = PredictSettings(promises=PromiseSettings(sets=ConformalSettings("aps")))
    with pytest.raises(SettingsError, match="by lac, for all labels together; found 'aps'"):
        predict(big, pd.DataFrame(ROWS), tmp_path / "o.csv", asked)


def many_rows(evidence, times=4):
    """The same rows once more and again, as evidence from a larger validation part."""
    saved = evidence_arrays(evidence)
    shift = np.repeat(np.arange(times) * len(evidence), len(evidence.rows)).astype(np.int32)
    many = {name: np.tile(array, times) for name, array in saved.items()}
    many["rows"] += shift
    return evidence_from_arrays(many, evidence.several, evidence.labels)


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
