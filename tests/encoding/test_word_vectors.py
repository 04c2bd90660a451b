"""Files of word vectors in every format, whole and damaged."""

import gzip
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkind.encoding.word_vectors import WordVectors, read_vectors, start_vectors, vector_words
from textkind.errors import DataError, SettingsError
from textkind.progress import Talk

GLOVE = (
    Path(__file__).parents[2].parent / "shared" / "data" / "vectors"
    / "glove-6b-100d-top30k.vec.gz"
)  # fmt: skip
WORDS = {"the": [0.25, -1, 2e-3], "n't": [1, 2, 3], "Apple": [4, 5, 6.5], "été": [7, 8, 9]}


def text_rows(words, end="\n"):
    return "".join(f"{word} {' '.join(map(str, row))}{end}" for word, row in words.items())


def glove(words):
    return text_rows(words).encode()


def word2vec_text(words):
    return f"{len(words)} {len(next(iter(words.values())))}\n{text_rows(words)}".encode()


def fasttext(words):
    return word2vec_text(words).replace(b"\n", b" \n").replace(b" \n", b"\n", 1)


def word2vec_binary(words, behind=b""):
    head = f"{len(words)} {len(next(iter(words.values())))}\n".encode()
    return head + b"".join(
        word.encode() + b" " + struct.pack(f"<{len(row)}f", *row) + behind
        for word, row in words.items()
    )


def word2vec_binary_with_newlines(words):
    return word2vec_binary(words, b"\n")


def with_tabs(words):
    return glove(words).replace(b" ", b"\t")


FORMATS = [
    glove, word2vec_text, fasttext, word2vec_binary, word2vec_binary_with_newlines, with_tabs,
]  # fmt: skip


def written(tmp_path, content, name="some.vec"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


class Heard(Talk):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("of", FORMATS)
def test_wanted_words_are_found_in_every_format(tmp_path, of, zipped):
    content = of(WORDS)
    path = written(tmp_path, gzip.compress(content) if zipped else content)
    heard = Heard()
    wanted = ["[PAD]", "[UNK]", "été", "missing", "n't", "the", "", ""]
    found = read_vectors(path, wanted, talk=heard)
    assert found.found.tolist() == [False, False, True, False, True, True, False, False]
    assert (found.dimension, found.name) == (3, "some.vec")
    rows = [[0] * 3, [0] * 3, WORDS["été"], [0] * 3, WORDS["n't"], WORDS["the"], [0] * 3, [0] * 3]
    np.testing.assert_array_equal(found.vectors, np.array(rows, np.float32))
    assert heard.notes == ["3 of the 4 known words (75%) have a vector in some.vec"]
    assert vector_words(path, 2) == ["the", "n't"]
    assert vector_words(path, 9) == list(WORDS)


WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=5
).filter(lambda word: not word[0].isdigit() and len(word.split()) == 1)
NUMBER = st.integers(-1000, 1000).map(lambda whole: whole / 64)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(FORMATS),
    st.integers(2, 5).flatmap(
        lambda size: st.dictionaries(
            WORD, st.lists(NUMBER, min_size=size, max_size=size), min_size=1, max_size=6
        )
    ),
)
def test_what_was_written_is_read(tmp_path_factory, of, words):
    path = written(tmp_path_factory.mktemp("vectors"), of(words))
    found = read_vectors(path, list(words))
    assert found.found.all()
    np.testing.assert_array_equal(found.vectors, np.array(list(words.values()), np.float32))


def test_words_may_have_spaces_and_odd_bytes(tmp_path):
    content = b"the 1 2\n. . . 3 4\n\xff\xa0x 5 6\n 7 8\nat name@domain.com 9 10\n. 11 12\n"
    found = read_vectors(written(tmp_path, content), ["the", ".", "at", "x", "name@domain.com"])
    assert found.vectors.tolist() == [[1, 2], [11, 12], [0, 0], [0, 0], [0, 0]]


def test_a_spelling_with_capitals_serves_only_where_there_is_no_other(tmp_path):
    content = b"Apple 1 1\nAPPLE 2 2\napple 3 3\napple 4 4\nPear 5 5\nPEAR 6 6\n\xc3\x89T 7 7\n"
    found = read_vectors(written(tmp_path, content), ["apple", "pear", "ét", "Pear", "Fig", "pear"])
    assert found.vectors[:, 0].tolist() == [3, 5, 7, 5, 0, 5]


def test_unwanted_numbers_are_not_looked_at(tmp_path):
    found = read_vectors(written(tmp_path, b"the 1 2\nodd x y\nof 3 4\n"), ["of"])
    assert found.vectors.tolist() == [[3, 4]]


