"""A small model for the storage tests: logits from text length, so nothing needs compiling."""

import sys
import types

import numpy as np
import pytest

from textkind.classifier import MODELS, Classifier, ModelKind
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.decision.temperature import Temperature
from textkind.errors import ModelFolderError
from textkind.storage.model_folder import Provenance, save_model

PROVENANCE = Provenance(source="toy.csv", rows=12, seed=0)


class LengthModel:
    """Logits are the length of the text times a weight for each label, plus a bias."""

    name = "length"

    def __init__(self, labels, weights, bias):
        self.labels, self.weights, self.bias = labels, weights, bias
        self.facts = {"seconds": 0.1}

    def logits(self, texts, threads=None):
        lengths = np.array([len(text) for text in texts.to_pylist()], np.float32)
        return lengths[:, None] * self.weights + self.bias

    def state(self):
        return {"scale": 1.5, "facts": self.facts}, {"weights": self.weights, "bias": self.bias}

    @classmethod
    def from_state(cls, config, arrays, labels):
        if config != {"scale": 1.5, "facts": {"seconds": 0.1}} or set(arrays) != {
            "weights",
            "bias",
        }:
            raise ModelFolderError("not a length model")
        for array in arrays.values():
            if array.shape != (len(labels),) or array.dtype != np.float32:
                raise ModelFolderError("an array does not fit the labels")
        return cls(labels, arrays["weights"], arrays["bias"])


@pytest.fixture
def classifier(monkeypatch):
    module = types.ModuleType("length_model")
    module.LengthModel = LengthModel
    monkeypatch.setitem(sys.modules, "length_model", module)
    monkeypatch.setitem(MODELS, "length", ModelKind("length_model", "LengthModel", "fit_length"))
    weights = np.array([0.25, -0.5, 0.125], np.float32)
    model = LengthModel(LabelSet(("a", "b", "ü")), weights, np.array([1, 2, 3], np.float32))
    return Classifier(model, Decision(False, Temperature(1.25)), ("a", "b", "ü"))


@pytest.fixture
def model_folder(classifier, tmp_path):
    save_model(classifier, tmp_path / "model", PROVENANCE)
    return tmp_path / "model"
