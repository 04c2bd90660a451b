"""The commands with a network: train, evaluate, predict, show, and what they say without torch."""

import csv
import json
import subprocess
import sys

import pytest

from textkind.classifier import MODELS, model_kind
from textkind.cli import main
from textkind.cli.figures import model_table
from textkind.errors import MissingPackageError

CNN = [
    "--model", "cnn", "--width", "8", "--windows", "1,2", "--filters", "8", "--epochs", "6",
    "--learning-rate", "0.03", "--threads", "1", "--precision", "float32",
]  # fmt: skip


@pytest.fixture(scope="module")
def neural_run(ticket_file, tmp_path_factory):
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("runs") / "cnn"
    assert main(["train", str(ticket_file), "--out", str(folder), "--quiet", *CNN]) == 0
    return folder


def test_train_learns_and_tells_the_settings(neural_run):
    metrics = json.loads((neural_run / "metrics.json").read_text())
    assert metrics["test"]["accuracy"]["value"] > 0.9
    card = json.loads((neural_run / "model" / "model.json").read_text())
    assert card["kind"] == "cnn"
    assert card["config"]["facts"]["settings"]["layers"]["windows"] == [1, 2]
    assert card["config"]["facts"]["ended"] in ("the epochs were over", "validation gained no more")


def test_train_as_json_prints_what_metrics_json_holds(ticket_file, neural_run, tmp_path, capsys):
    words = ["train", str(ticket_file), "--out", str(tmp_path / "run"), "--json", "--quiet"]
    assert main([*words, *CNN]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.pop("folder") == str(tmp_path / "run")
    assert told == json.loads((tmp_path / "run" / "metrics.json").read_text())
    # the same seed, another run: the same model
    weights = [
        folder / "model" / "weights.safetensors" for folder in (neural_run, tmp_path / "run")
    ]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_predict_gives_labels_and_probabilities(neural_run, ticket_file, tmp_path):
    out = tmp_path / "predictions.csv"
    words = ["predict", str(neural_run), str(ticket_file), "-o", str(out), "--quiet"]
    assert main([*words, "--threads", "1"]) == 0
    with out.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    with ticket_file.open(newline="", encoding="utf-8") as file:
        gold = [row["queue"] for row in csv.DictReader(file)]
    label = next(name for name in found[0] if "label" in name)
    assert sum(row[label] == name for row, name in zip(found, gold, strict=True)) > 280


def test_evaluate_and_show_tell_figures(neural_run, ticket_file, capsys):
    assert main(["evaluate", str(neural_run), str(ticket_file), "--quiet", "--threads", "1"]) == 0
    assert "accuracy" in capsys.readouterr().out
    assert main(["show", str(neural_run)]) == 0
    told = capsys.readouterr().out
    assert "cnn" in told
    assert "tokens words" in told
    assert "billing, delivery, login" in told


def test_show_names_no_tokens_of_ours_where_vectors_bring_their_own(neural_run):
    card = json.loads((neural_run / "model" / "model.json").read_text())
    card["config"]["facts"]["settings"]["vectors"] = "distilled"
    told = model_table(card | {"bytes": {"weights.safetensors": 1}}, None)
    assert "vectors distilled" in told
    assert "tokens words" not in told


def test_options_of_the_training_write_what_they_promise(ticket_file, tmp_path, capsys):
    pytest.importorskip("torch")
    places = ["--checkpoints", str(tmp_path / "kept"), "--steps", str(tmp_path / "steps.jsonl")]
    words = ["train", str(ticket_file), "--out", str(tmp_path / "run"), *places, *CNN]
    assert main([*words, "--budget", "0.00006s"]) == 0
    assert len(list((tmp_path / "kept").glob("step-*.safetensors"))) == 1
    assert len((tmp_path / "steps.jsonl").read_text().splitlines()) == 1
    facts = json.loads((tmp_path / "run" / "model" / "model.json").read_text())["config"]["facts"]
    assert facts["ended"] == "the time was spent"
    capsys.readouterr()
    assert main([*words, "--overwrite"]) == 0  # with all the time there is, from where it ended
    assert "going on from step 1" in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name].needs == "torch"])
def test_a_network_without_torch_names_the_extra(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    kind = model_kind(name)
    extra = "pretrained" if name in ("frozen", "pretrained") else "neural"
    for part in (kind.fit, kind.model):
        with pytest.raises(MissingPackageError, match="torch") as caught:
            kind.part(part)
        assert f"pip install 'textkind[{extra}]'" in str(caught.value)


def without_torch(*words):
    code = (
        "import sys; sys.modules['torch'] = None; from textkind.cli import main; "
        "sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True
    )


@pytest.mark.parametrize("command", ["train", "evaluate", "predict"])
def test_commands_without_torch_name_the_extra_and_leave_nothing(
    command, ticket_file, neural_run, tmp_path
):
    words = {
        "train": [ticket_file, "--out", tmp_path / "run", "--model", "cnn"],
        "evaluate": [neural_run, ticket_file],
        "predict": [neural_run, ticket_file, "-o", tmp_path / "out.csv"],
    }[command]
    result = without_torch(command, *words)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "the package torch, needed for this model, is not installed" in result.stderr
    assert "hint: pip install 'textkind[neural]'" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_linear_model_needs_no_torch(run_folder, ticket_file, tmp_path):
    result = without_torch("predict", run_folder, ticket_file, "-o", tmp_path / "out.csv")
    assert result.returncode == 0, result.stderr


def test_the_second_of_several_processes_prints_and_writes_nothing(
    ticket_file, tmp_path, capsys, monkeypatch
):
    pytest.importorskip("torch")
    monkeypatch.setenv("RANK", "1")  # as torchrun tells it
    monkeypatch.chdir(tmp_path)
    words = ["train", str(ticket_file), "--out", str(tmp_path / "run"), *CNN, "--epochs", "1"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
    assert list(tmp_path.iterdir()) == []
