"""textkind tune: what it prints, what it writes, and what it refuses."""

import json

import pytest

from textkind.cli import main
from textkind.cli.commands import build_parser
from textkind.cli.model_options import fixed_settings
from textkind.models.search_spaces import SPACES
from textkind.workflow.tune import TuneSettings

QUICK = ["--features", "words", "--naive-bayes", "off", "--threads", "1", "--map", "none"]


@pytest.fixture(scope="module")
def tuned(ticket_file, tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "tuned"


def test_the_tables_are_on_stdout_and_the_talk_on_stderr(ticket_file, tuned, capsys):
    words = ["tune", str(ticket_file), "--out", str(tuned), *QUICK, "--trials", "3"]
    assert main([*words, "--budget", "none", "--jobs", "1", "--figure", "log_loss"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].split()[:4] == ["trial", "log", "loss", "accuracy"]
    assert sum("(taken)" in line for line in lines) == 1
    assert "The search ended after 3 trials" in said.out
    assert str(tuned / "report.html") in said.out
    assert "macro F1" in said.out
    assert "the defaults: log loss" in said.err
    assert "kept as given, and not searched: features = words" in said.err
    facts = json.loads((tuned / "tune.json").read_text())
    assert facts["settings"]["budget"] is None
    assert facts["command"].startswith("textkind tune")


def test_the_run_is_one_that_the_other_commands_take(ticket_file, tuned, tmp_path, capsys):
    output = tmp_path / "labelled.csv"
    assert main(["predict", str(tuned), str(ticket_file), "-o", str(output), "--quiet"]) == 0
    assert len(output.read_text().splitlines()) == 301
    assert main(["show", str(tuned)]) == 0
    assert "features words" in capsys.readouterr().out


def test_json_is_what_the_folder_holds(ticket_file, tmp_path, capsys):
    out = tmp_path / "tuned"
    words = ["tune", str(ticket_file), "--out", str(out), "--quiet", "--json", *QUICK]
    assert main([*words, "--trials", "1", "--batch-size", "16"]) == 0  # which is not searched
    told = json.loads(capsys.readouterr().out)
    assert told.pop("folder") == str(out)
    assert told == json.loads((out / "tune.json").read_text())
    assert told["best"] == 0


@pytest.mark.parametrize(
    ("words", "problem", "hint"),
    [
        (["--model", "cn"], "'cn' is none of", "did you mean 'cnn'"),
        (["--model", "prior"], "there is nothing to search of the model prior", "choose one of"),
        (["--model", "auto"], "there is nothing to search of the model auto", "choose one of"),
        (["--budget", "20"], "'20' is no time", "write it as 90s, 20m or 1h"),
        (["--budget", "1s"], "the budget must be 2 seconds or more", ""),
        (["--budget", "none"], "a search needs an end", "--trials 50"),
        (["--trials", "0"], "'0' is no whole number of 1 or more", ""),
        (["--jobs", "0"], "'0' is no whole number of 1 or more", ""),
        (["--figure", "accuracy"], "'accuracy' is none of log_loss, headline", ""),
        (["--learning-rate", "0.1"], "--learning-rate is an option of the networks", "--model"),
        (["--model", "cnn", "--cell", "gru"], "--cell is not for the cnn", ""),
        (["--validation-share", "0"], "too few validation texts", "20 are the least"),
        (["--trails", "3"], "there is no such option", "did you mean '--trials'"),
    ],
)
def test_wrong_questions_get_exit_code_2_and_a_hint(
    words, problem, hint, ticket_file, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(["tune", str(ticket_file), *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert problem in said.err
    assert hint in said.err
    assert "Traceback" not in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "fixed"),
    [
        ([], ()),
        (["--strength", "2", "--naive-bayes", "auto"], ("strength", "naive_bayes")),
        (["--model", "cnn", "--learning-rate", "0.002"], ("training.learning_rate",)),
        (["--model", "rnn", "--cell", "gru", "--dropout", "0.2"],
         ("layers.cell", "layers.dropout")),
        (["--model", "frozen", "--strength", "3"], ("layers.strength",)),
        (["--model", "mean_pool", "--token-ngrams", "1"], ("ngrams",)),
    ],
)  # fmt: skip
def test_what_was_given_is_known_by_its_setting_even_where_it_is_the_default(words, fixed):
    arguments = build_parser()[0].parse_args(["tune", "x.csv", *words])
    assert fixed_settings(arguments) == fixed
    assert set(fixed) <= {one.name for one in SPACES[arguments.model]}


def test_the_defaults_told_are_those_of_the_settings():
    told = {action.dest: action.help for action in build_parser()[1]["tune"]._actions}
    usual = TuneSettings()
    assert f"(default: {usual.budget / 60:.0f}m)" in told["seconds"]
    assert f"(default: {usual.jobs})" in told["jobs"]
    assert f"(default: {usual.figure})" in told["figure"]
    assert usual.trials is None
