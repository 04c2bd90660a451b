"""textkind train --stream on the command line: its options, and what is told of them."""

import json

from tests.cli.conftest import QUICK
from textkind.cli import main


def test_a_file_is_learned_from_a_stream(ticket_file, tmp_path, capsys):
    out, cache = tmp_path / "run", tmp_path / "cache"
    arguments = ["train", str(ticket_file), "--stream", "--cache", str(cache), "--out", str(out)]
    assert main([*arguments, *QUICK, "--json"]) == 0
    printed = capsys.readouterr()
    metrics = json.loads(printed.out)
    assert metrics["data"]["split"]["method"] == "hash"
    assert metrics["data"]["accepted"] == 300
    assert "streamed: " in printed.err
    assert list(cache.iterdir()) == []
    assert main(["predict", str(out), str(ticket_file), "-o", str(tmp_path / "p.csv")]) == 0


def test_without_the_option_a_small_file_is_read_into_memory(ticket_file, tmp_path, capsys):
    for name, more in (("a", []), ("b", ["--no-stream"])):
        arguments = ["train", str(ticket_file), "--out", str(tmp_path / name), *QUICK, *more]
        assert main([*arguments, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["data"]["split"]["method"] == "stratified"


def test_a_model_that_cannot_is_asked_wrongly(ticket_file, tmp_path, capsys):
    out = str(tmp_path / "run")
    assert main(["train", str(ticket_file), "--stream", "--model", "prior", "--out", out]) == 2
    assert "it does not learn from a stream; found 'prior'" in capsys.readouterr().err


def test_a_cache_in_a_file_is_our_failure_with_what_to_do(ticket_file, tmp_path, capsys):
    arguments = ["train", str(ticket_file), "--stream", "--cache", str(ticket_file), *QUICK]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 1
    told = capsys.readouterr().err
    assert "could not be written: part of the path is a file, not a folder" in told
    assert "name a folder with more room for what is cached: --cache" in told
