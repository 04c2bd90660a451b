"""Compare: one run of a short ladder that many tests look at, folds, and bad input."""

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pytest

from tests.workflow.conftest import rung_here, tickets, write_csv
from textkind.cli.figures import model_table
from textkind.cli.ladder import ladder_table
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.errors import DataError, SettingsError, TrainingError
from textkind.models.long_settings import LongSettings
from textkind.storage.model_folder import read_card
from textkind.workflow import climb as climb_module
from textkind.workflow import job_runner
from textkind.workflow.compare import CompareSettings, compare
from textkind.workflow.evaluate import evaluate
from textkind.workflow.ladder import LADDER
from textkind.workflow.ladder_verdict import Limits

pytest.importorskip("torch")
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "compare.schema.json").read_text())
QUICK = {"models": ("prior", "linear"), "threads": 1}


@pytest.fixture(scope="module")
def halves(ticket_file, tmp_path_factory):
    """The tickets in a training and a test file, with some labels of both changed at random."""
    rows = ticket_file.read_text().splitlines()
    rng = np.random.default_rng(0)
    noisy = [rows[0]]
    for row in rows[1:]:
        start, _, _ = row.rpartition(",")
        noisy.append(f"{start},{rng.choice(['billing', 'login'])}" if rng.random() < 0.2 else row)
    folder = tmp_path_factory.mktemp("halves")
    (folder / "train.csv").write_text("\n".join(noisy[:280]) + "\n")
    (folder / "test.csv").write_text("\n".join([noisy[0], *noisy[280:]]) + "\n")
    return folder / "train.csv", folder / "test.csv"


