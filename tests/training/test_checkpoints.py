"""Checkpoints: whole or not there, of this training or refused."""

import os
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from textkind.errors import OutputError, TrainingError  # noqa: E402
from textkind.progress import Talk  # noqa: E402
from textkind.training import checkpoints  # noqa: E402
from textkind.training.checkpoints import Checkpoint, last_checkpoint, write_checkpoint  # noqa: E402
from textkind.training.fit import fit_network  # noqa: E402
from textkind.training.settings import Places, TrainingSettings  # noqa: E402

QUICK = {"precision": "float32", "learning_rate": 0.05, "batch_texts": 16, "epochs": 2}

NOISE = np.random.default_rng(0).bytes(100)


class Remembering(Talk):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def checkpoint(number):
    random = torch.Generator().manual_seed(number)
    tensors = {
        "network a.weight": torch.rand(5, 3, generator=random),
        "transposed": torch.rand(3, 5, generator=random).T,
        "optimizer step of a.weight": torch.tensor(float(number)),
        "nothing": torch.empty(0, 3),
    }
    return Checkpoint(tensors, {"standing": {"step": number}, "best": None, "word": "naïve"})


def write(folder, *steps, fingerprint="mine"):
    for step in steps:
        write_checkpoint(folder, step, checkpoint(step), fingerprint)


def assert_is(found, number):
    expected = checkpoint(number)
    assert found.facts == expected.facts
    assert found.tensors.keys() == expected.tensors.keys()
    for name, tensor in expected.tensors.items():
        assert torch.equal(found.tensors[name], tensor)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def step_name(step):
    return f"step-{step:09d}.safetensors"


def test_what_was_written_is_read_and_the_last_two_are_kept(tmp_path):
    folder = tmp_path / "deeper" / "checkpoints"
    assert last_checkpoint(folder, "mine") is None
    for step in (5, 10, 999, 1000):
        write(folder, step)
        assert_is(last_checkpoint(folder, "mine"), step)
    assert names(folder) == [step_name(999), step_name(1000)]


def test_what_was_read_does_not_hang_on_its_file(tmp_path):
    write(tmp_path, 1)
    found = last_checkpoint(tmp_path, "mine")
    with (tmp_path / step_name(1)).open("rb+") as file:
        file.write(bytes(file.seek(0, 2) and 2000))
    assert_is(found, 1)


@pytest.mark.parametrize("failing", ["os.replace", "save_file", "os.fsync"])
def test_a_crash_while_writing_leaves_the_older_ones_readable(tmp_path, monkeypatch, failing):
    write(tmp_path, 1, 2)

    def crash(*arguments):
        raise KeyboardInterrupt

    if failing == "save_file":
        monkeypatch.setattr(checkpoints, failing, crash)
    else:
        monkeypatch.setattr(os, failing.removeprefix("os."), crash)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, 3)
    monkeypatch.undo()
    assert_is(last_checkpoint(tmp_path, "mine"), 2)
    assert names(tmp_path) == [step_name(1), step_name(2)]  # nothing half written is left


@pytest.mark.parametrize("failing", ["os.replace", "save_file"])
def test_a_full_disk_is_told_and_leaves_the_older_ones(tmp_path, monkeypatch, failing):
    write(tmp_path, 1, 2)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    if failing == "save_file":
        monkeypatch.setattr(checkpoints, failing, full)
    else:
        monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left") as caught:
        write(tmp_path, 3)
    assert step_name(3) in str(caught.value)
    assert names(tmp_path) == [step_name(1), step_name(2)]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write(tmp_path / "file", 1)


def size_of_one(tmp_path):
    write(tmp_path / "other", 1)
    return (tmp_path / "other" / step_name(1)).stat().st_size


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.3, 0.7, 0.99])
def test_one_cut_short_is_told_and_the_one_before_it_taken(tmp_path, share):
    folder, talk = tmp_path / "own", Remembering()
    write(folder, 7, 8)
    place = folder / step_name(8)
    os.truncate(place, int(share * size_of_one(tmp_path)))
    assert_is(last_checkpoint(folder, "mine", talk), 7)
    assert len(talk.notes) == 1
    assert str(place) in talk.notes[0]
    assert "damaged" in talk.notes[0]


def test_a_byte_changed_anywhere_is_found(tmp_path):
    write(tmp_path, 8)
    place = tmp_path / step_name(8)
    whole = place.read_bytes()
    for at in np.random.default_rng(0).integers(0, len(whole), 60):
        place.write_bytes(whole[:at] + bytes([whole[at] ^ 0x15]) + whole[at + 1 :])
        found = last_checkpoint(tmp_path, "mine")
        if found is not None:
            assert_is(found, 8)  # a blank of the header
        place.with_suffix(".damaged").unlink(missing_ok=True)


@pytest.mark.parametrize("content", [b"", b"garbage", bytes(5000), NOISE, b"\x80\x04N."])
def test_garbage_is_left_aside_and_does_not_push_out_what_comes_after(tmp_path, content):
    write(tmp_path, 5)
    for step in (90, 100):
        (tmp_path / step_name(step)).write_bytes(content)
    talk = Remembering()
    assert_is(last_checkpoint(tmp_path, "mine", talk), 5)
    assert len(talk.notes) == 2
    write(tmp_path, 6, 7)
    assert_is(last_checkpoint(tmp_path, "mine", talk), 7)
    assert len(talk.notes) == 2


