"""Small labelled data of our own wording, and one run on it that many tests share."""

import csv
import json

import numpy as np
import pytest

from textkind.data.settings import ReadSettings
from textkind.models.settings import LinearSettings
from textkind.workflow import job_runner, rung
from textkind.workflow.isolated import JOB, placed, prepared
from textkind.workflow.train import TrainSettings, train

FIXED = LinearSettings(features="words", strength=1.0, naive_bayes=False)
WORDS = {
    "billing": ["invoice", "refund", "charge", "price", "payment"],
    "delivery": ["parcel", "courier", "late", "box", "address"],
    "login": ["password", "account", "email", "locked", "code"],
}
COMMON = ["please", "help", "my", "the", "today", "again", "thanks", "still"]


def tickets(rows, seed=0):
    """Texts of two telling and four common words, with their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(sorted(WORDS), rows).tolist()
    texts = [
        " ".join([*rng.choice(WORDS[label], 2), *rng.choice(COMMON, 4), str(row)])
        for row, label in enumerate(labels)
    ]
    return texts, labels


def write_csv(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def rung_here(job, seconds, talk):
    """As run_isolated, in this process, whose imports are done: for what a rung makes."""
    partial = prepared(job)

    def done_here(path, do):
        do(json.loads(path.read_text()), talk)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rung, "done_as_child", done_here)
        rung.main([str(partial / JOB)])
    return placed(job, None)


@pytest.fixture
def rungs_here(monkeypatch):
    """Rungs of a comparison are fitted in this process."""
    monkeypatch.setattr(job_runner, "run_isolated", rung_here)


@pytest.fixture(scope="session")
def ticket_file(tmp_path_factory):
    texts, labels = tickets(400)
    rows = [
        (f"t{n}", text, label) for n, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]
    rows.insert(3, ("bad", "", "billing"))
    return write_csv(tmp_path_factory.mktemp("data") / "tickets.csv", ("id", "text", "label"), rows)


@pytest.fixture(scope="session")
def run(ticket_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "tickets"
    return train(ticket_file, TrainSettings(out=out, model=FIXED))


@pytest.fixture(scope="session")
def tag_file(tmp_path_factory):
    """Several labels a text, as JSON lists."""
    texts, labels = tickets(300)
    others = tickets(300, seed=1)
    path = tmp_path_factory.mktemp("data") / "tags.jsonl"
    records = [
        {"text": f"{text} {other}", "labels": sorted({label, second})}
        for text, label, other, second in zip(texts, labels, *others, strict=True)
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.fixture(scope="session")
def tag_run(tag_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "tags"
    settings = TrainSettings(out=out, model=FIXED, reading=ReadSettings(label="labels"))
    return train(tag_file, settings)
