"""textkind errors: mistakes by group as text, as JSON, and row by row."""

import csv
import json
import re

import pytest

import textkind
from tests.cli.conftest import QUICK, WORDS
from textkind.cli import main


@pytest.fixture(scope="module")
def wrong_file(ticket_file, tmp_path_factory):
    """The tickets, each fourth with a negation and the label of another queue."""
    with ticket_file.open(newline="") as file:
        header, *rows = csv.reader(file)
    queues = sorted(WORDS)
    for row, (text, label) in enumerate(rows):
        if row % 4 == 0:
            rows[row] = [f"not {text} anymore", queues[(queues.index(label) + 1) % 3]]
    path = tmp_path_factory.mktemp("data") / "wrong.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_groups_are_told_with_rates_advice_and_examples(
    run_folder, ticket_file, wrong_file, capsys
):
    assert main(["errors", str(run_folder), str(wrong_file), "--train", str(ticket_file)]) == 0
    told = capsys.readouterr().out
    assert "300 rows of" in told
    assert "75 wrong: 25.0 %" in told
    line = next(line for line in told.splitlines() if line.startswith("negation "))
    assert line.split()[1:3] == ["75", "75"]
    assert "100.0 %  4.00" in line
    assert "negation: a word that negates\n    a model that reads word order" in told
    assert re.search(r"^    - row \d+, \w+, taken for \w+: not ", told, re.M)
    assert "not looked for: truncated (needs a model with a limit of tokens)" in told
    assert "mistakes have more often: 'anymore' (75 of 75), 'not' (75 of 75)" in told


def test_without_the_training_texts_it_says_what_was_left_out(run_folder, wrong_file, capsys):
    assert main(["errors", str(run_folder), str(wrong_file), "--examples", "0"]) == 0
    told = capsys.readouterr().out
    assert "not looked for: rare words, unlike training (needs the training texts: --train" in told
    assert "    - row" not in told


def test_json_and_the_library_have_the_same_facts_and_all_mistakes_are_written(
    run_folder, wrong_file, tmp_path, capsys
):
    out = tmp_path / "mistakes.jsonl"
    command = ["errors", str(run_folder), str(wrong_file), "--json", "-o", str(out)]
    assert main(command) == 0
    streams = capsys.readouterr()
    told = json.loads(streams.out)
    assert f"75 mistakes written to {out}" in streams.err
    result = textkind.explain_mistakes(run_folder, wrong_file)
    assert told["figures"] == json.loads(json.dumps(result.figures))
    assert told["read"] == told["accepted"] + told["rejected"] == 300
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(records) == told["figures"]["mistakes"]["hits"] == 75
    assert all("negation" in record["groups"] and record["cluster"] for record in records)
    by_group = {group["group"]: group["mistakes"] for group in told["figures"]["groups"]}
    for name, number in by_group.items():
        assert sum(name in record["groups"] for record in records) == number
    assert main(command) == 2
    assert "the file exists already" in capsys.readouterr().err


def test_no_mistake_is_said_to_be_none(run_folder, ticket_file, capsys):
    assert main(["errors", str(run_folder), str(ticket_file)]) == 0
    streams = capsys.readouterr()
    assert streams.out.strip().endswith("no mistake among them")
    assert "these are the texts the model was trained on" in streams.err


def test_a_file_of_one_label_can_be_grouped(run_folder, tmp_path, capsys):
    path = tmp_path / "one.csv"
    path.write_text("text,queue\n" + "the parcel is late,billing\n" * 8)
    assert main(["errors", str(run_folder), str(path)]) == 0
    assert "8 rows of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("text\nwhere is my parcel\n", "queue"),
        ("text,queue\n,billing\n", "none of 1 rows can be used"),
        ("text,queue\nwhere is it,unheard of\n", "none of the labels is known"),
    ],
)
def test_files_that_cannot_be_grouped_say_why(run_folder, tmp_path, capsys, content, words):
    path = tmp_path / "bad.csv"
    path.write_text(content)
    assert main(["errors", str(run_folder), str(path)]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told


def test_several_labels_and_a_model_without_vectors(tmp_path, capsys):
    texts = [
        (f"{WORDS[queue][n % 5]} and {WORDS['login'][n % 5]} {n}", f"{queue};login")
        for n in range(60)
        for queue in ("billing", "delivery")
    ]
    path = tmp_path / "tags.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "tags"), *texts, ("not a parcel at all", "billing")])
    out = tmp_path / "run"
    asked = ["--label", "tags", "--label-delimiter", ";"]
    assert main(["train", str(path), *asked, "--out", str(out), "--quiet", *QUICK[:4]]) == 0
    capsys.readouterr()
    assert main(["errors", str(out), str(path), "--train", str(path), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert figures["space"] == "words of the texts"
    assert "other_neighbours" in figures["not_looked_for"]
    assert figures["rows"] == 121
