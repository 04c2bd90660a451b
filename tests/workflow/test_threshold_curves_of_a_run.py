"""The entry "curves" of metrics.json: of which labels, and of which part."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pytest

from tests.workflow.conftest import FIXED, tickets
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.data.settings import SplitSettings
from textkind.decision.decision import Decision
from textkind.workflow.threshold_curves import MOST_LABELS, curve_facts
from textkind.workflow.train import TrainSettings, train

SCHEMA = Path(__file__).parents[2] / "docs" / "metrics.schema.json"


def part_of(targets, several):
    """A part with made-up texts and such targets."""
    rows, labels = len(targets), targets.shape[1] if several else int(targets.max()) + 1
    names = tuple(f"label {k:02d}" for k in range(labels))
    texts = pa.array([f"text {row}" for row in range(rows)], pa.large_string())
    return Corpus(texts, targets, LabelSet(names, several=several), np.arange(rows))


def test_of_two_labels_the_second_has_a_curve_and_of_three_none():
    targets = np.array([0, 1, 1, 0], np.int32)
    given = np.array([[0.9, 0.1], [0.3, 0.7], [0.6, 0.4], [0.2, 0.8]], np.float32)
    (curve,) = curve_facts(Decision(False), part_of(targets, False), given)["labels"]
    assert (curve["label"], curve["gold"]) == ("label 01", 2)
    half = next(one for one in curve["points"] if one["threshold"] == 0.5)
    assert (half["precision"], half["recall"]) == (0.5, 0.5)
    given = np.full((3, 3), 1 / 3, np.float32)
    facts = curve_facts(Decision(False), part_of(np.arange(3, dtype=np.int32), False), given)
    assert facts["labels"] == []
    assert facts["risk"][-1]["error"] == pytest.approx(2 / 3)


def test_of_several_labels_all_together_come_first_then_those_with_most_texts():
    random = np.random.default_rng(0)
    shares = np.linspace(0, 0.6, 20)
    targets = (random.random((200, 20)) < shares).astype(np.uint8)
    given = random.random((200, 20)).astype(np.float32)
    found = curve_facts(Decision(True), part_of(targets, True), given)["labels"]
    assert found[0]["label"] is None
    assert found[0]["gold"] == targets.sum()
    gold = [curve["gold"] for curve in found[1:]]
    assert gold == sorted(targets.sum(axis=0), reverse=True)[:MOST_LABELS]


@pytest.mark.parametrize("share", [0.2, 0.0])
def test_a_run_tells_its_curves_of_test_and_without_it_of_validation(share, tmp_path):
    texts, labels = tickets(400)
    settings = TrainSettings(
        out=tmp_path / "run", model=FIXED, split=SplitSettings(test_share=share)
    )
    run = train({"text": texts, "label": labels}, settings)
    jsonschema.validate(run.metrics, json.loads(SCHEMA.read_text()))
    part = run.metrics["test" if share else "validation"]
    error = run.metrics["curves"]["risk"][-1]["error"]
    assert error == pytest.approx(1 - part["accuracy"]["value"])
    assert "If the unsure are left out" in (run.folder / "report.html").read_text()
