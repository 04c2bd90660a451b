"""Mean pooling of a stream: the network of memory where the sample is the corpus."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.models.test_streamed_linear import ONE, SEVERAL, corpus, stream_of
from textkind.errors import SettingsError
from textkind.models import neural, streamed_neural
from textkind.models.neural import fit_neural
from textkind.models.neural_settings import NeuralSettings
from textkind.models.streamed_neural import fit_stream
from textkind.progress import Notes
from textkind.training.settings import TrainingSettings

QUICK = NeuralSettings(training=TrainingSettings(epochs=3))


@pytest.fixture
def given(monkeypatch):
    """What each training was given: the network's first weights, tokens, targets, validation."""
    seen, train_network = [], neural.train_network

    def spy(network, examples, held_out, labels, settings, **more):
        arrays = {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}
        for part, name in ((examples, "train"), (held_out, "validation")):
            arrays |= {f"{name} ids": part.tokens.ids.copy(), f"{name} ends": part.tokens.offsets}
            arrays[f"{name} targets"] = part.targets
        seen.append((arrays, settings, more["seed"]))
        return train_network(network, examples, held_out, labels, settings, **more)

    for fit in (neural.fit_neural, neural.trained_model):
        monkeypatch.setitem(fit.__kwdefaults__, "trainer", spy)
    return seen


def check_same(first, second):
    arrays, *told = first
    others, *also = second
    assert told == also
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, others[name])


# the weights that come out are not compared to the bit: how PyTorch adds up hangs on where in
# memory numbers lie, and Adam makes whole steps of slopes that are all but 0
@pytest.mark.parametrize(
    ("labels", "more"), [(ONE, {}), (SEVERAL, {"ngrams": 2}), (ONE, {"max_tokens": 4})]
)
def test_the_training_is_given_what_it_is_in_memory_to_the_bit(tmp_path, given, labels, more):
    settings = replace(QUICK, **more)
    train, validation = corpus(labels), corpus(labels, 60, seed=1)
    stream = stream_of(train, tmp_path, seed=2)
    streamed = fit_stream(stream, train, validation, settings, threads=1)
    whole = fit_neural(train, validation, settings, threads=1)
    check_same(*given)
    same = ("texts", "tokens", "vocabulary", "long", "steps")
    assert {name: streamed.model.facts[name] for name in same} == {
        name: whole.model.facts[name] for name in same
    }


def test_in_stretches_it_learns_as_well_and_neither_order_nor_blocks_change_what_it_is_given(
    tmp_path, monkeypatch, given
):
    stretches = streamed_neural.stretches
    monkeypatch.setattr(streamed_neural, "stretches", lambda offsets: stretches(offsets, 300))
    train, validation, found = corpus(ONE), corpus(ONE, 100, seed=1), []
    settings = replace(QUICK, training=TrainingSettings(epochs=20))
    for number, (seed, size) in enumerate([(None, 400), (5, 33)]):
        stream = stream_of(train, tmp_path / str(number), seed, size)
        found.append(fit_stream(stream, train, validation, settings, threads=1))
    check_same(*given)
    whole = fit_neural(train, validation, settings, threads=1)
    streamed, other = (
        (fit.validation_logits.argmax(1) == validation.targets).mean() for fit in (found[0], whole)
    )
    assert streamed > other - 0.05


def test_words_are_those_of_the_sample_and_that_is_told(tmp_path):
    train, notes = corpus(ONE), Notes()
    sample = train.take(np.arange(3))
    fit = fit_stream(stream_of(train, tmp_path), sample, corpus(ONE, 60, 1), QUICK, talk=notes)
    assert fit.model.encoder.size < 25
    assert fit.model.facts["texts"] == 400
    told = " ".join(notes.told)
    assert "the words known are those of 3 of 400 texts" in told
    assert "the tokens take 0.00 GB on disk" in told


def test_a_second_training_is_refused(tmp_path):
    train = corpus(ONE)
    with pytest.raises(SettingsError, match="a network is trained on a stream once") as caught:
        fit_stream(stream_of(train, tmp_path), train, None, replace(QUICK, refit=True))
    assert "leave --refit out" in str(caught.value)
