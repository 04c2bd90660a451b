"""The word vocabulary against a plain Python twin and examples of the Penn Treebank's rules."""

import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkind.encoding.words import FEW_TEXTS, WordEncoder, WordSettings, fit_words
from textkind.errors import ModelFolderError, SettingsError

TEXTS = st.text(alphabet="nN'’tTsmdlrev a1.,:!-–\n\té中文_😀Ⱥ", max_size=40)
ALL = WordSettings(minimum_count=1)
LETTER = r"[^\W中文]"
TWIN = re.compile(
    rf"""(?:[^\W\d中文]\.){{2,}}(?!\w)
    | n't(?!\w) | '(?:s|re|ve|ll|d|m)(?!\w)
    | {LETTER}+?(?:(?<=[0-9])[.,:](?=[0-9]){LETTER}+?)*?(?=n't(?!\w))
    | {LETTER}+(?:(?<=[0-9])[.,:](?=[0-9]){LETTER}+)*
    | [中文] | ([^\w\s])\1*""",
    re.VERBOSE,
)


def arrow(texts):
    return pa.array(texts, pa.large_string())


def twin_words(text):
    """The words of a text by one regular expression."""
    # curly and straight apostrophes are one, but for runs, which have one kind
    plain = re.sub("’(?!’)(?<!’’)", "'", text.lower())
    return [re.sub(r"^([^\w])\1\1+$", r"\1\1\1", match[0]) for match in TWIN.finditer(plain)]


def words_of(text, encoder):
    spellings = encoder.spellings()
    return [spellings[i] for i in encoder.encode(arrow([text])).ids]


def split(text, **changed):
    return words_of(text, fit_words(arrow([text]), WordSettings(minimum_count=1, **changed)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't they? They do n't.", "do n't they ? they do n't ."),
        ("can't WON'T cannot", "ca n't wo n't cannot"),
        ("It's we’ll you're I've he'd I'm", "it 's we 'll you 're i 've he 'd i 'm"),
        ("I'd've", "i 'd 've"),
        ("What 's that, dogs' ?", "what 's that , dogs ' ?"),
        ("o'clock 'tis don'ts", "o ' clock ' tis don ' ts"),
        ("1,000 3.5 at 10:30, 4. 5 a1.b2", "1,000 3.5 at 10:30 , 4 . 5 a1 . b2"),
        ("the U.S. at 5 p.m. e.g. U.S.-led", "the u.s. at 5 p.m. e.g. u.s. - led"),
        ("A. b.c mr.", "a . b . c mr ."),
        ("wait... no -- really!!!!!!", "wait ... no -- really !!!"),
        ("``well-known''", "`` well - known ''"),
        ("中文字 ไทย", "中 文 字 ไ ท ย"),
        ("ÉCLAT Ⱥ ΣΊΣΥΦΟΣ", "éclat ⱥ σίσυφοσ"),
        ("@me #tag $50 50%", "@ me # tag $ 50 50 %"),
        ("😀😀 ok", "😀😀 ok"),
    ],
)
def test_words_are_spelled_as_in_the_files_of_glove(text, words):
    assert split(text) == words.split(" ")


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_words_equal_those_of_a_regular_expression(text):
    text = text.replace("’’", "’")
    if re.search("'’|’'", text):
        return  # runs of both apostrophes: the twin cannot tell them apart
    assert split(text) == twin_words(text)


def test_without_lower_case_words_keep_their_capitals():
    assert split("Don't U.S. DON'T the The", lowercase=False) == [
        "Do", "n't", "U.S.", "DO", "N'T", "the", "The",
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=8), st.randoms(use_true_random=False))
def test_vocabulary_goes_by_falling_count_whatever_the_order_of_texts(texts, random):
    encoder = fit_words(arrow(texts), ALL)
    words = encoder.spellings()[2:]
    counts = np.bincount(encoder.encode(arrow(texts)).ids, minlength=encoder.size)[2:]
    expected = sorted(zip(-counts, (word.encode() for word in words), strict=True))
    assert [word.encode() for word in words] == [word for _, word in expected]
    random.shuffle(texts)
    assert fit_words(arrow(texts), ALL).spellings()[2:] == words


def test_counts_and_limit_choose_the_words():
    texts = arrow(["a a a a b b b c c d"])
    assert fit_words(texts, WordSettings(minimum_count=2)).spellings()[2:] == ["a", "b", "c"]
    assert fit_words(texts, WordSettings(minimum_count=1, largest=2)).spellings()[2:] == ["a", "b"]
    tied = arrow(["b a d c"])
    assert fit_words(tied, WordSettings(minimum_count=1, largest=2)).spellings()[2:] == ["a", "b"]


