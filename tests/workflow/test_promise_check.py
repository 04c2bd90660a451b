"""Promises checked on labelled texts: counted row by row here, and by predict's own answers."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from tests.workflow.conftest import FIXED
from textkind.cli import main
from textkind.cli.promise_table import promise_table
from textkind.data.settings import SplitSettings
from textkind.decision.conformal import ConformalSettings
from textkind.errors import SettingsError
from textkind.workflow.evaluate import EvaluateSettings, evaluate
from textkind.workflow.labelling import PredictSettings
from textkind.workflow.predict import predict
from textkind.workflow.promise_check import _holds
from textkind.workflow.promised import PromiseSettings
from textkind.workflow.train import TrainSettings, train

ASKED = PromiseSettings(max_error=0.05, sets=ConformalSettings("aps", 0.9))
SEVERAL = PromiseSettings(max_error=0.1, sets=ConformalSettings("lac", 0.8))
# what validation showed is of this very fit: texts that are all alike would move together else
ALONE = replace(FIXED, refit=False)
LABELS = ["billing", "delivery", "login"]


def written(path, several, rows, seed):
    """Texts of which every fifth says nothing of its labels; the label login is never true."""
    random = np.random.default_rng(seed)
    with path.open("w") as file:
        for row in range(rows):
            labels = [str(label) for label in LABELS[:2] if random.random() < 0.5]
            labels = labels if several else [str(random.choice(LABELS[:2]))]
            number = 10_000 * seed + row
            text = f"about {' '.join(labels)} {number}" if row % 5 else f"help {number}"
            line = (
                {"text": text, "labels": labels} if several else {"text": text, "label": labels[0]}
            )
            file.write(json.dumps(line) + "\n")
    return path


@pytest.fixture(scope="module", params=[False, True], ids=["one label", "several labels"])
def case(request, tmp_path_factory):
    """A model, a file it has not seen, what is asked, and whether texts have several labels."""
    several, folder = request.param, tmp_path_factory.mktemp("checked")
    file = written(folder / "train.jsonl", several, 900, seed=0)
    with file.open("a") as more:  # so that the third label is known
        for row in range(30):
            label = {"labels": ["login"]} if several else {"label": "login"}
            more.write(json.dumps({"text": f"password {row}", **label}) + "\n")
    split = SplitSettings(test_share=0.0, validation_share=0.4)
    run = train(file, TrainSettings(out=folder / "run", model=ALONE, split=split))
    new = written(folder / "new.jsonl", several, 400, seed=1)
    return run.folder, new, SEVERAL if several else ASKED, several


def by_hand(run, new, asked, several, tmp_path):
    """Of every row gold labels, whether it is answered, the labels given, and its set."""
    out = tmp_path / "out.jsonl"
    predict(run, new, out, PredictSettings(promises=asked))
    told = [json.loads(line) for line in out.read_text().splitlines()]
    key = "labels" if several else "label"
    rows = []
    for row in told:
        gold, answer = row[key], row[f"predicted_{key}"]
        rows.append((
            set(gold) if several else {gold},
            row["predicted_answered"],
            set(answer or []) if several else {answer},
            set(row["predicted_label_set"]),
        ))  # fmt: skip
    return rows


def test_shares_are_those_of_the_rows_that_predict_answers(case, tmp_path):
    run, new, asked, several = case
    rows = by_hand(run, new, asked, several, tmp_path)
    result = evaluate(run, new, EvaluateSettings(promises=asked))
    found = result.promises["answered"]
    sure = [(true, answer) for true, answered, answer, _ in rows if answered]
    wrong = [true for true, answer in sure if answer != true]
    assert 0 < len(sure) < 400
    assert found["max_error"] == asked.max_error
    assert found["answered"]["value"] == pytest.approx(len(sure) / 400)
    assert found["error"]["value"] == pytest.approx(len(wrong) / len(sure))
    interval = binomtest(len(wrong), len(sure)).proportion_ci(method="wilson")
    assert (found["error"]["low"], found["error"]["high"]) == pytest.approx(tuple(interval))
    for one in found["per_label"]:
        own = [row for row in rows if one["label"] in row[0]]
        answered = [row for row in own if row[1]]
        assert one["rows"] == len(own)
        if not own:
            assert one["label"] == "login"
            assert one["answered"] is None
            assert one["error"] == {"value": None, "low": None, "high": None}
            continue
        assert one["answered"] == pytest.approx(len(answered) / len(own))
        missed = sum(row[2] != row[0] for row in answered)
        assert one["error"]["value"] == pytest.approx(missed / len(answered))


def test_sets_are_those_that_predict_tells(case, tmp_path):
    run, new, asked, several = case
    rows = by_hand(run, new, asked, several, tmp_path)
    found = evaluate(run, new, EvaluateSettings(promises=asked)).promises["sets"]
    held = [len(true & labels) / len(true) for true, _, _, labels in rows if true]
    assert found["coverage"]["value"] == pytest.approx(np.mean(held))
    assert found["coverage"]["low"] <= found["coverage"]["value"] <= found["coverage"]["high"]
    sizes = [len(labels) for *_, labels in rows]
    assert found["mean_size"] == pytest.approx(np.mean(sizes))
    assert {one["labels"]: one["rows"] for one in found["sizes"]} == {
        size: sizes.count(size) for size in set(sizes)
    }
    for one in found["per_label"][:2]:
        own = [labels for true, _, _, labels in rows if one["label"] in true]
        assert one["coverage"]["value"] == pytest.approx(np.mean([one["label"] in s for s in own]))
        assert one["mean_size"] == pytest.approx(np.mean([len(labels) for labels in own]))


@pytest.mark.parametrize(
    ("share", "bounds", "holds"),
    [
        ((0.03, 0.02, 0.04), {"most": 0.05}, "yes"),
        ((0.06, 0.04, 0.08), {"most": 0.05}, "within chance"),
        ((0.08, 0.06, 0.1), {"most": 0.05}, "no"),
        ((0.91, 0.9, 0.92), {"least": 0.9}, "yes"),
        ((0.89, 0.87, 0.91), {"least": 0.9}, "within chance"),
        ((0.8, 0.78, 0.82), {"least": 0.9}, "no"),
        ((None, None, None), {"least": 0.9}, None),
    ],
)
def test_a_promise_holds_or_is_broken_within_chance_or_beyond_it(share, bounds, holds):
    assert _holds(dict(zip(("value", "low", "high"), share, strict=True)), **bounds) == holds


def test_what_was_not_asked_is_not_told(case):
    run, new, asked, _ = case
    assert evaluate(run, new).promises is None
    only = evaluate(run, new, EvaluateSettings(promises=PromiseSettings(sets=asked.sets))).promises
    assert only["answered"] is None
    assert only["sets"]["holds"] in ("yes", "within chance")
    assert "wrong" not in promise_table(only, None)
    assert promise_table(None, None) == ""


def test_the_command_tells_the_same_as_text_and_as_json(case, capsys):
    run, new, asked, _ = case
    command = ["evaluate", str(run), str(new), "--max-error", str(asked.max_error), "--quiet",
               "--sets", str(asked.sets.coverage), "--set-method", asked.sets.method]  # fmt: skip
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["promises"]
    assert told == evaluate(run, new, EvaluateSettings(promises=asked)).promises
    assert main(command) == 0
    text = capsys.readouterr().out
    assert f"at most {100 * asked.max_error:g} %" in text
    assert f"{100 * told['answered']['error']['value']:.1f} %" in text
    assert f"{told['sets']['mean_size']:.2f}" in text


@pytest.mark.parametrize(
    ("promises", "words"),
    [
        (PromiseSettings(max_error=0.0), "max_error must be above 0 and below 1"),
        (PromiseSettings(max_error=1e-6), "at most 1e-06 wrong cannot be promised"),
        (PromiseSettings(sets=ConformalSettings("lac", 0.999)), "999 are needed"),
    ],
)
def test_a_promise_that_cannot_be_made_is_refused_before_anything_is_read(case, promises, words):
    with pytest.raises(SettingsError, match=words):
        evaluate(case[0], "no such file", EvaluateSettings(promises=promises))


def test_an_option_of_sets_alone_is_refused(case, capsys):
    run, new, *_ = case
    assert main(["evaluate", str(run), str(new), "--per-class"]) == 2
    assert "--per-class is an option of sets" in capsys.readouterr().err


def test_a_model_without_validation_has_no_promise_to_check(tmp_path):
    file = written(tmp_path / "train.jsonl", several=False, rows=60, seed=0)
    split = SplitSettings(test_share=0.0, validation_share=0.0)
    run = train(file, TrainSettings(out=tmp_path / "run", model=ALONE, split=split))
    with pytest.raises(SettingsError, match="no validation texts to make promises by"):
        evaluate(run.folder, file, EvaluateSettings(promises=PromiseSettings(max_error=0.1)))