def test_nothing_but_garbage_is_no_checkpoint(tmp_path):
    (tmp_path / step_name(100)).write_bytes(b"garbage")
    assert last_checkpoint(tmp_path, "mine") is None
    write(tmp_path, 1, 2)
    assert_is(last_checkpoint(tmp_path, "mine"), 2)


def test_other_files_of_the_folder_are_left_alone(tmp_path):
    for name in ("notes.txt", "step-1.safetensors", "step-000000001.safetensors.copy"):
        (tmp_path / name).write_text("mine")
    write(tmp_path, 1, 2, 3)
    assert_is(last_checkpoint(tmp_path, "mine"), 3)
    assert {"notes.txt", "step-1.safetensors"} < set(names(tmp_path))


def test_one_of_another_training_is_refused_by_name(tmp_path):
    write(tmp_path, 1, fingerprint="another")
    with pytest.raises(TrainingError, match="another training") as caught:
        last_checkpoint(tmp_path, "mine")
    assert str(tmp_path / step_name(1)) in str(caught.value)
    assert "--checkpoints" in caught.value.hint
    assert names(tmp_path) == [step_name(1)]


def test_nothing_is_ever_pickled(tmp_path, monkeypatch, tiny, examples_of, labels):
    def refuse(*arguments, **options):
        raise AssertionError("pickle was called")

    # first without: Numba's cache of compiled kernels is pickled
    fit_network(tiny(), examples_of(), None, labels, TrainingSettings(**QUICK))
    for name in ("dump", "dumps", "load", "loads"):
        monkeypatch.setattr(pickle, name, refuse)
    monkeypatch.setattr(torch, "load", refuse)
    monkeypatch.setattr(torch, "save", refuse)
    for epochs in (1, 2):
        settings = TrainingSettings(**QUICK | {"epochs": epochs})
        places = Places(tmp_path / str(epochs), 2)
        fit_network(tiny(), examples_of(), None, labels, settings, places=places)
        fit_network(tiny(), examples_of(), None, labels, settings, places=places)


@pytest.mark.parametrize(
    "change",
    [
        {"outputs": 3, "width": 9},
        {"seed": 1},
        {"train": 1},
        {"held_out": 2},
        {"learning_rate": 0.06},
        {"epochs": 3},
        {"optimizer": "sgd"},
    ],
)
def test_a_checkpoint_of_other_data_settings_or_network_is_refused(
    tiny, examples_of, labels, tmp_path, change
):
    def train(width=8, seed=0, train=0, held_out=1, outputs=3, **settings):
        fit_network(
            tiny(width=width, outputs=outputs), examples_of(seed=train),
            examples_of(40, seed=held_out), labels, TrainingSettings(**QUICK | settings),
            places=Places(tmp_path), seed=seed,
        )  # fmt: skip

    train()
    with pytest.raises(TrainingError, match="another training") as caught:
        train(**change)
    assert str(tmp_path / "step-") in str(caught.value)


class Scaled(torch.nn.Module):
    """A network of the same shapes as another that computes something else."""

    token_tables = ("embedding.weight",)

    def __init__(self, inner):
        super().__init__()
        self.embedding, self.head, self.dropout = inner.embedding, inner.head, inner.dropout

    def forward(self, input_ids, attention_mask):
        x = self.embedding(input_ids) * attention_mask[:, :, None]
        return self.head(self.dropout(x.amax(dim=1)))


@pytest.mark.parametrize("other", [lambda tiny: Scaled(tiny()), lambda tiny: tiny(dropout=0.5)])
def test_a_checkpoint_of_a_network_of_the_same_shapes_is_refused(
    tiny, examples_of, labels, tmp_path, other
):
    settings, places = TrainingSettings(**QUICK), Places(tmp_path)
    fit_network(tiny(), examples_of(), None, labels, settings, places=places)
    with pytest.raises(TrainingError, match="another training"):
        fit_network(other(tiny), examples_of(), None, labels, settings, places=places)


def test_the_budget_may_be_another_when_a_training_goes_on(tiny, examples_of, labels, tmp_path):
    places = Places(tmp_path)
    short, long = (TrainingSettings(**QUICK | {"budget": budget}) for budget in (1e-9, 100.0))
    examples, held_out = examples_of(), examples_of(40, seed=1)
    first = fit_network(tiny(), examples, held_out, labels, short, places=places)
    assert first.facts["steps"] == 1
    talk = Remembering()
    second = fit_network(tiny(), examples, held_out, labels, long, places=places, talk=talk)
    assert second.facts["ended"] == "the epochs were over"
    assert second.facts["steps"] > 1
    assert any(note.startswith("going on from step 1 of") for note in talk.notes)


def test_a_training_that_is_over_is_not_begun_again(tiny, examples_of, labels, tmp_path):
    places, settings = Places(tmp_path), TrainingSettings(**QUICK | {"epochs": 3, "patience": 1})
    networks = [tiny(), tiny()]
    found = [
        fit_network(
            network, examples_of(), examples_of(40, seed=1), labels, settings, places=places
        )
        for network in networks
    ]
    assert found[0].facts["steps"] == found[1].facts["steps"]
    assert found[0].facts["ended"] == found[1].facts["ended"]
    assert found[0].facts["best"] == found[1].facts["best"]
    np.testing.assert_array_equal(found[0].validation_logits, found[1].validation_logits)
    for one, other in zip(*(network.parameters() for network in networks), strict=True):
        assert torch.equal(one, other)
