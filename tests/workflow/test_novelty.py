"""Novelty of a model with vectors: what is computed, what is kept, what is told."""

import numpy as np
import pyarrow as pa
import pytest

from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.decision.novelty import novelty_scores
from textkind.progress import Notes
from textkind.workflow.learn import Learned
from textkind.workflow.novelty import (
    fitted_novelty,
    novelty_figures,
    read_signs,
    text_novelty,
    with_novelty,
)

LABELS = LabelSet(("a", "b", "c"))


class VectorModel:
    """Vectors are drawn by the number that a text is, about the mean of its label."""

    labels, name = LABELS, "vectors"

    def __init__(self):
        self.asked = []

    def vectors(self, texts, threads=None):
        self.asked.append(("vectors", len(texts)))
        rows = [text.split() for text in texts.to_pylist()]
        means = {"a": [3, 0, 0, 0], "b": [0, 3, 0, 0], "c": [0, 0, 3, 0], "none": [0, 0, 0, 3]}
        noise = [np.random.default_rng(int(number)).normal(size=4) for _, number in rows]
        return np.array([means[kind] for kind, _ in rows], np.float32) + np.float32(noise)

    def logits_and_vectors(self, texts, threads=None):
        vectors = self.vectors(texts)
        return vectors[:, :3], vectors

    def logits(self, texts, threads=None):
        self.asked.append(("logits", len(texts)))
        return self.vectors(texts)[:, :3]


def corpus(first, rows, kinds=("a", "b", "c"), several=False):
    texts = [f"{kinds[row % len(kinds)]} {row}" for row in range(first, first + rows)]
    targets = np.array([row % 3 for row in range(first, first + rows)], np.int32)
    if several:
        targets = np.eye(3, dtype=np.uint8)[targets]
    labels = LabelSet(LABELS.names, several)
    return Corpus(pa.array(texts, pa.large_string()), targets, labels, np.arange(rows))


def knowing(choice, several=False, rows=200):
    """A classifier with that score, its model, and what was told."""
    model, notes = VectorModel(), Notes()
    train, validation = corpus(0, 300, several=several), corpus(300, rows, several=several)
    logits = model.logits(validation.texts)
    model.asked.clear()
    classifier = Classifier(model, Decision(several), LABELS.names)
    learned = Learned(classifier, logits, None, {}, None)
    return with_novelty(learned, train, validation, choice, talk=notes).classifier, notes.told


@pytest.mark.parametrize("choice", ["knn", "mahalanobis", "auto"])
def test_texts_unlike_the_training_texts_are_known_by_their_vectors(choice):
    classifier, _ = knowing(choice)
    inside, outside = corpus(500, 300).texts, corpus(900, 100, ("none",)).texts
    scores = [text_novelty(classifier, texts) for texts in (inside, outside)]
    figures = novelty_figures(fitted_novelty(classifier), *scores)
    assert figures["roc_auc"] > 0.9
    assert figures["rejected"] > 0.5
    assert figures["kept"] == pytest.approx(0.95, abs=0.04)
    assert figures["fpr_95"] == pytest.approx(1 - figures["rejected"], abs=0.25)


def test_energy_reads_no_vector_and_takes_the_logits_that_are_known():
    classifier, told = knowing("energy")
    assert classifier.model.asked == []
    logits = np.zeros((2, 3), np.float32)
    text_novelty(classifier, corpus(0, 2).texts, logits=logits)
    assert classifier.model.asked == []
    assert told == []


@pytest.mark.parametrize("choice", ["knn", "mahalanobis", "auto"])
def test_new_texts_are_read_once(choice):
    classifier, _ = knowing(choice)
    texts = corpus(500, 40).texts
    expected = text_novelty(classifier, texts, logits=classifier.model.logits(texts))
    classifier.model.asked.clear()
    signs = read_signs(classifier, texts, None, novelty=True)
    assert classifier.model.asked == [("vectors", 40)]
    np.testing.assert_array_equal(novelty_scores(classifier.novelty, signs), expected)
    classifier.model.asked.clear()
    assert read_signs(classifier, texts, None, novelty=False).vectors is None
    assert ("logits", 40) in classifier.model.asked


def test_the_size_of_the_kept_vectors_is_told():
    _, told = knowing("knn")
    assert told == ["300 training texts are kept as vectors for knn: 0.0 MB"]


def test_with_several_labels_auto_leaves_out_what_needs_one():
    classifier, _ = knowing("auto", several=True)
    assert list(classifier.novelty.seen) == ["energy", "knn"]


def test_too_little_validation_is_told():
    classifier, told = knowing("energy", rows=49)
    assert classifier.novelty is None
    assert told == ["novelty needs 50 validation texts: it will not be told"]


def test_figures_of_no_texts_are_null():
    classifier, _ = knowing("energy")
    figures = novelty_figures(fitted_novelty(classifier), np.empty(0), np.array([1.0]))
    assert figures["roc_auc"] is figures["fpr_95"] is figures["kept"] is None
