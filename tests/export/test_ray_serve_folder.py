"""A folder for Ray Serve: the model as it is, a configuration that names it; no Ray is needed."""

import shutil

import numpy as np
import pytest

pytest.importorskip("yaml")

import yaml

from tests.workflow.conftest import tickets
from textkind.errors import ModelFolderError, SettingsError
from textkind.export.golden import answers_of
from textkind.export.ray_serve import APPLICATION, SERVE, configuration
from textkind.export.settings import ExportSettings
from textkind.models.settings import LinearSettings
from textkind.storage.folder_bytes import folder_bytes
from textkind.storage.model_folder import load_model
from textkind.workflow.export import export_model, load_exported, verify_exported
from textkind.workflow.train import TrainSettings, train

ASKED = ExportSettings("ray-serve", threads=3)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    rows = [{"text": text, "label": label} for text, label in zip(*tickets(120), strict=True)]
    out = tmp_path_factory.mktemp("runs") / "run"
    model = LinearSettings(features="words", strength=1.0, naive_bayes=False)
    train(rows, TrainSettings(out=out, model=model, map="none"))
    return out


@pytest.fixture
def exported(run, tmp_path):
    folder = tmp_path / "the tickets: 2nd"
    export_model(run, folder, ASKED)
    return folder


def test_the_model_is_that_of_the_run_byte_for_byte(run, exported):
    assert folder_bytes(exported / "model") == folder_bytes(run / "model")
    assert (exported / "metrics.json").read_bytes() == (run / "metrics.json").read_bytes()
    texts = ["please refund the invoice", ""]
    expected = answers_of(load_model(run), texts, 1)
    np.testing.assert_array_equal(load_exported(exported).answers(texts, 1).logits, expected.logits)


def test_the_configuration_names_the_model_where_it_lies(exported):
    told = yaml.safe_load((exported / SERVE).read_text(encoding="utf-8"))
    assert told["http_options"] == {"host": "127.0.0.1", "port": 8000}
    (application,) = told["applications"]
    assert (application["name"], application["import_path"]) == ("the-tickets-2nd", APPLICATION)
    assert application["args"] == {"models": [f"the-tickets-2nd={exported / 'model'}"]}
    (deployment,) = application["deployments"]
    assert deployment["ray_actor_options"] == {"num_cpus": 3}
    assert deployment["autoscaling_config"]["min_replicas"] == 1


@pytest.mark.parametrize("name", ["a", "最初", "a\"b'c", "-", "x" * 200, "tab\tand: colon #1"])
def test_any_name_of_a_folder_makes_a_configuration(name, tmp_path):
    told = yaml.safe_load(configuration(tmp_path / name, 1))
    (model,) = told["applications"][0]["args"]["models"]
    called, _, folder = model.partition("=")
    assert folder == str(tmp_path / name / "model")
    assert 0 < len(called) <= 64
    assert called == told["applications"][0]["name"]


def test_the_configuration_is_the_owners_to_change_and_the_model_is_not(exported):
    (exported / SERVE).write_text("changed")
    assert verify_exported(exported).target == "ray-serve"
    weights = exported / "model" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ModelFolderError):
        verify_exported(exported)


def test_a_model_of_other_texts_in_its_place_is_found(run, exported, tmp_path):
    rows = [
        {"text": f"{label} {text}", "label": label}
        for text, label in zip(*tickets(90), strict=True)
    ]
    model = LinearSettings(features="words", strength=9.0, naive_bayes=False)
    train(rows, TrainSettings(out=tmp_path / "other", model=model, map="none"))
    shutil.rmtree(exported / "model")
    shutil.copytree(tmp_path / "other" / "model", exported / "model")
    with pytest.raises(ModelFolderError):
        verify_exported(exported)


def test_a_classifier_in_memory_can_be_served(run, tmp_path):
    export_model(load_model(run), tmp_path / "memory", ASKED)
    assert not (tmp_path / "memory" / "metrics.json").exists()
    assert verify_exported(tmp_path / "memory").gaps["probabilities"] == 0


def test_what_is_another_targets_is_refused(run, tmp_path):
    with pytest.raises(SettingsError, match="ray-serve knows no precision"):
        export_model(run, tmp_path / "x", ExportSettings("ray-serve", precision="int8"))