def test_rare_words_are_known_only_where_texts_are_few():
    few, many = arrow(["once"] + ["x"] * (FEW_TEXTS - 2)), arrow(["once"] + ["x"] * FEW_TEXTS)
    assert fit_words(few, WordSettings()).spellings()[2:] == ["x", "once"]
    assert fit_words(many, WordSettings()).spellings()[2:] == ["x"]


def test_words_asked_for_by_name_are_known_beside_the_limit():
    encoder = fit_words(
        arrow(["a a a b b rare"]),
        WordSettings(minimum_count=2, largest=1),
        extra=["Rare", "unseen", "two words", "n't", "b", "", "non-words", "UNSEEN"],
    )
    assert encoder.spellings()[2:] == ["a", "b", "rare", "n't", "unseen"]
    assert words_of("do n't be rare unseen", encoder) == [
        "[UNK]", "n't", "[UNK]", "rare", "unseen",
    ]  # fmt: skip


def test_the_same_ids_come_with_any_number_of_threads_and_any_neighbours():
    pattern = "Word{0} isn't {1}!!! a.b. é{2} "
    texts = arrow([pattern.format(i % 97, i % 7, i % 13) * (i % 60) for i in range(3000)])
    encoder = fit_words(texts, WordSettings(), threads=1)
    assert fit_words(texts, WordSettings(), threads=3).spellings() == encoder.spellings()
    tokens = encoder.encode(texts, threads=1)
    np.testing.assert_array_equal(encoder.encode(texts, threads=3).ids, tokens.ids)
    part = encoder.encode(texts[2000:2100])
    begin, end = tokens.offsets[[2000, 2100]]
    np.testing.assert_array_equal(part.ids, tokens.ids[begin:end])
    counts = Counter(word for text in texts.to_pylist() for word in twin_words(text))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0].encode()))
    assert encoder.spellings()[2 : 2 + len(ordered)] == [word for word, _ in ordered]


@pytest.mark.parametrize("texts", [[], [""], ["", " \n"], ["x" * 100_000], ["x " * 50_000]])
def test_odd_texts_are_encoded(texts):
    encoder = fit_words(arrow(texts), WordSettings(minimum_count=1))
    assert len(encoder.encode(arrow(texts))) == len(texts)
    assert encoder.encode(arrow([])).offsets.tolist() == [0]


@pytest.mark.parametrize("chosen", [WordSettings(), WordSettings(lowercase=False)])
def test_state_gives_the_same_encoder_again(chosen):
    texts = arrow(["It isn't THE end...", "中文 12.5 the End"])
    encoder = fit_words(texts, chosen)
    config, arrays = encoder.state()
    again = WordEncoder.from_state(config, arrays)
    assert config["kind"] == "words"
    assert (again.settings, again.spellings()) == (encoder.settings, encoder.spellings())
    np.testing.assert_array_equal(again.encode(texts).ids, encoder.encode(texts).ids)


def packed(*words):
    encoded = [word if isinstance(word, bytes) else word.encode() for word in words]
    return {
        "spelled": np.frombuffer(b"".join(encoded), np.uint8),
        "lengths": np.array([len(word) for word in encoded], np.int32),
    }


@pytest.mark.parametrize(
    ("config", "arrays", "problem"),
    [
        ({"largest": 0}, packed("a"), "settings"),
        ({"colour": 1}, packed("a"), "settings"),
        ({"lowercase": None}, packed("a"), "settings"),
        ({}, {}, "arrays"),
        ({}, packed("a") | {"spelled": np.zeros(1, np.float32)}, "arrays"),
        ({}, packed("a") | {"lengths": np.array([2], np.int32)}, "lengths"),
        ({}, packed("a", ""), "lengths"),
        ({}, packed(b"\xff"), "UTF-8"),
        ({}, packed("é".encode()[:1], "é".encode()[1:]), "UTF-8"),
        ({}, packed("a", "a"), "twice or is none"),
        ({}, packed("a", "A"), "twice or is none"),
        ({}, packed("two words"), "twice or is none"),
    ],
)
def test_a_damaged_state_is_refused(config, arrays, problem):
    with pytest.raises(ModelFolderError, match=problem):
        WordEncoder.from_state({"kind": "words"} | config, arrays)


@pytest.mark.parametrize(
    "wrong",
    [{"minimum_count": 0}, {"largest": -1}, {"lowercase": 1}, {"largest": 1.5}, {"largest": None}],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        WordSettings(**wrong)
