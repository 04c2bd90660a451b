"""What a model learned from, read again: the same parts, or an error that says why not."""

import shutil

import numpy as np
import pyarrow as pa
import pytest

from tests.workflow.conftest import FIXED, tickets, write_csv
from textkind.classifier import predict_probabilities
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.errors import DataError, SettingsError
from textkind.export.settings import ExportSettings
from textkind.progress import SILENT
from textkind.storage.model_folder import load_model
from textkind.workflow.export import export_model, load_exported
from textkind.workflow.origin import any_classifier
from textkind.workflow.train import TrainSettings, train
from textkind.workflow.training_texts import training_texts


def test_the_parts_are_those_of_the_run(run, ticket_file):
    found = training_texts(run.folder, ticket_file, ReadSettings(), SILENT)
    told = run.metrics["data"]["parts"]
    for name, part in (("train", found.train), ("validation", found.validation)):
        assert len(part) == told[name]["rows"]
        counts = np.bincount(part.targets, minlength=len(part.labels))
        assert dict(zip(part.labels.names, counts.tolist(), strict=True)) == told[name]["labels"]
    assert not set(found.train.rows) & set(found.validation.rows)
    assert found.seed == run.metrics["data"]["split"]["seed"]


def test_a_run_with_a_test_file_of_its_own_is_split_as_it_was(ticket_file, tmp_path):
    texts, labels = tickets(60, seed=9)
    test = write_csv(tmp_path / "test.csv", ("text", "label"), zip(texts, labels, strict=True))
    run = train(ticket_file, TrainSettings(out=tmp_path / "run", model=FIXED, test=test))
    found = training_texts(run.folder, ticket_file, ReadSettings(), SILENT)
    assert len(found.train) == run.metrics["data"]["parts"]["train"]["rows"]


def test_another_file_is_refused(run, ticket_file, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(ticket_file.read_text() + "t,one more parcel,delivery\n")
    with pytest.raises(DataError, match="not the file that the model learned from") as caught:
        training_texts(run.folder, other, ReadSettings(), SILENT)
    assert caught.value.found == "the model learned from tickets.csv"
    assert "--check" in caught.value.hint


def test_a_model_folder_alone_is_not_enough(run, ticket_file, tmp_path):
    alone = shutil.copytree(run.folder / "model", tmp_path / "alone")
    with pytest.raises(SettingsError, match="does not tell how its file was split") as caught:
        training_texts(alone, ticket_file, ReadSettings(), SILENT)
    assert caught.value.hint == "name its run folder"


def test_a_run_without_validation_has_nothing_to_measure_by(ticket_file, tmp_path):
    settings = TrainSettings(
        out=tmp_path / "run", model=FIXED, split=SplitSettings(validation_share=0.0)
    )
    run = train(ticket_file, settings)
    with pytest.raises(SettingsError, match="had no validation part to measure by"):
        training_texts(run.folder, ticket_file, ReadSettings(), SILENT)


def test_a_classifier_in_memory_has_no_split(run, ticket_file, tmp_path):
    asked = ExportSettings("compact", most_mb=0.01, training=ticket_file)
    with pytest.raises(SettingsError, match="a classifier in memory does not tell"):
        export_model(run.classifier, tmp_path / "no", asked)


@pytest.mark.parametrize("anew", [True, False], ids=["anew", "as fitted"])
def test_an_export_is_pruned_by_training_or_kept_texts(run, ticket_file, tmp_path, anew):
    asked = ExportSettings(
        "compact", most_mb=0.009, training=ticket_file if anew else None, most_changed=0.2
    )
    result = export_model(run.folder, tmp_path / "small", asked)
    assert result.facts["fitted_anew"] == anew
    assert result.facts["rows"] < result.facts["of"]
    assert (tmp_path / "small" / "model.compact").stat().st_size <= 9_000
    given = load_exported(tmp_path / "small").answers(["parcel late", "invoice refund"])
    assert given.labels == ["delivery", "billing"]
    assert load_model(run.folder).labels.names == load_exported(tmp_path / "small").labels


def test_an_export_that_was_calibrated_anew_labels_by_its_own_decision(run, ticket_file, tmp_path):
    asked = ExportSettings("compact", most_mb=0.009, training=ticket_file)
    export_model(run.folder, tmp_path / "small", asked)
    texts = ["parcel late", "invoice refund", "code"]
    small = any_classifier(tmp_path / "small")[0]
    assert small.decision.calibrator != run.classifier.decision.calibrator
    given = predict_probabilities(small, pa.array(texts, pa.large_string()))
    wanted = load_exported(tmp_path / "small").answers(texts).probabilities
    np.testing.assert_allclose(given, wanted, atol=1e-6)
