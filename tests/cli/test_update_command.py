"""textkind update: tables, JSON, the exit codes, and that nothing is left where it refuses."""

import csv
import json

import numpy as np
import pytest

from tests.cli.conftest import COMMON, WORDS
from textkind.cli import main


@pytest.fixture(scope="module")
def march(tmp_path_factory):
    """New tickets, some of a label that is new."""
    path = tmp_path_factory.mktemp("data") / "march.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "queue"])
        for row in range(60):
            writer.writerow([f"please swap the size of my shoes {row}", "returns"])
            writer.writerow([f"courier late with my parcel {row} today", "delivery"])
        writer.writerow(["", "billing"])
    return path


def update(capsys, *words):
    code = main(["update", *map(str, words), "--map", "none"])
    return code, *capsys.readouterr()


def test_what_changed_is_printed_and_a_run_folder_written(run_folder, march, tmp_path, capsys):
    out = tmp_path / "out"
    code, told, err = update(capsys, run_folder, march, "-o", out)
    assert code == 0
    assert f"update      1 of {run_folder.name}, by march.csv" in told
    assert "new labels  1" in told
    assert "old test texts" in told
    assert "accuracy among old labels" in told
    assert "new test texts" in told
    assert "1 label is new: 'returns'" in err
    assert "1 of 121 rows rejected" in err
    names = {path.name for path in out.iterdir()}
    assert {"kept.arrow", "held_out.arrow", "rejected.jsonl", "report.html", "model"} <= names
    page = (out / "report.html").read_text()
    assert "What the update changed" in page
    assert 'href="#update"' in page
    code, _, err = update(capsys, run_folder, march, "-o", out, "--quiet")
    assert code == 2  # it is there
    assert "--overwrite" in err


def test_json_is_one_document_with_the_folder(run_folder, march, tmp_path, capsys):
    out = tmp_path / "out"
    code, told, _ = update(capsys, run_folder, march, "-o", out, "--json", "--quiet")
    document = json.loads(told, parse_constant=pytest.fail)
    assert code == 0
    assert document["folder"] == str(out)
    assert document["update"]["new_labels"] == ["returns"]
    assert document["command"].startswith("textkind update ")


def test_what_is_worse_ends_with_exit_code_2_and_leaves_nothing(run_folder, tmp_path, capsys):
    path = tmp_path / "wrong.csv"
    labels = sorted(WORDS)
    random = np.random.default_rng(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "queue"])
        for row in range(600):  # every label is another one
            place = row % 3
            words = [*random.choice(WORDS[labels[place]], 2), *random.choice(COMMON, 4), "x", row]
            writer.writerow([" ".join(map(str, words)), labels[(place + 1) % 3]])
    out = tmp_path / "out"
    code, told, err = update(capsys, run_folder, path, "-o", out, "--quiet", "--figure", "macro_f1")
    assert (code, told) == (2, "")
    assert "the updated model is significantly worse on the old test texts" in err
    assert "macro_f1" in err
    assert "--force" in err
    assert not out.exists()
    code, told, _ = update(capsys, run_folder, path, "-o", out, "--quiet", "--force")
    assert code == 0
    assert (out / "model").is_dir()


def test_errors_say_what_to_do(run_folder, march, tmp_path, capsys):
    code, _, err = update(capsys, run_folder / "model", march, "--quiet")
    assert code == 2
    assert "name the run folder that `textkind train` wrote" in err
    code, _, err = update(capsys, run_folder, tmp_path / "none.csv", "--quiet")
    assert code == 2
    assert "none.csv" in err
