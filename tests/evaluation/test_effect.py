"""What a change of labels did, against scikit-learn."""

import json

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score

from textkind.data.labels import LabelSet
from textkind.evaluation.effect import effect_figures


@pytest.mark.parametrize("several", [False, True])
def test_every_figure_is_scikit_learns_with_the_change_and_without(several):
    random = np.random.default_rng(0)
    labels = LabelSet(("a", "b", "c"), several)
    shape = (200, 3) if several else 200
    gold, given, plain = (random.integers(0, 2 if several else 3, shape) for _ in range(3))
    found = effect_figures(given, plain, gold, labels)
    for name, predicted in (("value", given), ("without", plain)):
        for average in ("macro", "micro"):
            expected = f1_score(gold, predicted, average=average)
            assert found[f"{average}_f1"][name] == pytest.approx(expected)
        assert found["accuracy"][name] == pytest.approx(accuracy_score(gold, predicted))
        f1, recall = (score(gold, predicted, average=None) for score in (f1_score, recall_score))
        for label, one in enumerate(found["per_label"]):
            assert one["f1"][name] == pytest.approx(f1[label])
            assert one["recall"][name] == pytest.approx(recall[label])
    assert [one["label"] for one in found["per_label"]] == ["a", "b", "c"]


def test_what_cannot_be_measured_is_none():
    labels = LabelSet(("a", "b", "c"))
    found = effect_figures(np.array([0]), np.array([1]), np.array([0]), labels)
    assert found["per_label"][2]["f1"] == {"value": None, "without": None}
    assert found["per_label"][1]["recall"] == {"value": None, "without": 0.0}
    nothing = np.empty(0, np.int32)
    found = effect_figures(nothing, nothing, nothing, labels)
    assert found["accuracy"] == found["macro_f1"] == {"value": None, "without": None}
    json.dumps(found, allow_nan=False)
