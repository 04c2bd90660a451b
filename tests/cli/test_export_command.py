"""textkind export: what it writes and tells, and how it refuses."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from tests.workflow.conftest import tickets, write_csv
from textkind.cli.commands import main
from textkind.models.networks.settings import MeanPoolSettings
from textkind.models.neural_settings import NeuralSettings
from textkind.training.settings import TrainingSettings
from textkind.workflow.train import TrainSettings, train


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A folder with a run of a network, and with its texts."""
    base = tmp_path_factory.mktemp("export")
    texts, labels = tickets(150)
    rows = list(zip(texts, labels, strict=True))
    file = write_csv(base / "tickets.csv", ("text", "label"), rows)
    training = TrainingSettings(epochs=3, learning_rate=0.1, batch_texts=16)
    network = NeuralSettings(layers=MeanPoolSettings(8), training=training)
    train(file, TrainSettings(out=base / "run", model=network))
    return base


def test_a_run_is_exported_and_verified(base, capsys):
    out = base / "onnx"
    assert main(["export", str(base / "run"), "--to", "onnx", "-o", str(out)]) == 0
    told = capsys.readouterr().out
    assert "9 golden rows answered as before" in told
    assert f"written to {out}" in told
    assert main(["export", "--verify", str(out)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("onnx, a mean_pool model with 3 labels, exported by textkind")
    assert "\nsound: 9 golden rows" in told
    assert main(["export", "--verify", str(out), "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["labels"] == ["billing", "delivery", "login"]
    assert card["gaps"]["probabilities"] < 1e-5


def test_int8_is_counted_on_the_texts_that_the_run_keeps(base, capsys):
    command = ["export", str(base / "run"), "--to", "onnx", "--precision", "int8", "--json",
               "-o", str(base / "int8"), "--max-changed", "2%"]  # fmt: skip
    assert main(command) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["facts"]["rounding"]["of"] == "training texts that the run keeps"
    assert "which it is surer of than of new ones: --check FILE" in said.err
    assert "int8 changes" in said.err


def test_rows_that_cannot_be_looked_at_are_told(base, capsys):
    texts = base / "check.csv"
    texts.write_bytes(b"text\nlate parcel\n\xff\xfe\nrefund\n")
    command = ["export", str(base / "run"), "--to", "onnx", "--precision", "int8", "--check",
               str(texts), "-o", str(base / "checked"), "--max-changed", "90%"]  # fmt: skip
    assert main(command) == 0
    assert "1 of 3 rows are not looked at: not valid UTF-8 (1)" in capsys.readouterr().err


REFUSED = [
    (["--to", "onnx"], "an export needs a target and a place"),
    (["-o", "OUT"], "an export needs a target and a place"),
    (["--to", "onx", "-o", "OUT"], "there is no such target; found 'onx'\nhint: did you mean"),
    (
        ["--to", "onnx", "-o", "OUT", "--check", "x.csv"],
        "check goes with precision int8: in float32 nothing is rounded",
    ),
    (["--to", "onnx", "-o", "OUT", "--max-changed", "1%"], "most_changed goes with precision int8"),
    (
        ["--to", "onnx", "-o", "FOREIGN"],
        "the folder exists and holds other things, so it is not replaced",
    ),
    (["--verify"], "not a textkind export: it has no MANIFEST.json"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_cannot_be_is_refused_in_words(base, capsys, tmp_path, options, words):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("mine")
    places = {"OUT": str(tmp_path / "out"), "FOREIGN": str(foreign)}
    options = [places.get(option, option) for option in options]
    assert main(["export", str(base / "run"), *options]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert (foreign / "thesis.txt").read_text() == "mine"


def test_a_model_that_a_target_does_not_take_is_named(run_folder, capsys, tmp_path):
    assert main(["export", str(run_folder), "--to", "onnx", "-o", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "onnx is for models of the kinds mean_pool, perceptron" in told
    assert "found 'a linear model'" in told


def test_an_export_is_replaced_only_where_asked(base, capsys):
    out = base / "again"
    command = ["export", str(base / "run"), "--to", "onnx", "-o", str(out)]
    assert main(command) == 0
    assert main(command) == 2
    assert "the folder exists already" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0


def test_an_altered_export_is_told_in_words(base, capsys):
    out = base / "altered"
    assert main(["export", str(base / "run"), "--to", "onnx", "-o", str(out)]) == 0
    graph = out / "model.onnx"
    data = np.frombuffer(graph.read_bytes(), np.uint8).copy()
    data[-20] ^= 1
    graph.write_bytes(data.tobytes())
    capsys.readouterr()
    assert main(["export", "--verify", str(out)]) == 2
    assert "the file was altered: its checksum differs" in capsys.readouterr().err
