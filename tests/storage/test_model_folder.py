"""What is saved comes back; whatever is damaged, foreign, newer or hostile gives our error."""

import hashlib
import json
import os
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from textkind.classifier import predict_probabilities
from textkind.decision.evidence import evidence_of
from textkind.decision.novelty import fit_novelty, novelty_scores
from textkind.decision.novelty_scores import Signs
from textkind.errors import ModelFolderError, OutputError, SettingsError
from textkind.storage.documents import canonical_bytes
from textkind.storage.manifest import FORMAT_VERSION, MANIFEST
from textkind.storage.model_folder import (
    CARD,
    EVIDENCE,
    FILES,
    GOLDEN,
    GOLDEN_TEXTS,
    NOVELTY,
    SEEN,
    Provenance,
    load_model,
    read_card,
    save_model,
)

TEXTS = pa.array(["", "one", "a longer text"], pa.large_string())
EVERY_FILE = [*FILES, MANIFEST]
PROVENANCE = Provenance(source="toy.csv", rows=12, seed=0)
HELD = {
    3: {
        "files": ["evidence.safetensors", "golden.json", "model.json", "novelty.safetensors",
                  "seen.safetensors", "weights.safetensors"],
        "model.json": ["config", "decision", "kind", "labels", "provenance", "several", "textkind"],
        "evidence.safetensors": {
            "confidence": "float32", "correct": "uint8", "shares": "float64", "rows": "int32",
            "targets": "int32", "own": "float32", "above": "float64", "rank": "int32",
            "first": "int32", "bytes": "int64",
        },
        "seen.safetensors": {"keys": "uint64"},
        "novelty.safetensors": {
            "temperature": "float64", "weights": "float64", "validation": "float64",
            "nearest": "int8", "means": "float32", "whitening": "float32", "centre": "float32",
            "background": "float32", "seen energy": "float64",
        },
    }
}  # fmt: skip


