"""Gradients by distance in metrics.json: which networks, what is measured, and twice the same."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.models.long_settings import LongSettings
from textkind.models.networks.settings import CnnSettings, RnnSettings, TransformerSettings
from textkind.models.neural import fit_neural
from textkind.models.neural_settings import NeuralSettings
from textkind.models.reading import Reading
from textkind.training.settings import TrainingSettings
from textkind.workflow.gradients import MOST_TEXTS, MOST_TOKENS, gradient_facts
from textkind.workflow.train import TrainSettings, train

WORDS = np.array(["river", "stone", "light", "morning", "garden", "letter", "engine", "copper"])
TANH = RnnSettings(width=8, units=8, cell="tanh", directions=1, pooling="last")
ONE_EPOCH = TrainingSettings(epochs=1)


def made_corpus(lengths, several=False):
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, length)) for length in lengths]
    shape = (len(texts), 3) if several else len(texts)
    targets = random.integers(0, 2 if several else 3, shape)
    targets = targets.astype(np.uint8 if several else np.int32)
    labels = LabelSet(("a", "b", "c"), several)
    return Corpus(pa.array(texts, pa.large_string()), targets, labels, np.arange(len(texts)))


def fitted(corpus, layers=TANH, **settings):
    settings = NeuralSettings(layers=layers, training=ONE_EPOCH, **settings)
    return fit_neural(corpus, None, settings, seed=3, threads=1).model


def norms(told):
    return {one["name"]: np.array(one["norm"]) for one in told["series"]}


@pytest.fixture(scope="module")
def corpus():
    return made_corpus(np.random.default_rng(1).integers(1, 60, 80))


def test_the_fitted_network_and_the_three_cells_are_measured(corpus):
    told = gradient_facts(fitted(corpus), corpus, seed=3, threads=1)
    names = [(one["group"], one["name"]) for one in told["series"]]
    assert names == [
        ("network", "before training"),
        ("network", "after training"),
        ("cells", "tanh"),
        ("cells", "LSTM"),
        ("cells", "GRU"),
    ]
    assert told["texts"] == MOST_TEXTS
    assert told["distance"] == list(range(len(told["distance"])))
    assert told["shortest"] <= len(told["distance"]) <= told["longest"] <= MOST_TOKENS
    assert all(len(norm) == len(told["distance"]) for norm in norms(told).values())


def test_of_a_network_that_reads_windows_one_window_is_measured(corpus):
    model = fitted(corpus, max_tokens=10, long=LongSettings("windows"))
    told = gradient_facts(model, corpus, seed=3, threads=1)
    assert (told["shortest"], told["longest"]) == (10, 10)
    plain = replace(model, network=model.network.inner, reading=Reading(LongSettings("head"), 10))
    assert told == gradient_facts(plain, corpus, seed=3, threads=1)


def test_the_gradient_of_a_plain_cell_vanishes(corpus):
    norm = norms(gradient_facts(fitted(corpus), corpus, seed=3, threads=1))["tanh"]
    assert norm[-1] < norm[0] / 10


def test_the_first_weights_are_those_that_training_began_with(corpus):
    frozen = TrainingSettings(epochs=1, learning_rate=1e-30, weight_decay=0.0)
    settings = NeuralSettings(layers=TANH, training=frozen)
    model = fit_neural(corpus, None, settings, seed=3, threads=1).model
    told = norms(gradient_facts(model, corpus, seed=3, threads=1))
    np.testing.assert_allclose(told["before training"], told["after training"], rtol=1e-4)


def test_the_gradient_is_that_of_the_loss_by_hand():
    """One text of three words: the loss's difference quotient in one number of a word's vector."""
    corpus = made_corpus([3])
    model = fitted(corpus)
    told = norms(gradient_facts(model, corpus, seed=3, threads=1))["after training"]
    tokens = torch.from_numpy(model.tokens(corpus.texts).ids.astype(np.int64))[None]
    mask = torch.ones_like(tokens, dtype=torch.bool)
    entered = model.network.embedding(tokens).detach().double()
    network = model.network.double()

    def loss(vectors):
        hook = network.embedding.register_forward_hook(lambda *_: vectors)
        with torch.no_grad():
            logits = network(tokens, mask)
        hook.remove()
        return -float(logits.log_softmax(dim=1)[0, int(corpus.targets[0])])

    slopes = np.zeros(8)
    for number in range(8):
        moved = torch.zeros_like(entered)
        moved[0, -1, number] = 1e-5
        slopes[number] = (loss(entered + moved) - loss(entered - moved)) / 2e-5
    assert told[0] == pytest.approx(np.linalg.norm(slopes), rel=1e-3)


@pytest.mark.parametrize("several", [False, True])
def test_the_order_of_the_rows_changes_nothing(several):
    corpus = made_corpus(np.random.default_rng(1).integers(1, 30, 60), several)
    model = fitted(corpus)
    turned = corpus.take(np.arange(len(corpus))[::-1])
    given = [gradient_facts(model, one, seed=3, threads=1) for one in (corpus, turned)]
    assert given[0] == given[1]


def test_a_transformer_has_no_cells(corpus):
    layers = TransformerSettings(width=8, layers=1, heads=2)
    told = gradient_facts(fitted(corpus, layers), corpus, threads=1)
    assert list(norms(told)) == ["before training", "after training"]


def test_word_vectors_are_not_read_again(corpus, tmp_path):
    file = tmp_path / "vectors.txt"
    lines = [f"{word} {place} 1 0.5 -1\n" for place, word in enumerate(WORDS)]
    file.write_text("".join(lines))
    model = fitted(corpus, vectors=str(file))
    file.unlink()
    assert gradient_facts(model, corpus, threads=1)["texts"] == MOST_TEXTS


@pytest.mark.parametrize("lengths", [[1, 1, 1], [1, 0, 0, 1]])
def test_texts_of_one_token_have_no_distance(lengths):
    corpus = made_corpus(lengths)
    assert gradient_facts(fitted(corpus), corpus, threads=1) is None


@pytest.mark.parametrize(
    ("layers", "is_there"),
    [(TANH, True), (CnnSettings(width=8, filters=4), False)],
    ids=["rnn", "cnn"],
)
def test_a_run_keeps_them_where_the_network_reads_in_order(layers, is_there, ticket_file, tmp_path):
    model = NeuralSettings(layers=layers, training=ONE_EPOCH)
    result = train(ticket_file, TrainSettings(out=tmp_path / "run", model=model, threads=1))
    assert ("gradients" in result.metrics["fit"]) == is_there


def test_the_linear_model_has_none(run):
    assert "gradients" not in run.metrics["fit"]
