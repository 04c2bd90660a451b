"""textkind audit: findings as text, as JSON, and as an exit code."""

import csv
import gzip
import json

import pytest

from textkind.cli import main

ROWS = [
    (f"text number {number} about {'cats' if number % 2 else 'ships'} and {number * 7}",
     "animal" if number % 2 else "vessel", f"user {number // 3}")
    for number in range(60)
]  # fmt: skip


def write(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label", "user"), *rows])
    return str(path)


@pytest.fixture
def files(tmp_path):
    test = [*ROWS[:2], ("another of cats", "animal", "user 1"), ("more ships", "vessel", "user 1")]
    return write(tmp_path / "train.csv", ROWS), write(tmp_path / "test.csv", test)


def test_findings_are_told_with_rows_and_advice(files, capsys):
    assert main(["audit", *files]) == 0
    told = capsys.readouterr().out
    assert "serious: 2 of 4 test rows have a text that is in train" in told
    assert "test row 2, vessel, train row 2: text number 0" in told
    assert "judge on the other rows" in told
    assert told.index("serious:") < told.index("warning:")


def test_strict_ends_with_one_where_a_finding_is_serious(files, capsys):
    assert main(["audit", *files, "--strict"]) == 1
    assert main(["audit", files[0], "--strict"]) == 0
    assert capsys.readouterr().err.count("error") == 0


def test_json_has_the_same_findings_and_every_row_is_accounted_for(files, capsys):
    assert main(["audit", *files, "--group", "user", "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["read"] == found["accepted"] + found["rejected"] == 64
    by_check = {one["check"]: one for one in found["findings"]}
    assert by_check["test_texts_in_train"]["rows"] == 2
    groups = by_check["groups_on_both_sides"]
    assert (groups["rows"], groups["facts"]["column"]) == (4, "user")
    assert groups["examples"][0]["user"] == "user 0"


def test_fewer_examples_and_another_similarity(files, capsys):
    assert main(["audit", *files, "--examples", "0", "--near", "0.5"]) == 0
    assert "    - " not in capsys.readouterr().out
    assert main(["audit", *files, "--near", "2"]) == 2
    assert "--near" in capsys.readouterr().err


def test_labels_are_judged_where_that_is_asked(tmp_path, capsys):
    rows = [
        (
            f"{'cats purr' if number % 2 else 'ships sail'} at {number}",
            "animal" if (number % 2) ^ (number == 8) else "vessel",
            "",
        )
        for number in range(200)
    ]
    file = write(tmp_path / "noisy.csv", rows)
    assert main(["audit", file, "--labels"]) == 0
    told = capsys.readouterr().out
    assert "note: 1 of 200 train labels are likely wrong" in told
    assert "train row 10, animal, suggested vessel, quality 0" in told
    assert main(["audit", file]) == 0
    assert "likely wrong" not in capsys.readouterr().out
    few = write(tmp_path / "few.csv", rows[:4])
    assert main(["audit", few, "--labels"]) == 2
    assert "4 rows are too few to judge labels by" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["words.txt", "vectors.vec.gz", "tokenizer.json"])
def test_ready_made_words_of_the_test_file_are_found(kind, files, tmp_path, capsys):
    texts = [row[0] for row in ROWS] + ["another of cats", "more ships"]
    words = sorted({word for text in texts for word in text.split()})
    if kind == "tokenizer.json":
        vocabulary = {f"\u0120{word}": place for place, word in enumerate(words)}
        content = json.dumps({"model": {"vocab": vocabulary | {"##ing": len(words)}}}).encode()
    else:
        content = "".join(f"{word} 0.1 0.2\n" for word in words).encode()
    path = tmp_path / kind
    path.write_bytes(gzip.compress(content) if kind.endswith(".gz") else content)
    assert main(["audit", *files, "--vocabulary", str(path), "--strict"]) == 1
    assert "words of the vocabulary stand in test texts alone" in capsys.readouterr().out
    assert main(["audit", files[0], "--vocabulary", str(path), "--strict"]) == 0


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("none.txt", None, "cannot be read"), ("empty.txt", b"", "no vocabulary"),
     ("odd.json", b"[1]", "no vocabulary"), ("binary.bin", b"\xff\xfe\x00", "no vocabulary")],
)  # fmt: skip
def test_a_file_without_words_is_told(name, content, words, files, tmp_path, capsys):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert main(["audit", *files, "--vocabulary", str(path)]) == 2
    assert words in capsys.readouterr().err


def test_times_that_cannot_be_read_are_told_with_row_and_value(tmp_path, capsys):
    path = tmp_path / "times.csv"
    rows = [
        "text,label,day",
        "a cat,animal,soon",
        "a ship,vessel,2024-01-01",
        "a dog,animal,",
        "a cow,animal,2024-01-02",
    ]
    path.write_text("\n".join(rows) + "\n")
    assert main(["audit", str(path), "--time", "day", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["rejected"] == 2
    assert "2 of 4 rows rejected: time unreadable (2)" in told.err
    path.write_text("text,label,day\na cat,animal,soon\na ship,vessel,later\n")
    assert main(["audit", str(path), "--time", "day"]) == 2
    told = capsys.readouterr().err
    assert "times.csv, line 2: column 'day' holds no times that can be read; found 'soon'" in told


@pytest.mark.parametrize("option", [[], ["--labels"]])
def test_the_same_text_throughout_one_row_a_class_and_groups_of_one(option, tmp_path, capsys):
    same = write(tmp_path / "same.csv", [("one text", "ab"[n % 2], f"u{n}") for n in range(40)])
    assert main(["audit", same, "--group", "user", *option, "--json", "--quiet"]) == 0
    found = {one["check"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert found["conflicting_labels"]["rows"] == 40
    assert found["repeated_texts"]["rows"] == found["near_duplicates_within"]["rows"] == 39
    classes = write(tmp_path / "classes.csv", [(f"text {n}", f"class {n}", "") for n in range(12)])
    code = main(["audit", classes, *option, "--json", "--quiet"])
    told = capsys.readouterr()
    if option:
        assert code == 2
        assert "12 rows are too few to judge labels by" in told.err
    else:
        findings = json.loads(told.out)["findings"]
        assert [one["check"] for one in findings if one["severity"] != "note"] == ["rare_labels"]


def test_nothing_to_say(tmp_path, capsys):
    path = write(
        tmp_path / "few.csv", [("one cat here", "a", "x"), ("two dogs there", "b", "y")] * 1
    )
    assert main(["audit", path]) == 0
    assert "findings" in capsys.readouterr().out
