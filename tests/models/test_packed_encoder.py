"""Encoders read in bfloat16 with packed weights: nearly the states and logits of float32."""

import copy
import pickle

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from tests.models.drawn_bert import drawn, root_mean_square  # noqa: E402
from tests.models.encoder_folders import FAMILIES, write_encoder  # noqa: E402
from textkind.data.corpus import Corpus  # noqa: E402
from textkind.data.labels import LabelSet  # noqa: E402
from textkind.models import packed_encoder, quick_reading  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.pretrained_settings import FrozenSettings  # noqa: E402
from textkind.models.neural import fit_neural  # noqa: E402
from textkind.models.neural_settings import NeuralSettings  # noqa: E402
from textkind.models.packed_encoder import JOINED, PackedEncoder, is_packable  # noqa: E402
from textkind.models.precision import in_precision  # noqa: E402

if not is_packable():
    pytest.skip("oneDNN has no bfloat16 here", allow_module_level=True)

TEXTS = pa.array(["the cat sat", "a red dog", "walk", "", "blue blue talks"] * 8, pa.large_string())
CORPUS = Corpus(
    TEXTS, np.tile(np.arange(5, dtype=np.int32) % 3, 8), LabelSet(tuple("abc")), np.arange(40)
)


@pytest.mark.parametrize("buckets", [0, 8], ids=["positions alone", "distances"])
@pytest.mark.parametrize("activation", list(JOINED))
def test_states_are_those_of_float32_but_for_rounding(activation, buckets):
    bert, architecture, x, mask = drawn(activation, buckets)
    with torch.inference_mode():
        expected, found = (
            encoder(x, mask)[mask] for encoder in (bert, PackedEncoder(bert, architecture))
        )
        with torch.autocast("cpu", torch.bfloat16):
            usual = bert(x, mask)[mask]
    assert found.dtype == torch.float32
    error, usual = (
        root_mean_square(one - expected) / root_mean_square(expected) for one in (found, usual)
    )
    assert 1e-4 < error < 1.5 * usual


def test_what_follows_a_text_changes_nothing_of_it_but_by_rounding():
    bert, architecture, x, mask = drawn()
    encoder = PackedEncoder(bert, architecture)
    other = torch.where(mask[..., None], x, torch.full_like(x, 9.0))
    with torch.inference_mode():
        torch.testing.assert_close(encoder(x, mask)[mask], encoder(other, mask)[mask], atol=0.05,
                                   rtol=0)  # fmt: skip
        alone = encoder(x[2:, :4], mask[2:, :4])
        torch.testing.assert_close(encoder(x, mask)[2:, :4], alone, atol=0.05, rtol=0)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_computes_the_same(copied):
    bert, architecture, x, mask = drawn()
    encoder = PackedEncoder(bert, architecture)
    with torch.inference_mode():
        torch.testing.assert_close(copied(encoder)(x, mask), encoder(x, mask), atol=0, rtol=0)


@pytest.mark.parametrize(
    ("family", "pooling", "long"),
    [("bert", pooling, "head") for pooling in ("own", "cls", "mean", "max")]
    + [(family, "own", "head") for family in ("roberta", "mpnet", "distilbert", "electra")]
    + [("bert", "own", "windows")],
)
def test_a_model_reads_with_packed_weights_and_stays_as_it_was(family, pooling, long, tmp_path):
    folder = write_encoder(tmp_path / family, family, scale=0.1)
    assert family in FAMILIES
    layers = FrozenSettings(pooling=pooling, strength=10.0, label_names=False)
    settings = NeuralSettings(layers=layers, encoder=folder, long=LongSettings(long), max_tokens=4)
    model = fit_neural(CORPUS, None, settings, threads=1).model
    whole = model.logits(TEXTS)
    half = in_precision(model, "bfloat16")
    found = half.logits(TEXTS)
    assert (half.reader.quick is not None) == (family != "electra")
    assert not half.reads_as_graph
    np.testing.assert_allclose(found, whole, atol=0.05 * np.abs(whole).max())
    np.testing.assert_array_equal(half.logits(TEXTS, threads=2), found)
    np.testing.assert_array_equal(model.logits(TEXTS), whole)


def test_without_the_operators_pytorch_reads_by_itself(tmp_path, monkeypatch):
    folder = write_encoder(tmp_path / "bert", scale=0.1)
    layers = FrozenSettings(strength=10.0, label_names=False)
    model = fit_neural(CORPUS, None, NeuralSettings(layers=layers, encoder=folder), threads=1).model
    packed = in_precision(model, "bfloat16").logits(TEXTS)
    monkeypatch.setattr(quick_reading, "is_packable", lambda: False)
    plain = in_precision(model, "bfloat16")
    np.testing.assert_allclose(plain.logits(TEXTS), packed, atol=0.05 * np.abs(packed).max())
    assert plain.reader.quick is None


@pytest.mark.parametrize("missing", ["none", "wrong"])
def test_operators_that_are_missing_or_compute_otherwise_are_not_used(missing, monkeypatch):
    class Wrong(packed_encoder.PackedLinear):
        def forward(self, x):
            if missing == "none":
                raise AttributeError("no such operator")
            return super().forward(x) + 1

    monkeypatch.setattr(packed_encoder, "PackedLinear", Wrong)
    assert not is_packable.__wrapped__()