@pytest.fixture(scope="module")
def ladder(halves, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "ladder"
    models = ("prior", "linear", "perceptron", "stack")
    settings = CompareSettings(models=models, test=halves[1], out=out, threads=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job_runner, "run_isolated", rung_here)
        return compare(halves[0], settings)


def by_name(facts):
    return {rung["name"]: rung for rung in facts["rungs"]}


def test_the_folder_has_everything_and_nothing_unfinished_stays(ladder):
    assert sorted(path.name for path in ladder.folder.iterdir()) == [
        "compare.json", "log.txt", "models", "rejected.jsonl", "report.html",
        "report.md",
    ]  # fmt: skip
    assert [path.name for path in ladder.folder.parent.iterdir()] == [ladder.folder.name]
    assert json.loads((ladder.folder / "compare.json").read_text()) == ladder.facts
    assert {path.name for path in (ladder.folder / "models").iterdir()} == {
        rung["name"] for rung in ladder.facts["rungs"] if rung["status"] == "finished"
    }


def test_compare_json_keeps_to_its_schema(ladder):
    jsonschema.validate(ladder.facts, SCHEMA)


@pytest.mark.parametrize("folds", [None, 3])
def test_figures_are_told_on_all_test_rows_and_on_those_that_are_not_in_train(
    folds, tmp_path, rungs_here
):
    texts, labels = tickets(300)
    other = {"billing": "login", "login": "delivery", "delivery": "billing"}
    near = [f"{text} indeed" for text in texts[:30]]  # whose labels are others
    rows = list(zip(texts, labels, strict=True))
    wrong = [(text, other[label]) for text, label in zip(near, labels, strict=False)]
    fresh = [(f"{text} new", label) for text, label in zip(*tickets(60, seed=1), strict=True)]
    if folds is None:
        file = write_csv(tmp_path / "train.csv", ("text", "label"), rows)
        test = write_csv(tmp_path / "test.csv", ("text", "label"), [*wrong, *fresh])
    else:
        file, test = write_csv(tmp_path / "all.csv", ("text", "label"), [*rows, *wrong]), None
    settings = CompareSettings(**QUICK, test=test, folds=folds, out=tmp_path / "ladder")
    facts = compare(file, settings).facts
    jsonschema.validate(facts, SCHEMA)
    rung = by_name(facts)["linear"]
    if folds is None:
        assert facts["clean"] == {"left_out": {"same": 0, "near": 30}, "similarity": 0.8,
                                  "rows": 60}  # fmt: skip
        assert {one["check"] for one in facts["findings"]} >= {"near_duplicates_in_train"}
        assert rung["test"]["accuracy"]["value"] < 0.75
    else:  # two of three of the pairs lie in different folds
        assert 30 <= facts["clean"]["left_out"]["near"] <= 50
        assert {one["check"] for one in facts["findings"]} >= {"near_duplicates_within"}
    clean = rung["clean"]
    assert clean["low"] <= clean["value"] <= clean["high"]
    assert clean["value"] > rung["test"]["accuracy"]["value"] + 0.05
    table = ladder_table(facts, tmp_path / "ladder")
    assert "clean rows" in table
    assert f"{100 * clean['value']:.1f}" in table


def test_the_models_give_the_figures_that_the_comparison_tells(ladder, halves):
    for name, rung in by_name(ladder.facts).items():
        if rung["status"] == "finished":
            figures = evaluate(ladder.folder / "models" / name, halves[1]).figures
            for figure in ("accuracy", "macro_f1", "log_loss", "ece_mass"):
                assert rung["test"][figure] == pytest.approx(figures[figure])


def test_the_prior_is_the_majority_baseline_and_the_others_beat_it(ladder):
    rungs = by_name(ladder.facts)
    assert rungs["prior"]["test"]["accuracy"]["value"] == ladder.facts["baseline"]["accuracy"]
    test = rungs["prior"]["against_simplest"]
    assert test["against"] == "linear"
    assert test["value"] == pytest.approx(
        rungs["prior"]["test"]["accuracy"]["value"] - rungs["linear"]["test"]["accuracy"]["value"]
    )
    assert test["low"] <= test["value"] <= test["high"] < 0
    assert test["p_holm"] < 0.001
    assert rungs["linear"]["against_simplest"] is None


def test_the_verdict_is_linear_which_learns_all_there_is(ladder):
    assert ladder.facts["verdict"]["winner"] == "linear"
    assert "linear is the model to use" in (ladder.folder / "report.html").read_text()


def test_a_stack_is_made_of_the_others(ladder):
    stack = by_name(ladder.facts)["stack"]
    assert stack["status"] == "finished"
    assert set(stack["fit"]["members"]) == {"linear", "perceptron"}
    assert min(stack["fit"]["members"].values()) > 0
    table = model_table(read_card(ladder.folder / "models" / "stack"), None)
    assert re.search(r"^members +linear \d.*, perceptron \d", table, re.MULTILINE)
    costs = {name: rung["cost"]["fit_seconds"] for name, rung in by_name(ladder.facts).items()}
    assert costs["stack"] > costs["linear"] + costs["perceptron"]


def test_what_a_model_does_not_read_of_the_test_texts_is_told(
    ticket_file, tmp_path, rungs_here, monkeypatch
):
    short = replace(LADDER["perceptron"](), max_tokens=6, long=LongSettings(strategy="head"))
    monkeypatch.setitem(LADDER, "perceptron", lambda: short)
    settings = CompareSettings(
        models=("linear", "perceptron"), out=tmp_path / "ladder", folds=2, threads=1
    )
    facts = compare(ticket_file, settings).facts
    jsonschema.validate(facts, SCHEMA)
    assert by_name(facts)["linear"]["unread"] is None
    assert by_name(facts)["perceptron"]["unread"] == {  # seven words each, one of them unread
        "texts": 400, "texts_cut": 400, "tokens": 2800, "tokens_unread": 400,
    }  # fmt: skip
    assert "perceptron  400 of 400 test texts" in ladder_table(facts, tmp_path / "ladder")
    page = (tmp_path / "ladder" / "report.html").read_text()
    assert "perceptron left 14.3\u00a0% of all tokens, of 400 texts" in page


def test_gains_compare_the_best_other_with_the_simplest(ladder):
    gains = ladder.facts["gains"]
    assert (gains["reference"], gains["other"]) == ("linear", "perceptron")
    everything = gains["groups"][0]
    rungs = by_name(ladder.facts)
    assert everything["group"] == "all texts"
    assert everything["reference"] == rungs["linear"]["test"]["accuracy"]["value"]
    assert everything["other"] == rungs["perceptron"]["test"]["accuracy"]["value"]
    # a fifth of the labels is drawn at random, so something stays wrong for every model
    wrong = gains["wrong_for_all"]
    assert 0 < len(wrong["examples"]) <= wrong["rows"]
    for example in wrong["examples"]:
        assert example["gold"] not in example["answers"].values()


def test_folds_test_every_row_once_and_tell_the_spread(ticket_file, tmp_path, rungs_here):
    settings = CompareSettings(**QUICK, folds=2, out=tmp_path / "folds")
    facts = compare(ticket_file, settings).facts
    jsonschema.validate(facts, SCHEMA)
    linear = by_name(facts)["linear"]
    assert linear["test"]["rows"] == 400
    assert len(linear["folds"]["values"]) == 2
    assert linear["folds"]["mean"] == pytest.approx(np.mean(linear["folds"]["values"]))
    spread = np.std(linear["folds"]["values"], ddof=1)
    assert linear["folds"]["standard_deviation"] == pytest.approx(spread)
    assert facts["gains"] is None
    assert (tmp_path / "folds" / "models" / "linear" / "MANIFEST.json").exists()


def test_several_labels_are_compared_by_micro_f1(tag_file, tmp_path):
    reading = ReadSettings(label="labels")
    settings = CompareSettings(
        **QUICK, out=tmp_path / "tags", reading=reading, limits=Limits(megabytes=1e-6)
    )
    facts = compare(tag_file, settings).facts
    jsonschema.validate(facts, SCHEMA)
    assert facts["headline"] == "micro_f1"
    assert "mcnemar" not in by_name(facts)["prior"]["against_simplest"]
    assert facts["verdict"]["winner"] is None
    assert facts["verdict"]["sentences"][0].startswith("No model keeps to the limits")


def test_models_that_all_fail_are_an_error_with_each_reason(ticket_file, tmp_path, monkeypatch):
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "torch.py").write_text("raise MemoryError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))
    settings = CompareSettings(models=("cnn", "stack"), out=tmp_path / "runs" / "ladder")
    with pytest.raises(
        TrainingError, match="no model could be fitted: cnn: the memory of this"
    ) as e:
        compare(ticket_file, settings)
    assert "stack: fewer than two finished models to mix" in str(e.value)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_rung_without_time_is_a_row_that_says_so(ticket_file, tmp_path, monkeypatch, rungs_here):
    monkeypatch.setattr(
        climb_module, "shares", lambda budget, spent, left: (0, 0) if left == 1 else (99, 99)
    )
    facts = compare(ticket_file, CompareSettings(**QUICK, out=tmp_path / "ladder")).facts
    jsonschema.validate(facts, SCHEMA)
    prior, linear = facts["rungs"]
    assert (prior["status"], linear["status"]) == ("finished", "failed")
    assert (linear["reason"], linear["hint"]) == ("no time left", "give a longer --budget")
    assert "linear" in (tmp_path / "ladder" / "report.html").read_text()
    assert [path.name for path in (tmp_path / "ladder" / "models").iterdir()] == ["prior"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"models": ("linar",)}, "no such model to compare"),
        ({"budget": 0.5}, "the budget must be 2 seconds or more"),
        ({"budget": float("nan")}, "the budget must be 2 seconds or more"),
        ({"folds": 3, "test": "x.csv"}, "folds test every row once"),
        ({"split": SplitSettings(test_share=0.0)}, "a comparison needs a test part"),
    ],
)
def test_settings_that_make_no_sense_are_refused_before_anything_is_read(settings, words):
    with pytest.raises(SettingsError, match=words):
        CompareSettings(**settings)


def table(texts, labels):
    return pa.table({"text": texts, "label": labels})


def test_fewer_texts_than_labels_are_told(tmp_path):
    many = pa.table({"text": ["a b", "c d", "e f"], "label": [["a", "b"], ["c", "d"], ["e", "a"]]})
    with pytest.raises(DataError, match="fewer training texts than labels: 3 for 5 labels"):
        compare(many, CompareSettings(out=tmp_path / "x", test=many))
    assert list(tmp_path.iterdir()) == []


def test_test_texts_without_any_label_are_told(tmp_path, rungs_here):
    rows = [{"text": f"text {row}", "label": ["a"] if row % 2 else ["b"]} for row in range(40)]
    test = [{"text": "nothing", "label": []}, {"text": "at all", "label": []}]
    settings = CompareSettings(
        **QUICK, test=test, out=tmp_path / "x", reading=ReadSettings(several=True)
    )
    with pytest.raises(DataError, match="no test text has a label"):
        compare(rows, settings)


def test_one_label_alone_is_told(tmp_path):
    data = table(["one text", "two texts", "three"], ["same"] * 3)
    with pytest.raises(DataError, match="label"):
        compare(data, CompareSettings(out=tmp_path / "x"))
    assert list(tmp_path.iterdir()) == []
