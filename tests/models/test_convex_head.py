"""The convex head against scikit-learn's, at the same strength."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from textkind.models.convex_head import STRENGTHS, fit_head, heads_by_strength


def vectors_and_targets(labels, seed=0, number=300, width=12):
    random = np.random.default_rng(seed)
    centres = random.normal(0, 1, (labels, width))
    targets = random.integers(0, labels, number)
    vectors = centres[targets] + random.normal(0, 1.5, (number, width))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), targets.astype(np.int32)


def expected(vectors, targets, strength):
    model = LogisticRegression(C=strength, tol=1e-9, max_iter=10_000)
    return model.fit(vectors.astype(np.float64), targets)


@pytest.mark.parametrize("strength", [0.3, 10.0, 300.0])
@pytest.mark.parametrize(("kind", "labels"), [("binary", 2), ("softmax", 4)])
def test_the_head_is_that_of_scikit_learn(kind, labels, strength):
    vectors, targets = vectors_and_targets(labels)
    head = fit_head(vectors, targets, labels, kind, strength)
    model = expected(vectors, targets, strength)
    logits = vectors @ head.weights.T + head.bias
    wanted = model.decision_function(vectors).reshape(len(vectors), -1)
    np.testing.assert_allclose(
        logits - logits.mean(axis=1, keepdims=True) if kind == "softmax" else logits,
        wanted - wanted.mean(axis=1, keepdims=True) if kind == "softmax" else wanted,
        atol=0.02 * np.abs(wanted).max(),
    )


def test_labels_of_a_sigmoid_are_learned_each_by_itself():
    vectors, targets = vectors_and_targets(3)
    member = np.eye(3, dtype=np.uint8)[targets]
    member[::5] = 1  # some texts have all labels
    head = fit_head(vectors, member, 3, "sigmoid", 10.0)
    model = OneVsRestClassifier(LogisticRegression(C=10.0, tol=1e-9, max_iter=10_000))
    wanted = model.fit(vectors.astype(np.float64), member).decision_function(vectors)
    found = vectors @ head.weights.T + head.bias
    np.testing.assert_allclose(found, wanted, atol=0.02 * np.abs(wanted).max())


def test_the_start_changes_the_way_and_not_the_end():
    vectors, targets = vectors_and_targets(4)
    plain = fit_head(vectors, targets, 4, "softmax", 30.0)
    far = fit_head(vectors, targets, 4, "softmax", 0.1)
    near = fit_head(vectors, targets, 4, "softmax", 30.0, far)
    np.testing.assert_allclose(near.weights, plain.weights, atol=0.02 * np.abs(plain.weights).max())


def test_strengths_come_in_their_order():
    vectors, targets = vectors_and_targets(3)
    found = dict(heads_by_strength(vectors, targets, 3, "softmax"))
    assert tuple(found) == STRENGTHS
    norms = [np.square(head.weights).sum() for head in found.values()]
    assert norms == sorted(norms)


@pytest.mark.parametrize(("kind", "labels"), [("binary", 2), ("softmax", 4)])
def test_weights_are_those_of_scikit_learn(kind, labels):
    vectors, targets = vectors_and_targets(labels)
    kept = (targets == 0) | (np.arange(len(targets)) % 5 == 0)  # the others become rare
    vectors, targets = vectors[kept], targets[kept]
    head = fit_head(vectors, targets, labels, kind, 10.0, imbalance="weights")
    model = LogisticRegression(C=10.0, class_weight="balanced", tol=1e-9, max_iter=10_000)
    wanted = model.fit(vectors.astype(np.float64), targets).decision_function(vectors)
    wanted = wanted.reshape(len(vectors), -1)
    logits = vectors @ head.weights.T + head.bias
    if kind == "softmax":
        logits, wanted = (x - x.mean(axis=1, keepdims=True) for x in (logits, wanted))
    np.testing.assert_allclose(logits, wanted, atol=0.02 * np.abs(wanted).max())


def test_positive_weights_of_a_sigmoid_are_sample_weights_of_each_label():
    vectors, targets = vectors_and_targets(3)
    member = np.eye(3, dtype=np.uint8)[targets]
    member[::3] = 0
    head = fit_head(vectors, member, 3, "sigmoid", 10.0, imbalance="weights")
    found = vectors @ head.weights.T + head.bias
    for label in range(3):
        gold = member[:, label]
        weights = np.where(gold, (len(gold) - gold.sum()) / gold.sum(), 1.0)
        model = LogisticRegression(C=10.0, tol=1e-9, max_iter=10_000)
        model.fit(vectors.astype(np.float64), gold, sample_weight=weights)
        wanted = model.decision_function(vectors)
        np.testing.assert_allclose(found[:, label], wanted, atol=0.02 * np.abs(wanted).max())
