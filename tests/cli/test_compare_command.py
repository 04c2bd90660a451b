"""textkind compare: what it prints, what it writes, and what it refuses."""

import json

import pytest

from tests.workflow.conftest import rung_here
from textkind.cli import main
from textkind.cli.parsing import duration
from textkind.workflow import auto, job_runner
from textkind.workflow.compare import CompareSettings
from textkind.workflow.ladder import RUNGS

SHORT = ["--models", "prior,linear", "--threads", "1"]


@pytest.fixture(scope="module")
def comparison(ticket_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "ladder"
    words = ["compare", str(ticket_file), "--out", str(folder), "--quiet", *SHORT]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job_runner, "run_isolated", rung_here)
        assert main([*words, "--max-ms", "1000"]) == 0
    return folder


def test_the_table_is_on_stdout_and_the_talk_on_stderr(ticket_file, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(job_runner, "run_isolated", rung_here)
    words = ["compare", str(ticket_file), "--out", str(tmp_path / "ladder"), *SHORT]
    assert main([*words, "--budget", "none", "--max-mb", "0.000001"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].split()[:3] == ["accuracy", "95", "%"]
    assert [line.split()[0] for line in lines[1:3]] == ["prior", "linear"]
    assert "No model keeps to the limits" in said.out
    assert str(tmp_path / "ladder" / "report.html") in said.out
    assert "linear: finished after" in said.err
    assert "finished after" not in said.out
    facts = json.loads((tmp_path / "ladder" / "compare.json").read_text())
    assert facts["settings"]["budget"] is None
    assert facts["settings"]["limits"] == {"milliseconds": None, "megabytes": 0.000001}


def test_json_is_what_the_folder_holds(ticket_file, tmp_path, capsys):
    words = ["compare", str(ticket_file), "--out", str(tmp_path / "ladder"), "--quiet", "--json"]
    assert main([*words, "--models", "prior"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.pop("folder") == str(tmp_path / "ladder")
    assert told == json.loads((tmp_path / "ladder" / "compare.json").read_text())
    assert told["command"] == "textkind " + " ".join(words[:1] + words[1:]) + " --models prior"


def test_a_model_of_the_ladder_predicts_and_is_shown(comparison, ticket_file, tmp_path, capsys):
    for name in ("prior", "linear"):
        model = comparison / "models" / name
        output = tmp_path / f"{name}.csv"
        assert main(["predict", str(model), str(ticket_file), "-o", str(output), "--quiet"]) == 0
        assert len(output.read_text().splitlines()) == 301
        assert main(["show", str(model)]) == 0
        assert "kind" in capsys.readouterr().out


def test_a_finished_folder_is_not_replaced_by_chance(comparison, ticket_file, capsys):
    assert main(["compare", str(ticket_file), "--out", str(comparison), *SHORT]) == 2
    assert "the folder exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "problem", "hint"),
    [
        (
            ["--models", "linear,transfomer"],
            "no such model to compare",
            "did you mean 'transformer'",
        ),
        (["--models", ","], "no model to compare", "name some of prior, linear"),
        (["--budget", "20"], "'20' is no time", "write it as 90s, 20m or 1h"),
        (["--budget", "-5m"], "'-5m' is no time", "write it as 90s"),
        (["--budget", "0s"], "'0s' is no time", "write it as 90s"),
        (["--budget", "soon"], "'soon' is no time", "write it as 90s"),
        (["--budget", "1s"], "the budget must be 2 seconds or more", ""),
        (["--folds", "1"], "'1' is no whole number of 2 or more", ""),
        (["--folds", "3", "--test", "x.csv"], "folds test every row once", "leave out --test"),
        (["--max-ms", "0"], "'0' is no number above 0", ""),
        (["--test-share", "0"], "a comparison needs a test part", ""),
        (["--modles", "linear"], "there is no such option", "did you mean '--models'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(
    words, problem, hint, ticket_file, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    given = [f"--budget={words[1]}"] if words[:1] == ["--budget"] else words
    assert main(["compare", str(ticket_file), *given]) == 2
    said = capsys.readouterr()
    assert (problem in said.err, hint in said.err) == (True, True), said.err
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_budget_too_small_for_any_model_is_told_with_each(ticket_file, tmp_path, capsys):
    words = ["compare", str(ticket_file), "--out", str(tmp_path / "ladder"), "--quiet"]
    assert main([*words, "--models", "all", "--budget", "4s"]) == 2
    said = capsys.readouterr()
    assert "no model could be fitted: prior: no time left; linear: no time left" in said.err
    assert "hint: give a longer --budget" in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("written", "seconds"), [("90s", 90), ("20m", 1200), ("1.5h", 5400), ("none", None)]
)
def test_times_are_read_with_their_unit(written, seconds):
    assert duration(written) == seconds


def test_the_defaults_told_are_those_of_the_settings(capsys):
    settings = CompareSettings()
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert settings.budget == duration("20m")
    assert "(default: 20m)" in told
    assert settings.models == RUNGS
    assert ", ".join(RUNGS) in told


def test_train_auto_prints_why_it_chose(ticket_file, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(auto, "STEPS", ("linear", "prior"))
    words = ["train", str(ticket_file), "--out", str(tmp_path / "run"), "--quiet"]
    assert main([*words, "--model", "auto", "--budget", "1m"]) == 0
    said = capsys.readouterr().out
    assert "model         linear:" in said
    assert "chosen        linear is chosen:" in said


@pytest.mark.parametrize(
    ("model", "option", "words"),
    [
        ("auto", ["--epochs", "3"], "--epochs is an option of the networks"),
        ("auto", ["--strength", "1"], "--strength is an option of the linear model"),
        ("auto", ["--imbalance", "focal"], "imbalance focal is not for auto"),
        ("prior", ["--epochs", "3"], "--epochs is an option of the networks"),
        ("prior", ["--features", "words"], "--features is an option of the linear model"),
        ("prior", ["--refit"], "the prior has no options"),
        ("prior", ["--imbalance", "auto"], "the prior has no options"),
    ],
)
def test_an_option_of_another_model_is_refused(model, option, words, ticket_file, capsys):
    assert main(["train", str(ticket_file), "--model", model, *option]) == 2
    assert words in capsys.readouterr().err


def test_the_prior_can_be_trained_and_predicts(ticket_file, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", str(ticket_file), "--model", "prior", "--out", str(out), "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["test"]["accuracy"]["value"] == metrics["baseline"]["accuracy"]
    assert main(["predict", str(out), str(ticket_file), "-o", str(tmp_path / "out.csv")]) == 0
