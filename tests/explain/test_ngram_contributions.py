"""Explanations of the linear model are exact: the parts sum to the logits."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.explain.ngrams import contributions
from textkind.models.linear import fit_linear
from textkind.models.settings import LinearSettings

TEXTS = ["a good film", "a bad film", "not good", "so so", "Größe zählt", "日本 語", "ok !!!"] * 5
MODELS = {}


def model(features: str, borders: bool, labels: int):
    key = (features, borders, labels)
    if key not in MODELS:
        corpus = Corpus(
            pa.array(TEXTS, pa.large_string()),
            np.arange(len(TEXTS), dtype=np.int32) % labels,
            LabelSet(tuple("abc"[:labels])),
            np.arange(len(TEXTS)),
        )
        chosen = LinearSettings(
            features=features, word_borders=borders, strength=1.0, naive_bayes=False
        )
        MODELS[key] = fit_linear(corpus, None, chosen).model
    return MODELS[key]


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize(
    ("features", "borders"),
    [("words", True), ("characters", True), ("characters", False), ("both", True)],
)
@given(text=st.text(max_size=40) | st.sampled_from(TEXTS).map(lambda text: text.upper() + " film"))
@settings(max_examples=60)
def test_the_parts_sum_to_the_logits(features, borders, labels, text):
    fitted = model(features, borders, labels)
    parts = contributions(fitted, text, limit=None)
    total = np.sum([part.weights for part in parts], axis=0)
    logits = fitted.logits(pa.array([text], pa.large_string()))[0]
    np.testing.assert_allclose(total, logits, atol=1e-5)
    assert parts[-1].kind == "bias"


def test_ngrams_are_told_as_they_stand_in_the_text():
    parts = contributions(model("words", True, 2), "A GOOD film, GOOD film", limit=None)
    told = {part.ngram: part.count for part in parts}
    assert told["GOOD film"] == 2
    assert told["A GOOD"] == 1


def test_the_strongest_come_first_and_the_limit_holds():
    parts = contributions(model("both", True, 3), "a good film, not bad", limit=3)
    strengths = [np.abs(part.weights).max() for part in parts[:-1]]
    assert len(parts) == 4
    assert strengths == sorted(strengths, reverse=True)
