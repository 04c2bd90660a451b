"""Two models on the same texts: rows, figures, labels of one alone, files without labels."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.workflow.conftest import FIXED, tickets
from textkind.data.settings import ReadSettings
from textkind.errors import ColumnError, DataError, SettingsError
from textkind.models.settings import LinearSettings
from textkind.workflow.diff import DiffSettings, diff
from textkind.workflow.evaluate import evaluate
from textkind.workflow.train import TrainSettings, train


@pytest.fixture(scope="module")
def weak(tmp_path_factory):
    """A model of half-wrong labels, worse than `run`."""
    texts, labels = tickets(300, seed=5)
    random = np.random.default_rng(0)
    labels = np.where(random.random(300) < 0.6, random.permutation(labels), labels)
    frame = pd.DataFrame({"text": texts, "label": labels})
    return train(frame, TrainSettings(out=tmp_path_factory.mktemp("weak") / "run", model=FIXED))


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A model that knows one label more, and lacks one."""
    texts, labels = tickets(400, seed=6)
    names = {"login": "account", "billing": "billing", "delivery": "delivery"}
    frame = pd.DataFrame({"text": texts, "label": [names[one] for one in labels]})
    return train(frame, TrainSettings(out=tmp_path_factory.mktemp("wide") / "run", model=FIXED))


@pytest.fixture(scope="module")
def new_texts():
    texts, labels = tickets(200, seed=9)
    return pd.DataFrame({"text": texts, "label": labels, "source": ["mail", "phone"] * 100})


def test_a_worse_model_is_a_regression_and_the_better_one_is_none(run, weak, new_texts):
    down, up = diff(run.folder, weak.folder, new_texts), diff(weak.folder, run.folder, new_texts)
    assert down.verdict["regression"]
    assert not up.verdict["regression"]
    assert up.verdict["p"] == pytest.approx(down.verdict["p"])
    assert down.changes["right to wrong"] == up.changes["wrong to right"] > 0
    assert down.figures["accuracy"]["value"] == -up.figures["accuracy"]["value"] < 0
    assert down.figures["log_loss"]["value"] > 0


def test_the_figures_are_those_that_evaluate_tells(run, weak, new_texts):
    found = diff(run.folder, weak.folder, new_texts)
    for name, folder in (("first", run.folder), ("second", weak.folder)):
        told = evaluate(folder, new_texts).figures
        for figure, one in found.figures.items():
            assert one[name] == pytest.approx(told[figure]["value"]), figure
        f1 = [label["f1"] for label in told["per_label"]]
        assert [one[name] for one in found.labels] == pytest.approx(f1)


def test_every_changed_row_is_told_with_both_answers(run, weak, new_texts):
    found = diff(run.classifier, weak.classifier, new_texts)
    assert len(found.rows) == found.agreement["rows"] - found.agreement["same"]
    assert len(found.rows) == sum(found.changes.values())
    for one in found.rows:
        gold = new_texts["label"][one["row"] - 1]
        assert (one["gold"], one["text"]) == (gold, new_texts["text"][one["row"] - 1])
        assert one["first"] != one["second"]
        right = (one["first"] == gold, one["second"] == gold)
        kinds = {(True, False): "right to wrong", (False, True): "wrong to right"}
        assert one["change"] == kinds.get(right, "wrong to other wrong")
        assert 0 < one["first_probability"] <= 1


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_changed_rows_are_written_whole(run, weak, new_texts, tmp_path, suffix):
    out = tmp_path / f"changed{suffix}"
    found = diff(run.folder, weak.folder, new_texts, DiffSettings(out=out))
    readers = {
        ".csv": lambda: pd.read_csv(out).to_dict("records"),
        ".jsonl": lambda: [json.loads(line) for line in out.read_text().splitlines()],
        ".parquet": lambda: pq.read_table(out).to_pylist(),
    }
    written = readers[suffix]()
    assert [row["text"] for row in written] == [row["text"] for row in found.rows]
    assert [row["second"] for row in written] == [row["second"] for row in found.rows]
    with pytest.raises(SettingsError, match="exists already"):
        diff(run.folder, weak.folder, new_texts, DiffSettings(out=out))


def test_a_model_beside_itself_changes_nothing_and_writes_no_row(run, new_texts, tmp_path):
    out = tmp_path / "changed.csv"
    found = diff(run.folder, run.folder, new_texts, DiffSettings(out=out))
    assert found.rows == []
    assert found.agreement["share"] == 1
    assert not found.verdict["regression"]
    assert len(out.read_text().splitlines()) == 1


