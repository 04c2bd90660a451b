"""Every member of the ladder is explained: pieces are the text's own, and weights add up."""

import dataclasses
import json

import numpy as np
import pytest

from tests.models.test_model_contract import (
    LINEAR,
    NETWORKS,
    NEURAL,
    ODD_TEXTS,
    arrow,
    brief,
    fit,
    toy,
)
from textkind.classifier import Classifier
from textkind.decision.decision import Decision
from textkind.explain.settings import ExplainSettings
from textkind.workflow.explain import explain_texts

TEXTS = [
    "the red cat so blue now red",
    "Horse, sheep & goat!!! the cat's bread; of and so here now of the and",
    "Straße café e\u0301e\u0301 red \U0001f642\U0001f642 日本語 \u202egoat\u202c ﬁne",
    "nothing known whatsoever",
]
SOME = [text for text in ODD_TEXTS if len(text) < 1000]


@pytest.fixture(scope="module")
def classifier():
    made = {}

    def make(name):
        if name not in made:
            model = fit(name, toy(80), **brief(name))
            made[name] = Classifier(model, Decision(False), model.labels.names)
        return made[name]

    return make


@pytest.mark.parametrize("name", [*LINEAR, *NEURAL])
def test_pieces_are_of_the_text_and_weights_add_up_to_the_difference(name, classifier):
    one = classifier(name)
    method = "gradients" if name in NETWORKS else "weights"
    explained = explain_texts(one, TEXTS + SOME, ExplainSettings(threads=1))
    logits = one.model.logits(arrow(TEXTS + SOME))
    for text, row, told in zip(TEXTS + SOME, logits, explained, strict=True):
        (found,) = told.explanations
        assert (told.text, told.decided) == (text, (found.label,))
        assert found.method == method
        highest = np.sort(row)[::-1]
        assert found.difference == pytest.approx(highest[0] - highest[1:].mean(), abs=1e-5)
        end = 0
        for piece in found.pieces:
            assert end <= piece.start < piece.end
            assert text[piece.start : piece.end] == piece.text
            end = piece.end
        check = found.completeness
        total = sum(piece.weight for piece in found.pieces)
        assert check.total == pytest.approx(total, abs=1e-9)
        error = abs(total - (found.difference - found.baseline_difference))
        assert check.error == pytest.approx(error, abs=1e-6)
        assert check.passed == (check.error <= check.tolerance)
        assert check.passed, (text, check)
        json.loads(json.dumps(dataclasses.asdict(told), allow_nan=False))
