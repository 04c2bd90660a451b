"""Texts out of scope on the command line: known, turned away, measured."""

import json

import numpy as np
import pytest

from tests.cli.conftest import QUICK, WORDS
from textkind import TextClassifier
from textkind.cli import main

STRANGE = ["galaxy", "violin", "recipe", "glacier", "enzyme", "poem", "chess", "volcano"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Tickets with labels, new ones, and texts of other words: paths by name."""
    random = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("scope")

    def write(name, rows):
        path = folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    def ticket(row):
        label = str(random.choice(sorted(WORDS)))
        return {"text": f"{' '.join(random.choice(WORDS[label], 3))} {row}", "label": label}

    strange = [{"text": " ".join(random.choice(STRANGE, 4)) + f" {row}"} for row in range(200)]
    return {
        "tickets": write("tickets", map(ticket, range(900))),
        "new": write("new", map(ticket, range(900, 1300))),
        "strange": write("strange", strange),
    }


@pytest.fixture(scope="module")
def trained(files, tmp_path_factory):
    out = str(tmp_path_factory.mktemp("runs") / "tickets")
    options = ["--novelty", "auto", "--validation-share", "0.3", "--test-share", "0", "--quiet"]
    assert main(["train", files["tickets"], "--out", out, *options, *QUICK]) == 0
    return out


def test_texts_out_of_scope_are_turned_away_and_it_is_told(trained, files, tmp_path, capsys):
    out = tmp_path / "out.jsonl"
    command = ["predict", trained, files["strange"], "-o", str(out), "--reject-novel", "95%"]
    assert main([*command, "--novelty", "--json"]) == 0
    told = capsys.readouterr()
    facts, rows = json.loads(told.out), list(map(json.loads, out.read_text().splitlines()))
    assert facts["novel"] == sum(row["novel"] for row in rows) > 150
    assert all((row["label"] is None) == row["novel"] for row in rows)
    assert all((row["novelty"] > facts["highest_novelty"]) == row["novel"] for row in rows)
    assert f"{facts['novel']} of 200 texts look novel" in told.err
    estimator = TextClassifier.load(trained)
    texts = [row["text"] for row in rows]
    np.testing.assert_allclose(estimator.novelty(texts), [row["novelty"] for row in rows])
    assert estimator.is_novel(texts).tolist() == [row["novel"] for row in rows]
    alone = estimator.novelty(texts[:1])
    np.testing.assert_allclose(alone[0], rows[0]["novelty"])


def test_evaluate_tells_how_well_they_are_known(trained, files, capsys):
    command = ["evaluate", trained, files["new"], "--out-of-scope", files["strange"]]
    assert main([*command, "--json"]) == 0
    novelty = json.loads(capsys.readouterr().out)["novelty"]
    assert novelty["scores"] == {"energy": 1.0, "unseen": 1.0}
    assert (novelty["in_scope"], novelty["out_of_scope"]) == (400, 200)
    assert novelty["roc_auc"] > 0.9
    assert novelty["pr_auc"] > 0.8
    assert novelty["kept"] > 0.8
    assert novelty["rejected"] > 0.8
    assert main(command) == 0
    assert "200 texts out of scope, by energy, unseen" in capsys.readouterr().out


def test_texts_out_of_scope_weigh_the_scores(files, tmp_path, capsys):
    out = str(tmp_path / "run")
    command = ["train", files["tickets"], "--out", out, "--validation-share", "0.3", "--quiet"]
    given = ["--novelty", "auto", "--out-of-scope", files["strange"]]
    assert main([*command, *given, *QUICK]) == 0
    weights = TextClassifier.load(out).classifier_.novelty.weights
    assert set(weights) == {"energy", "unseen"}
    assert weights != dict.fromkeys(weights, 1.0)
    command = [*command[:-1], "--overwrite", "--out-of-scope", files["strange"], *QUICK]
    assert main(command) == 0
    told = capsys.readouterr()
    assert "nothing that texts out of scope could weigh: they only measure it" in told.err
    assert "of 200 texts turned away" in told.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--novelty", "knn"], "this model cannot tell novelty by knn"),
        (["--novelty", "best"], "'best' is none of auto, energy, unseen"),
    ],
)
def test_scores_that_there_are_not_are_refused(files, tmp_path, capsys, options, words):
    assert main(["train", files["tickets"], "--out", str(tmp_path / "r"), *options, *QUICK]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [["--novelty", "none"], ["--validation-share", "0"]])
def test_a_model_without_novelty_says_so(files, tmp_path, capsys, options):
    out = str(tmp_path / "run")
    assert main(["train", files["tickets"], "--out", out, "--quiet", *options, *QUICK]) == 0
    for asked in (["--novelty"], ["--reject-novel", "95%"]):
        assert main(["predict", out, files["new"], *asked]) == 2
        assert "trained without a score of novelty" in capsys.readouterr().err
