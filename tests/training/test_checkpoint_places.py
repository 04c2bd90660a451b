"""Checkpoints behind a URI are those of a folder."""

import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.training.test_checkpoints import assert_is, checkpoint  # noqa: E402
from textkind.errors import OutputError, SettingsError, TrainingError  # noqa: E402
from textkind.progress import Notes  # noqa: E402
from textkind.training.checkpoint_places import (  # noqa: E402
    find_checkpoint,
    place_below,
    save_checkpoint,
    told_place,
)
from textkind.training.fit import fit_network  # noqa: E402
from textkind.training.settings import Places, TrainingSettings  # noqa: E402

from .shared_child import LabelSet, Network, examples  # noqa: E402


@pytest.fixture
def uri(tmp_path):
    return f"file://{tmp_path}/bucket/a folder".replace(" ", "%20")


def test_the_last_two_are_kept_and_the_last_is_found(uri, tmp_path):
    assert find_checkpoint(uri, "mine") is None
    for step in (2, 4, 11):
        save_checkpoint(uri, step, checkpoint(step), "mine")
    names = [path.name for path in (tmp_path / "bucket" / "a folder").iterdir()]
    assert sorted(names) == ["step-000000004.safetensors", "step-000000011.safetensors"]
    assert_is(find_checkpoint(uri, "mine"), 11)
    assert_is(find_checkpoint(tmp_path / "bucket" / "a folder", "mine"), 11)


def test_where_the_last_is_damaged_the_one_before_is_taken(uri, tmp_path):
    heard = Notes()
    for step in (2, 4):
        save_checkpoint(uri, step, checkpoint(step), "mine")
    last = tmp_path / "bucket" / "a folder" / "step-000000004.safetensors"
    last.write_bytes(last.read_bytes()[:-1])
    assert_is(find_checkpoint(uri, "mine", heard), 2)
    assert heard.told[0].startswith(f"{uri}/step-000000004.safetensors is damaged")


def test_those_of_another_training_are_refused_by_their_uri(uri):
    save_checkpoint(uri, 2, checkpoint(2), "another")
    with pytest.raises(TrainingError, match="the checkpoint is of another training") as caught:
        find_checkpoint(uri, "mine")
    assert caught.value.where == f"{uri}/step-000000002.safetensors"


@pytest.mark.parametrize("place", ["nowhere://user:secret@bucket/x?key=secret", "file://relative"])
def test_a_uri_that_cannot_be_used_is_told_without_its_secrets(place):
    with pytest.raises(TrainingError, match="the checkpoints cannot be read") as caught:
        find_checkpoint(place, "mine")
    assert "secret" not in str(caught.value)
    with pytest.raises(OutputError, match="a checkpoint could not be written") as caught:
        save_checkpoint(place, 1, checkpoint(1), "mine")
    assert "secret" not in caught.value.where


def test_a_place_that_refuses_is_an_error_of_ours(uri, tmp_path):
    (tmp_path / "bucket").write_text("no folder")
    with pytest.raises(OutputError, match="a checkpoint could not be written"):
        save_checkpoint(uri, 1, checkpoint(1), "mine")


class Interrupting(Notes):
    """Ctrl-C at the eighth step."""

    def advance(self, done, total, detail=""):
        self.left = getattr(self, "left", 8) - 1
        if not self.left:
            raise KeyboardInterrupt


def test_a_training_goes_on_from_a_uri_in_the_same_bits(uri):
    def fitted(name, talk):
        network, places = Network(), Places(f"{uri}/{name}", 3)
        settings = TrainingSettings(
            epochs=2, batch_texts=7, learning_rate=0.05, precision="float32"
        )
        labels = LabelSet(("a", "b", "c"))
        fit_network(network, examples(64, 0), None, labels, settings, places=places, talk=talk)
        return {name: tensor.numpy() for name, tensor in network.state_dict().items()}

    expected, heard = fitted("whole", Notes()), Notes()
    with pytest.raises(KeyboardInterrupt):
        fitted("in-two", Interrupting())
    found = fitted("in-two", heard)
    assert any(re.match("going on from step 6 of file://", note) for note in heard.told)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def test_a_folder_in_a_place():
    assert place_below("s3://bucket/a/?region=x", "refit") == "s3://bucket/a/refit?region=x"
    assert told_place("s3://key:secret@bucket/a?region=x") == "s3://bucket/a"
    with pytest.raises(SettingsError, match="checkpoints must be a Path or a URI"):
        Places("kept")
