"""The decision as a graph: onnxruntime gives the probabilities and labels of decision/."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from textkind.decision.calibrators import CALIBRATORS  # noqa: E402
from textkind.decision.decision import Decision, decide, probabilities  # noqa: E402
from textkind.decision.rule import Rule  # noqa: E402
from textkind.decision.sigmoid import Sigmoid  # noqa: E402
from textkind.decision.temperature import Temperature  # noqa: E402
from textkind.export.graphs.decision import calibrated, decided  # noqa: E402
from textkind.models.graph import Graph  # noqa: E402

ONE = [
    Rule(),
    Rule(weights=(0.5, 3.0, 1.0, 1.0)),
    Rule(costs=((0, 1, 5, 2), (1, 0, 1, 9), (4, 1, 0, 1), (1, 2, 3, 0))),
]
SEVERAL = [
    Rule(),
    Rule(thresholds=0.3),
    Rule(thresholds=(0.1, 0.9, 0.5, 0.4), at_least_one=True),
    Rule(top=2),
]


def drawn(several, scale=3.0, rows=300):
    """Logits and targets that they tell something of."""
    generator = np.random.default_rng(0)
    logits = (scale * generator.standard_normal((rows, 4))).astype(np.float32)
    noisy = logits + generator.gumbel(size=logits.shape) * scale
    return logits, (noisy > 1).astype(np.uint8) if several else noisy.argmax(axis=1)


def computed(decision, logits):
    graph = Graph("float32")
    given = graph.input("logits", "FLOAT", ("batch", 4))
    chances = calibrated(graph, decision, given)
    chosen = decided(graph, decision, given, chances)
    rows = ("batch", 4)
    data = graph.file(
        {
            "probabilities": (chances, "FLOAT", rows),
            "labels": (chosen, "INT64", rows if decision.several else ("batch",)),
        }
    )
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return session.run(None, {"logits": logits})


CASES = [
    pytest.param(name, several, shared, id=f"{name} {'several' if several else 'one'} {shared}")
    for name, kind in CALIBRATORS.items()
    for several in (False, True)
    for shared in ("temperature", "sigmoid")
    if kind.several or not several
]


@pytest.mark.parametrize(("name", "several", "shared"), CASES)
def test_probabilities_are_those_of_every_calibrator(name, several, shared):
    logits, targets = drawn(several)
    fit = Sigmoid(1.4, -0.7) if shared == "sigmoid" else Temperature(1.4)
    calibrator = CALIBRATORS[name].fit(logits, targets, fit)
    decision = Decision(several, calibrator)
    far, _ = drawn(several, scale=60.0)  # where sigmoids are 0 and 1
    for some in (logits, far):
        found, labels = computed(decision, some)
        expected = probabilities(decision, some)
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-7)
        np.testing.assert_array_equal(labels, decide(decision, expected))


@pytest.mark.parametrize(
    ("several", "rule"),
    [(False, rule) for rule in ONE] + [(True, rule) for rule in SEVERAL],
    ids=lambda value: str(value)[:50],
)
def test_labels_are_those_of_every_rule(several, rule):
    logits, _ = drawn(several)
    logits[:3] = 0  # all labels alike: the first is given
    decision = Decision(several, Temperature(2.0), rule)
    expected = decide(decision, probabilities(decision, logits))
    np.testing.assert_array_equal(computed(decision, logits)[1], expected)


def test_a_tie_that_rounding_makes_leaves_the_winner_the_most_probable():
    logits = np.array([[5.0, 5.0000005, -1, -2]] * 2, np.float32)
    decision = Decision(False, Temperature(1000.0))
    found, labels = computed(decision, logits)
    assert found.argmax(axis=1).tolist() == labels.tolist() == [1, 1]
