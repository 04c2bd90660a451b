"""The scorecard fits its schema, and repeats what the figures say."""

import copy
import json
import math
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from textkind.data.labels import LabelSet
from textkind.evaluation.metrics import headline, prepare
from textkind.evaluation.scorecard import (
    HEADLINE,
    figure_names,
    majority_baseline,
    score_headline,
    score_part,
    score_probabilities,
)
from textkind.evaluation.slices import Slice, score_slices

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "metrics.schema.json").read_text())


def label_set(label_count, several):
    return LabelSet(tuple(f"label {k:03d}" for k in range(label_count)), several)


def halves(rows):
    """Two slices of a column, which together are all rows."""
    first = np.arange(rows) < rows / 2
    return [Slice("half", "first", first), Slice("half", "second", ~first)]


def document(case, several):
    """A whole metrics.json around the scorecard of one case."""
    probabilities, predicted, targets = case
    labels = label_set(probabilities.shape[1], several)
    counts = {"rows": len(targets), "labels": dict.fromkeys(labels.names, 1)}
    return {
        "format": 1,
        "textkind": "0.1.0",
        "command": None,
        "task": "several labels" if several else "one label",
        "labels": list(labels.names),
        "test": score_part(probabilities, predicted, targets, labels, resamples=70),
        "uncalibrated": score_probabilities(probabilities, predicted, targets),
        "clean": {"left_out": {"same": 1, "near": 2}, "similarity": 0.8}
        | score_headline(probabilities, predicted, targets, resamples=70),
        "slices": score_slices(halves(len(targets)), probabilities, predicted, targets),
        "findings": [],
        "languages": {},
        "validation": None,
        "trust": None,
        "novelty": None,
        "curves": None,
        "effect": None,
        "baseline": majority_baseline(targets, targets, labels),
        "errors": None,
        "map": None,
        "traced": None,
        "kept": None,
        "held_out": None,
        "data": {
            "source": "train.csv",
            "test_source": None,
            "read": 10,
            "accepted": 9,
            "rejected": 1,
            "out_of_scope": 0,
            "parts": {"train": counts, "validation": counts, "test": counts},
            "words": {"mean": 10.2, "median": 9, "p95": 20, "max": 40},
            "bytes": 123456,
            "duplicates": {
                "rows": 12,
                "groups": 5,
                "conflicting": 1,
                "kept_on_one_side": True,
                "across_given_files": 0,
            },
            "split": {"method": "group", "seed": 0, "test_share": 0.2, "validation_share": 0.1},
            "columns": {
                "text": ["text"],
                "label": "label",
                "group": None,
                "time": None,
                "id": None,
            },
            "notes": [],
        },
        "fit": {"model": "linear", "seconds": {"fit": 0.5}, "settings": {}, "passes": 7},
        "environment": {"python": "3.12.1", "system": "Linux", "packages": {}},
        "notes": ["one row was rejected"],
    }


def validate(found):
    """Written and read as strict JSON (no NaN), then held against the schema."""
    text = json.dumps(found, allow_nan=False)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_metrics_with_a_scorecard_fit_the_schema(draw_case):
    for seed in range(25):
        case = draw_case(seed)
        validate(document(case, case[2].ndim == 2))


def test_metrics_of_no_rows_fit_the_schema(draw_case):
    case = draw_case(0, 0, 3)
    found = document(case, case[2].ndim == 2)
    validate(found)
    assert all(found["test"][name] == dict.fromkeys(("value", "low", "high")) for name in HEADLINE)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("unknown", 1),
        ("test unknown", 1),
        ("test accuracy value", 1.5),
        ("test accuracy low", math.nan),
        ("test accuracy", 0.9),
        ("test confusion", None),
        ("test hamming_loss", {"value": 0, "low": 0, "high": 0}),
        ("baseline name", "a guess"),
        ("data split method", "by luck"),
        ("task", "several labels"),
    ],
)
def test_the_schema_refuses_what_is_not_in_the_format(draw_one_label, place, value):
    found = copy.deepcopy(document(draw_one_label(1), several=False))
    *way, last = place.split()
    inside = found
    for step in way:
        inside = inside[step]
    inside[last] = value
    with pytest.raises((jsonschema.ValidationError, ValueError)):
        validate(found)


def test_headline_values_are_the_figures_and_lie_in_their_intervals(draw_case):
    for seed in range(10):
        case = draw_case(seed, 60, 3)
        figures = headline(prepare(*case))
        part = score_part(*case, label_set(3, case[2].ndim == 2), seed=seed)
        assert part["resamples"] == 1000
        for name, value in figures.items():
            if math.isnan(value):
                assert part[name] == {"value": None, "low": None, "high": None}
            else:
                assert part[name]["value"] == value
                assert part[name]["low"] <= value <= part[name]["high"]


def test_figures_of_probabilities_are_those_of_the_part(draw_case):
    for seed in range(5):
        case = draw_case(seed, 60, 3)
        part = score_part(*case, label_set(3, case[2].ndim == 2), resamples=20)
        found = score_probabilities(*case)
        assert found.pop("reliability") == part["reliability"]
        assert found == {name: part[name]["value"] for name in found}
        assert set(found) == {"log_loss", "brier", "ece_width", "ece_mass"}


