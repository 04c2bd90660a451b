"""textkind similar: texts with one another, and the training texts nearest to each."""

import io
import json
import shutil
import sys
from dataclasses import asdict

import pytest

from tests.cli.conftest import QUICK
from textkind import similar_texts
from textkind.cli import main

ASKED = ["the refund of my invoice", "courier late with my parcel"]


@pytest.fixture
def stdin(monkeypatch):
    def give(text):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    return give


def test_texts_and_their_nearest_are_told(run_folder, capsys):
    assert main(["similar", str(run_folder), *ASKED, "zq", "--top", "2"]) == 0
    told = capsys.readouterr().out
    head, table, *texts = told.strip().split("\n\n")
    assert head.startswith("searched: ")
    assert "texts of the training texts, by the weighted n-grams of the model" in head
    assert [line.split() for line in table.splitlines()][::3] == [
        ["cosine", "1", "2", "3"],
        ["3", "-", "-", "-"],
    ]
    assert texts[0].startswith("1  'the refund of my invoice': billing\n   0.")
    assert texts[1].count("delivery") == 3
    assert texts[2].endswith("   -  nothing in it is known, so it is similar to no text")
    assert "labelled otherwise" not in told


def test_json_has_the_facts_of_the_library(run_folder, capsys):
    assert main(["similar", str(run_folder), *ASKED, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(asdict(similar_texts(run_folder, ASKED))))


def test_one_text_is_told_without_a_table(run_folder, capsys):
    assert main(["similar", str(run_folder), ASKED[0]]) == 0
    assert "cosine" not in capsys.readouterr().out


def test_a_pipe_gives_a_text_a_line(run_folder, capsys, stdin):
    stdin("__label__login " + ASKED[0] + "\r\n\n" + ASKED[1] + "\n")
    assert main(["similar", str(run_folder), "late", "-", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    texts = ["late", "__label__login " + ASKED[0], "", ASKED[1]]
    assert [one["text"] for one in found["texts"]] == texts


def test_texts_and_what_is_searched_cannot_both_come_from_the_pipe(run_folder, capsys):
    assert main(["similar", str(run_folder), "late", "-", "--from", "-"]) == 2
    assert "only one thing can come from the pipe; found '-'" in capsys.readouterr().err


def test_labels_that_differ_from_the_answer_are_marked(run_folder, tmp_path, capsys):
    path = tmp_path / "other.csv"
    path.write_text("text,queue\nthe refund of my invoice,login\nrefund my invoice,billing\n")
    command = ["similar", str(run_folder), ASKED[0], "--from", str(path)]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "searched: 2 of 2 texts of" in told
    marked = [line for line in told.splitlines() if line.startswith("   ") and "*" in line]
    assert len(marked) == 1
    assert "row 2  login" in marked[0]
    assert told.endswith("* labelled otherwise than the text above it is answered\n")


def test_a_run_without_kept_texts_says_what_to_do(run_folder, ticket_file, tmp_path, capsys):
    assert main(["similar", str(run_folder / "model"), "late"]) == 2
    told = capsys.readouterr().err
    assert "a model folder by itself holds no training texts" in told
    assert "or texts with --from FILE" in told
    out = tmp_path / "private"
    command = ["train", str(ticket_file), "--out", str(out), "--quiet", *QUICK]
    assert main([*command, "--keep-texts", "0"]) == 0
    assert main(["similar", str(out), "late"]) == 2
    assert "this run keeps no training texts" in capsys.readouterr().err
    shutil.copy(run_folder / "kept.arrow", out)
    assert main([*command, "--overwrite"]) == 0
    assert main(["similar", str(out), "late", "--quiet"]) == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--top", "0"], "--top"),
        (["--from", "nowhere.csv"], "nowhere.csv"),
        (["--from", "{file}", "--text", "body"], "body"),
    ],
)
def test_what_cannot_be_searched_is_told(run_folder, ticket_file, capsys, more, words):
    asked = [word.replace("{file}", str(ticket_file)) for word in more]
    assert main(["similar", str(run_folder), "late", *asked]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told
