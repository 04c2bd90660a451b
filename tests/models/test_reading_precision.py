"""A fitted network that reads in half precision: the same labels, nearly the same logits."""

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from tests.models.encoder_folders import write_encoder  # noqa: E402
from textkind.data.corpus import Corpus  # noqa: E402
from textkind.data.labels import LabelSet  # noqa: E402
from textkind.errors import SettingsError  # noqa: E402
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


@pytest.fixture(scope="module", params=["frozen", "cnn"])
def model(request, tmp_path_factory):
    if request.param == "cnn":
        settings = NeuralSettings(layers=CnnSettings(width=6, windows=(1, 2), filters=4),
                                  training=TrainingSettings(epochs=3))  # fmt: skip
    else:
        folder = write_encoder(tmp_path_factory.mktemp("encoder") / "bert", scale=0.1)
        settings = NeuralSettings(layers=FrozenSettings(strength=10.0), encoder=folder)
    return fit_neural(CORPUS, None, settings, threads=1).model


def test_half_precision_is_near_and_gives_the_same_labels(model):
    whole, half = model.logits(TEXTS), in_precision(model, "bfloat16").logits(TEXTS)
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, whole, atol=0.05 * np.abs(whole).max())
    np.testing.assert_array_equal(half.argmax(axis=1), whole.argmax(axis=1))
    assert not np.array_equal(half, whole)


def test_the_model_itself_stays_as_it_was(model):
    before = model.logits(TEXTS)
    in_precision(model, "bfloat16").logits(TEXTS)
    np.testing.assert_array_equal(model.logits(TEXTS), before)
    assert in_precision(model, "float32") is model


def test_auto_takes_one_of_the_two(model):
    assert in_precision(model, "auto").precision in ("float32", "bfloat16")


def test_what_is_no_network_or_no_precision_is_refused(model):
    with pytest.raises(SettingsError, match="only networks"):
        in_precision(object(), "bfloat16")
    with pytest.raises(SettingsError, match="precision must be one of"):
        in_precision(model, "float8")
