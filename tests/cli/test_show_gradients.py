"""textkind show --gradients: a picture in plain characters, the facts as JSON, and our errors."""

import json
import re
import shutil

import pytest

from textkind.cli import main

RNN = ["--model", "rnn", "--cell", "tanh", "--directions", "1", "--pooling", "last"]
SMALL = ["--width", "8", "--units", "8", "--epochs", "1", "--threads", "1", "--quiet"]


@pytest.fixture(scope="module")
def rnn_run(ticket_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "rnn"
    assert main(["train", str(ticket_file), "--out", str(folder), *RNN, *SMALL]) == 0
    return folder


def show(capsys, *arguments):
    code = main(["show", *map(str, arguments)])
    return code, *capsys.readouterr()


def test_the_picture_shows_the_norms_of_metrics_json(rnn_run, capsys):
    code, out, _ = show(capsys, rnn_run, "--gradients")
    told = json.loads((rnn_run / "metrics.json").read_text())["fit"]["gradients"]
    assert code == 0
    for one in told["series"]:
        block = next(b for b in out.split("\n\n") if b.strip().startswith(one["name"] + "\n"))
        drawn = re.findall(r"^ +(\d+)  (\S+)  ?(#*)$", block, re.MULTILINE)
        assert {int(distance) for distance, _, _ in drawn} >= {0, 1, 2, told["distance"][-1]}
        for distance, norm, _ in drawn:
            wanted = one["norm"][told["distance"].index(int(distance))]
            assert float(norm) == pytest.approx(wanted, rel=0.06)


def test_longer_bars_are_greater_norms(rnn_run, capsys):
    _, out, _ = show(capsys, rnn_run, "--gradients")
    for group in out.split("(bars by tens")[1:]:
        drawn = [(float(norm), len(bar)) for norm, bar in re.findall(r"(\d\S+e\S+)  (#+)", group)]
        assert [bar for _, bar in sorted(drawn)] == sorted(bar for _, bar in drawn)


def test_the_facts_are_one_json_document(rnn_run, capsys):
    code, out, _ = show(capsys, rnn_run, "--gradients", "--json")
    metrics = json.loads((rnn_run / "metrics.json").read_text())
    assert code == 0
    assert json.loads(out) == {"model": "rnn", "gradients": metrics["fit"]["gradients"]}


def test_every_line_fits_a_terminal(rnn_run, capsys):
    _, out, _ = show(capsys, rnn_run, "--gradients")
    assert max(map(len, out.splitlines())) <= 90
    assert out.isascii()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda fit: fit.pop("gradients"), "did not measure gradients"),
        (lambda fit: fit.update(gradients=None), "no training text has two tokens"),
    ],
    ids=["an older run", "texts of one token"],
)
def test_a_run_without_them_is_our_error(change, problem, rnn_run, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(rnn_run, folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    change(metrics["fit"])
    (folder / "metrics.json").write_text(json.dumps(metrics))
    code, _, err = show(capsys, folder, "--gradients")
    assert code == 2
    assert problem in err


def test_a_model_that_reads_no_order_is_our_error(run_folder, capsys):
    code, out, err = show(capsys, run_folder, "--gradients")
    assert (code, out) == (2, "")
    assert "found 'linear'" in err
    assert "--model rnn" in err


def test_a_bare_model_folder_is_our_error(rnn_run, capsys):
    code, _, err = show(capsys, rnn_run / "model", "--gradients")
    assert code == 2
    assert "name the run folder" in err


def test_show_and_train_tell_how_a_network_was_trained(rnn_run, capsys):
    _, out, _ = show(capsys, rnn_run)
    fit = json.loads((rnn_run / "metrics.json").read_text())["fit"]
    lines = dict(line.split("  ", 1) for line in out.splitlines() if "  " in line)
    settings = lines["settings"].strip()
    assert "cell tanh" in settings
    assert "units 8" in settings
    assert lines["parameters"].strip() == f"{fit['parameters']:,}"
    assert f"1 epoch, the best is {fit['best']['epoch']}; {fit['ended']}" in lines["training"]
