"""The report's section "How a text becomes a label": the numbers of the trace, any text escaped."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pytest

from tests.models.test_model_contract import FIXED, NEEDS_NEURAL, brief, fit, toy
from tests.report.conftest import made_metrics
from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision, probabilities
from textkind.models.linear import fit_linear
from textkind.report import render_report
from textkind.report.trace import trace_section
from textkind.workflow.trace import trace_text
from textkind.workflow.traced_example import traced_example, typical_row

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "trace.schema.json").read_text())
EVIL = "<script>alert(1)</script> \u202e cat & 'dog' \"horse\""


def classifier_of(name, several=False):
    model = fit(name, toy(80, several=several), **brief(name))
    return Classifier(model, Decision(several), model.labels.names)


def page_of(trace):
    return render_report(made_metrics() | {"traced": {"row": 7, "trace": asdict(trace)}}, [])


def section_of(page):
    return page[page.index('<section id="trace"') :].partition("</section>")[0]


def figures_of(trace):
    """Every number that the section shows, rounded as a float."""
    found = []
    for step in trace.steps:
        found += [one.norm for one in (step.takes, step.gives) if one.norm is not None]
        for table in step.tables:
            if table.name != "text":
                cells = [cell for row in (*table.rows, *table.ends) for cell in row]
                found += [cell for cell in cells if type(cell) in (int, float)]
    return found


@pytest.mark.parametrize(
    "name",
    [
        "linear both",
        *(pytest.param(name, marks=NEEDS_NEURAL) for name in ("mean_pool", "rnn lstm")),
    ],
)
def test_the_numbers_of_the_page_are_those_of_the_trace(name):
    trace = trace_text(classifier_of(name), "the cat and the horse", 5)
    told = [
        float(value) for value in re.findall(r'<data value="([^"]+)">', section_of(page_of(trace)))
    ]
    assert set(map(float, figures_of(trace))) <= set(told)
    assert len(told) >= len(figures_of(trace))


def test_steps_stand_in_their_order_with_their_sentences():
    trace = trace_text(classifier_of("linear both"), "the cat", 3)
    section = section_of(page_of(trace))
    heads = re.findall(r"<h3>(\d+)\. (.*?)</h3>", section)
    assert [int(number) for number, _ in heads] == list(range(1, len(trace.steps) + 1))
    assert [name.lower() for _, name in heads] == [step.name for step in trace.steps]
    assert "'animals'".replace("'", "&#39;") in section


def test_texts_and_labels_cannot_run_or_turn_the_page():
    names = ("<b>one</b>", "\u202etwo", "three")
    corpus = toy(60)
    evil = Corpus(corpus.texts, corpus.targets, LabelSet(names, False), corpus.rows)
    classifier = Classifier(fit_linear(evil, None, FIXED).model, Decision(False), names)
    section = section_of(page_of(trace_text(classifier, EVIL, None)))
    assert "<script" not in section
    assert "<b>" not in section
    assert "\u202e" not in section
    assert "&lt;script&gt;" in section


def test_without_a_traced_text_there_is_no_section():
    assert trace_section(made_metrics()) is None
    page = render_report(made_metrics(), [])
    assert 'id="trace"' not in page
    assert "#trace" not in page


@pytest.mark.parametrize("several", [False, True])
def test_the_example_is_a_right_answer_of_median_confidence_and_middling_length(several):
    classifier, part = classifier_of("linear words", several), toy(120, several=several, seed=4)
    given = probabilities(classifier.decision, classifier.model.logits(part.texts))
    row = typical_row(classifier, part, given)
    predicted = (given > 0.5).astype(np.uint8) if several else given.argmax(axis=1)
    right = predicted == part.targets
    right = right.all(axis=1) if several else right
    assert right[row]
    lengths = np.array([len(text) for text in part.texts.to_pylist()])
    assert np.quantile(lengths[right], 0.2) <= lengths[row] <= np.quantile(lengths[right], 0.8)
    told = traced_example(classifier, part, given)
    assert told["row"] == part.rows[row]
    jsonschema.validate({"traces": [json.loads(json.dumps(told["trace"]))]}, SCHEMA)


def test_where_nothing_is_right_there_is_no_example():
    classifier, part = classifier_of("linear words"), toy(20)
    wrong = np.eye(3, dtype=np.float32)[(part.targets + 1) % 3]
    assert traced_example(classifier, part, wrong) is None


def test_of_a_long_text_the_beginning_is_kept():
    classifier, part = classifier_of("linear words"), toy(1)
    long = replace(part, texts=pa.array([f"{part.texts[0]} " * 300], pa.large_string()))
    right = np.eye(3, dtype=np.float32)[part.targets]
    told = traced_example(classifier, long, right)["trace"]["text"]
    assert told == long.texts[0].as_py()[:2000]
