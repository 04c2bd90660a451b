"""Encoders as graphs of onnxruntime: the states of PyTorch's own, in 8-bit numbers nearly."""

import copy
import pickle

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from tests.models.drawn_bert import drawn, root_mean_square  # noqa: E402
from tests.models.encoder_folders import write_encoder  # noqa: E402
from textkind.data.corpus import Corpus  # noqa: E402
from textkind.data.labels import LabelSet  # noqa: E402
from textkind.errors import MissingPackageError, SettingsError  # noqa: E402
from textkind.models.encoder_graph import GraphEncoder  # noqa: E402
from textkind.models.graph import ACTIVATIONS  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.pretrained_settings import FrozenSettings  # noqa: E402
from textkind.models.networks.settings import CnnSettings  # noqa: E402
from textkind.models.neural import fit_neural  # noqa: E402
from textkind.models.neural_settings import NeuralSettings  # noqa: E402
from textkind.models.precision import in_precision  # noqa: E402
from textkind.training.settings import TrainingSettings  # noqa: E402

TEXTS = pa.array(["the cat sat", "a red dog", "walk", "", "blue blue talks"] * 8, pa.large_string())
CORPUS = Corpus(
    TEXTS, np.tile(np.arange(5, dtype=np.int32) % 3, 8), LabelSet(tuple("abc")), np.arange(40)
)


# precision and the error of states relative to their size, least and most
ERRORS = [("float32", 0.0, 1e-6), ("int8", 1e-4, 0.05)]


@pytest.mark.parametrize(("precision", "least", "most"), ERRORS)
@pytest.mark.parametrize("buckets", [0, 8], ids=["positions alone", "distances"])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_states_are_those_of_pytorch(activation, buckets, precision, least, most):
    bert, _, x, mask = drawn(activation, buckets)
    with torch.inference_mode():
        expected = bert(x, mask)[mask]
        found = GraphEncoder(bert, activation, precision)(x, mask)[mask]
    assert found.dtype == torch.float32
    error = root_mean_square(found - expected) / root_mean_square(expected)
    assert least <= error < most


@pytest.mark.parametrize(("precision", "near"), [("float32", 1e-5), ("int8", 0.2)])
def test_what_follows_a_text_changes_nothing_of_it_but_by_rounding(precision, near):
    bert, _, x, mask = drawn()
    encoder = GraphEncoder(bert, "gelu", precision)
    other = torch.where(mask[..., None], x, torch.full_like(x, 0.01))
    with torch.inference_mode():
        torch.testing.assert_close(encoder(x, mask)[mask], encoder(other, mask)[mask], atol=near,
                                   rtol=0)  # fmt: skip
        alone = encoder(x[2:, :4], mask[2:, :4])
        torch.testing.assert_close(encoder(x, mask)[2:, :4], alone, atol=near, rtol=0)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_computes_the_same(copied):
    bert, _, x, mask = drawn()
    encoder = GraphEncoder(bert, "gelu", "int8")
    with torch.inference_mode():
        states = encoder(x, mask)
        torch.testing.assert_close(copied(encoder)(x, mask), states, atol=0, rtol=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoder") / "bert", scale=0.1)


@pytest.mark.parametrize("long", [LongSettings("head"), LongSettings("windows")])
def test_a_model_reads_in_int_8_and_stays_as_it_was(folder, long):
    layers = FrozenSettings(strength=10.0, label_names=False)
    settings = NeuralSettings(layers=layers, encoder=folder, long=long, max_tokens=2)
    model = fit_neural(CORPUS, None, settings, threads=1).model
    before = model.logits(TEXTS)
    quick = in_precision(model, "int8").logits(TEXTS, threads=1)
    np.testing.assert_allclose(quick, before, atol=0.05 * np.abs(before).max())
    assert not np.array_equal(quick, before)
    np.testing.assert_array_equal(in_precision(model, "int8").logits(TEXTS, threads=2), quick)
    np.testing.assert_array_equal(model.logits(TEXTS), before)


def test_other_networks_are_refused():
    settings = NeuralSettings(layers=CnnSettings(width=6, windows=(1,), filters=4),
                              training=TrainingSettings(epochs=1))  # fmt: skip
    model = fit_neural(CORPUS, None, settings, threads=1).model
    with pytest.raises(SettingsError, match="only pretrained encoders of BERT's kind"):
        in_precision(model, "int8")


def test_without_its_packages_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(MissingPackageError, match="textkind\\[export\\]"):
        GraphEncoder(drawn()[0], "gelu", "int8")
