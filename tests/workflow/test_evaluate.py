"""Evaluating a saved model gives the figures of its own run, and counts every row."""

import pandas as pd
import pytest

from textkind.data.settings import ReadSettings
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
