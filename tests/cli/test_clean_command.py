"""textkind clean: what was done as text and as JSON."""

import csv
import json

import pytest

from textkind.cli import main

ROWS = ["text,label", "a cat on the mat,animal", "a ship at sea,vessel", "A cat on  the mat,animal",
        ",vessel", "write to me@example.org,vessel"]  # fmt: skip


def rows_of(path):
    return list(csv.reader(path.read_text().splitlines()))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("\n".join(ROWS) + "\n")
    return path


def test_what_went_is_told_by_check_and_every_row_in_a_list(file, tmp_path, capsys):
    out = tmp_path / "out.csv"
    assert main(["clean", str(file), "-o", str(out), "--mask"]) == 0
    told = capsys.readouterr().out
    assert f"3 of 5 rows of {file} are in {out}" in told
    counts = [line.rsplit(maxsplit=1) for line in told.splitlines() if line.startswith("    ")]
    assert [[name.strip(), count] for name, count in counts] == [
        ["repeated_texts", "1"],
        ["rows that could not be read", "1"],
    ]
    assert "1 of them have personal data masked" in told
    assert rows_of(out) == [
        ["text", "label"],
        ["a cat on the mat", "animal"],
        ["a ship at sea", "vessel"],
        ["write to [e-mail]", "vessel"],
    ]
    assert len((tmp_path / "out.csv.changes.jsonl").read_text().splitlines()) == 3


def test_json_has_the_same_counts(file, tmp_path, capsys):
    out = tmp_path / "out.jsonl"
    command = ["clean", str(file), "-o", str(out), "--remove", "repeated_texts", "--json"]
    assert main([*command, "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["read"] == told["kept"] + told["removed"] + told["rejected"] == 5
    assert told["checks"] == {"repeated_texts": 1}
    assert main(command) == 2
    assert "the file exists already" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0


def test_what_goes_may_be_kept_aside_and_the_test_file_stays(file, tmp_path, capsys):
    test = tmp_path / "test.csv"
    test.write_text("text,label\nA SHIP at sea,vessel\n")
    aside = tmp_path / "aside.csv"
    command = ["clean", str(file), str(test), "-o", str(tmp_path / "out.csv")]
    assert main([*command, "--removed", str(aside), "--near", "1"]) == 0
    assert rows_of(aside)[1:] == [
        ["a ship at sea", "vessel"],
        ["A cat on  the mat", "animal"],
    ]
    assert test.read_text() == "text,label\nA SHIP at sea,vessel\n"
    assert "test_texts_in_train" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "words"),
    [(["--remove", "empty_text"], "did you mean 'empty_texts'"), (["--near", "7"], "--near"),
     (["--fix-labels"], "too few to judge labels by")],
)  # fmt: skip
def test_wrong_options_are_told(option, words, file, tmp_path, capsys):
    assert main(["clean", str(file), "-o", str(tmp_path / "out.csv"), *option]) == 2
    assert words in capsys.readouterr().err
