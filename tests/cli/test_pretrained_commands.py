"""Pretrained encoders by the commands: trained, shown, predicted with, and what is refused."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from tests.models.encoder_folders import write_encoder
from tests.workflow.conftest import rung_here
from textkind.cli import main
from textkind.models import quick_reading
from textkind.workflow import job_runner
from textkind.workflow.ladder import LADDER

TOPICS = {"animal": ["cat", "dog"], "color": ["red", "blue"]}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoders") / "tiny", scale=0.1)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("data") / "texts.csv"
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("text", "label"))
        for _ in range(300):
            label = str(random.choice(sorted(TOPICS)))
            words = [*random.choice(["the", "sat", "ran"], 3), random.choice(TOPICS[label])]
            random.shuffle(words)
            writer.writerow((" ".join(words), label))
    return path


@pytest.fixture(scope="module", params=["frozen", "pretrained"])
def run(request, encoder, file, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / request.param
    words = ["train", str(file), "--model", request.param, "--encoder", str(encoder)]
    if request.param == "pretrained":
        words += ["--freeze", "1", "--epochs", "2", "--learning-rate", "0.003"]
    assert main([*words, "--out", str(out), "--threads", "1", "--strength", "30"]) == 0
    return out


def test_the_run_says_what_was_trained(run):
    metrics = json.loads((run / "metrics.json").read_text())
    fit = metrics["fit"]
    assert fit["model"] == run.name
    assert fit["encoder"] == "tiny"
    assert len(fit["encoder_sha256"]) == 64
    assert fit["settings"]["layers"]["strength"] == 30
    assert metrics["test"]["accuracy"]["value"] > 0.9
    page = (run / "report.html").read_text()
    assert "The encoder." in page


def test_show_tells_its_settings_without_its_numbers(run, capsys):
    assert main(["show", str(run)]) == 0
    told = capsys.readouterr().out
    assert "strength 30" in told
    assert "architecture" not in told


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "auto"])
def test_prediction_in_any_precision_gives_the_labels(run, file, precision, tmp_path, capsys):
    out = tmp_path / "out.csv"
    words = ["predict", str(run), str(file), "-o", str(out), "--threads", "1"]
    assert main([*words, "--precision", precision]) == 0
    with out.open(newline="") as rows:
        found = [row["predicted_label"] == row["label"] for row in csv.DictReader(rows)]
    assert np.mean(found) > 0.9


@pytest.mark.parametrize("enough", [0, 1 << 30], ids=["enough to read", "little to read"])
def test_prediction_tells_that_onnxruntime_reads(enough, run, file, tmp_path, capsys, monkeypatch):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(quick_reading, "ENOUGH", enough)
    assert main(["predict", str(run), str(file), "-o", str(tmp_path / "out.csv")]) == 0
    told = "the encoder was computed by onnxruntime, in float32\n"
    assert (told in capsys.readouterr().err) == (enough == 0)


def test_the_precision_of_a_linear_model_cannot_be_chosen(file, tmp_path, capsys):
    run = tmp_path / "linear"
    assert main(["train", str(file), "--out", str(run), "--features", "words"]) == 0
    capsys.readouterr()
    assert main(["predict", str(run), str(file), "--precision", "bfloat16"]) == 2
    assert "only networks" in capsys.readouterr().err


def test_the_ladder_climbs_to_the_encoder_that_is_asked_for(
    encoder, file, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    quick = LADDER["pretrained"]()
    quick = replace(quick, training=replace(quick.training, epochs=2, learning_rate=0.003))
    monkeypatch.setitem(LADDER, "pretrained", lambda: quick)
    monkeypatch.setattr(job_runner, "run_isolated", rung_here)
    ladder, models = tmp_path / "ladder", ("linear", "frozen", "pretrained", "stack")
    words = ["compare", str(file), "--models", ",".join(models), "--out", str(ladder)]
    assert main([*words, "--encoder", str(encoder), "--threads", "1", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["settings"]["encoder"]["name"] == "tiny"
    rungs = {rung["name"]: rung for rung in facts["rungs"]}
    for name in models[:3]:
        assert rungs[name]["status"] == "finished"
        assert rungs[name]["test"]["accuracy"]["value"] > 0.9
    assert rungs["stack"]["reason"] is None or "no mixture" in rungs["stack"]["reason"]
    for name in ("frozen", "pretrained"):
        assert rungs[name]["unread"]["texts_cut"] == 0
        model = str(ladder / "models" / name)
        assert main(["predict", model, str(file), "-o", str(tmp_path / f"{name}.csv")]) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--models", "linear,cnn", "--encoder", "e"], "starts from a pretrained encoder"),
        (["--models", "linear,frozen", "--encoder", "/nowhere/at/all"], "no such folder"),
        (["--models", "linear,frozen", "--revision", "main"], "a revision is of an encoder"),
    ],
)
def test_a_ladder_that_cannot_have_its_encoder_is_not_begun(words, told, file, tmp_path, capsys):
    assert main(["compare", str(file), *words, "--out", str(tmp_path / "ladder")]) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--model", "frozen", "--encoder", "/nowhere/at/all"], "no such folder"),
        (["--model", "frozen", "--dropout", "0.1"], "not for the frozen"),
        (["--model", "frozen", "--vectors", "distilled"], "brings its own"),
        (["--model", "frozen", "--tokens", "bpe"], "brings its own"),
        (["--model", "pretrained", "--max-tokens", "500"], "positions for 38 tokens"),
        (["--model", "pretrained", "--freeze", "4"], "3 layers to freeze"),
        (["--model", "pretrained", "--layer-decay", "1.5"], "layer-decay"),
        (["--model", "cnn", "--strength", "3"], "option of the linear model"),
    ],
)
def test_what_makes_no_sense_is_refused(words, told, encoder, file, tmp_path, capsys):
    if "--encoder" not in words and words[1] != "cnn":
        words = [*words, "--encoder", str(encoder)]
    assert main(["train", str(file), *words, "--out", str(tmp_path / "run")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_encoder_of_pickles_is_refused_with_a_word_on_how_to_convert(
    encoder, file, tmp_path, capsys
):
    folder = tmp_path / "pickled"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_bytes((encoder / name).read_bytes())
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04")
    assert main(["train", str(file), "--model", "frozen", "--encoder", str(folder)]) == 2
    told = capsys.readouterr().err
    assert "are a pickle" in told
    assert "save_pretrained" in told
