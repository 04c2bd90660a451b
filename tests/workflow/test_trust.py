"""What is promised on validation, and what the test part shows of it."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pytest

from tests.workflow.conftest import FIXED, tickets, write_csv
from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.decision.evidence import evidence_of
from textkind.workflow.train import TrainSettings, train
from textkind.workflow.trust import COVERAGES, ERRORS, LEAST_ROWS, trust_facts

SCHEMA = Path(__file__).parents[2] / "docs" / "metrics.schema.json"


def drawn(rows, seed, labels=4):
    """A part and the probabilities that its targets were drawn from."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(rows, labels)) * 3
    given = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = np.array([random.choice(labels, p=row) for row in given], np.int32)
    texts = pa.array([f"text {row}" for row in range(rows)], pa.large_string())
    names = tuple(f"label {k}" for k in range(labels))
    return Corpus(texts, targets, LabelSet(names), np.arange(rows)), given.astype(np.float32)


def classifier_of(part, given):
    """A classifier that has shown these probabilities on validation."""
    decision = Decision(part.labels.several)
    evidence = evidence_of(decision, given, part.targets, part.texts)
    return Classifier(None, decision, part.labels.names, evidence)


def test_promises_are_kept_on_the_test_part_and_told_as_they_are():
    fitted, tested = drawn(2000, 0), drawn(4000, 1)
    told = trust_facts(classifier_of(*fitted), tested)
    test, given = tested
    confidence, correct = given.max(axis=1), given.argmax(axis=1) == test.targets
    assert [one["max_error"] for one in told["abstention"]] == list(ERRORS)
    for one in told["abstention"]:
        if one["confidence"] is None:
            assert one["test_answered"] == 0
            continue
        rows = confidence >= one["confidence"]
        assert one["test_answered"] == pytest.approx(rows.mean())
        assert one["test_error"] == pytest.approx((~correct[rows]).mean())
        assert one["test_error"] < one["max_error"] * 1.2
    for one in told["sets"]:
        member = 1 - given.astype(np.float64) <= one["threshold"]
        member[np.arange(4000), given.argmax(axis=1)] = True
        covered = member[np.arange(4000), test.targets].mean()
        assert one["test_coverage"]["value"] == pytest.approx(covered)
        assert one["mean_size"] == pytest.approx(member.sum(axis=1).mean())
        assert one["test_coverage"]["low"] < covered < one["test_coverage"]["high"]
        assert one["test_coverage"]["value"] > one["coverage"] - 0.03
    assert [one["coverage"] for one in told["sets"]] == list(COVERAGES)
    assert 0 < told["risk_area"] < (~correct).mean()


def test_without_a_test_part_the_promises_stand_alone():
    told = trust_facts(classifier_of(*drawn(500, 0)), None)
    assert told["risk_area"] is None
    assert {one["test_answered"] for one in told["abstention"]} == {None}
    assert {one["test_coverage"]["value"] for one in told["sets"]} == {None}


def test_few_rows_and_none_promise_nothing():
    part, given = drawn(LEAST_ROWS - 1, 0)
    assert trust_facts(classifier_of(part, given), None) is None
    assert trust_facts(Classifier(None, Decision(False), part.labels.names), None) is None
    told = trust_facts(classifier_of(*drawn(200, 0)), drawn(0, 1))
    assert told["risk_area"] is None
    assert {one["test_answered"] for one in told["abstention"]} == {None}


def test_of_several_labels_whole_sets_are_right_and_true_labels_kept():
    random = np.random.default_rng(0)
    given = random.beta(0.2, 0.4, size=(3000, 4)).astype(np.float32)
    targets = (random.random((3000, 4)) < given).astype(np.uint8)
    part, _ = drawn(3000, 0)
    labels = LabelSet(part.labels.names, several=True)
    fitted, tested = (
        (Corpus(part.texts[rows], targets[rows], labels, part.rows[rows]), given[rows])
        for rows in (slice(0, 1000), slice(1000, 3000))
    )
    told = trust_facts(classifier_of(*fitted), tested)
    right = ((tested[1] >= 0.5) == tested[0].targets).all(axis=1)
    assert told["abstention"][-1]["test_error"] < 0.25 < (~right).mean()
    for one in told["sets"]:
        member = 1 - tested[1].astype(np.float64) <= one["threshold"]
        some = tested[0].targets.any(axis=1)
        kept = (member & tested[0].targets).sum(axis=1)[some] / tested[0].targets.sum(axis=1)[some]
        assert one["test_coverage"]["value"] == pytest.approx(kept.mean())
        assert one["test_coverage"]["low"] < kept.mean() < one["test_coverage"]["high"]
        assert one["test_coverage"]["value"] > one["coverage"] - 0.03


def test_a_run_tells_its_promises_in_metrics_and_report(tmp_path):
    texts, labels = tickets(900)
    random = np.random.default_rng(0)
    noisy = [random.choice(sorted(set(labels))) if random.random() < 0.2 else k for k in labels]
    file = write_csv(tmp_path / "noisy.csv", ("text", "label"), zip(texts, noisy, strict=True))
    run = train(file, TrainSettings(out=tmp_path / "run", model=FIXED))
    jsonschema.validate(run.metrics, json.loads(SCHEMA.read_text()))
    trust = run.metrics["trust"]
    assert trust["abstention"][0]["confidence"] is None  # a fifth of the labels is wrong
    assert trust["sets"][0]["mean_size"] >= 1
    page = (run.folder / "report.html").read_text()
    assert "If the unsure are left out" in page
    assert "no such promise" in page
