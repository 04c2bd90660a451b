"""Evaluating a saved model gives the figures of its own run, and counts every row."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.workflow.conftest import tickets
from textkind.data.settings import ReadSettings
from textkind.data.text_keys import text_keys
from textkind.errors import DataError, ModelFolderError
from textkind.workflow.evaluate import EvaluateSettings, evaluate
from textkind.workflow.train import TrainSettings, train


def test_the_figures_are_those_of_the_run_on_the_same_rows(run, ticket_file):
    result = evaluate(run.folder, ticket_file, EvaluateSettings(mistakes=5))
    assert result.read == 401
    assert result.accepted + result.rejected == result.read
    assert result.figures["rows"] == result.accepted
    assert result.figures["accuracy"]["value"] > 0.9
    in_memory = evaluate(run.classifier, ticket_file)
    assert in_memory.figures == result.figures
    assert len(result.mistakes) <= 5


def test_an_unknown_label_is_counted_as_rejected(run):
    texts = ["my parcel is late", "refund the charge", "what is this"]
    frame = pd.DataFrame({"text": texts, "label": ["delivery", "billing", "biling"]})
    result = evaluate(run.folder, frame)
    assert (result.accepted, result.rejected) == (2, 1)


def test_only_unknown_labels_are_an_error_with_the_nearest_label(run):
    frame = pd.DataFrame({"text": ["a b", "c d"], "label": ["biling", "biling"]})
    with pytest.raises(DataError, match="billing"):
        evaluate(run.folder, frame)


def test_several_labels_are_evaluated(tag_run, tag_file):
    result = evaluate(tag_run.folder, tag_file)
    assert result.figures["subset_accuracy"]["value"] > 0.9


def test_a_folder_that_is_no_model_is_refused(tmp_path, ticket_file):
    with pytest.raises(ModelFolderError):
        evaluate(tmp_path, ticket_file)


def test_a_model_of_delimited_labels_reads_them_so_again(tmp_path):
    rows = ["text,label"]
    for number in range(40):
        rows.append(f"billing question {number},billing")
        rows.append(f"login trouble {number},login")
        rows.append(f"billing and login {number},billing;login")
    path = tmp_path / "tickets.csv"
    path.write_text("\n".join(rows) + "\n")
    settings = TrainSettings(out=tmp_path / "run", reading=ReadSettings(label_delimiter=";"))
    train(path, settings)
    again = tmp_path / "again.csv"
    again.write_text("\n".join(rows[:31]) + "\n")
    result = evaluate(tmp_path / "run", again)
    assert (result.accepted, result.rejected) == (30, 0)


def test_the_figures_are_told_without_the_texts_that_the_model_has_seen(run):
    texts, labels = tickets(400)  # what it was made of: all but the test part is known
    new_texts, new_labels = tickets(50, seed=7)
    frame = pd.DataFrame(
        {"text": [text.upper() for text in texts] + new_texts, "label": labels + new_labels}
    )
    found = evaluate(run.folder, frame)
    learned = sum(run.metrics["data"]["parts"][part]["rows"] for part in ("train", "validation"))
    assert found.clean["left_out"] == {"same": learned, "near": None}
    assert found.clean["rows"] == 450 - learned
    assert found.clean["similarity"] is None
    assert evaluate(run.classifier, frame).clean == found.clean
    new = pd.DataFrame({"text": new_texts, "label": new_labels})
    assert evaluate(run.folder, new).clean is None


def test_of_the_test_part_alone_nothing_was_seen(run, ticket_file):
    known = run.classifier.seen
    frame = pd.read_csv(ticket_file).dropna()
    keys = text_keys(pa.array(frame["text"], pa.large_string()))
    test = frame[~np.isin(keys, known)]
    assert len(test) == run.metrics["test"]["rows"]
    found = evaluate(run.folder, test)
    assert found.clean is None
    assert found.figures["accuracy"]["value"] == run.metrics["test"]["accuracy"]["value"]


def test_with_the_training_file_near_duplicates_are_left_out_too(run, ticket_file):
    texts, labels = tickets(400)
    long = [f"{text} and some more words to be long enough" for text in texts[:40]]
    near = [f"{text} now" for text in long]
    train_frame = pd.DataFrame({"text": long, "label": labels[:40]})
    frame = pd.DataFrame({"text": near + long[:5] + tickets(30, seed=3)[0],
                          "label": labels[:40] + labels[:5] + tickets(30, seed=3)[1]})  # fmt: skip
    found = evaluate(run.folder, frame, EvaluateSettings(train=train_frame))
    assert found.clean["left_out"] == {"same": 5, "near": 40}
    assert found.clean["similarity"] == 0.8
    assert found.clean["rows"] == 30


def test_rows_that_were_all_seen_leave_clean_figures_undefined(run):
    texts, labels = tickets(400)
    known = np.isin(text_keys(pa.array(texts, pa.large_string())), run.classifier.seen)
    row = int(np.flatnonzero(known)[0])
    found = evaluate(run.folder, pd.DataFrame({"text": [texts[row]], "label": [labels[row]]}))
    assert found.clean["rows"] == 0
    assert found.clean["accuracy"] == {"value": None, "low": None, "high": None}
