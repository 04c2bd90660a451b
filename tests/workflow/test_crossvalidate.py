"""Cross-validation: every row once, by a fit that has not seen it; repeatable; honest errors."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.workflow.conftest import FIXED, tickets
from textkind.classifier import predict_probabilities
from textkind.data.folds import fold_parts
from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.decision.rule_settings import RuleSettings
from textkind.errors import DataError, SettingsError, TrainingError
from textkind.evaluation.folds import over_folds
from textkind.models.neural_settings import default_settings
from textkind.models.prior import PriorSettings
from textkind.models.settings import LinearSettings
from textkind.progress import Notes
from textkind.training.settings import Places
from textkind.workflow import fold_process
from textkind.workflow.crossvalidate import CrossValidationSettings, crossvalidate
from textkind.workflow.fold_process import (
    FoldTask,
    answered,
    in_own_process,
    read_task,
    write_task,
)
from textkind.workflow.learn import learn


def frame_of(rows, seed=0):
    texts, labels = tickets(rows, seed)
    return pd.DataFrame({"id": [f"t{n}" for n in range(rows)], "text": texts, "label": labels})


@pytest.fixture
def here(monkeypatch):
    """Folds fitted in this process: quick, and visible."""
    tasks = []

    def run(task):
        tasks.append(task)
        return answered(task)

    monkeypatch.setattr("textkind.workflow.crossvalidate.in_own_process", run)
    return tasks


SETTINGS = CrossValidationSettings(folds=3, model=FIXED)


def test_every_row_is_predicted_once_by_a_fit_that_has_not_seen_its_text(here):
    frame = pd.concat([frame_of(150), frame_of(20)], ignore_index=True)  # twenty texts twice
    found = crossvalidate(frame, SETTINGS)
    assert [row["row"] for row in found.rows] == list(range(1, 171))
    assert [row["text"] for row in found.rows] == frame["text"].tolist()
    assert [row["id"] for row in found.rows] == frame["id"].tolist()
    for task in here:
        seen = {*task.train.texts.to_pylist(), *task.validation.texts.to_pylist()}
        assert not seen & set(task.texts.to_pylist())
    assert sum(len(task.texts) for task in here) == 170


def test_the_answers_are_those_of_fitting_each_fold_by_hand(here):
    frame = frame_of(150)
    found = crossvalidate(frame, SETTINGS)
    corpus = read_corpus(frame, ReadSettings()).corpus
    expected = {}
    for number, parts in enumerate(fold_parts(corpus, SplitSettings(validation_share=0.0), 3), 1):
        assert len(parts.validation) == 0  # a tenth of 100 rows would be too few
        classifier = learn(parts.train, None, FIXED).classifier
        given = predict_probabilities(classifier, parts.test.texts)
        for row, one in zip(parts.test.rows, given, strict=True):
            expected[int(row)] = (number, corpus.labels.names[one.argmax()], float(one.max()))
    told = {row["row"]: (row["fold"], row["predicted"], row["probability"]) for row in found.rows}
    assert told == expected


def test_figures_are_of_all_rows_and_over_the_folds(here):
    found = crossvalidate(frame_of(150), SETTINGS)
    right = [row["gold"] == row["predicted"] for row in found.rows]
    assert found.figures["accuracy"]["value"] == np.mean(right)
    assert sum(fold["rows"] for fold in found.folds) == 150
    by_fold = np.array([fold["accuracy"] for fold in found.folds])
    share = np.mean([fold["rows"] / fold["learned_from"] for fold in found.folds])
    spread = over_folds(by_fold, share)
    assert found.over_folds["accuracy"]["mean"] == spread.mean
    assert found.over_folds["accuracy"]["low"] == spread.low


def test_another_model_is_compared_on_the_same_folds(here):
    settings = CrossValidationSettings(folds=3, model=FIXED, against="prior")
    found = crossvalidate(frame_of(150), settings)
    alone = crossvalidate(frame_of(150), CrossValidationSettings(folds=3, model=PriorSettings()))
    against = found.against
    assert against["over_folds"] == alone.over_folds
    gap = found.over_folds["accuracy"]["mean"] - alone.over_folds["accuracy"]["mean"]
    assert against["folds"]["accuracy"]["mean"] == pytest.approx(gap)
    assert against["folds"]["accuracy"]["p"] < 0.05
    assert against["rows"]["accuracy"]["first"] == alone.figures["accuracy"]["value"]


def test_the_same_seed_gives_the_same_answers_and_another_seed_other_folds(here):
    frame = frame_of(120)
    first, again = crossvalidate(frame, SETTINGS), crossvalidate(frame, SETTINGS)
    assert (first.rows, first.figures) == (again.rows, again.figures)
    other = CrossValidationSettings(folds=3, model=FIXED, split=SplitSettings(seed=1))
    folds = [row["fold"] for row in crossvalidate(frame, other).rows]
    assert folds != [row["fold"] for row in first.rows]


def test_several_labels_a_text_are_cross_validated(here, tag_file, tmp_path):
    out = tmp_path / "rows.csv"
    found = crossvalidate(tag_file, CrossValidationSettings(folds=2, model=FIXED, out=out))
    assert found.figures["subset_accuracy"]["value"] > 0.8
    assert isinstance(found.rows[0]["predicted"], list)
    assert len(pd.read_csv(out)) == len(found.rows)
    with pytest.raises(SettingsError, match="exists already"):
        crossvalidate(tag_file, CrossValidationSettings(folds=2, model=FIXED, out=out))


def task_of(rows=60):
    corpus = read_corpus(frame_of(rows), ReadSettings()).corpus
    empty = corpus.take(np.array([], np.int64))
    settings = CrossValidationSettings()
    return FoldTask(corpus, empty, corpus.texts, FIXED, settings.calibration, settings.rule, 0, 1)


def test_a_process_of_its_own_gives_the_same_answer():
    task = task_of()
    alone, here = in_own_process(task), answered(task)
    np.testing.assert_array_equal(alone.probabilities, here.probabilities)
    np.testing.assert_array_equal(alone.predicted, here.predicted)
    assert alone.notes == here.notes


def test_an_error_of_the_fit_comes_home_as_it_is():
    with pytest.raises(SettingsError) as info:
        in_own_process(replace(task_of(), rule=RuleSettings(top=2)))
    assert info.value.args


def test_a_process_that_dies_is_told(monkeypatch):
    class Done:
        returncode, stdout, stderr = -9, b"", b""

    monkeypatch.setattr(fold_process.subprocess, "run", lambda *a, **k: Done())
    with pytest.raises(TrainingError, match="its process was ended by SIGKILL") as info:
        in_own_process(task_of())
    assert "memory" in info.value.hint


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (frame_of(3), "too few for 5 folds"),
        (pd.DataFrame({"text": ["a b", "c d"] * 9, "label": ["x", "y"] * 9}), "too few"),
        (pd.DataFrame({"text": ["a"], "label": ["x"]}), "one class only"),
    ],
)
def test_too_few_rows_are_told(here, frame, words):
    with pytest.raises(DataError, match=words):
        crossvalidate(frame, CrossValidationSettings(model=FIXED))


def test_a_fold_that_would_learn_one_label_alone_is_told(here):
    texts = [f"word {n}" for n in range(30)] + ["alone"]
    frame = pd.DataFrame({"text": texts, "label": ["x"] * 30 + ["y"]})
    with pytest.raises(DataError, match="one label alone"):
        crossvalidate(frame, CrossValidationSettings(folds=2, model=FIXED))


def test_settings_that_make_no_sense_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="did you mean 'linear'"):
        CrossValidationSettings(against="liner")
    with pytest.raises(SettingsError, match="must end in the format"):
        CrossValidationSettings(out=tmp_path / "rows.txt")
    places = Places(checkpoints=tmp_path)
    with pytest.raises(SettingsError, match="same place"):
        CrossValidationSettings(model=replace(default_settings("cnn"), places=places))
    with pytest.raises(SettingsError, match="folds must be a whole number of 2 to 50"):
        crossvalidate(frame_of(30), CrossValidationSettings(folds=1))


def test_what_a_fold_tells_is_passed_on_once(here):
    talk = Notes()
    crossvalidate(frame_of(90), SETTINGS, talk)
    told = [note for note in talk.told if "not calibrated" in note]
    assert len(told) == 1
    assert told[0].startswith("linear, fold 1: ")


@pytest.mark.parametrize(
    "model",
    [
        PriorSettings(smoothing=2.0),
        LinearSettings(features="characters", imbalance="weights"),
        replace(
            default_settings("cnn"), tokens="ready", tokenizer=Path("/some/where/tokenizer.json")
        ),
        replace(default_settings("pretrained"), encoder="/some/where/encoder"),
    ],
)
def test_a_task_comes_out_of_its_folder_as_it_went_in(model, tmp_path):
    rule = RuleSettings(costs={"a": {"b": 2.0}})
    task = replace(task_of(), model=model, rule=rule, threads=None)
    write_task(tmp_path, task)
    found = read_task(tmp_path)
    for name in ("model", "calibration", "rule", "seed", "threads"):
        assert getattr(found, name) == getattr(task, name)
    assert found.train.labels == task.train.labels
    assert found.texts == task.texts
    np.testing.assert_array_equal(found.train.targets, task.train.targets)
    assert len(found.validation) == 0
