"""textkind diff: tables, JSON, the file of changed rows, and the exit codes."""

import json

import pytest

from textkind.cli import main


@pytest.fixture(scope="module")
def poor_folder(ticket_file, tmp_path_factory):
    """A model that knows nothing but the label frequencies."""
    folder = tmp_path_factory.mktemp("runs") / "poor"
    words = ["train", str(ticket_file), "--out", str(folder), "--model", "prior", "--quiet"]
    assert main(words) == 0
    return folder


def diff(capsys, *words):
    code = main(["diff", *map(str, words)])
    return code, *capsys.readouterr()


def test_a_regression_ends_with_exit_code_1_and_its_reverse_with_0(
    run_folder, poor_folder, ticket_file, capsys
):
    code, out, _ = diff(capsys, run_folder, poor_folder, ticket_file, "--quiet")
    assert code == 1
    assert out.splitlines()[-1].startswith("a regression in accuracy: p = < 0.001, level 0.05")
    assert "right to wrong" in out
    code, out, _ = diff(capsys, poor_folder, run_folder, ticket_file, "--quiet")
    assert code == 0
    assert out.splitlines()[-1].startswith("no significant regression in accuracy")


def test_another_figure_and_level_can_decide(run_folder, poor_folder, ticket_file, capsys):
    words = ["--figure", "log_loss", "--level", "0.01", "--json", "--quiet"]
    code, out, _ = diff(capsys, run_folder, poor_folder, ticket_file, *words)
    told = json.loads(out, parse_constant=pytest.fail)
    assert code == 1
    assert told["verdict"]["figure"] == "log_loss"
    assert told["verdict"]["level"] == 0.01
    assert len(told["rows"]) == sum(told["changes"].values())


def test_examples_are_as_many_of_each_kind_as_asked(run_folder, poor_folder, ticket_file, capsys):
    _, out, _ = diff(capsys, run_folder, poor_folder, ticket_file, "--examples", "2", "--quiet")
    assert out.count("right to wrong  ") == 2
    _, out, _ = diff(capsys, run_folder, poor_folder, ticket_file, "--examples", "0", "--quiet")
    assert "right to wrong  " not in out


def test_the_file_of_changed_rows_is_told_and_not_overwritten(
    run_folder, poor_folder, ticket_file, tmp_path, capsys
):
    out = tmp_path / "changed.jsonl"
    words = [run_folder, poor_folder, ticket_file, "-o", out]
    code, _, err = diff(capsys, *words)
    assert code == 1
    assert f"changed rows are written to {out}" in err
    code, _, err = diff(capsys, *words)
    assert code == 2
    assert "the file exists already" in err
    assert diff(capsys, *words, "--overwrite")[0] == 1


def test_without_labels_agreement_alone_is_told(run_folder, poor_folder, ticket_file, capsys):
    words = [run_folder, poor_folder, ticket_file, "--unlabelled", "--quiet"]
    code, out, _ = diff(capsys, *words)
    assert code == 0
    assert "rows are labelled otherwise" in out
    assert "accuracy" not in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--figure", "acuracy"], "did you mean 'accuracy'"),
        (["--level", "2"], "no number of 0 to 1"),
        (["--level", "0"], "above 0 and below 1"),
        (["--slice", "colour"], "no such column to slice by"),
        (["-o", "changed.xls"], "must end in the format"),
        (["--unlabelled", "--slice", "text"], "without labels"),
    ],
)
def test_what_is_asked_wrongly_ends_with_exit_code_2(run_folder, ticket_file, capsys, words, told):
    code, out, err = diff(capsys, run_folder, run_folder, ticket_file, *words)
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err
