"""The keys of the texts that a model has seen: kept, and refused where they make no sense."""

from dataclasses import replace

import numpy as np
import pytest

from textkind.errors import ModelFolderError
from textkind.storage.manifest import write_manifest
from textkind.storage.model_folder import FILES, SEEN, Provenance, load_model, save_model
from textkind.storage.tensors import tensor_bytes

PROVENANCE = Provenance("made up", 3, 0)


@pytest.mark.parametrize(
    "seen", [None, np.array([], np.uint64), np.array([1, 7, 2**64 - 1], np.uint64)]
)
def test_keys_come_back_as_they_were(classifier, tmp_path, seen):
    save_model(replace(classifier, seen=seen), tmp_path / "model", PROVENANCE)
    loaded = load_model(tmp_path / "model").seen
    if seen is None:
        assert loaded is None
    else:
        np.testing.assert_array_equal(loaded, seen)
        assert loaded.dtype == np.uint64


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"keys": np.array([2, 1], np.uint64)}, "do not rise"),
        ({"keys": np.array([1, 1], np.uint64)}, "do not rise"),
        ({"keys": np.array([1, 2], np.int64)}, "makes no sense"),
        ({"keys": np.array([[1, 2]], np.uint64)}, "makes no sense"),
        ({"keys": np.array([1], np.uint64), "more": np.array([1])}, "makes no sense"),
        ({"other": np.array([1], np.uint64)}, "cannot be rebuilt"),
    ],
)
def test_keys_that_make_no_sense_are_refused(classifier, tmp_path, arrays, words):
    folder = tmp_path / "model"
    save_model(classifier, folder, PROVENANCE)
    (folder / SEEN).write_bytes(tensor_bytes(arrays))
    write_manifest(folder, FILES, "textkind 0.1.0")
    with pytest.raises(ModelFolderError, match=words):
        load_model(folder)
