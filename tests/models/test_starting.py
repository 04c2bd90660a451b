"""What a training starts from: tokens of the training texts, vectors of a file, memory enough."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")

from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: E402

from textkind.data.corpus import Corpus  # noqa: E402
from textkind.data.labels import LabelSet  # noqa: E402
from textkind.encoding.tokens import Tokens  # noqa: E402
from textkind.errors import DataError, SettingsError, TrainingError  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.settings import (  # noqa: E402
    CnnSettings,
    MeanPoolSettings,
    PerceptronSettings,
    RnnSettings,
    TransformerSettings,
)
from textkind.models.neural import fit_neural  # noqa: E402
from textkind.models.neural_settings import NeuralSettings  # noqa: E402
from textkind.models.reading import Reading  # noqa: E402
from textkind.models.starting import document_counts, start_of, started_network  # noqa: E402
from textkind.training import memory  # noqa: E402
from textkind.training.settings import TrainingSettings  # noqa: E402

TEXTS = ["the cat", "the dog of the cat", "red red blue", "a blue dog", "", "the red bread"]
TARGETS = [0, 0, 1, 1, 2, 2]
VECTORS = "cat 1 2 3\ndog 2 3 4\nred 0 1 0\nzebra 5 5 5\n"
WHOLE = Reading(LongSettings("head"), None)
TRAINING = TrainingSettings(epochs=2, learning_rate=0.05, precision="float32")
CNN = NeuralSettings(layers=CnnSettings(width=6, windows=(1, 2), filters=4), training=TRAINING)


@pytest.fixture
def corpus():
    return Corpus(
        pa.array(TEXTS, pa.large_string()),
        np.array(TARGETS, np.int32),
        LabelSet(("a", "b", "c")),
        np.arange(len(TEXTS), dtype=np.int64),
    )


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text(VECTORS)
    return path


def started(corpus, settings, outputs=3, seed=0):
    start = start_of(corpus, settings, seed=seed)
    tokens = start.encoder.encode(corpus.texts)
    return start, *started_network(start, tokens, outputs, settings, WHOLE, seed)


@pytest.mark.parametrize("tokens", ["words", "bpe", "wordpiece", "unigram"])
def test_the_encoder_is_fitted_on_the_training_texts(corpus, tokens):
    pytest.importorskip("tokenizers")
    start, network, _ = started(corpus, replace(CNN, tokens=tokens))
    assert start.vectors is None
    assert network.embedding.num_embeddings == start.encoder.size
    assert (start.encoder.encode(corpus.texts).ids != start.encoder.unknown_id).all()


def test_a_ready_tokenizer_keeps_its_ids(corpus, tmp_path):
    pytest.importorskip("tokenizers")
    fitted = start_of(corpus, replace(CNN, tokens="wordpiece")).encoder
    path = tmp_path / "tokenizer.json"
    path.write_bytes(fitted.tokenizer_json)
    start = start_of(corpus, replace(CNN, tokens="ready", tokenizer=path))
    assert start.encoder.spellings() == fitted.spellings()


def test_the_seed_decides_the_first_weights(corpus):
    first, second, third = (started(corpus, CNN, seed=seed)[1].state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["embedding.weight"], third["embedding.weight"])


@pytest.mark.parametrize(
    "layers", [MeanPoolSettings(), CNN.layers, RnnSettings(), TransformerSettings(heads=1)]
)
def test_the_width_is_that_of_the_vectors_and_words_of_the_file_are_known(corpus, tmp_path, layers):
    path = tmp_path / "vectors.txt"
    path.write_text("cat 1 2 3 4\nZebra 5 6 7 8\n")
    start, network, found = started(corpus, NeuralSettings(layers=layers, vectors=str(path)))
    assert found.width == network.embedding.embedding_dim == 4
    table = network.embedding.weight.detach().numpy()
    spellings = start.encoder.spellings()
    np.testing.assert_array_equal(table[spellings.index("cat")], [1, 2, 3, 4])
    np.testing.assert_array_equal(table[spellings.index("zebra")], [5, 6, 7, 8])
    np.testing.assert_array_equal(table[0], 0)
    assert network.embedding.weight.requires_grad


@pytest.mark.parametrize("channels", ["non-static", "static", "two"])
@pytest.mark.parametrize("tuned", [True, False])
def test_frozen_vectors_stay_as_the_file_has_them_and_tuned_ones_move(
    corpus, vectors, channels, tuned
):
    layers = replace(CNN.layers, channels=channels)
    settings = replace(CNN, layers=layers, vectors=str(vectors), tune_vectors=tuned)
    model = fit_neural(corpus, None, settings, threads=1).model
    spellings = model.encoder.spellings()
    wanted = {"cat": [1, 2, 3], "dog": [2, 3, 4], "red": [0, 1, 0], "zebra": [5, 5, 5]}
    table = model.network.embedding.weight.detach().numpy()
    stays = [bool((table[spellings.index(word)] == row).all()) for word, row in wanted.items()]
    is_fixed = not tuned or channels == "static"
    assert stays == [is_fixed] * 3 + [True]  # no text has a zebra
    if channels == "two":
        fixed = model.network.fixed.weight.detach().numpy()
        np.testing.assert_array_equal(fixed[spellings.index("cat")], wanted["cat"])
    assert (model.facts["vectors"], model.facts["vectors_found"]) == ("vectors.txt", 4)


@pytest.mark.parametrize("line", ["blue 1 2", "blue 1 2 x", "blue 1 2 3 4", "blue 1 nan 3"])
def test_a_damaged_line_of_the_vectors_is_named(corpus, vectors, line):
    vectors.write_text(VECTORS + line + "\n")
    with pytest.raises(DataError, match=r"vectors\.txt:line 5"):
        start_of(corpus, replace(CNN, vectors=str(vectors)))


def test_vectors_that_do_not_suit_the_heads_are_told_with_their_width(corpus, vectors):
    layers = TransformerSettings(width=8, heads=2, layers=1)
    with pytest.raises(SettingsError, match="multiple of twice the heads") as caught:
        started(corpus, NeuralSettings(layers=layers, vectors=str(vectors)))
    assert caught.value.found == (3, 2)


def test_rare_words_weigh_what_scikit_learn_makes_of_them(corpus):
    settings = NeuralSettings(layers=PerceptronSettings(hidden=(4,)))
    start, network, _ = started(corpus, settings)
    theirs = TfidfVectorizer(token_pattern=r"\w+").fit(TEXTS)
    rows = [start.encoder.spellings().index(word) for word in theirs.get_feature_names_out()]
    np.testing.assert_allclose(network.inverse_frequency.numpy()[rows], theirs.idf_, rtol=1e-6)


def test_frequent_words_weigh_less_under_sif(corpus):
    start, network, _ = started(corpus, NeuralSettings(layers=MeanPoolSettings(pooling="sif")))
    the, bread = (start.encoder.spellings().index(word) for word in ("the", "bread"))
    shares = np.array([4, 1]) / 16  # of all words
    found = network.token_weights.numpy()[[the, bread]]
    np.testing.assert_allclose(found, 1e-3 / (1e-3 + shares), rtol=1e-6)


def test_a_token_counts_once_for_a_text_that_has_it():
    tokens = Tokens(np.array([3, 3, 1, 1, 3, 2], np.int32), np.array([0, 3, 3, 5, 6]))
    assert document_counts(tokens, 5).tolist() == [0, 2, 1, 2, 0]
    assert document_counts(Tokens(tokens.ids[:0], tokens.offsets[:1]), 2).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("layers", "numbers"),
    [
        (CNN.layers, 6),
        (PerceptronSettings(hidden=(7, 5)), 7),
        (PerceptronSettings(hidden=()), 3),
    ],
)
def test_a_table_too_large_for_memory_is_told_before_it_is_made(
    corpus, monkeypatch, layers, numbers
):
    monkeypatch.setattr(memory, "available_memory", lambda: 100)
    with pytest.raises(TrainingError, match=f"a table of 10 tokens by {numbers} numbers") as caught:
        started(corpus, NeuralSettings(layers=layers))
    assert "--vocabulary-limit" in str(caught.value)
    assert "--width" in str(caught.value)
