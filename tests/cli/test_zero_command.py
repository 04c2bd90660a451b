"""textkind zero: from names on the command line to labelled texts."""

import json

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.models.encoder_folders import write_encoder
from textkind.cli import main


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return str(write_encoder(tmp_path_factory.mktemp("encoder") / "bert"))


@pytest.fixture
def labels(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("label,description\nred_cat,\nblueDog,a dog that walks\n")
    return path


def test_a_model_of_names_predicts_and_is_evaluated_as_any_other(labels, encoder, tmp_path, capsys):
    texts, out = tmp_path / "texts.csv", tmp_path / "model"
    texts.write_text("text,label\nthe red cat,red_cat\nblue dogs walk,blueDog\n")
    command = ["zero", str(labels), "--out", str(out), "--encoder", encoder, "--threads", "1"]
    assert main([*command, "--unlabelled", str(texts)]) == 0
    told = capsys.readouterr()
    assert "not calibrated" in told.err
    assert "1 of 2 labels lack a description" in told.err
    assert "2: blueDog, red_cat" in told.out
    assert main(["evaluate", str(out), str(texts), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accepted"] == 2
    assert main(["predict", str(out), str(texts), "-o", str(tmp_path / "labelled.csv")]) == 0
    assert main(command) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main([*command, "--overwrite", "--template", "{label} ran"]) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "no label names"), ("a\n", "one label name"), ("a\nb\na\n", "same label name twice")],
)
def test_labels_that_make_no_sense_are_refused(content, words, encoder, tmp_path, capsys):
    path = tmp_path / "labels.txt"
    path.write_text(content)
    out = tmp_path / "model"
    assert main(["zero", str(path), "--out", str(out), "--encoder", encoder]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()
