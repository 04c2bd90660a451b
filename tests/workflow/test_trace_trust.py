"""The last steps of a trace: what promises and novelty come to, and the nearest training texts."""

import numpy as np
import pytest

from tests.explain.trace_checks import check_trace, table_of
from tests.models.test_model_contract import FIXED, arrow, toy
from textkind.classifier import predict_probabilities
from textkind.decision.evidence import answers
from textkind.decision.novelty import rejection_threshold
from textkind.decision.promises import promised_error
from textkind.errors import SettingsError
from textkind.storage.model_folder import load_model
from textkind.workflow.novelty import text_novelty
from textkind.workflow.similar import known_texts, nearest_texts
from textkind.workflow.trace import trace_text
from textkind.workflow.train import TrainSettings, train

TEXTS = ["the cat and so", "the cat red bread soup", "zebra", ""]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    corpus = toy(1500)
    noisy = corpus.targets.copy()
    noisy[::60] = (noisy[::60] + 1) % 3
    labels = [corpus.labels.names[one] for one in noisy]
    folder = tmp_path_factory.mktemp("run") / "run"
    source = {"text": corpus.texts.to_pylist(), "label": labels}
    train(source, TrainSettings(out=folder, model=FIXED, novelty="auto"))
    return folder


@pytest.mark.parametrize("text", TEXTS)
def test_promises_are_those_that_predict_makes(run, text):
    classifier, trace = load_model(run), trace_text(run, text)
    check_trace(trace, classifier)
    told = table_of(trace, "trust", "answers")
    confidence = answers(classifier.decision, predict_probabilities(classifier, arrow([text])))[0]
    for row in zip(*told.values(), strict=True):
        try:
            least = promised_error(classifier.evidence, row[0]).confidence
        except SettingsError:
            assert row[1:] == (None, None)
        else:
            assert row[1:] == (least, bool(confidence[0] >= least))
    assert {True, False} & set(told["answered"])


@pytest.mark.parametrize("text", TEXTS)
def test_novelty_is_that_which_predict_tells(run, text):
    classifier, trace = load_model(run), trace_text(run, text)
    step = next(step for step in trace.steps if step.name == "trust")
    novelty = classifier.novelty
    (table,) = [one for one in step.tables if one.name == "novelty"]
    expected = text_novelty(classifier, arrow([text]))[0]
    assert table.ends[0][2] == pytest.approx(expected)
    told = table_of(trace, "trust", "novelty")
    assert np.dot(told["novelty"], told["weight"]) == pytest.approx(expected)
    assert told["score"] == list(novelty.seen)
    is_novel = expected > rejection_threshold(novelty, 0.95)
    assert ("this text is turned away" in step.sentence) == is_novel


def test_the_nearest_training_texts_are_those_of_similar(run):
    classifier = load_model(run)
    known = known_texts(classifier, run)
    trace = trace_text(run, TEXTS[0], 4)
    told = table_of(trace, "nearest training texts", "texts")
    (found,) = nearest_texts(known, TEXTS[:1], 4)
    assert told["text"] == [one.text for one in found.nearest]
    assert told["label"] == [one.labels[0] for one in found.nearest]
    assert trace == trace_text(classifier, TEXTS[0], 4, known)


def test_a_text_of_nothing_known_is_near_to_none(run):
    step = trace_text(run, "\u0416\u0416").steps[-1]
    assert step.name == "nearest training texts"
    assert step.tables == ()
    assert "similar to no training text" in step.sentence


def test_a_model_folder_alone_tells_no_training_texts(run):
    names = [step.name for step in trace_text(run / "model", TEXTS[0]).steps]
    assert names[-1] == "trust"
