"""Promises on the command line: shares as one likes to write them, and what is refused."""

import json

import numpy as np
import pytest

from tests.cli.conftest import QUICK
from textkind.cli import main


@pytest.fixture(scope="module")
def promising(tmp_path_factory):
    """A run of 1,200 tickets, of which every third says nothing of its label, and their texts."""
    random = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("promising")
    rows = []
    for row in range(1200):
        label = str(random.choice(["billing", "delivery"]))
        rows.append({"text": f"about {label} {row}" if row % 3 else f"help {row}", "label": label})
    file = folder / "tickets.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = folder / "run"
    options = ["--validation-share", "0.3", "--quiet", *QUICK]
    assert main(["train", str(file), "--out", str(out), *options]) == 0
    texts = folder / "texts.jsonl"
    texts.write_text("".join(json.dumps({"text": row["text"]}) + "\n" for row in rows))
    return out, texts


@pytest.mark.parametrize("share", ["5%", "0.05"])
def test_a_share_is_a_percentage_or_a_fraction(promising, tmp_path, capsys, share):
    run, file = promising
    out = tmp_path / "out.jsonl"
    command = ["predict", str(run), str(file), "-o", str(out), "--max-error", share]
    assert main([*command, "--sets", "90%", "--set-method", "aps", "--per-class", "--json"]) == 0
    told = capsys.readouterr()
    facts = json.loads(told.out)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    answered = [row for row in rows if row["answered"]]
    assert facts["answered"] == len(answered)
    assert 700 < len(answered) <= 800
    assert {row["label"] for row in rows if not row["answered"]} == {None}
    assert min(row["probability"] for row in answered) >= facts["least_confidence"] - 1e-6
    assert {len(row["label_set"]) for row in rows} <= {1, 2}
    assert f"{len(answered)} of 1,200 texts answered" in told.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--max-error", "0"], "max_error must be above 0 and below 1"),
        (["--max-error", "2"], "'2' is no share such as 0.1 or 10%"),
        (["--max-error", "0.01%"], "at most 0.0001 wrong cannot be promised"),
        (["--sets", "0"], "coverage must be above 0 and below 1"),
        (["--sets", "99.9%"], "999 are needed; found"),
        (["--sets", "90%", "--set-method", "best"], "'best' is none of lac, aps, raps"),
        (["--set-method", "aps"], "--set-method is an option of sets"),
        (["--per-class"], "--per-class is an option of sets"),
    ],
)
def test_what_cannot_be_promised_is_refused(promising, capsys, options, words):
    run, file = promising
    assert main(["predict", str(run), str(file), *options]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""


def test_a_model_without_validation_promises_nothing(ticket_file, tmp_path, capsys):
    out = str(tmp_path / "run")
    options = ["--validation-share", "0", "--quiet", *QUICK]
    assert main(["train", str(ticket_file), "--out", out, *options]) == 0
    assert main(["predict", out, str(ticket_file), "--max-error", "5%"]) == 2
    assert "this model has no validation texts to make promises by" in capsys.readouterr().err
