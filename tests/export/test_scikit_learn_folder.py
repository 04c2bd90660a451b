"""The pipeline of a folder, where textkind cannot be imported, and the tools of scikit-learn."""

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from tests.export.small_models import LABELS, ODD, SETTINGS, TEXTS, linear
from textkind.classifier import predict_ids, predict_probabilities
from textkind.decision.isotonic import Isotonic
from textkind.decision.rule import Rule
from textkind.decision.temperature import Temperature
from textkind.errors import ModelFolderError, SettingsError
from textkind.export.settings import ExportSettings
from textkind.workflow.export import export_model, load_exported

NAMES = ("billing", "delivery", "login")
CASES = {
    "two": (SETTINGS["words"], NAMES[:2], Temperature, None, False),
    "both": (SETTINGS["both"], NAMES, Isotonic, Rule(weights=(1.0, 2.0, 1.0)), False),
    "across": (SETTINGS["across"], NAMES, Temperature, None, False),
    "plain": (SETTINGS["plain"], NAMES, Temperature, None, False),
    "several": (SETTINGS["words"], NAMES, Temperature, Rule(thresholds=0.4), True),
}
ASK = """
import json, sys
sys.modules["textkind"] = None                      # an import of it fails
import joblib
import numpy as np
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from textkind_pipeline import load_pipeline
asked = json.load(sys.stdin)
pipeline = load_pipeline()
joblib.dump(pipeline, "pipeline.joblib")
again = joblib.load("pipeline.joblib")
fresh = clone(pipeline).set_params(linear__C=100.0)
labels = np.array(asked["labels"])
scores = cross_val_score(fresh, asked["texts"], labels, cv=3, error_score="raise")
fresh.fit(asked["texts"], labels)
print(json.dumps({
    "probabilities": pipeline.predict_proba(asked["texts"]).tolist(),
    "again": again.predict_proba(asked["texts"]).tolist(),
    "labels": pipeline.predict(asked["texts"]).tolist(),
    "classes": pipeline.classes_.tolist(),
    "scores": scores.tolist(),
    "fresh": fresh.predict_proba(asked["texts"]).tolist(),
    "score": fresh.score(asked["texts"], labels),
}))
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """name of CASES -> the classifier and its folder."""
    place, found = tmp_path_factory.mktemp("pipelines"), {}
    for name, (settings, names, calibrator, rule, several) in CASES.items():
        classifier = linear(settings, names, calibrator, rule, several=several)
        export_model(classifier, place / name, ExportSettings("scikit-learn"))
        found[name] = classifier, place / name
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_pipeline_answers_as_the_model(exported, name):
    classifier, folder = exported[name]
    texts = [*ODD, *TEXTS[:30]]
    strings = pa.array(texts, pa.large_string())
    answers = load_exported(folder).answers(texts)
    wanted = predict_probabilities(classifier, strings)
    np.testing.assert_allclose(answers.probabilities, wanted, atol=1e-6)
    np.testing.assert_allclose(answers.logits, classifier.model.logits(strings), atol=1e-5)
    ids = predict_ids(classifier, strings)
    labels = classifier.classes
    for given, one in zip(answers.labels, ids, strict=True):
        assert given == (
            [labels[k] for k in np.flatnonzero(one)] if np.ndim(one) else labels[one]
        )  # fmt: skip


@pytest.mark.parametrize("name", ["both", pytest.param("several", marks=pytest.mark.slow)])
def test_the_tools_of_scikit_learn_take_it(exported, name):
    classifier, folder = exported[name]
    labels = np.array(LABELS[:60])
    if name == "several":
        labels = (labels[:, None] == np.array(NAMES)).astype(int)
    asked = json.dumps({"texts": TEXTS[:60], "labels": labels.tolist()})
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=folder, input=asked, capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    strings = pa.array(TEXTS[:60], pa.large_string())
    wanted = predict_probabilities(classifier, strings)
    np.testing.assert_allclose(found["probabilities"], wanted, atol=1e-6)
    assert found["again"] == found["probabilities"]
    assert found["classes"] == list(NAMES)
    ids = predict_ids(classifier, strings)
    assert found["labels"] == (ids.tolist() if ids.ndim == 2 else [NAMES[one] for one in ids])
    assert min(found["scores"]) > 0.5
    assert found["score"] > 0.9
    assert np.abs(np.array(found["fresh"]) - found["probabilities"]).max() > 1e-3


def test_a_folder_with_another_model_is_found(exported, tmp_path):
    import shutil

    copy = shutil.copytree(exported["two"][1], tmp_path / "copy")
    (copy / "model.compact").write_bytes((exported["both"][1] / "model.compact").read_bytes())
    with pytest.raises(ModelFolderError, match=r"model\.compact: longer than"):
        load_exported(copy)


def test_networks_have_no_pipeline(fitted, tmp_path):
    pytest.importorskip("torch")
    with pytest.raises(SettingsError, match="scikit-learn is for models of the kinds linear"):
        export_model(fitted("words"), tmp_path / "no", ExportSettings("scikit-learn"))