def test_figures_without_both_classes_are_null():
    probabilities = np.array([[0.8, 0.2], [0.6, 0.4]], np.float32)
    zeros = np.zeros(2, np.int32)
    part = score_part(probabilities, zeros, zeros, label_set(2, False), resamples=20)
    assert part["roc_auc"] == part["pr_auc"] == {"value": None, "low": None, "high": None}
    assert part["per_label"][0]["f1"] == 1
    assert part["per_label"][1] == {
        "label": "label 001",
        "support": 0,
        "predicted": 0,
        "ece": pytest.approx(0.3),
        **dict.fromkeys(["precision", "recall", "f1", "roc_auc", "pr_auc"]),
        "intervals": {key: {"low": None, "high": None} for key in ["precision", "recall", "f1"]},
    }


def test_the_figures_of_a_label_lie_in_their_intervals_which_keep_a_width(draw_case):
    for seed in range(20):
        case = draw_case(seed)
        labels = label_set(case[0].shape[1], case[2].ndim == 2)
        for one in score_part(*case, labels, resamples=1)["per_label"]:
            rows = {"precision": one["predicted"], "recall": one["support"],
                    "f1": one["predicted"] + one["support"]}  # fmt: skip
            for name, bounds in one["intervals"].items():
                if not rows[name]:
                    assert bounds == {"low": None, "high": None}
                else:
                    assert bounds["low"] - 1e-12 <= one[name] <= bounds["high"] + 1e-12
                    assert bounds["high"] - bounds["low"] > 0.01


def test_all_figures_of_a_part_are_named_and_the_clean_ones_are_the_headline(draw_case):
    case = draw_case(1, 50, 8)
    several = case[2].ndim == 2
    part = score_part(*case, label_set(8, several), resamples=10)
    others = {"rows", "resamples", "calibration", "per_label", "confusion", "reliability"}
    names = set(part) - others
    assert names == set(figure_names(several)) == set(headline(prepare(*case)))
    assert set(score_headline(*case, resamples=10)) < set(part)


@pytest.mark.parametrize(("label_count", "kind"), [(200, "counts"), (201, "pairs")])
def test_many_labels_list_confused_pairs_instead_of_a_table(draw_one_label, label_count, kind):
    case = draw_one_label(0, 300, label_count)
    part = score_part(*case, label_set(label_count, False), resamples=10)
    assert list(part["confusion"]) == [kind]
    mistakes = int((case[1] != case[2]).sum())
    if kind == "counts":
        table = np.array(part["confusion"]["counts"])
        assert table.sum() - np.trace(table) == mistakes
    else:
        assert len(part["confusion"]["pairs"]) <= 200
        assert sum(pair["count"] for pair in part["confusion"]["pairs"]) <= mistakes


def test_the_same_seed_gives_the_same_scorecard(draw_case):
    case = draw_case(3, 50, 4)
    labels = label_set(4, case[2].ndim == 2)
    assert score_part(*case, labels, seed=1) == score_part(*case, labels, seed=1)
    assert score_part(*case, labels, seed=1) != score_part(*case, labels, seed=2)


def test_the_majority_baseline_predicts_the_most_frequent_training_label():
    train, test = np.array([2, 2, 1, 0]), np.array([2, 0, 1, 1], np.int32)
    found = majority_baseline(train, test, LabelSet(("a", "b", "c")))
    assert (found["name"], found["label"]) == ("majority label", "c")
    assert found["accuracy"] == 0.25
    assert abs(found["macro_f1"] - (2 * 1 / 5) / 3) < 1e-12
    assert found["roc_auc"] == 0.5
    assert abs(found["log_loss"] - -np.log([0.5, 0.25, 0.25, 0.25]).mean()) < 1e-12


def test_the_majority_baseline_of_several_labels_gives_one_label_to_every_text():
    train = np.array([[1, 0], [1, 1], [1, 0]], np.uint8)
    test = np.array([[1, 0], [0, 1]], np.uint8)
    found = majority_baseline(train, test, LabelSet(("a", "b"), several=True))
    assert found["label"] == "a"
    assert found["subset_accuracy"] == 0.5
    assert found["hamming_loss"] == 0.5


@pytest.mark.parametrize("several", [False, True])
def test_all_right_leaves_shares_of_rows_an_interval_with_width(several):
    targets = np.arange(60, dtype=np.int32) % 3
    probabilities = np.eye(3)[targets] * 0.7 + 0.1
    if several:
        targets = np.eye(3, dtype=np.uint8)[targets]
    part = score_part(probabilities, targets, targets, label_set(3, several), resamples=70)
    exact = {"value": 1.0, "low": pytest.approx(0.025 ** (1 / 60)), "high": 1.0}
    names = ("accuracy", "subset_accuracy") if several else ("accuracy", "micro_f1")
    for name in names:
        assert part[name] == exact
    assert part["macro_f1"]["low"] == 1.0
