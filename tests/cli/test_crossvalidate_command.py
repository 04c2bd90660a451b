"""textkind crossvalidate: its tables, JSON and file, and what it refuses."""

import json

import pytest

from textkind.cli import main
from textkind.workflow.fold_process import answered

QUICK = ["--features", "words", "--strength", "1", "--naive-bayes", "off", "--folds", "3"]


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Folds fitted in this process, which is quicker."""
    monkeypatch.setattr("textkind.workflow.crossvalidate.in_own_process", answered)


def crossvalidate(capsys, *words):
    code = main(["crossvalidate", *map(str, words)])
    return code, *capsys.readouterr()


def test_figures_over_rows_and_over_folds_are_printed(ticket_file, tmp_path, capsys):
    out = tmp_path / "rows.csv"
    words = [ticket_file, *QUICK, "--against", "prior", "-o", out]
    code, told, err = crossvalidate(capsys, *words)
    assert code == 0
    assert "300 rows of" in told
    assert "over folds" in told
    assert "less prior" in told
    assert f"300 rows with their out-of-fold answers are in {out}" in err
    assert len(out.read_text().splitlines()) == 301


def test_json_has_the_same_figures_and_every_row(ticket_file, capsys):
    _, out, _ = crossvalidate(capsys, ticket_file, *QUICK, "--json", "--quiet")
    told = json.loads(out, parse_constant=pytest.fail)
    assert len(told["rows"]) == told["accepted"] == 300
    assert len(told["folds"]) == 3
    _, table, _ = crossvalidate(capsys, ticket_file, *QUICK, "--quiet")
    assert f"{100 * told['figures']['accuracy']['value']:.1f} %" in table


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--model", "auto"], "compare FILE --folds 5"),
        (["--test-share", "0.1"], "no --test-share"),
        (["--folds", "1"], "no whole number of 2 or more"),
        (["--folds", "99"], "whole number of 2 to 50"),
        (["--against", "liner"], "did you mean 'linear'"),
        (["-o", "rows.txt"], "must end in the format"),
        (["--split", "time"], "cannot be folded"),
    ],
)
def test_what_is_asked_wrongly_ends_with_exit_code_2(ticket_file, capsys, words, told):
    code, out, err = crossvalidate(capsys, ticket_file, *words)
    assert (code, out) == (2, "")
    assert told in err
