"""The command line: exit codes, what goes to stdout and what to stderr, and helpful errors."""

import argparse
import io
import json
import re
import shlex
import sys

import pytest

from textkind.cli import commands, main
from textkind.cli.commands import COMMANDS, build_parser
from textkind.data.settings import SplitSettings
from textkind.models.settings import LinearSettings
from textkind.workflow import predict as predict_module
from textkind.workflow.labelling import PredictResult, PredictSettings

QUICK = ["--features", "words", "--strength", "1", "--naive-bayes", "off"]


def options(name):
    return [action for action in build_parser()[1][name]._actions if action.option_strings]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help_and_every_value_its_default(name):
    for action in options(name):
        assert action.help, action.option_strings
        if action.nargs != 0:
            assert "default" in action.help, action.option_strings


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_that_parse(name):
    parser, parsers = build_parser()
    lines = [line for line in parsers[name].epilog.splitlines() if f"textkind {name}" in line]
    assert len(lines) >= 2
    for line in lines:
        words = re.split(r"\s{3,}| > ", line[line.index("textkind ") :])[0].split()
        parser.parse_args([word.strip('"') for word in words[1:]])


def test_the_defaults_told_are_those_of_the_settings():
    told = {action.dest: action.help for action in options("train")}
    linear, split = LinearSettings(), SplitSettings()
    for name, value in {
        "features": linear.features,
        "word_ngrams": "-".join(map(str, linear.word_ngrams)),
        "character_ngrams": "-".join(map(str, linear.character_ngrams)),
        "objective": linear.objective,
        "imbalance": linear.imbalance,
        "solver": linear.solver,
        "batch_size": linear.batch_size,
        "symbols": "on" if linear.symbols else "off",
        "word_borders": "on" if linear.word_borders else "off",
        "test_share": split.test_share,
        "validation_share": split.validation_share,
        "seed": split.seed,
    }.items():
        assert f"(default: {value})" in told[name], name
    assert linear.strength is None
    assert linear.naive_bayes is None
    assert linear.minimum_document_frequency is None
    assert linear.refit
    assert split.duplicates_on_one_side
    told = {action.dest: action.default for action in options("predict")}
    assert told["label_delimiter"] == PredictSettings().joint
    assert told["top"] == PredictSettings().top


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["trian", "x.csv"], "did you mean 'train'"),
        (
            ["reviews.csv"],
            "known: 'train', 'compare', 'tune'",
        ),
        (["train", "x.csv", "--featurs", "words"], "did you mean '--features'"),
        (["train", "x.csv", "--test_share=0.1"], "did you mean '--test-share'"),
        (["train", "x.csv", "--features", "wrods"], "did you mean 'words'?"),
        (["train", "x.csv", "--format", "jsnl"], "did you mean 'jsonl'"),
        (["train", "x.csv", "y.csv"], "textkind train --help"),
        (["train", "x.csv", "--seed", "-1"], "no whole number"),
        (["train", "x.csv", "--test-share", "1.5"], "no share"),
        (["train", "x.csv", "--strength", "nan"], "no number above 0"),
        (["train", "x.csv", "--word-ngrams", "2-1"], "no range"),
        (["train", "x.csv", "--naive-bayes", "maybe"], "on, off, auto"),
        (["train", "x.csv", "--header", "maybe"], "yes nor no"),
        (["train", "x.csv", "--symbols", "yes"], "on nor off"),
        (["train", "x.csv", "--solver", "sgdd"], "did you mean 'sgd'?"),
        (["train", "x.csv", "--threshold", "mikro-f1"], "did you mean 'micro-f1'"),
        (["train", "x.csv", "--threshold", "precision=9"], "write it as precision=0.9"),
        (["train", "x.csv", "--top", "0"], "no whole number"),
        (["train", "x.csv", "--calibration", "platts"], "did you mean 'platt'"),
        (["train", "x.csv", "--top", "2", "--at-least-one"], "top gives every text"),
        (["train"], "required: FILE"),
        (["train", "x.csv", "--model", "liner"], "did you mean 'linear'?"),
        (["train", "x.csv", "--encoding", "utf-9"], "utf-8"),
        (["predict", "m", "f", "--json"], "-o OUT"),
        (["predict", "m", "f", "--top", "0"], "no whole number"),
        (["show", "no/such/folder"], "no such model folder"),
        (["train", "no-such-file.csv"], "no such file"),
    ],
)
def test_wrong_questions_get_exit_code_2_and_a_hint(words, hint, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert hint in err
    assert "Traceback" not in err
    assert list(tmp_path.glob("**/*.part")) == []


def test_a_wrong_column_gets_the_nearest_name(ticket_file, capsys, tmp_path):
    out = ["--out", str(tmp_path / "run")]
    assert main(["train", str(ticket_file), "--label", "queu", *out]) == 2
    assert "did you mean 'queue'?" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_nothing_given_prints_the_help_and_exit_code_2(capsys):
    assert main([]) == 2
    assert "textkind train reviews.csv" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["train", "--help"]])
