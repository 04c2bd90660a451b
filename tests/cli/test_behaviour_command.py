"""textkind behaviour: a line for each change, flips with examples, labels where they are there."""

import json

import pytest

import textkind
from tests.cli.conftest import WORDS
from textkind.changes.texts import CHANGES
from textkind.cli import main


@pytest.fixture(scope="module")
def short_file(tmp_path_factory):
    """One telling word a text, so that a typo leaves nothing to tell by."""
    path = tmp_path_factory.mktemp("data") / "short.csv"
    rows = [f"{word} {n},{queue}" for queue, words in WORDS.items() for word in words for n in "12"]
    path.write_text("text,queue\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def plain_file(tmp_path):
    path = tmp_path / "plain.csv"
    rows = ["the password is locked", "my invoice was late", "The parcel. It is late.", "", "x"]
    path.write_text("text\n" + "\n".join(f'"{row}"' for row in rows) + "\n")
    return path


def test_every_change_has_its_line_and_flips_their_example(run_folder, short_file, capsys):
    assert main(["behaviour", str(run_folder), str(short_file), "--most", "20"]) == 0
    told = capsys.readouterr().out
    assert "20 of 30 texts of" in told
    assert "accuracy" in told.splitlines()[2]
    for name, change in CHANGES.items():
        line = name.replace("_", " ") + ("" if change.keeps else " (may flip)")
        assert any(one.startswith(line) for one in told.splitlines())
    assert "typos: two letters change places in one word of ten\n    - row " in told
    assert " becomes " in told


def test_labels_are_not_needed_and_empty_texts_do_not_fail(run_folder, plain_file, capsys):
    assert main(["behaviour", str(run_folder), str(plain_file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["labelled"] is False
    assert told["read"] == told["accepted"] + told["rejected"]
    by_name = {one["change"]: one for one in told["changes"]}
    assert set(by_name) == set(CHANGES)
    assert {one["accuracy"] for one in told["changes"]} == {None}
    assert by_name["sentence_order"]["rows"] == 1
    assert by_name["negation"]["rows"] == 3
    assert by_name["negation"]["keeps"] is None
    assert by_name["names"]["rate"] == {"value": None, "low": None, "high": None}


def test_the_library_gives_the_same_and_the_seed_decides(run_folder, short_file, capsys):
    command = ["behaviour", str(run_folder), str(short_file), "--changes", "typos,numbers"]
    assert main([*command, "--json", "--seed", "3"]) == 0
    told = json.loads(capsys.readouterr().out)
    settings = textkind.BehaviourSettings(changes=("typos", "numbers"), seed=3)
    result = textkind.behaviour(run_folder, short_file, settings)
    assert told["changes"] == json.loads(json.dumps(result.changes))
    flipped = next(one for one in told["changes"] if one["change"] == "typos")
    assert flipped["accuracy"]["after"] < flipped["accuracy"]["before"]
    rows = {one["row"] for one in flipped["examples"]}
    assert all(2 <= row <= 31 for row in rows)  # lines of the file, behind its header
    other = textkind.BehaviourSettings(changes=("typos",), seed=4)
    again = textkind.behaviour(run_folder, short_file, other)
    assert again.changes[0]["moved_mean"] != flipped["moved_mean"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--changes", "typo"], "did you mean 'typos'?"),
        (["--changes", ","], "no change is asked for"),
        (["--most", "0"], "--most"),
        (["--label", "nowhere"], "nowhere"),
    ],
)
def test_wrong_questions_say_what_is_wrong(run_folder, ticket_file, capsys, options, words):
    assert main(["behaviour", str(run_folder), str(ticket_file), *options]) == 2
    assert words in capsys.readouterr().err
