"""What a training writes while it runs."""

import builtins
import importlib
import json
import math

import pytest

torch = pytest.importorskip("torch")

from textkind.errors import MissingPackageError, OutputError  # noqa: E402
from textkind.training.recorders import Recorders  # noqa: E402
from textkind.training.settings import Places  # noqa: E402
from textkind.training.steps import Step  # noqa: E402


def step(number, loss=0.5):
    return Step(
        number=number, epoch=0, progress=number / 10, rate=0.1, seconds=1.0, ends_epoch=False,
        loss=loss, gradient=1.0, texts=4, tokens=20, positions=24, skipped=False,
    )  # fmt: skip


def lines_of(path):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    text = path.read_text(encoding="utf-8")
    assert not text or text.endswith("\n")
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def test_every_step_is_a_line_as_soon_as_it_is_over(tmp_path):
    path = tmp_path / "deeper" / "steps.jsonl"
    with Recorders(Places(steps=path), 0) as recorders:
        recorders.record(step(1), None)
        assert len(lines_of(path)) == 1
        recorders.record(step(2), {"accuracy": 0.75})
    first, second = lines_of(path)
    assert first["validation"] is None
    assert second["validation"] == {"accuracy": 0.75}
    assert (second["number"], second["loss"], second["positions"]) == (2, 0.5, 24)
    assert set(first) == {*Step.__dataclass_fields__, "validation"}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_null(tmp_path, value):
    path = tmp_path / "steps.jsonl"
    with Recorders(Places(steps=path), 0) as recorders:
        recorders.record(step(1, loss=value), {"log_loss": value, "accuracy": 1.0})
    (line,) = lines_of(path)
    assert line["loss"] is None
    assert line["validation"] == {"log_loss": None, "accuracy": 1.0}


@pytest.mark.parametrize("cut", [0, 1, 20])
def test_going_on_keeps_the_lines_up_to_the_checkpoint_and_drops_the_rest(tmp_path, cut):
    path = tmp_path / "steps.jsonl"
    with Recorders(Places(steps=path), 0) as recorders:
        for number in range(1, 8):
            recorders.record(step(number), None)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - cut])
    with Recorders(Places(steps=path), 4) as recorders:
        assert [line["number"] for line in lines_of(path)] == [1, 2, 3, 4]
        recorders.record(step(5, loss=0.25), None)
    assert [line["number"] for line in lines_of(path)] == [1, 2, 3, 4, 5]
    assert lines_of(path)[-1]["loss"] == 0.25


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\n", b'{"number": "x"}\n', b"[1]\n", b"null"])
def test_going_on_after_a_file_that_makes_no_sense_begins_it_anew(tmp_path, content):
    path = tmp_path / "steps.jsonl"
    path.write_bytes(content)
    with Recorders(Places(steps=path), 4) as recorders:
        recorders.record(step(5), None)
    assert [line["number"] for line in lines_of(path)] == [5]


def test_a_training_from_the_start_begins_the_file_anew(tmp_path):
    path = tmp_path / "steps.jsonl"
    for _ in range(2):
        with Recorders(Places(steps=path), 0) as recorders:
            recorders.record(step(1), None)
    assert [line["number"] for line in lines_of(path)] == [1]


@pytest.mark.parametrize("name", ["steps", "tensorboard"])
def test_a_place_that_cannot_be_written_is_told(tmp_path, name):
    if name == "tensorboard":
        pytest.importorskip("tensorboard")
    (tmp_path / "file").write_text("")
    places = Places(**{name: tmp_path / "file" / "inside"})
    with pytest.raises(OutputError, match="record of steps") as caught, Recorders(places, 0):
        pass
    assert "inside" in str(caught.value)


def test_a_full_disk_is_told(tmp_path):
    places = Places(steps=tmp_path / "steps.jsonl")

    class Full:
        def write(self, text):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    with Recorders(places, 0) as recorders:
        recorders._lines.close()
        recorders._lines = Full()
        with pytest.raises(OutputError, match="No space left"):
            recorders.record(step(1), None)


def test_what_is_not_the_first_process_writes_nothing(tmp_path):
    places = Places(steps=tmp_path / "steps.jsonl", tensorboard=tmp_path / "board")
    with Recorders(places, 0, enabled=False) as recorders:
        recorders.record(step(1), {"accuracy": 1.0})
    assert not list(tmp_path.iterdir())


def scalars(folder):
    accumulator = importlib.import_module(
        "tensorboard.backend.event_processing.event_accumulator"
    ).EventAccumulator(str(folder))
    accumulator.Reload()
    return {
        tag: [(event.step, event.value) for event in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()["scalars"]
    }


def test_tensorboard_reads_what_was_recorded_and_forgets_what_was_interrupted(tmp_path):
    pytest.importorskip("tensorboard")
    places = Places(tensorboard=tmp_path)
    with Recorders(places, 0) as recorders:
        for number in range(1, 5):
            recorders.record(step(number, loss=1.0), {"accuracy": 0.5} if number == 2 else None)
    with Recorders(places, 2) as recorders:
        recorders.record(step(3, loss=0.25), None)
    found = scalars(tmp_path)
    assert set(found) == {"train/loss", "train/rate", "train/gradient", "validation/accuracy"}
    assert found["train/loss"] == [(1, 1.0), (2, 1.0), (3, 0.25)]
    assert found["validation/accuracy"] == [(2, 0.5)]


def test_without_tensorboard_the_extra_is_named_and_nothing_left_open(tmp_path, monkeypatch):
    real = builtins.__import__

    def missing(name, *arguments, **options):
        if name.split(".")[0] == "tensorboard":
            raise ModuleNotFoundError(f"No module named {name!r}", name="tensorboard")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    monkeypatch.setattr(importlib, "import_module", lambda name: missing(name))
    places = Places(steps=tmp_path / "steps.jsonl", tensorboard=tmp_path / "board")
    with pytest.raises(MissingPackageError, match="tensorboard") as caught, Recorders(places, 0):
        pass
    assert "pip install" in str(caught.value)
