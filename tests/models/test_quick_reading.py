"""Fitted encoders read as a graph once enough was read: the same labels, the logits to rounding."""

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from tests.models.encoder_folders import FAMILIES, write_encoder  # noqa: E402
from textkind.data.corpus import Corpus  # noqa: E402
from textkind.data.labels import LabelSet  # noqa: E402
from textkind.models import quick_reading  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.pretrained_settings import FrozenSettings  # noqa: E402
from textkind.models.neural import fit_neural  # noqa: E402
from textkind.models.neural_settings import NeuralSettings  # noqa: E402
from textkind.models.precision import in_precision  # noqa: E402

TEXTS = pa.array(
    ["the cat sat", "a red dog", "walk", "", "blue blue talks on the red dog"] * 8,
    pa.large_string(),
)
CORPUS = Corpus(
    TEXTS, np.tile(np.arange(5, dtype=np.int32) % 3, 8), LabelSet(tuple("abc")), np.arange(40)
)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    return lambda family: write_encoder(tmp_path_factory.mktemp("encoder") / family, family)


def fitted(folder, pooling="own", long="head"):
    layers = FrozenSettings(pooling=pooling, strength=10.0, label_names=False)
    settings = NeuralSettings(layers=layers, encoder=folder, long=LongSettings(long), max_tokens=4)
    return fit_neural(CORPUS, None, settings, threads=1).model


def has_onnxruntime():
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")


@pytest.mark.parametrize(
    ("family", "pooling", "long"),
    [(family, "own", "head") for family in FAMILIES if family not in
     ("electra", "modernbert", "deberta-v2", "longformer", "big_bird")]
    + [("bert", pooling, "head") for pooling in ("cls", "mean", "max")]
    + [("bert", "own", "windows"), ("mpnet", "own", "windows")],
)  # fmt: skip
def test_a_graph_gives_what_the_network_gives(family, pooling, long, folder_of, monkeypatch):
    has_onnxruntime()
    model = fitted(folder_of(family), pooling, long)
    plain, plain_vectors = model.logits(TEXTS), model.vectors(TEXTS)
    assert model.reader.quick is None
    monkeypatch.setattr(quick_reading, "ENOUGH", 0)
    np.testing.assert_allclose(model.logits(TEXTS), plain, atol=1e-4)
    np.testing.assert_allclose(model.vectors(TEXTS), plain_vectors, atol=1e-4)
    assert model.reads_as_graph
    assert len(model.logits(TEXTS[:0])) == 0
    np.testing.assert_allclose(model.logits(TEXTS[3:4]), plain[3:4], atol=1e-4)  # without a token


def test_it_starts_when_enough_was_read_in_all(folder_of, monkeypatch):
    has_onnxruntime()
    model = fitted(folder_of("bert"))
    size = int(model.tokens(TEXTS).offsets[-1])
    monkeypatch.setattr(quick_reading, "ENOUGH", model.reader.read + 2 * size)
    model.logits(TEXTS)
    assert not model.reads_as_graph
    first = model.logits(TEXTS)
    assert model.reads_as_graph
    np.testing.assert_array_equal(model.logits(TEXTS, threads=2), first)


def test_without_onnxruntime_pytorch_reads_on(folder_of, monkeypatch):
    model = fitted(folder_of("bert"))
    plain = model.logits(TEXTS)
    monkeypatch.setattr(quick_reading, "ENOUGH", 0)
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    np.testing.assert_array_equal(model.logits(TEXTS), plain)
    assert not model.reads_as_graph


@pytest.mark.parametrize("changed", ["large", "foreign", "bfloat16"])
def test_what_has_no_graph_is_read_as_it_is(changed, folder_of, monkeypatch):
    monkeypatch.setattr(quick_reading, "ENOUGH", 0)
    if changed == "large":
        monkeypatch.setattr(quick_reading, "LARGEST", 1000)
    model = fitted(folder_of("electra" if changed == "foreign" else "bert"))
    if changed == "bfloat16":
        model = in_precision(model, "bfloat16")
    model.logits(TEXTS)
    assert not model.reads_as_graph