LONG = {f"w{i}": [i, 1, 2] for i in range(2000)}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", r"bad\.vec: the file of word vectors is empty"),
        (b"\n\n", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"2 3\na 1 2 3\n\nb 1 2\n", r"bad\.vec:line 4: a word and 3 numbers .* found 2"),
        (b"a 1 2 3\nb 1 2\n", r"line 2: a word and 3 numbers should stand here.*found 2"),
        (b"a 1 2 3\nb 1 2 3 4\n", "line 2: a word and 3 numbers should stand here.*found 4"),
        (b"2 2\na 1 2 3\nb 1 2 3\n", "line 2: a word and 2 numbers .* first line tells.*found 3"),
        (b"2 4\na 1 2 3\nb 1 2 3\n", "line 2: a word and 4 numbers .* first line tells.*found 3"),
        (b"a 1 2\nb 1 two\n", "line 2: a number should stand here; found 'two'"),
        (b"a 1 2\nb 1 nan\n", "line 2: a number is not finite; found nan"),
        (b"a 1 2\nb 1e39 1\n", "line 2: a number is not finite; found inf"),
        (b"3 2\na 1 2\nb 1 2\n", r"first line tells of 3 words.*found 2"),
        (b"1 2\na 1 2\nb 1 2\n", r"first line tells of 1 words.*found 2"),
        (b"2 0\n", "line 1: the first line should tell"),
        (b"0 2\n", "line 1: the first line should tell"),
        (b"2 99999999999\na 1\n", "line 1: the first line should tell"),
        (b"these are no vectors\n", "line 1: this is not a file of word vectors"),
        (b'{"a": 1}\n', "line 1: this is not a file of word vectors"),
        (b"a\x00\x01 1 2\n", "line 1: this is not a file of word vectors"),
        (pickle.dumps(WORDS), "this is not a file of word vectors; found 'a pickle'"),
        (b"PK\x03\x04xx", "found 'a zip archive"),
        (b"\xba\x16\x4f\x2f\x0c", "found 'a fastText model"),
        (gzip.compress(word2vec_text(LONG), mtime=0)[:-2000], "cut short or damaged"),
        (gzip.compress(glove(LONG), mtime=0)[:-9], r"bad\.vec: .*cut short or damaged"),
        (gzip.compress(glove(LONG), mtime=0)[:9], "cut short or damaged"),
        (b"\x1f\x8bxxxxxxxxxxxxxx", "cut short or damaged"),
        (word2vec_binary(LONG)[:-1], "behind word 1999: .*cut short"),
        (word2vec_binary(LONG) + b"x", "goes on behind its last word"),
        (word2vec_binary(LONG).replace(b"2000 3", b"2000 4"), "cut short|goes on|finite"),
        (word2vec_binary(LONG).replace(b"2000 3", b"2000 2"), "cut short|goes on|finite"),
        (word2vec_binary({"b": [1, float("nan")]}), "word 1: a number is not finite"),
        (b"2 3\nb " + b"\x00" * 50_000, "a word should stand here, and no space comes"),
        (b"b" * (1 << 21), "this is not a file of word vectors"),
        (b"b 1 2\n" + b"c" * (1 << 21), r"line 2: a line has more than 1,048,576 bytes"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_with_its_place(tmp_path, content, problem):
    with pytest.raises(DataError, match=problem):
        read_vectors(written(tmp_path, content, "bad.vec"), ["b"])


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(FORMATS), st.data())
def test_damage_ends_in_our_error_or_finite_numbers(tmp_path_factory, of, data):
    content = bytearray(of(WORDS))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = written(tmp_path_factory.mktemp("vectors"), bytes(content))
    try:
        found = read_vectors(path, list(WORDS))
    except DataError:
        return
    assert np.isfinite(found.vectors).all()


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.vec: the file of word vectors cannot be read"):
        read_vectors(tmp_path / "none.vec", ["a"])


def test_another_dimension_than_the_fixed_one_is_refused(tmp_path):
    path = written(tmp_path, glove(WORDS))
    assert read_vectors(path, ["the"], fixed_dimension=3).found.all()
    with pytest.raises(SettingsError, match=r"vectors of 4 numbers are needed.*found 3"):
        read_vectors(path, ["the"], fixed_dimension=4)


def test_first_vectors_are_those_found_and_random_ones_like_them():
    generator = np.random.default_rng(0)
    spread = np.array([0.1, 1, 10], np.float32)
    wanted = 2 + 4000 + 5
    found = np.zeros(wanted, bool)
    found[2:2002] = True
    is_word = np.zeros(wanted, bool)
    is_word[2:4002] = True
    vectors = np.zeros((wanted, 3), np.float32)
    vectors[found] = generator.normal(size=(2000, 3)) * spread
    read = WordVectors(vectors, found, is_word, "some.vec")
    table = start_vectors(read, seed=7)
    np.testing.assert_array_equal(table[found], vectors[found])
    np.testing.assert_allclose(table[2002:4002].std(axis=0), spread, rtol=0.1)
    assert not table[0].any()
    assert table[1].any()
    assert not table[4002:].any()
    assert table.dtype == np.float32
    np.testing.assert_array_equal(start_vectors(read, seed=7), table)
    assert (start_vectors(read, seed=8) != table).any()


def test_first_vectors_are_finite_where_no_word_was_found(tmp_path):
    read = read_vectors(written(tmp_path, glove(WORDS)), ["[PAD]", "[UNK]", "no", "such"])
    table = start_vectors(read, seed=1)
    assert np.isfinite(table).all()
    assert table[2:].any(axis=1).all()


@pytest.mark.skipif(not GLOVE.is_file(), reason="the shared vectors are not here")
def test_vectors_of_glove_read_right():
    found = read_vectors(GLOVE, ["the", "king", "queen", "man", "woman", "banana"])
    assert (found.found.all(), found.dimension) == (True, 100)
    unit = found.vectors / np.linalg.norm(found.vectors, axis=1, keepdims=True)
    _, king, queen, man, woman, banana = unit
    analogy = king - man + woman
    assert analogy @ queen > 0.7 > analogy @ banana
    assert len(vector_words(GLOVE, 100_000)) == 30_000