def seal(folder):
    """Write a manifest that agrees with the files, as someone who means harm would."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    del manifest["checksum"]
    for name in manifest["files"]:
        data = (folder / name).read_bytes()
        manifest["files"][name] = {
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    write_sealed_manifest(folder, manifest)


def write_sealed_manifest(folder, manifest):
    manifest["checksum"] = hashlib.sha256(canonical_bytes(manifest)).hexdigest()
    (folder / MANIFEST).write_bytes(canonical_bytes(manifest))


def test_a_loaded_classifier_gives_the_very_same_probabilities(classifier, model_folder):
    loaded = load_model(model_folder)
    before, after = (predict_probabilities(c, TEXTS) for c in (classifier, loaded))
    np.testing.assert_array_equal(before, after)
    assert loaded.classes == classifier.classes
    assert loaded.decision == classifier.decision
    assert loaded.labels == classifier.labels
    assert loaded.model.facts == classifier.model.facts


def test_what_validation_showed_comes_back_and_damage_to_it_is_told(classifier, tmp_path):
    given, gold = predict_probabilities(classifier, TEXTS), np.array([0, 1, 2])
    evidence = evidence_of(classifier.decision, given, gold, TEXTS)
    folder = tmp_path / "promising"
    save_model(replace(classifier, evidence=evidence), folder, PROVENANCE)
    loaded = load_model(folder).evidence
    np.testing.assert_array_equal(loaded.confidence, given.max(axis=1))
    np.testing.assert_array_equal(loaded.targets, gold)
    arrays = load((folder / EVIDENCE).read_bytes())
    (folder / EVIDENCE).write_bytes(save(arrays | {"rank": arrays["rank"] + 3}))
    seal(folder)
    with pytest.raises(ModelFolderError, match="what validation showed is damaged: rank"):
        load_model(folder)


def test_novelty_comes_back_and_damage_to_it_is_told(classifier, tmp_path):
    random = np.random.default_rng(0)
    signs = Signs(random.normal(size=(60, 3)).astype(np.float32))
    novelty = fit_novelty(("energy",), None, np.empty(0), signs, random.integers(0, 3, 60))
    folder = tmp_path / "knowing"
    save_model(replace(classifier, novelty=novelty), folder, PROVENANCE)
    loaded = load_model(folder).novelty
    np.testing.assert_array_equal(novelty_scores(loaded, signs), novelty_scores(novelty, signs))
    arrays = load((folder / NOVELTY).read_bytes())
    (folder / NOVELTY).write_bytes(save(arrays | {"weights": -arrays["weights"]}))
    seal(folder)
    with pytest.raises(ModelFolderError, match="the score of novelty is damaged: its weights"):
        load_model(folder)


def test_the_weights_are_a_plain_safetensors_file(classifier, model_folder):
    arrays = load((model_folder / "weights.safetensors").read_bytes())
    np.testing.assert_array_equal(arrays["weights"], classifier.model.weights)


def test_the_card_tells_where_the_model_came_from(model_folder):
    card = read_card(model_folder)
    assert card["provenance"]["source"] == "toy.csv"
    assert card["provenance"]["rows"] == 12
    assert card["provenance"]["versions"]["numpy"] == np.__version__
    assert set(card["bytes"]) == set(FILES)


def test_golden_texts_are_few_and_short():
    assert len(GOLDEN_TEXTS) <= 8
    assert max(map(len, GOLDEN_TEXTS)) < 100


@pytest.mark.parametrize("name", EVERY_FILE)
def test_any_flipped_byte_is_found(model_folder, name):
    path = model_folder / name
    data = path.read_bytes()
    places = np.unique(np.linspace(0, len(data) - 1, 150).astype(int))
    for place in places:
        for mask in (0x01, 0x20, 0xFF):
            changed = bytearray(data)
            changed[place] ^= mask
            path.write_bytes(changed)
            with pytest.raises(ModelFolderError):
                load_model(model_folder)


@pytest.mark.parametrize("name", EVERY_FILE)
def test_any_truncation_or_extension_is_found(model_folder, name):
    path = model_folder / name
    data = path.read_bytes()
    for changed in (b"", data[:1], data[: len(data) // 2], data[:-1], data + b"\n", data + data):
        path.write_bytes(changed)
        with pytest.raises(ModelFolderError):
            load_model(model_folder)


@pytest.mark.parametrize("name", EVERY_FILE)
def test_a_missing_file_is_named_or_the_folder_is_not_ours(model_folder, name):
    (model_folder / name).unlink()
    with pytest.raises(ModelFolderError, match=name.replace(".", r"\.")):
        load_model(model_folder)


def test_a_foreign_file_is_named(model_folder):
    (model_folder / "notes.txt").write_text("mine")
    with pytest.raises(ModelFolderError, match=r"notes\.txt"):
        load_model(model_folder)


@pytest.mark.parametrize("name", EVERY_FILE)
def test_links_are_refused(model_folder, tmp_path, name):
    (model_folder / name).rename(tmp_path / "elsewhere")
    (model_folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelFolderError, match="symbolic link"):
        load_model(model_folder)


@pytest.mark.parametrize("name", EVERY_FILE)
def test_a_folder_or_pipe_in_place_of_a_file_is_refused(model_folder, name):
    (model_folder / name).unlink()
    (model_folder / name).mkdir()
    with pytest.raises(ModelFolderError):
        load_model(model_folder)
    (model_folder / name).rmdir()
    os.mkfifo(model_folder / name)
    with pytest.raises(ModelFolderError):
        load_model(model_folder)


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        (FORMAT_VERSION - 1, "hint: train the model again with this version"),
        (FORMAT_VERSION + 6, "hint: update textkind, or train the model again with this version"),
    ],
)
def test_a_folder_of_another_format_is_told_as_such_whatever_it_holds(model_folder, version, hint):
    manifest = json.loads((model_folder / MANIFEST).read_bytes())
    del manifest["files"]["golden.json"]
    manifest |= {"version": version, "written_by": "textkind 9.0"}
    (model_folder / MANIFEST).write_text(json.dumps(manifest))
    (model_folder / EVIDENCE).write_bytes(save({"of old": np.ones(3)}))
    with pytest.raises(ModelFolderError) as info:
        load_model(model_folder)
    assert (
        "the folder was written by another version of textkind: it has format "
        f"{version}, this version reads format {FORMAT_VERSION}; found 'textkind 9.0'"
    ) in str(info.value)
    assert str(info.value).endswith(hint)


def test_what_is_written_changes_with_the_number_of_the_format_alone(classifier, tmp_path):
    random = np.random.default_rng(0)
    signs = Signs(random.normal(size=(60, 3)).astype(np.float32))
    given, gold = predict_probabilities(classifier, TEXTS), np.array([0, 1, 2])
    whole = replace(
        classifier,
        evidence=evidence_of(classifier.decision, given, gold, TEXTS),
        seen=np.array([1, 2], np.uint64),
        novelty=fit_novelty(("energy",), None, np.empty(0), signs, random.integers(0, 3, 60)),
    )
    save_model(whole, tmp_path / "whole", PROVENANCE)
    held = {"files": sorted(FILES)}
    held[CARD] = sorted(json.loads((tmp_path / "whole" / CARD).read_bytes()))
    for name in (EVIDENCE, SEEN, NOVELTY):
        arrays = load((tmp_path / "whole" / name).read_bytes())
        held[name] = {key: str(array.dtype) for key, array in arrays.items()}
    assert {FORMAT_VERSION: held} == HELD


@pytest.mark.parametrize(
    "name", ["../model.json", "/etc/passwd", "a/b", "..", "", ".hidden", "a\0b"]
)
def test_a_manifest_that_points_elsewhere_is_refused(model_folder, name):
    manifest = json.loads((model_folder / MANIFEST).read_bytes())
    del manifest["checksum"]
    manifest["files"][name] = manifest["files"].pop("golden.json")
    write_sealed_manifest(model_folder, manifest)
    with pytest.raises(ModelFolderError, match="outside the folder"):
        load_model(model_folder)


@pytest.mark.parametrize(
    "content",
    [
        lambda: pickle.dumps({"weights": [1.0]}),
        lambda: b"PK\x03\x04 torch archive",
        lambda: b"",
        lambda: b"\xff" * 8 + b"{}",
        lambda: (100).to_bytes(8, "little") + b"{}",
        lambda: (2).to_bytes(8, "little") + b"[]",
        lambda: save({"weights": np.ones(3, np.float32)}),
        lambda: save({"weights": np.ones(4, np.float32), "bias": np.ones(3, np.float32)}),
        lambda: save({"weights": np.ones(3), "bias": np.ones(3)}),
        lambda: save({"weights": np.full(3, np.nan, np.float32), "bias": np.ones(3, np.float32)}),
        lambda: save({"weights": np.full(3, np.inf, np.float32), "bias": np.ones(3, np.float32)}),
        lambda: save({"weights": np.ones(3, np.float32), "bias": np.ones(3, np.float32)}),
    ],
)
def test_sealed_nonsense_in_the_weights_is_refused(model_folder, content):
    (model_folder / "weights.safetensors").write_bytes(content())
    seal(model_folder)
    with pytest.raises(ModelFolderError):
        load_model(model_folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kind", "os.system"),
        ("kind", 7),
        ("labels", ["a"]),
        ("labels", ["a", "a", "b"]),
        ("labels", ["a", 2, "b"]),
        ("labels", "abc"),
        ("several", "no"),
        ("config", []),
        ("config", {"scale": 2}),
        ("decision", {}),
        ("decision", {"several": False, "calibrator": {"name": "none"}, "rule": None}),
        ("decision", {"several": False, "calibrator": {"name": 1e400}, "rule": None}),
        ("provenance", None),
        ("unknown", 1),
    ],
)
def test_sealed_nonsense_in_the_card_is_refused(model_folder, key, value):
    card = json.loads((model_folder / "model.json").read_bytes())
    (model_folder / "model.json").write_text(json.dumps(card | {key: value}))
    seal(model_folder)
    with pytest.raises(ModelFolderError):
        load_model(model_folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda logit: logit * (1 + 5e-6), "other logits"), (lambda logit: np.inf, "JSON|fit")],
)
def test_a_model_that_answers_otherwise_than_when_saved_is_refused(model_folder, change, message):
    golden = json.loads((model_folder / GOLDEN).read_bytes())
    golden["logits"][1][0] = change(golden["logits"][1][0])
    (model_folder / GOLDEN).write_text(json.dumps(golden))
    seal(model_folder)
    with pytest.raises(ModelFolderError, match=message):
        load_model(model_folder)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.sampled_from(["model.json", "golden.json"]), data=st.data())
def test_no_sealed_document_makes_loading_fail_otherwise(model_folder, name, data):
    """Any value in any place: our error, or a classifier that gives the golden logits."""
    original = (model_folder / name).read_bytes()
    document = json.loads(original)
    key = data.draw(st.sampled_from(sorted(document)))
    value = data.draw(json_values)
    if isinstance(document[key], dict) and document[key] and data.draw(st.booleans()):
        document[key][data.draw(st.sampled_from(sorted(document[key])))] = value
    else:
        document[key] = value
    (model_folder / name).write_text(json.dumps(document))
    seal(model_folder)
    try:
        load_model(model_folder)
    except ModelFolderError:
        pass
    finally:
        (model_folder / name).write_bytes(original)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_sealed_bytes_in_the_weights_make_loading_fail_otherwise(model_folder, data):
    path = model_folder / "weights.safetensors"
    original = path.read_bytes()
    changed = bytearray(original)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(changed) - 1))
        piece = data.draw(st.binary(max_size=8) | st.sampled_from([b"0", b"9", b"-", b"[", b"I64"]))
        changed[place : place + data.draw(st.integers(0, 8))] = piece
        if not changed:
            changed = bytearray(b"x")
    path.write_bytes(changed)
    seal(model_folder)
    try:
        load_model(model_folder)
    except ModelFolderError:
        pass
    finally:
        path.write_bytes(original)


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: p.write_text("x")])
def test_a_path_that_is_no_model_folder_gets_a_clear_error(tmp_path, make):
    make(tmp_path / "thing")
    with pytest.raises(ModelFolderError, match="model folder"):
        load_model(tmp_path / "thing")


def test_a_foreign_model_folder_is_not_opened(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelFolderError, match="not a textkind model folder"):
        load_model(tmp_path)


def test_a_run_folder_leads_to_its_model(classifier, model_folder, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    shutil.move(model_folder, run / "model")
    assert load_model(run).classes == classifier.classes


def test_an_existing_model_is_replaced_only_when_asked(classifier, model_folder):
    with pytest.raises(SettingsError, match="exists already"):
        save_model(classifier, model_folder, PROVENANCE)
    save_model(classifier, model_folder, Provenance("new.csv", 1, 1), overwrite=True)
    assert read_card(model_folder)["provenance"]["source"] == "new.csv"
    assert [entry.name for entry in model_folder.parent.iterdir()] == ["model"]


def test_a_folder_with_other_things_is_never_replaced(classifier, model_folder):
    (model_folder / "thesis.txt").write_text("years of work")
    with pytest.raises(SettingsError, match=r"thesis\.txt"):
        save_model(classifier, model_folder, PROVENANCE, overwrite=True)
    assert (model_folder / "thesis.txt").read_text() == "years of work"


def test_a_place_that_cannot_be_written_gives_an_output_error(classifier, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="could not be written"):
        save_model(classifier, tmp_path / "file" / "model", PROVENANCE)
