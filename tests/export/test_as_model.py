"""An export labels, is measured and is compared as the model that it was."""

import json

import pyarrow as pa
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from tests.export.conftest import LABELS, TEXTS
from textkind.classifier import predict_ids
from textkind.errors import ModelFolderError, SettingsError
from textkind.workflow.diff import diff
from textkind.workflow.evaluate import evaluate
from textkind.workflow.export import export_model
from textkind.workflow.origin import any_classifier, classifier_of
from textkind.workflow.predict import predict

TABLE = {"text": TEXTS, "label": LABELS}


@pytest.fixture(scope="module")
def folder(fitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("as-model") / "words"
    export_model(fitted("words"), folder)
    return folder


def test_predict_evaluate_and_diff_take_an_export(fitted, folder, tmp_path):
    classifier = fitted("words")
    result = predict(folder, TABLE, tmp_path / "labelled.jsonl")
    assert result.predicted == len(TEXTS)
    lines = [json.loads(line) for line in (tmp_path / "labelled.jsonl").read_text().splitlines()]
    expected = predict_ids(classifier, pa.array(TEXTS, pa.large_string()))
    key = "predicted_label" if "predicted_label" in lines[0] else "label"
    assert [line[key] for line in lines] == [classifier.labels.names[one] for one in expected]
    ours, theirs = (evaluate(model, TABLE).figures for model in (classifier, folder))
    assert ours["accuracy"] == theirs["accuracy"]
    assert diff(classifier, folder, TABLE).agreement["same"] == len(TEXTS)


def test_an_export_labels_shards_and_goes_on(folder, tmp_path):
    for name in ("1", "2"):
        lines = [json.dumps({"text": text}) + "\n" for text in TEXTS]
        (tmp_path / f"{name}.jsonl").write_text("".join(lines))
    first = predict(folder, tmp_path / "?.jsonl", f"{tmp_path}/out/")
    again = predict(folder, tmp_path / "?.jsonl", f"{tmp_path}/out/")
    assert (first.shards, again.shards_before) == (2, 2)


def test_what_looks_into_a_model_refuses_an_export(folder):
    with pytest.raises(ModelFolderError, match="not a manifest of a textkind model folder"):
        classifier_of(folder)


def test_there_is_no_way_back(folder):
    model = any_classifier(folder)[0].model
    assert model.name == "mean_pool"
    assert model.token_counts(pa.array(["x"], pa.large_string())) is None
    with pytest.raises(SettingsError, match="cannot be saved as a model folder"):
        model.state()
