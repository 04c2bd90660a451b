"""What a run tells of its mistakes: metrics, report and mistakes.jsonl agree."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from tests.workflow.conftest import FIXED, tickets, write_csv
from textkind.classifier import predict_probabilities
from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings
from textkind.workflow.error_groups import error_groups
from textkind.workflow.train import TrainSettings, train

SCHEMA = Path(__file__).parents[2] / "docs" / "metrics.schema.json"


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """Every fifth ticket negates and has the label of another queue; a run on them."""
    folder = tmp_path_factory.mktemp("noisy")
    texts, labels = tickets(900)
    queues = sorted(set(labels))
    rows = [
        (f"not <b>{text}", queues[(queues.index(label) + row % 2) % 3])
        if row % 5 == 0
        else (text, label)
        for row, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]
    file = write_csv(folder / "noisy.csv", ("text", "label"), rows)
    return file, train(file, TrainSettings(out=folder / "run", model=FIXED))


def test_a_run_groups_its_test_mistakes(noisy):
    _, run = noisy
    jsonschema.validate(run.metrics, json.loads(SCHEMA.read_text()))
    errors = run.metrics["errors"]
    accuracy = run.metrics["test"]["accuracy"]["value"]
    assert errors["rows"] == run.metrics["test"]["rows"]
    assert errors["mistakes"]["value"] == pytest.approx(1 - accuracy)
    groups = {group["group"]: group for group in errors["groups"]}
    assert groups["negation"]["lift"]["low"] > 1
    assert groups["negation"]["p"] < 0.05
    assert "rare_words" in groups
    records = [
        json.loads(line) for line in (run.folder / "mistakes.jsonl").read_text().splitlines()
    ]
    assert len(records) == errors["mistakes"]["hits"]
    for name, group in groups.items():
        assert sum(name in one["groups"] for one in records) == group["mistakes"]
    assert sum(not one["groups"] for one in records) == errors["without_a_group"]


def test_the_report_says_where_it_fails_and_escapes_what_texts_hold(noisy):
    _, run = noisy
    page = (run.folder / "report.html").read_text()
    section = page[page.index('<section id="errors"') :]
    section = section[: section.index("</section>")]
    assert "<strong>negation</strong>" in section
    assert "a word that negates" in section
    assert "&lt;b&gt;" in section
    assert "<b>" not in section


def test_a_run_without_a_mistake_has_groups_but_no_section(run):
    assert run.metrics["errors"]["mistakes"]["hits"] == 0
    assert 'id="errors"' not in (run.folder / "report.html").read_text()


def test_the_order_of_rows_changes_nothing_but_who_is_where(noisy):
    file, run = noisy
    corpus = read_corpus(file, ReadSettings()).corpus
    back = corpus.take(np.arange(len(corpus))[::-1])
    found = [
        error_groups(run.classifier, one, predict_probabilities(run.classifier, one.texts), corpus)
        for one in (corpus, back)
    ]
    first, second = (one.figures for one in found)
    for name in ("mistakes", "groups", "without_a_group", "clusters", "ngrams"):
        assert first[name] == second[name]
    assert (found[0].clusters == found[1].clusters[::-1]).all()
    for name, rows in found[0].members.items():
        assert (rows == found[1].members[name][::-1]).all()


def test_of_very_many_texts_the_words_of_a_sample_are_counted_or_none(noisy, monkeypatch):
    file, run = noisy
    corpus = read_corpus(file, ReadSettings()).corpus
    given = predict_probabilities(run.classifier, corpus.texts)
    home = "textkind.workflow.error_groups"
    monkeypatch.setattr(f"{home}.MOST_COUNTED", 100)
    sampled = error_groups(run.classifier, corpus, given, corpus).figures
    assert "rare_words" not in sampled["not_looked_for"]
    monkeypatch.setattr(f"{home}.MOST_TEXTS", 900)
    assert (
        "rare_words"
        in error_groups(run.classifier, corpus, given, corpus).figures["not_looked_for"]
    )
