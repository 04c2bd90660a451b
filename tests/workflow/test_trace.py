"""Traces of all that is no single network or linear model, of several labels, and of bad input."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.explain.trace_checks import check_chain, check_end, check_tables, check_trace, table_of
from tests.models.test_model_contract import FIXED, NEEDS_NEURAL, arrow, brief, fit, toy
from textkind.classifier import Classifier
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.decision.rule import Rule
from textkind.decision.temperature import Temperature
from textkind.errors import DataError, ModelFolderError, SettingsError
from textkind.models.linear import fit_linear
from textkind.models.prior import PriorSettings, fit_prior
from textkind.stack import StackModel
from textkind.storage.model_folder import Provenance, save_model
from textkind.workflow.trace import trace_text

TEXT = "The cat and so the Horse, now a green zebra"
LABELS = ("animals", "colors", "foods")


def classifier_of(model, rule=Rule()):
    return Classifier(model, Decision(model.labels.several, Temperature(0.5), rule), LABELS)


@pytest.fixture(scope="module")
def linear():
    return classifier_of(fit("linear both", toy(120)))


@pytest.mark.parametrize("several", [False, True])
def test_the_prior_tells_the_labels_shares(several):
    train = toy(80, several=several)
    classifier = classifier_of(fit_prior(train, None, PriorSettings()).model)
    trace = trace_text(classifier, TEXT)
    check_trace(trace, classifier)
    told = table_of(trace, "prior", "shares")
    counts = train.targets.sum(axis=0) if several else np.bincount(train.targets)
    shares = (counts + 1) / (80 + (2 if several else 3))
    given = dict(zip(told["label"], told["share of training texts"], strict=True))
    np.testing.assert_allclose([given[name] for name in LABELS], shares, rtol=1e-5)


@NEEDS_NEURAL
@pytest.mark.parametrize("several", [False, True])
def test_a_stack_adds_up_its_members(several):
    train = toy(80, several=several)
    members = tuple(
        classifier_of(fit(name, train, **brief(name))) for name in ("linear words", "mean_pool")
    )
    stack = StackModel(train.labels, members, np.array([0.5, 1.5]), {})
    classifier = classifier_of(stack)
    trace = trace_text(classifier, TEXT)
    check_trace(trace, classifier)
    scores, added = (table_of(trace, "pool of opinions", name) for name in ("scores", "additions"))
    assert added["member"] == ["linear", "mean_pool"]
    for place, name in enumerate(LABELS):
        sums = np.dot(added["weight"], scores[name])
        assert sums == pytest.approx(trace.logits[place], abs=1e-5)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(),
        Rule(thresholds=(0.2, 0.5, 0.9)),
        Rule(thresholds=0.999, at_least_one=True),
        Rule(thresholds=1.0),
        Rule(top=2),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["linear both", pytest.param("cnn", marks=NEEDS_NEURAL)])
def test_several_labels_are_told_with_their_thresholds(name, rule):
    classifier = classifier_of(fit(name, toy(80, several=True), **brief(name)), rule)
    for text in (TEXT, ""):
        trace = trace_text(classifier, text)
        check_trace(trace, classifier)
        told = table_of(trace, "decision", "decision")
        given = [name for name, mark in zip(told["label"], told["given"], strict=True) if mark]
        assert sorted(given) == sorted(trace.decided)
        assert ("threshold" in told) == (rule.top is None)
        for label in given:
            assert f"'{label}'" in trace.why


@pytest.mark.parametrize(
    ("rule", "column", "why"),
    [
        (Rule(), None, "since its probability is the highest"),
        (Rule(weights=(1.0, 1.0, 9.0)), "product", "since its probability times its weight"),
        (Rule(costs=((0, 1, 1), (1, 0, 1), (8, 8, 0))), "expected cost", "since its expected cost"),
    ],
)
def test_the_decision_says_why(linear, rule, column, why):
    classifier = replace(linear, decision=replace(linear.decision, rule=rule))
    trace = trace_text(classifier, "the green and the cat")
    check_end(trace, classifier)
    assert why in trace.why
    assert trace.why.startswith(f"'{trace.decided[0]}'")
    if column is None:
        assert trace.steps[-1].tables == ()
    else:
        told = table_of(trace, "decision", "decision")
        assert told["label"][0] == trace.decided[0]
        assert told[column] == sorted(told[column], reverse=column == "product")


def test_two_labels_of_the_linear_model_share_one_margin():
    model = fit("linear words", toy(80, 2))
    classifier = Classifier(model, Decision(False), model.labels.names)
    trace = trace_text(classifier, "the cat and a green dog")
    check_trace(trace, classifier)
    told = table_of(trace, "weights", "additions")
    np.testing.assert_allclose(told["animals"], -np.array(told["colors"]))


def test_a_folder_is_traced_as_its_classifier(linear, tmp_path):
    save_model(linear, tmp_path / "model", Provenance("toy.csv", 120, 0))
    of_folder, own = trace_text(tmp_path / "model", TEXT), trace_text(linear, TEXT)
    assert (of_folder.logits, of_folder.why) == (own.logits, own.why)
    for name in ("n-grams", "left out"):
        assert table_of(of_folder, "n-grams", name) == table_of(own, "n-grams", name)


def test_a_damaged_folder_is_told(linear, tmp_path):
    save_model(linear, tmp_path / "model", Provenance("toy.csv", 120, 0))
    (tmp_path / "model" / "weights.safetensors").write_bytes(b"no")
    with pytest.raises(ModelFolderError):
        trace_text(tmp_path / "model", TEXT)
    shutil.rmtree(tmp_path / "model")
    with pytest.raises(ModelFolderError):
        trace_text(tmp_path / "model", TEXT)


@pytest.mark.parametrize(
    ("text", "top", "error", "words"),
    [
        (["a"], 10, DataError, "a trace is of one text"),
        (None, 10, DataError, "a trace is of one text"),
        ("\ud800", 10, DataError, "a lone surrogate"),
        ("a", 0, SettingsError, "top must be a whole number of 1 or more"),
        ("a", True, SettingsError, "top must be a whole number of 1 or more"),
        ("a", 2.0, SettingsError, "top must be a whole number of 1 or more"),
    ],
)
def test_what_is_no_text_or_no_number_of_rows_is_told(linear, text, top, error, words):
    with pytest.raises(error, match=words):
        trace_text(linear, text, top)


def test_a_text_of_unknown_words_is_decided_by_the_bias(linear):
    trace = trace_text(linear, "\u0416\u0416\u0416")
    check_trace(trace, linear)
    assert table_of(trace, "n-grams", "n-grams")["n-gram"] == []
    assert "0 different ones are in the vocabulary" in trace.steps[1].sentence
    assert trace == replace(trace_text(linear, "\u0417\u0417\u0417"), text=trace.text,
                            steps=trace.steps)  # fmt: skip


def test_tables_are_cut_and_say_so(linear):
    short, whole = trace_text(linear, TEXT, 2), trace_text(linear, TEXT, None)
    for one, other in zip(short.steps, whole.steps, strict=True):
        for cut, full in zip(one.tables, other.tables, strict=True):
            assert len(cut.rows) == min(2, cut.of)
            assert cut.of == full.of == len(full.rows)
    rest = [row[0] for row in short.steps[3].tables[1].ends]
    assert rest == ["(all others)", "(bias)", "(sum)"]
    ends = short.steps[3].tables[1]
    total = np.sum([row[2:] for row in (*ends.rows, *ends.ends[:2])], axis=0)
    np.testing.assert_allclose(total, ends.ends[2][2:], rtol=1e-5)


def test_columns_of_labels_are_few_unless_all_is_asked_for():
    names = tuple(f"label {place}" for place in range(12))
    train = replace(
        toy(60), labels=LabelSet(names, False), targets=np.arange(60, dtype=np.int32) % 12
    )
    classifier = Classifier(fit_linear(train, None, FIXED).model, Decision(False), names)
    assert len(trace_text(classifier, TEXT).steps[3].tables[0].columns) == 1 + 3
    assert len(trace_text(classifier, TEXT, None).steps[3].tables[0].columns) == 1 + 12


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "linear both",
        pytest.param("rnn lstm", marks=NEEDS_NEURAL),
        pytest.param("mean_pool n-grams", marks=NEEDS_NEURAL),
    ],
)
def test_a_megabyte_of_text_is_traced(name):
    classifier = classifier_of(fit(name, toy(80), **brief(name)))
    text = " ".join(toy(40_000, seed=3).texts.to_pylist())[: 1 << 20]
    trace = trace_text(classifier, text)
    check_end(trace, classifier, tolerance=1e-3)
    check_chain(trace)
    check_tables(trace)
    assert arrow([trace.text]).nbytes > 1 << 20
