"""The service tells how what is asked differs from validation, and keeps no text of it."""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from textkind.classifier import predict_ids
from textkind.decision.profile import CONFIDENCE, LABELS, LENGTH, NOVELTY
from textkind.evaluation.drift import drift
from textkind.serve.drift import SLICES, Counts, Monitor
from textkind.serve.metrics import HELP, Metrics
from textkind.storage.model_folder import load_model

from .conftest import LINEAR, tickets

FIGURES = [LABELS, CONFIDENCE, LENGTH, NOVELTY]


@pytest.fixture(scope="module")
def server(start_server, run_folder, tagged_folder):
    return start_server(f"tickets={run_folder}", f"tagged={tagged_folder}", "--drift-window", "200")


def told(server, texts, name="tickets"):
    """The drift of a model, once it has seen so many texts."""

    def found():
        models = server.get("/v1/drift")[1]["models"]
        return next(one for one in models if one["name"] == name)["figures"]

    server.wait_until(lambda: found()[LABELS]["start"]["texts"] == texts, told="drift")
    return found()


def test_texts_like_those_of_training_do_not_drift_and_others_do(server, run_folder):
    # every text of training has a number of its own, so these have others of the same length
    like = [row["text"][:-1] + "z" for row in tickets(1000, seed=9)[::2]]
    assert server.post({"texts": like})[0] == 200
    figures = told(server, 500)
    assert list(figures) == FIGURES
    classifier = load_model(run_folder)
    ids = predict_ids(classifier, pa.array(like, pa.large_string()))
    assert figures[LABELS]["cells"] == list(classifier.labels.names)
    assert figures[LABELS]["start"]["counts"] == np.bincount(ids).tolist()
    for figure in figures.values():
        assert sum(figure["validation"]) == len(classifier.evidence)
        for over in ("window", "start"):
            assert not figure[over]["drift"]
            expected = drift(figure["validation"], figure[over]["counts"])
            assert figure[over]["index"] == expected.index
            assert figure[over]["limit"] == expected.limit
    strange = ["parcel courier late " * 9] * 400
    assert server.post({"texts": strange})[0] == 200
    figures = told(server, 900)
    for name in (LABELS, LENGTH):
        assert figures[name]["window"]["drift"]
    assert figures[LABELS]["window"]["counts"] == [0, 400, 0]
    assert figures[LABELS]["start"]["texts"] == 900
    assert figures[NOVELTY]["start"]["texts"] >= 1


def test_prometheus_reads_what_the_page_is_told(server):
    figures = told(server, 900)
    labels = figures[LABELS]
    of = 'model="tickets",figure="labels"'
    for name, number in zip(labels["cells"], labels["start"]["counts"], strict=True):
        assert server.metric(f'textkind_seen_texts_total{{{of},cell="{name}"}}') == number
    for over in ("window", "start"):
        for value in ("texts", "index", "limit"):
            line = f'textkind_drift_{value}{{{of},over="{over}"}}'
            assert server.metric(line) == pytest.approx(labels[over][value])


def test_no_text_and_no_word_of_it_is_told(server):
    assert server.post({"text": "xylophone"})[0] == 200
    told(server, 901)
    assert "xylophone" not in json.dumps(server.get("/v1/drift")[1])
    assert "xylophone" not in server.get("/metrics")[1]


def test_the_front_has_counted_compared_and_told_without_arrays(server):
    for path in ("/v1/models", "/v1/drift", "/metrics", "/openapi.json", "/"):
        assert server.get(path)[0] == 200
    libraries = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "python" in libraries
    assert not re.search("numpy|scipy|pyarrow|llvmlite", libraries)


def test_several_labels_are_counted_once_a_text(server):
    assert server.post({"texts": ["my parcel is late", "refund"], "model": "tagged"})[0] == 200
    figures = told(server, 2, "tagged")
    assert sum(figures[LABELS]["start"]["counts"]) == 2
    assert figures[LABELS]["start"]["index"] is None  # too few to tell


def test_a_model_without_validation_has_no_figures(start_server, tmp_path):
    from textkind.workflow.train import TrainSettings, train

    train(tickets(60), TrainSettings(out=tmp_path / "few", model=LINEAR))
    server = start_server(tmp_path / "few")
    assert server.post({"text": "parcel"})[0] == 200
    assert server.get("/v1/drift")[1]["models"][0]["figures"] == {}
    assert "textkind_drift_index{" not in server.get("/metrics")[1]


def test_the_rules_for_prometheus_in_the_docs_name_what_is_told():
    page = (Path(__file__).parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")
    (rules,) = re.findall(r"```yaml\n(.*?)```", page, re.S)
    names = set(re.findall(r"textkind_\w+", rules))
    assert len(names) == 5
    assert names <= set(HELP)


def test_the_window_forgets_what_it_can_do_without():
    counts = Counts(3, window=SLICES * 5)
    for _ in range(SLICES):
        counts.add([5, 0, 0])
    assert counts.window == [SLICES * 5, 0, 0]
    counts.add([0, 2, 2])
    assert counts.window == [SLICES * 5, 2, 2]
    counts.add([0, 0, 1])
    assert counts.window == [(SLICES - 1) * 5, 2, 3]
    assert counts.start == [SLICES * 5, 2, 3]
    counts.add([0, 1000, 0])  # more than the window at once
    assert counts.window == [0, 1000, 0]


def test_a_version_that_takes_over_begins_anew_and_cells_come_in_any_pieces():
    facts = {"labels": {"cells": ["a", "b"], "validation": [50, 50]},
             "length": {"cells": [3.0, None], "validation": [60, 40]}}  # fmt: skip
    monitor, cells = Monitor(facts, 100), np.array([0, 2, 1, 3, 1, 3], np.int32)
    for piece in (cells[:2], cells[2:]):
        monitor.add(piece.tobytes())
    found = monitor.facts()["figures"]
    assert found["labels"]["start"]["counts"] == [1, 2]
    assert found["length"]["window"]["counts"] == [1, 2]
    assert found["length"]["cells"] == [3.0, None]
    assert Monitor(facts, 100).facts()["figures"]["labels"]["start"]["texts"] == 0


def test_names_of_labels_are_escaped_for_prometheus():
    facts = {"labels": {"cells": ['a "b"\\\nc', "d"], "validation": [50, 50]}}
    monitor, metrics = Monitor(facts, 100), Metrics()
    metrics.gauges.append(lambda: monitor.gauges("m"))
    line = next(one for one in metrics.text().splitlines() if "cell" in one and "{" in one)
    told = re.search(r'cell="((?:[^"\\]|\\.)*)"', line)[1]
    assert re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), told) == 'a "b"\\\nc'
