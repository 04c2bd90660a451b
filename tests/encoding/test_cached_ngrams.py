"""N-grams cached on disk: the encoder and the rows are those of fit_ngrams, in canonical order."""

import numpy as np
import pyarrow as pa
import pytest

from textkind.data.labels import LabelSet
from textkind.encoding.cached_ngrams import (
    append_rows,
    cache_ngrams,
    learned_encoder,
    order_cells,
    read_rows,
    rescale_cells,
    weigh_cells,
)
from textkind.encoding.ngrams import (
    NgramSettings,
    bits_for,
    canonical_order,
    encode_ngrams,
    exact_keys,
    fit_ngrams,
)
from textkind.encoding.reweighing import rescale, rescaled

WORDS = ["late", "parcel", "box", "héllo", "again", "my", "!!", "x"]
SETTINGS = {
    "words": NgramSettings(),
    "characters": NgramSettings(words=None, characters=(2, 4)),
    "both": NgramSettings(characters=(2, 3), sublinear=False, minimum_document_frequency=1),
}


def texts_of(rows=300, seed=0):
    draw = np.random.default_rng(seed)
    return pa.array([" ".join(draw.choice(WORDS, draw.integers(0, 9))) for _ in range(rows)])


def cached_of(folder, texts, targets, settings, labels=LabelSet(("a", "b")), size=64):
    blocks = [(texts[i : i + size], targets[i : i + size]) for i in range(0, len(texts), size)]
    total = len("".join(texts.to_pylist()).encode())
    bits = bits_for(total)
    return cache_ngrams(blocks, settings, bits, folder, labels, total, threads=2)


def by_bucket(encoder, rows, row):
    """(bucket, weight) of a row, as it is stored."""
    part = slice(rows.starts[row], rows.ends[row])
    return [
        (int(bucket), float(value))
        for bucket, value in zip(
            encoder.buckets[rows.columns[part]], rows.values[part], strict=True
        )
    ]


def check_rows(encoder, rows, wanted_encoder, wanted, order):
    assert len(rows) == len(order)
    for place, row in enumerate(order):
        assert by_bucket(encoder, rows, place) == by_bucket(wanted_encoder, wanted, row)
        assert rows.middles[place] - rows.starts[place] == wanted.middles[row] - wanted.starts[row]


@pytest.mark.parametrize("name", SETTINGS)
def test_encoder_and_rows_are_those_of_memory_to_the_bit(tmp_path, name):
    texts, settings = texts_of().cast(pa.large_string()), SETTINGS[name]
    targets = (np.arange(300) % 2).astype(np.int32)
    cached = cached_of(tmp_path, texts, targets, settings)
    encoder = learned_encoder(cached, settings)
    weigh_cells(cached.cells, encoder, 2)
    wanted_encoder, wanted = fit_ngrams(texts, settings)
    assert dict(zip(encoder.buckets.tolist(), encoder.importance.tolist(), strict=True)) == dict(
        zip(wanted_encoder.buckets.tolist(), wanted_encoder.importance.tolist(), strict=True)
    )
    assert (np.diff(encoder.importance) >= 0).all()
    rows, found = read_rows(cached.cells, range(len(cached.cells)))
    order = canonical_order(texts, targets)
    check_rows(encoder, rows, wanted_encoder, wanted, order)
    np.testing.assert_array_equal(found, targets[order])
    assert cached.cells.values("columns") == wanted.stored


def test_the_order_of_the_texts_changes_nothing(tmp_path):
    texts, settings = texts_of().cast(pa.large_string()), SETTINGS["words"]
    targets = (np.arange(300) % 3).astype(np.int32)
    shuffled = np.random.default_rng(1).permutation(300)
    found = []
    for name, order in (("a", np.arange(300)), ("b", shuffled)):
        cached = cached_of(tmp_path / name, texts.take(pa.array(order)), targets[order], settings)
        encoder = learned_encoder(cached, settings)
        weigh_cells(cached.cells, encoder)
        rows, found_targets = read_rows(cached.cells, range(len(cached.cells)))
        found.append((encoder.buckets, rows.ends, rows.columns, rows.values, found_targets))
    for first, second in zip(*found, strict=True):
        np.testing.assert_array_equal(first, second)


def test_texts_with_several_labels_keep_their_rows_of_targets(tmp_path):
    texts = texts_of(100).cast(pa.large_string())
    targets = np.random.default_rng(0).integers(2, size=(100, 3)).astype(np.uint8)
    labels = LabelSet(("a", "b", "c"), several=True)
    cached = cached_of(tmp_path, texts, targets, SETTINGS["words"], labels)
    weigh_cells(cached.cells, learned_encoder(cached, SETTINGS["words"]))
    _, found = read_rows(cached.cells, range(len(cached.cells)))
    np.testing.assert_array_equal(found, targets[canonical_order(texts, targets)])


def test_rescaled_and_added_rows_are_those_of_memory_too(tmp_path):
    texts, settings = texts_of(120).cast(pa.large_string()), SETTINGS["both"]
    more = texts_of(30, seed=5).cast(pa.large_string())
    targets = np.zeros(150, np.int32)
    cached = cached_of(tmp_path, texts, targets[:120], settings)
    plain = learned_encoder(cached, settings)
    weigh_cells(cached.cells, plain)
    scale = np.linspace(0.5, 2, len(plain)).astype(np.float32)
    encoder, exact = rescaled(plain, scale)
    append_rows(cached.cells, exact_keys(more), encode_ngrams(plain, more), targets[120:])
    rescale_cells(cached.cells, exact)
    order_cells(cached.cells)
    both = pa.concat_arrays([texts, more])
    wanted_encoder, wanted = fit_ngrams(both, settings, learned=120)
    place = {bucket: number for number, bucket in enumerate(plain.buckets.tolist())}
    same = scale[[place[bucket] for bucket in wanted_encoder.buckets.tolist()]]
    wanted_encoder = rescale(wanted_encoder, wanted, same)
    rows, _ = read_rows(cached.cells, range(len(cached.cells)))
    check_rows(encoder, rows, wanted_encoder, wanted, canonical_order(both, targets))
