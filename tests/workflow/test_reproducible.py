"""What a run tells of its data and of what it was made with, so that it can be made again."""

import hashlib
import platform
import sys
from importlib.metadata import version

import numpy as np
import pyarrow as pa
import pytest

from tests.workflow.conftest import FIXED, tickets, write_csv
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.workflow.environment import environment_facts
from textkind.workflow.profile import corpus_digest
from textkind.workflow.train import TrainSettings, train

TEXTS = pa.array(["one", "two", "three"], pa.large_string())
LABELS = LabelSet(("a", "b"))
TARGETS = np.array([0, 1, 0], np.int32)


def corpus(texts=TEXTS, targets=TARGETS, labels=LABELS):
    return Corpus(texts, targets, labels, np.arange(len(texts)))


def test_a_digest_knows_its_rows_wherever_they_lie_in_memory():
    longer = pa.concat_arrays([pa.array(["none"], pa.large_string()), TEXTS])
    assert corpus_digest(corpus(longer[1:])) == corpus_digest(corpus())


@pytest.mark.parametrize(
    "other",
    [
        corpus(pa.array(["one", "two", "thre"], pa.large_string())),
        corpus(pa.array(["onet", "wo", "three"], pa.large_string())),
        corpus(targets=np.array([0, 1, 1], np.int32)),
        corpus(labels=LabelSet(("a", "c"))),
        corpus(TEXTS[:2], TARGETS[:2]),
    ],
)
def test_a_digest_tells_other_rows_apart(other):
    assert corpus_digest(other) != corpus_digest(corpus())


def test_a_run_has_the_digests_of_its_file_and_rows_and_the_same_rows_the_same(tmp_path):
    texts, labels = tickets(200)
    file = write_csv(tmp_path / "tickets.csv", ("text", "label"), zip(texts, labels, strict=True))
    of_file = train(file, TrainSettings(out=tmp_path / "a", model=FIXED))
    rows = train({"text": texts, "label": labels}, TrainSettings(out=tmp_path / "b", model=FIXED))
    told, others = (run.metrics["data"]["sha256"]["train"] for run in (of_file, rows))
    assert told["file"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert others == {"rows": told["rows"], "file": None}
    for name in ("report.html", "report.md", "card.md"):
        page = (of_file.folder / name).read_text(encoding="utf-8")
        assert told["file"] in page
        assert told["rows"] in page


def test_the_environment_has_what_is_in_use(monkeypatch):
    monkeypatch.delitem(sys.modules, "pyarrow")
    told = environment_facts()
    assert told["python"] == platform.python_version()
    assert told["packages"]["numpy"] == version("numpy")
    assert "pyarrow" not in told["packages"]


def test_languages_are_those_of_the_function_words(tmp_path):
    texts = ["the cat is on the mat and it was there for you"] * 30
    texts += ["der Hund ist auf dem Weg und sie sind mit ihm"] * 20
    texts = [f"{text} {place}" for place, text in enumerate(texts)]
    data = {"text": texts, "label": ["x", "y"] * 25}
    told = train(data, TrainSettings(out=tmp_path / "run", model=FIXED)).metrics["languages"]
    assert set(told) == {"English", "German"}
    assert told["English"] > told["German"]
