"""The linear model of a stream: to the bit that of memory, from the same rows in the same order."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.data.targets import label_counts
from textkind.data.text_stream import TextStream
from textkind.errors import SettingsError
from textkind.models import buffers, streamed_linear
from textkind.models.linear import fit_encoded, fit_linear
from textkind.models.linear_rows import encode
from textkind.models.settings import LinearSettings
from textkind.models.streamed_linear import fit_stream
from textkind.progress import Notes

FIXED = LinearSettings(features="words", strength=1.0, naive_bayes=False)
WORDS = [f"w{number}" for number in range(60)]
ONE, TWO = LabelSet(("a", "b", "c")), LabelSet(("no", "yes"))
MANY = LabelSet(tuple(f"k{n:02d}" for n in range(18)))
SEVERAL = LabelSet(("a", "b", "c"), several=True)


def corpus(labels, rows=400, seed=0):
    """Texts whose labels hang on their words, with noise."""
    draw = np.random.default_rng(seed)
    words = draw.integers(len(WORDS), size=(rows, 6))
    texts = pa.array([" ".join(WORDS[word] for word in row) for row in words], pa.large_string())
    share = (words < 30).mean(axis=1) + draw.normal(0, 0.1, rows)
    if labels.several:
        targets = np.stack([share > cut for cut in (0.3, 0.5, 0.7)], axis=1).astype(np.uint8)
    else:
        targets = (np.clip(share, 0, 0.999) * len(labels)).astype(np.int32)
    return Corpus(texts, targets, labels, np.arange(rows))


def stream_of(train, folder, seed=None, size=97):
    order = np.arange(len(train))
    if seed is not None:
        order = np.random.default_rng(seed).permutation(order)
    texts = train.take(order)

    def blocks():
        for begin in range(0, len(texts), size):
            some = texts.take(np.arange(begin, min(len(texts), begin + size)))
            yield some.texts, some.targets

    total = sum(len(text.as_py().encode()) for text in train.texts)
    counts = label_counts(train.targets, len(train.labels))
    return TextStream(train.labels, len(train), total, counts, None, blocks, folder)


def parts_of_model(model):
    """Everything the model folder keeps but the facts."""
    config, arrays = model.state()
    return config["ngrams"], config["bits"], {k: v.tobytes() for k, v in arrays.items()}


def small_buffers(monkeypatch, size):
    """Make buffers of so many bytes; what was made."""
    made = []

    class Small(buffers.Buffers):
        def __init__(self, cells, state_bytes):
            super().__init__(cells, state_bytes, size)
            made.append(self)

    monkeypatch.setattr(streamed_linear, "Buffers", Small)
    return made


@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize(
    ("labels", "more"),
    [
        (TWO, {}),
        (TWO, {"naive_bayes": True, "features": "both"}),
        (ONE, {"imbalance": "weights"}),
        (MANY, {}),
        (SEVERAL, {"objective": "logistic"}),
    ],
)
def test_a_corpus_that_fits_one_buffer_gives_the_bits_of_memory(tmp_path, labels, more, refit):
    settings = replace(FIXED, refit=refit, **more)
    train, validation = corpus(labels), corpus(labels, 60, seed=1)
    streamed = fit_stream(stream_of(train, tmp_path, seed=3), train, validation, settings)
    whole = fit_linear(train, validation, settings)
    assert parts_of_model(streamed.model) == parts_of_model(whole.model)
    np.testing.assert_array_equal(streamed.validation_logits, whole.validation_logits)
    told, wanted = streamed.model.facts, whole.model.facts
    assert told["passes"] == wanted["passes"]
    assert told["objective"] == pytest.approx(wanted["objective"], rel=1e-6)
    assert told["texts"] == wanted["texts"]
    assert told["stored_numbers"] == wanted["stored_numbers"]


@pytest.mark.parametrize(
    ("labels", "objective"), [(TWO, "squared_hinge"), (MANY, "squared_hinge"), (ONE, "logistic")]
)
def test_many_buffers_give_the_bits_of_memory_in_the_same_order(
    tmp_path, monkeypatch, labels, objective
):
    settings = replace(FIXED, objective=objective, refit=False)
    made = small_buffers(monkeypatch, 10_000)
    train = corpus(labels)
    streamed = fit_stream(stream_of(train, tmp_path, seed=4), train, None, settings).model
    [read] = made
    assert len(read) > 3
    encoded = replace(encode(train, None, settings, None), edges=read.edges)
    whole = fit_encoded(encoded, settings, seed=0, threads=None)
    assert parts_of_model(streamed) == parts_of_model(whole)
    assert streamed.facts["passes"] == whole.facts["passes"]
    assert streamed.facts["relative_gap"] == pytest.approx(whole.facts["relative_gap"], rel=1e-3)


def test_neither_the_order_of_the_stream_nor_its_blocks_nor_threads_change_the_model(
    tmp_path, monkeypatch
):
    small_buffers(monkeypatch, 10_000)
    train, found = corpus(MANY), []
    for number, (seed, size, threads) in enumerate([(None, 400, 1), (1, 13, 2), (2, 101, 3)]):
        stream = stream_of(train, tmp_path / str(number), seed, size)
        found.append(parts_of_model(fit_stream(stream, train, None, FIXED, threads=threads).model))
    assert found[0] == found[1] == found[2]


def test_many_buffers_come_near_the_same_minimum(tmp_path, monkeypatch):
    made = small_buffers(monkeypatch, 40_000)
    settings = replace(FIXED, refit=False, tolerance=1e-6, most_passes=300)
    train = corpus(ONE)
    streamed = fit_stream(stream_of(train, tmp_path), train, None, settings).model
    whole = fit_linear(train, None, settings).model
    assert len(made[0]) > 1
    assert streamed.facts["objective"] == pytest.approx(whole.facts["objective"], rel=1e-3)
    assert (streamed.logits(train.texts).argmax(1) == whole.logits(train.texts).argmax(1)).all()


def test_choices_are_made_on_the_sample_as_in_memory(tmp_path):
    open_settings = LinearSettings()
    train, validation = corpus(ONE), corpus(ONE, 80, seed=1)
    sample = train.take(np.arange(200))
    streamed = fit_stream(stream_of(train, tmp_path), sample, validation, open_settings)
    whole = fit_linear(sample, validation, open_settings)
    assert streamed.model.facts["candidates"] == whole.model.facts["candidates"]
    assert streamed.model.facts["settings"] == whole.model.facts["settings"]
    assert streamed.model.facts["texts"] == 480


def test_what_the_cache_takes_is_told(tmp_path):
    notes, train = Notes(), corpus(TWO)
    fit_stream(stream_of(train, tmp_path), train, None, FIXED, talk=notes)
    assert any("GB on disk until the fit is done" in note for note in notes.told)


def test_the_multinomial_objective_is_refused(tmp_path):
    train = corpus(ONE)
    with pytest.raises(SettingsError, match="the multinomial objective is not streamed") as caught:
        fit_stream(stream_of(train, tmp_path), train, None, replace(FIXED, objective="multinomial"))
    assert "leave --stream out" in str(caught.value)
