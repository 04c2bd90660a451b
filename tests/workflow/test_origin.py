"""A model is used with the columns it was trained with, and knows its own training file."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from textkind.classifier import predict_probabilities
from textkind.data.settings import ReadSettings
from textkind.data.texts import as_texts
from textkind.errors import ColumnError
from textkind.models.settings import LinearSettings
from textkind.progress import Notes
from textkind.storage.model_folder import load_with_provenance
from textkind.workflow.evaluate import evaluate
from textkind.workflow.labelling import PredictSettings
from textkind.workflow.origin import file_digest
from textkind.workflow.predict import predict
from textkind.workflow.train import TrainSettings, train

FIXED = LinearSettings(features="words", strength=1.0, naive_bayes=False)
TELLING = {"billing": "invoice", "delivery": "parcel"}


def frame_of(rows):
    labels = ["billing", "delivery"] * (rows // 2)
    return pd.DataFrame(
        {
            "subject": [f"{TELLING[label]} {n}" for n, label in enumerate(labels)],
            "body": [f"please help {n}" for n in range(rows)],
            "text": ["nothing"] * rows,
            "queue": labels,
            "label": ["billing"] * rows,
        }
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("deep") / "mail.csv"
    frame_of(240).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def mail_run(file, tmp_path_factory):
    reading = ReadSettings(text=("subject", "body"), label="queue")
    settings = TrainSettings(
        out=tmp_path_factory.mktemp("runs") / "mail", reading=reading, model=FIXED
    )
    return train(file, settings)


def test_the_model_folder_keeps_columns_name_and_digest(mail_run, file):
    _, origin = load_with_provenance(mail_run.folder)
    assert origin.source == "mail.csv"
    assert origin.columns is not None
    assert (origin.columns.text, origin.columns.label) == (("subject", "body"), "queue")
    assert origin.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_prediction_joins_the_columns_as_in_training(mail_run, tmp_path):
    frame, notes = frame_of(20), Notes()
    predict(mail_run.folder, frame, tmp_path / "out.csv", talk=notes)
    assert any("'subject', 'body', as in training" in note for note in notes.told)
    texts = as_texts((frame["subject"] + "\n" + frame["body"]).tolist())
    expected = predict_probabilities(mail_run.classifier, texts).max(axis=1)
    given = pd.read_csv(tmp_path / "out.csv")["predicted_probability"]
    np.testing.assert_allclose(given, expected, rtol=1e-6)


def test_evaluation_takes_text_and_label_as_in_training(mail_run):
    notes = Notes()
    result = evaluate(mail_run.folder, frame_of(40), talk=notes)
    assert result.figures["accuracy"]["value"] == 1
    [note] = [note for note in notes.told if "as in training" in note]
    assert "labels are taken from column 'queue', as in training" in note


@pytest.mark.parametrize(("label", "told"), [("category", 1), ("intent", 2)])
def test_columns_are_told_once_in_training_and_again_where_a_test_file_has_others(
    tmp_path, label, told
):
    texts = frame_of(60)["subject"]
    train_file = pd.DataFrame({"text": texts, "category": frame_of(60)["queue"]})
    test_file, notes = train_file.rename(columns={"category": label}), Notes()
    settings = TrainSettings(test=test_file, out=tmp_path / "run", model=FIXED)
    train(train_file, settings, notes)
    about = [note for note in notes.told if "taken from column" in note]
    assert about[0] == "text is taken from column 'text'; labels are taken from column 'category'"
    assert len(about) == told


def test_columns_that_are_asked_for_come_first(mail_run, tmp_path):
    notes = Notes()
    settings = PredictSettings(reading=ReadSettings(text=("body",)))
    predict(mail_run.folder, frame_of(20), tmp_path / "out.csv", settings, notes)
    assert not any("training" in note for note in notes.told)


def test_missing_columns_are_named_and_a_guess_is_told(mail_run, tmp_path):
    notes = Notes()
    predict(mail_run.folder, frame_of(20)[["body", "queue"]], tmp_path / "out.csv", talk=notes)
    [note] = [note for note in notes.told if "missing here" in note]
    assert "missing here: 'subject'; text is taken from column 'body' instead" in note


def test_missing_columns_without_a_guess_are_an_error(mail_run, tmp_path):
    frame = pd.DataFrame({"x": ["a"], "z": ["b"]})
    with pytest.raises(ColumnError, match="missing here: 'subject', 'body'"):
        predict(mail_run.folder, frame, tmp_path / "out.csv")


def test_columns_of_0_and_1_are_remembered(tmp_path):
    frame = frame_of(240)
    for name in TELLING:
        frame[name] = (frame["queue"] == name).astype(int)
    reading = ReadSettings(text=("subject",), label_columns=tuple(TELLING))
    run = train(frame, TrainSettings(out=tmp_path / "run", reading=reading, model=FIXED))
    result = evaluate(run.folder, frame.iloc[:40])
    assert result.figures["subset_accuracy"]["value"] == 1


@pytest.mark.parametrize("changed", [False, True])
def test_the_training_file_is_recognised(mail_run, file, tmp_path, changed):
    copy = tmp_path / "other-name.csv"
    copy.write_bytes(file.read_bytes() + (b"a,b,c,billing,billing\n" if changed else b""))
    notes = Notes()
    evaluate(mail_run.folder, copy, talk=notes)
    assert any("the model was trained on" in note for note in notes.told) != changed


@pytest.mark.parametrize("source", ["-", Path(__file__).parent, pd.DataFrame()])
def test_what_is_no_file_has_no_digest(source):
    assert file_digest(source) is None


def test_lines_are_told_of_once(mail_run, tmp_path):
    lines, notes = tmp_path / "lines.txt", Notes()
    lines.write_text("my parcel\nan invoice\n")
    predict(mail_run.folder, lines, tmp_path / "out.csv", talk=notes)
    assert notes.told == [f"{lines} is read as one text a line, without labels"]


def test_few_test_texts_are_warned_of_in_the_notes(mail_run, tmp_path):
    metrics = mail_run.metrics
    assert metrics["test"]["rows"] < 100
    assert any(note.startswith("only 48 test texts") for note in metrics["notes"])
    assert metrics["test"]["accuracy"]["low"] == pytest.approx(0.025 ** (1 / 48))
    assert metrics["command"] is None
