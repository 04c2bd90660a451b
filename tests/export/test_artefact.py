"""What is exported carries its proof: a change of a file or an answer is found on loading."""

import json
import shutil

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from textkind.errors import ModelFolderError
from textkind.export.artefact import EXPORT, open_artefact
from textkind.storage.documents import document_bytes
from textkind.storage.manifest import MANIFEST, write_manifest
from textkind.workflow.export import export_model, verify_exported


@pytest.fixture(scope="module")
def sound(fitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("artefact") / "words"
    export_model(fitted("words"), folder)
    return folder


@pytest.fixture
def copy(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "copy")


def reseal(folder, name, change):
    """Change a document of the folder as someone would who writes the checksums anew."""
    told = json.loads((folder / name).read_text())
    change(told)
    (folder / name).write_bytes(document_bytes(told))
    files = list(json.loads((folder / MANIFEST).read_text())["files"])
    write_manifest(folder, files, "someone", EXPORT)


def test_a_sound_folder_is_told(sound):
    verified = verify_exported(sound)
    assert verified.target == "onnx"
    assert verified.rows == len(json.loads((sound / "golden.json").read_text())["texts"]) > 5
    assert 0 <= verified.gaps["probabilities"] < 1e-5


@pytest.mark.parametrize("name", ["model.onnx", "tokens.json", "golden.json", "run_onnx.py"])
def test_a_changed_byte_is_found(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(ModelFolderError, match="the file was altered: its checksum differs"):
        open_artefact(copy)


def test_a_missing_file_is_found(copy):
    (copy / "model.onnx").unlink()
    with pytest.raises(ModelFolderError, match="files are missing") as caught:
        open_artefact(copy)
    assert caught.value.found == ["model.onnx"]


def test_a_file_of_the_owners_may_stand_beside(copy):
    (copy / "README.md").write_text("ours")
    assert open_artefact(copy).rows


WRONG = {
    "probabilities": (
        lambda told: told["probabilities"][0].reverse(),
        "it gives other probabilities than when it was exported",
    ),
    "logits": (
        lambda told: told["logits"][1].reverse(),
        "it gives other logits than when it was exported",
    ),
    "labels": (
        lambda told: told.update(labels=["nothing"] * len(told["labels"])),
        "it gives another label than when it was exported: 'nothing' is expected",
    ),
    "columns": (
        lambda told: [row.pop() for row in told["logits"] + told["probabilities"]],
        "the golden rows are of other labels than its logits",
    ),
    "rows": (lambda told: told["texts"].pop(), "the golden rows make no sense"),
    "keys": (lambda told: told.pop("allowed"), "the golden rows make no sense"),
}


@pytest.mark.parametrize("case", WRONG)
def test_other_golden_rows_are_found(copy, case):
    change, words = WRONG[case]
    reseal(copy, "golden.json", change)
    with pytest.raises(ModelFolderError, match=words):
        open_artefact(copy)


def test_a_target_of_another_version_is_named(copy):
    reseal(copy, "export.json", lambda told: told.update(target="tea"))
    with pytest.raises(ModelFolderError, match="no export that this version knows") as caught:
        open_artefact(copy)
    assert caught.value.found == "tea"


def test_a_model_folder_is_no_export(tmp_path):
    with pytest.raises(ModelFolderError) as caught:
        open_artefact(tmp_path)
    assert "not a textkind export: it has no MANIFEST.json" in str(caught.value)
    assert "hint: name a folder written by `textkind export`" in str(caught.value)
