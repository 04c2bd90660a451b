"""What is told of a model is so."""

from dataclasses import replace

import pytest

from textkind.serve.facts import facts_of
from textkind.storage.model_folder import load_model


class Limited:
    """A model that reads two tokens of a text."""

    def __init__(self, model):
        self._model = model

    def __getattr__(self, name):
        return getattr(self._model, name)

    def token_counts(self, texts, threads=None):
        return [9] * len(texts), [2] * len(texts)


@pytest.mark.parametrize("limited", [False, True])
def test_a_model_with_a_limit_says_so(run_folder, limited):
    classifier = load_model(run_folder)
    if limited:
        classifier = replace(classifier, model=Limited(classifier.model))
    assert facts_of(classifier, run_folder, "1")["limited"] == limited
