"""textkind map: a page or a table of points, and what they show in words."""

import json
import sys

import pytest

from tests.cli.conftest import QUICK
from textkind.cli import main


def test_a_page_is_written_and_told_in_words(run_folder, ticket_file, tmp_path, capsys):
    out = tmp_path / "map.html"
    assert main(["map", str(run_folder), str(ticket_file), "-o", str(out)]) == 0
    told = capsys.readouterr().out
    lines = [line.split() for line in told.splitlines()]
    assert f"300 of 300 texts of {ticket_file}, by the weighted n-grams of the model" in told
    assert ["texts", "same", "of", "5", "nearest"] in lines
    assert [line[0] for line in lines if line and line[0] in ("billing", "delivery", "login")]
    assert told.endswith(f"written to {out}\n")
    assert out.read_text().count("<path d=") == 300 + 3
    assert main(["map", str(run_folder), str(ticket_file), "-o", str(out), "--json"]) == 2
    assert "exists" in capsys.readouterr().err


def test_json_has_the_figures(run_folder, ticket_file, tmp_path, capsys):
    out = tmp_path / "points.csv"
    command = ["map", str(run_folder), str(ticket_file), "-o", str(out), "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["points"], found["figures"]["texts"], found["output"]) == (300, 300, str(out))
    assert len(out.read_text().splitlines()) == 301


def test_train_draws_the_map_that_is_asked_for(ticket_file, tmp_path, capsys):
    out = tmp_path / "run"
    command = ["train", str(ticket_file), "--out", str(out), "--quiet", *QUICK, "--map", "none"]
    assert main(command) == 0
    assert json.loads((out / "metrics.json").read_text())["map"] is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["-o", "map.png"], "a map is a page or a table of points"),
        (["-o", "map.html", "--map", "tsne"], "--map"),
        (["-o", "map.html", "--text", "body"], "body"),
        ([], "-o"),
    ],
)
def test_what_cannot_be_drawn_is_told(
    run_folder, ticket_file, tmp_path, monkeypatch, capsys, more, words
):
    monkeypatch.chdir(tmp_path)
    assert main(["map", str(run_folder), str(ticket_file), *more]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told
    assert not list(tmp_path.iterdir())


def test_without_the_package_the_extra_is_named(
    run_folder, ticket_file, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "umap", None)
    out = str(tmp_path / "map.html")
    assert main(["map", str(run_folder), str(ticket_file), "-o", out, "--map", "umap"]) == 2
    assert "pip install 'textkind[map]'" in capsys.readouterr().err
