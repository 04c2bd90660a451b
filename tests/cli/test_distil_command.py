"""textkind distil: what it prints, what it writes, and what it refuses."""

import json

import pytest

from tests.workflow.conftest import rung_here
from textkind.cli import main
from textkind.workflow import job_runner
from textkind.workflow.distil import STUDENTS


def test_the_table_has_teacher_student_and_the_labels_alone(
    run_folder, ticket_file, tmp_path, capsys
):
    out = tmp_path / "student"
    words = ["distil", str(run_folder), str(ticket_file), "--to", "linear", "--out", str(out)]
    assert main([*words, "--unlabelled", str(ticket_file)]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].split()[:3] == ["kind", "accuracy", "95"]
    assert [line.split("  ")[0] for line in lines[1:4]] == ["teacher", "student", "labels alone"]
    assert "student to teacher" in said.out
    assert "without a label 0" in said.out
    assert "left out" in said.err
    assert main(words) == 2
    assert "--overwrite" in capsys.readouterr().err


def test_json_is_what_the_folder_holds(run_folder, ticket_file, tmp_path, capsys):
    out = tmp_path / "student"
    words = ["distil", str(run_folder), str(ticket_file), "--to", "linear", "--label-share", "0"]
    assert main([*words, "--out", str(out), "--quiet", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.pop("folder") == str(out)
    assert told == json.loads((out / "metrics.json").read_text())
    assert told["distil"]["label_share"] == 0
    assert told["command"].startswith("textkind distil ")


def test_a_stack_of_a_comparison_is_a_teacher(ticket_file, tmp_path, capsys, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(job_runner, "run_isolated", rung_here)
    ladder, out = tmp_path / "ladder", tmp_path / "student"
    words = ["compare", str(ticket_file), "--models", "linear,perceptron,stack", "--threads", "1"]
    assert main([*words, "--budget", "none", "--out", str(ladder), "--quiet"]) == 0
    capsys.readouterr()
    words = ["distil", str(ladder / "models" / "stack"), str(ticket_file), "--to", "linear"]
    assert main([*words, "--threads", "1", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert not any("teacher" in note for note in told["notes"])
    compared = json.loads((ladder / "compare.json").read_text())
    stack = next(one for one in compared["rungs"] if one["name"] == "stack")
    teacher, student, _ = told["distil"]["models"]
    assert (teacher["kind"], student["kind"]) == ("stack", "linear")
    assert teacher["test"]["accuracy"]["value"] == stack["test"]["accuracy"]["value"]
    assert student["test"]["accuracy"]["value"] > 0.9
    assert main(["predict", str(out), str(ticket_file), "-o", str(tmp_path / "out.csv")]) == 0


def test_options_of_splitting_stand_over_the_teachers(run_folder, ticket_file, tmp_path, capsys):
    out = tmp_path / "student"
    words = ["distil", str(run_folder), str(ticket_file), "--to", "linear", "--out", str(out)]
    assert main([*words, "--seed", "4", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["data"]["split"]["seed"] == 4
    assert "not split as it was for the teacher" in said.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--to", "lineer"], "did you mean 'linear'"),
        (["--to", "linear", "--temperature", "2"], "as they are"),
        (["--to", "linear", "--label-share", "2"], "no number of 0 to 1"),
        (["--to", "static", "--temperature", "0"], "no number of 0.1 to 100"),
        (["--to", "linear", "--test-share", "0"], "needs a test part"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(run_folder, ticket_file, words, told, capsys):
    assert main(["distil", str(run_folder), str(ticket_file), *words]) == 2
    assert told in capsys.readouterr().err


def test_a_teacher_that_is_not_there_is_told(ticket_file, tmp_path, capsys):
    words = ["distil", str(tmp_path / "none"), str(ticket_file), "--to", "linear"]
    assert main(words) == 2
    assert str(tmp_path / "none") in capsys.readouterr().err


def test_the_help_names_every_student(capsys):
    with pytest.raises(SystemExit):
        main(["distil", "--help"])
    said = capsys.readouterr().out
    assert all(f"{name}:" in said for name in STUDENTS)