def test_rows_whose_label_one_model_lacks_are_left_out_and_counted(run, wide, new_texts):
    found = diff(run.folder, wide.folder, new_texts)
    known = new_texts["label"] != "login"
    assert found.left_out == (~known).sum()
    assert found.agreement["rows"] == known.sum()
    assert [one["label"] for one in found.labels] == ["account", "billing", "delivery", "login"]
    assert found.figures["accuracy"]["first"] == pytest.approx(
        evaluate(run.folder, new_texts[known]).figures["accuracy"]["value"]
    )


def test_slices_are_compared_by_the_columns_beside_the_text(run, weak, wide, new_texts):
    for other in (weak, wide):  # wide: the rows left out are left out of the columns too
        found = diff(run.folder, other.folder, new_texts).slices
        rows = {one["value"]: one["rows"] for one in found if one["column"] == "source"}
        assert set(rows) == {"mail", "phone"}


def test_texts_without_labels_are_compared_by_agreement_alone(run, weak, new_texts):
    plain = new_texts[["text"]]
    found = diff(run.folder, weak.folder, plain, DiffSettings(labelled=False))
    whole = diff(run.folder, weak.folder, new_texts)
    assert found.agreement == whole.agreement
    assert found.figures is found.labels is found.slices is found.verdict is None
    assert found.changes == {"changed": len(whole.rows)}
    assert {row["row"] for row in found.rows} == {row["row"] for row in whole.rows}
    assert not {"gold", "change"} & set(found.rows[0])


def test_several_labels_a_text_are_compared_as_sets(tag_run, tag_file, tmp_path):
    settings = TrainSettings(
        out=tmp_path / "run",
        model=LinearSettings(features="words", strength=0.01, naive_bayes=False),
        reading=ReadSettings(label="labels"),
    )
    other = train(tag_file, settings)
    out = tmp_path / "changed.csv"
    found = diff(tag_run.folder, other.folder, tag_file, DiffSettings(out=out))
    assert found.several
    assert found.verdict["figure"] == "micro_f1"
    assert len(found.rows) == sum(found.changes.values())
    assert all(isinstance(row["first"], list) for row in found.rows)
    assert len(out.read_text().splitlines()) == 1 + len(found.rows)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"figure": "acuracy"}, "did you mean 'accuracy'"),
        ({"level": 0.0}, "above 0 and below 1"),
        ({"labelled": False, "figure": "accuracy"}, "without labels"),
        ({"out": "changed.txt"}, "must end in the format"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, words):
    if "out" in settings:
        from pathlib import Path

        settings = {"out": Path(settings["out"])}
    with pytest.raises(SettingsError, match=words):
        DiffSettings(**settings)


def test_models_that_cannot_be_compared_are_told(run, tag_run, new_texts, tmp_path):
    with pytest.raises(SettingsError, match="one label a text, the other several"):
        diff(run.folder, tag_run.folder, new_texts)
    frame = pd.DataFrame({"text": [f"word {n}" for n in range(80)], "label": ["x", "y"] * 40})
    other = train(frame, TrainSettings(out=tmp_path / "run", model=FIXED))
    with pytest.raises(SettingsError, match="no label in common"):
        diff(run.folder, other.folder, new_texts)
    with pytest.raises(SettingsError, match="where these have one"):
        diff(run.folder, run.folder, new_texts, DiffSettings(figure="hamming_loss"))


def test_files_that_cannot_be_compared_on_are_told(run, wide, new_texts):
    with pytest.raises(ColumnError, match="no column is by its name the label"):
        diff(run.folder, run.folder, pd.DataFrame({"text": ["a"], "words": ["b"], "more": ["c"]}))
    alone = new_texts[new_texts["label"] == "login"]
    with pytest.raises(DataError, match="no row has a label that both models know"):
        diff(run.folder, wide.folder, alone)
    with pytest.raises(DataError, match="roc_auc is undefined"):
        diff(run.folder, run.folder, alone, DiffSettings(figure="roc_auc"))


def test_one_row_is_compared_without_a_verdict_of_chance(run, weak, new_texts):
    found = diff(run.folder, weak.folder, new_texts[:1])
    assert found.agreement["rows"] == 1
    assert found.verdict["p"] >= 0.5
