"""What is promised on validation, and what the test part shows of it."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pytest

from tests.workflow.conftest import FIXED, tickets, write_csv
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
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


def test_promises_are_kept_on_the_test_part_and_told_as_they_are():
    fitted, tested = drawn(2000, 0), drawn(4000, 1)
    told = trust_facts(fitted, tested)
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
        assert one["test_coverage"] == pytest.approx(covered)
        assert one["mean_size"] == pytest.approx(member.sum(axis=1).mean())
        assert one["test_coverage"] > one["coverage"] - 0.03
    assert [one["coverage"] for one in told["sets"]] == list(COVERAGES)
    assert 0 < told["risk_area"] < (~correct).mean()


def test_without_a_test_part_the_promises_stand_alone():
    told = trust_facts(drawn(500, 0), None)
    assert told["risk_area"] is None
    assert {one["test_answered"] for one in told["abstention"]} == {None}
    assert {one["test_coverage"] for one in told["sets"]} == {None}


def test_few_rows_and_several_labels_promise_nothing():
    assert trust_facts(drawn(LEAST_ROWS - 1, 0), None) is None
    part, given = drawn(200, 0)
    several = Corpus(part.texts, np.eye(4, dtype=np.uint8)[part.targets],
                     LabelSet(part.labels.names, several=True), part.rows)  # fmt: skip
    assert trust_facts((several, given), None) is None


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
    assert "If it may leave texts without an answer" in page
    assert "no such promise" in page
