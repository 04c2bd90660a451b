"""Train, evaluate, audit and clean take shards as they take the one file of all their rows."""

import csv
import json

import numpy as np
import pytest

from tests.workflow.conftest import FIXED, write_csv
from textkind.workflow.audit import audit
from textkind.workflow.clean import CleanSettings, clean
from textkind.workflow.evaluate import evaluate
from textkind.workflow.origin import named_after
from textkind.workflow.train import TrainSettings, train


@pytest.fixture(scope="module")
def shards(ticket_file, tmp_path_factory):
    """The rows of the tickets in five files."""
    folder = tmp_path_factory.mktemp("shards")
    with ticket_file.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    for number in range(5):
        write_csv(folder / f"part-{number}.csv", header, rows[number * 90 : number * 90 + 90])
    return folder


def test_training_gives_the_same_bits(run, shards, tmp_path):
    found = train(shards, TrainSettings(out=tmp_path / "run", model=FIXED))
    for name, array in run.classifier.model.state()[1].items():
        np.testing.assert_array_equal(found.classifier.model.state()[1][name], array)
    assert found.metrics["test"] == run.metrics["test"]
    [rejected] = (tmp_path / "run" / "rejected.jsonl").read_text().splitlines()
    assert json.loads(rejected)["shard"] == f"{shards}/part-0.csv"
    assert json.loads(rejected)["line"] == 5


def test_measuring_and_auditing_find_the_same(run, ticket_file, shards):
    assert evaluate(run.folder, shards).figures == evaluate(run.folder, ticket_file).figures
    whole, parts = audit(ticket_file), audit(str(shards / "part-*.csv"))
    assert [(one.check, one.what) for one in parts.findings] == [
        (one.check, one.what) for one in whole.findings
    ]
    assert (parts.read, parts.rejected) == (whole.read, whole.rejected)


def test_cleaning_lists_what_was_rejected_with_its_shard(shards, tmp_path):
    settings = CleanSettings(remove=("near_duplicates_within",))
    clean(shards, tmp_path / "clean.csv", settings)
    lines = (tmp_path / "clean.csv.changes.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])
    assert (last["change"], last["shard"], last["row"]) == ("rejected", f"{shards}/part-0.csv", 5)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("data/part-*.parquet", "part"),
        ("s3://bucket/tickets/", "tickets"),
        ("data/*", "run"),
        (["a.csv"], "run"),
        ("-", "pipe"),
        ("data/tickets.csv.gz", "tickets"),
    ],
)
def test_runs_are_named_after_their_source(source, name):
    assert named_after(source) == name