def test_help_and_version_go_to_stdout_with_exit_code_0(words, capsys):
    with pytest.raises(SystemExit) as info:
        main(words)
    assert info.value.code == 0
    assert capsys.readouterr().out


def test_train_prints_figures_on_stdout_and_talks_on_stderr(ticket_file, tmp_path, capsys):
    folder = tmp_path / "run"
    assert main(["train", str(ticket_file), "--out", str(folder), *QUICK]) == 0
    out, err = capsys.readouterr()
    assert "macro F1" in out
    assert "always '" in out
    assert "95 % interval" in out
    assert str(folder / "report.html") in out
    assert "labels are taken from column 'queue'" in err
    metrics = json.loads((folder / "metrics.json").read_text())
    assert f"{100 * metrics['test']['accuracy']['value']:.1f} %" in out
    assert "\x1b" not in out + err


def test_train_as_json_prints_what_metrics_json_holds(ticket_file, tmp_path, capsys):
    words = ["train", str(ticket_file), "--out", str(tmp_path / "run"), "--json", "--quiet"]
    assert main([*words, *QUICK]) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert err == ""
    assert told.pop("folder") == str(tmp_path / "run")
    assert told == json.loads((tmp_path / "run" / "metrics.json").read_text())


def test_every_option_of_the_model_reaches_its_settings(ticket_file, tmp_path, capsys):
    words = ["train", str(ticket_file), "--out", str(tmp_path / "run"), "--quiet", "--json", *QUICK]
    words += ["--minimum-document-frequency", "3", "--symbols", "off", "--word-borders", "off"]
    words += ["--objective", "multinomial", "--solver", "sgd", "--batch-size", "16"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert shlex.split(told["command"]) == ["textkind", *words]
    wanted = {"minimum_document_frequency": 3, "symbols": False, "word_borders": False}
    wanted |= {"objective": "multinomial", "solver": "sgd", "batch_size": 16}
    assert wanted.items() <= told["fit"]["settings"].items()


def test_a_failed_run_leaves_no_folder_that_it_made(ticket_file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", str(ticket_file), "--label", "nope"]) == 2
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "runs").mkdir()
    assert main(["train", str(ticket_file), "--label", "nope"]) == 2
    assert (tmp_path / "runs").is_dir()


def test_a_run_is_never_overwritten_silently(run_folder, ticket_file, capsys):
    before = (run_folder / "metrics.json").read_bytes()
    assert main(["train", str(ticket_file), "--out", str(run_folder), *QUICK]) == 2
    assert "exists already" in capsys.readouterr().err
    assert (run_folder / "metrics.json").read_bytes() == before


def test_the_default_run_folder_counts_up(ticket_file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        assert main(["train", str(ticket_file), "--quiet", *QUICK]) == 0
        assert f"runs/tickets-{number}/report.html" in capsys.readouterr().out
        assert (tmp_path / "runs" / f"tickets-{number}" / "model").is_dir()


@pytest.mark.parametrize("inner", ["", "model"])
def test_evaluate_prints_figures_by_label(run_folder, ticket_file, capsys, inner):
    assert main(["evaluate", str(run_folder / inner), str(ticket_file), "--mistakes", "2"]) == 0
    out = capsys.readouterr().out
    assert "300 rows of" in out
    assert "delivery" in out
    assert "precision" in out
    assert main(["evaluate", str(run_folder), str(ticket_file), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["accepted"] + told["rejected"] == told["read"] == 300
    assert f"{100 * told['figures']['accuracy']['value']:.1f} %" in out


def test_show_tells_labels_settings_size_and_figures(run_folder, capsys):
    assert main(["show", str(run_folder)]) == 0
    whole = capsys.readouterr().out
    assert "billing, delivery, login" in whole
    assert "macro F1" in whole
    assert "rows of tickets.csv" in whole
    assert " kB" in whole
    assert "features words, strength 1" in whole
    assert "error on validation" in whole
    assert main(["show", str(run_folder / "model")]) == 0
    assert "macro F1" not in capsys.readouterr().out
    assert main(["show", str(run_folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"]["labels"] == ["billing", "delivery", "login"]
    assert told["metrics"] == json.loads((run_folder / "metrics.json").read_text())


def test_predict_writes_a_file_and_says_so(run_folder, ticket_file, tmp_path, capsys):
    out = tmp_path / "out.csv"
    assert main(["predict", str(run_folder), str(ticket_file), "-o", str(out)]) == 0
    assert "300 texts labelled" in capsys.readouterr().out
    assert len(out.read_text().splitlines()) == 301
    words = ["predict", str(run_folder), str(ticket_file), "-o", str(out), "--json", "--quiet"]
    assert main(words) == 2
    assert main([*words, "--overwrite"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["read"], told["predicted"], told["rejected"]) == (300, 300, 0)


class Pipe(io.TextIOWrapper):
    """Standard input or output made of bytes."""

    def __init__(self, content=b""):
        super().__init__(io.BytesIO(content), encoding="utf-8", write_through=True)

    def written(self):
        return self.buffer.getvalue().decode()


@pytest.mark.parametrize(
    ("given", "words", "expected"),
    [
        (b"my parcel\nrefund\n", [], ["text,label,probability", "parcel", "refund"]),
        (
            b'{"text": "my parcel", "n": 1}\n',
            ["--format", "jsonl"],
            ['{"text": "my parcel", "n": 1,'],
        ),
        (b"id,text\n7,refund\n", ["--format", "csv", "--out-format", "tsv"], ["id\ttext", "7"]),
    ],
)
def test_a_pipe_goes_in_and_comes_out(run_folder, monkeypatch, given, words, expected):
    output = Pipe()
    monkeypatch.setattr(sys, "stdin", Pipe(given))
    monkeypatch.setattr(sys, "stdout", output)
    assert main(["predict", str(run_folder), "-", "--quiet", *words]) == 0
    lines = output.written().replace('"', "" if "csv" in str(expected) else '"').splitlines()
    plain = [line.replace('"', "") for line in lines]
    assert len(lines) == len(expected)
    for line, start in zip(plain, expected, strict=True):
        assert start.replace('"', "") in line


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (RuntimeError("odd"), 1, "internal error: RuntimeError: odd"),
        (MemoryError(), 1, "memory"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_our_own_failures_are_one_line_and_exit_code_1(monkeypatch, capsys, error, code, said):
    def failing(given):
        error.add_note("x is as it was")
        raise error

    monkeypatch.setattr(commands, "_run", failing)
    assert main(["train", "x.csv"]) == code
    err = capsys.readouterr().err
    assert said in err
    assert "x is as it was" in err
    assert "Traceback" not in err


def test_debug_shows_the_traceback(monkeypatch, capsys):
    def failing(given):
        raise RuntimeError("odd")

    monkeypatch.setattr(commands, "_run", failing)
    with pytest.raises(RuntimeError):
        main(["--debug", "train", "x.csv"])


def test_options_for_everywhere_work_before_and_after_the_command():
    parser, _ = build_parser()
    for words in (["--quiet", "show", "m"], ["show", "m", "--quiet"]):
        assert parser.parse_args(words).quiet
    assert not parser.parse_args(["show", "m"]).quiet


def test_a_command_is_add_arguments_and_run():
    for name in COMMANDS:
        module = commands._module(name)
        assert module.DESCRIPTION
        assert module.EXAMPLES
        assert isinstance(build_parser()[1][name], argparse.ArgumentParser)
        assert callable(module.run)


@pytest.mark.parametrize(("seconds", "told"), [(0.9, False), (2.0, True)])
def test_a_rate_is_told_only_where_it_means_something(
    run_folder, ticket_file, tmp_path, monkeypatch, capsys, seconds, told
):
    def instead(*arguments):
        return PredictResult(10, 10, 0, "out.csv", None, seconds, None, None, None, None, None)

    monkeypatch.setattr(predict_module, "predict", instead)
    assert main(["predict", str(run_folder), str(ticket_file), "-o", "out.csv"]) == 0
    assert ("a second)" in capsys.readouterr().out) == told
