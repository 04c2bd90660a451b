"""What is asked of every trace: it ends in the model's answer, and its steps chain."""

import json
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from textkind.classifier import predict_ids, predict_probabilities

KINDS = {
    "text": str,
    "whole": int,
    "number": float,
    "signed": float,
    "share": float,
    "mark": bool,
}


def check_trace(trace, classifier):
    """All of it."""
    check_end(trace, classifier)
    check_chain(trace)
    check_tables(trace)


def check_end(trace, classifier, tolerance=1e-5):
    """Logits, probabilities and labels are those that predict has."""
    texts = pa.array([trace.text], pa.large_string())
    logits = classifier.model.logits(texts)[0]
    np.testing.assert_allclose(trace.logits, logits, atol=tolerance)
    found = predict_probabilities(classifier, texts)[0]
    np.testing.assert_allclose(trace.probabilities, found, atol=tolerance)
    names, ids = classifier.labels.names, predict_ids(classifier, texts)[0]
    given = [names[k] for k in np.flatnonzero(ids)] if trace.several else [names[ids]]
    assert list(trace.decided) == given
    decision = next(step for step in trace.steps if step.name == "decision")
    assert trace.why == decision.sentence


def check_chain(trace):
    """Each step takes what the step before gave, to the length of its numbers."""
    assert trace.steps[0].takes.shape == (len(trace.text),)
    for before, step in pairwise(trace.steps):
        assert (step.takes.name, step.takes.shape) == (before.gives.name, before.gives.shape)
        assert (step.takes.norm is None) == (before.gives.norm is None)
        if step.takes.norm is not None:
            assert step.takes.norm == pytest.approx(before.gives.norm, rel=1e-4, abs=1e-4)


def check_tables(trace):
    """Cells are of their column's kind, rows as long as the columns, and all of it is JSON."""
    for step in trace.steps:
        for table in step.tables:
            assert len(table.rows) <= table.of
            for row in (*table.rows, *table.ends):
                assert len(row) == len(table.columns)
                for cell, column in zip(row, table.columns, strict=True):
                    assert cell is None or type(cell) is KINDS[column.kind], (table.name, column)
    told = json.loads(json.dumps(asdict(trace), allow_nan=False))
    assert [step["name"] for step in told["steps"]] == [step.name for step in trace.steps]


def table_of(trace, step, name):
    """The columns by name, as lists, of one table of a step."""
    (found,) = [own for own in trace.steps if own.name == step]
    (table,) = [own for own in found.tables if own.name == name]
    columns = zip(*table.rows, strict=True) if table.rows else [()] * len(table.columns)
    names = [column.name for column in table.columns]
    return dict(zip(names, map(list, columns), strict=True))
