"""Random cases for the evaluation tests: few labels, many ties, labels that never occur."""

import numpy as np
import pytest


def one_label(seed, rows=None, labels=None):
    """Probabilities (N, K) float32, predicted (N,) int32, targets (N,) int32."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(1, 60)) if rows is None else rows
    labels = int(random.integers(2, 7)) if labels is None else labels
    targets = random.integers(0, random.integers(1, labels + 1), rows)  # the last may be absent
    logits = random.normal(size=(rows, labels)) * random.choice([0.5, 2, 8])
    logits[np.arange(rows), targets] += random.choice([0, 1, 3])
    if random.random() < 0.5:
        logits = np.round(logits)  # ties
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities, probabilities.argmax(axis=1).astype(np.int32), targets.astype(np.int32)


def several_labels(seed, rows=None, labels=None):
    """Probabilities (N, K) float32, predicted (N, K) uint8, targets (N, K) uint8."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(1, 60)) if rows is None else rows
    labels = int(random.integers(2, 7)) if labels is None else labels
    targets = random.random((rows, labels)) < random.random(labels) ** 2
    logits = random.normal(size=(rows, labels)) * 2 + random.choice([0, 1, 3]) * (targets - 0.5)
    if random.random() < 0.5:
        logits = np.round(logits)
    probabilities = (1 / (1 + np.exp(-logits))).astype(np.float32)
    predicted = probabilities >= random.choice([0.3, 0.5, 0.9])
    return probabilities, predicted.astype(np.uint8), targets.astype(np.uint8)


@pytest.fixture(scope="session")
def draw_one_label():
    return one_label


@pytest.fixture(scope="session")
def draw_several_labels():
    return several_labels


@pytest.fixture(scope="session", params=[one_label, several_labels], ids=lambda draw: draw.__name__)
def draw_case(request):
    return request.param
