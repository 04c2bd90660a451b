"""WordPiece: what a tokenizer.json may say, and what of it makes the file none of ours."""

import json

import pyarrow as pa
import pytest

from textkind.encoding.wordpiece import NORMALIZER_SETTINGS, wordpiece_of

pytest.importorskip("tokenizers")

PLAIN = ["the unaffable, unaffordable ab-aba's", "abab BABA Abracadabra!", "x y z 1234567890"]


def arrow(texts: list[str]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def changed(tokenizer_json: bytes, **parts) -> bytes:
    """A tokenizer.json with entries of its parts replaced."""
    described = json.loads(tokenizer_json)
    for part, entries in parts.items():
        described[part] = {**described[part], **entries} if isinstance(entries, dict) else entries
    return json.dumps(described).encode()


@pytest.mark.parametrize("longest", [0, 1, 5, 1 << 40])
def test_a_word_longer_than_the_file_allows_is_unknown(longest, trained, same):
    tokenizer_json = changed(trained(PLAIN * 9), model={"max_input_chars_per_word": longest})
    same(wordpiece_of(tokenizer_json), tokenizer_json, arrow([*PLAIN, "a ab ab! абвгд", "x" * 300]))


@pytest.mark.parametrize("prefix", ["", "a", "▁"])
def test_pieces_that_go_on_may_have_any_prefix(prefix, trained, same):
    vocabulary = {"[UNK]": 0, prefix + "b": 1, "a": 2, "ab": 3, prefix + "é": 4, prefix + "bc": 5}
    tokenizer_json = changed(
        trained(PLAIN, strip_accents=False),
        added_tokens=[],
        model={"vocab": vocabulary, "continuing_subword_prefix": prefix},
    )
    texts = arrow(["ab abc abbc a b c bc bb éb aé abbbb cb"])
    same(wordpiece_of(tokenizer_json), tokenizer_json, texts)


def test_other_added_tokens_are_found_too(trained, same):
    tokenizer_json = trained(PLAIN * 9)
    added = json.loads(tokenizer_json)["added_tokens"]
    content = {"id": 900, "content": "ébc", "special": False, "lstrip": True, "single_word": True}
    tokenizer_json = changed(tokenizer_json, added_tokens=[*added, {**added[0], **content}])
    encoder = wordpiece_of(tokenizer_json)
    same(encoder, tokenizer_json, arrow(["a ébc b", "aébcb", "éb", "ebc", "a  ébc", "è"]))
    assert encoder.spellings()[-1] == "ébc"
    assert encoder.size == len(encoder.spellings())


def test_what_the_file_says_of_its_ids_is_told(trained):
    tokenizer_json = trained(PLAIN * 9)
    encoder = wordpiece_of(tokenizer_json)
    spellings = encoder.spellings()
    assert (encoder.pad_id, encoder.unknown_id, encoder.size) == (0, 1, len(spellings))
    assert spellings[:3] == ["[PAD]", "[UNK]", "[CLS]"]
    [ids] = [encoder.encode(arrow(["abab qq"])).ids]
    assert "".join(spellings[i].removeprefix("##") for i in ids[:-1]).startswith("abab")
    without = json.loads(tokenizer_json)
    without["added_tokens"] = without["added_tokens"][1:]
    del without["model"]["vocab"]["[PAD]"]
    without["model"]["vocab"]["[pad]"] = 0
    assert wordpiece_of(json.dumps(without).encode()).pad_id is None
    without["padding"] = {
        "strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": None,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "[pad]",
    }  # fmt: skip
    assert wordpiece_of(json.dumps(without).encode()).pad_id == 0


@pytest.mark.parametrize(
    "parts",
    [
        {"normalizer": None},
        {"normalizer": {"type": "Lowercase"}},
        {"pre_tokenizer": {"type": "Whitespace"}},
        {"model": {"type": "BPE"}},
        {"model": {"unk_token": "<none>"}},
        {"added_tokens": [{"id": 0, "content": "[PAD]", "normalized": True}]},
    ],
    ids=lambda parts: str(parts)[:50],
)
def test_a_tokenizer_of_another_kind_is_none_of_ours(parts, trained):
    assert wordpiece_of(changed(trained(PLAIN), **parts)) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"\xff\xfe", b'{"model": 1}'])
def test_a_file_that_is_no_tokenizer_is_none_of_ours(content):
    assert wordpiece_of(content) is None


@pytest.mark.parametrize("name", NORMALIZER_SETTINGS)
def test_a_normalizer_that_lacks_a_setting_is_left_to_the_library(name, trained):
    described = json.loads(trained(PLAIN))
    del described["normalizer"][name]
    assert wordpiece_of(json.dumps(described).encode()) is None


@pytest.mark.parametrize(
    "parts",
    [
        {"version": 2},
        {"normalizer": {"lowercase": None}},
        {"normalizer": {"strip_accents": 1}},
        {"model": {"max_input_chars_per_word": -1}},
        {"padding": []},
        {"added_tokens": [{"content": "[PAD]", "normalized": False}]},
    ],
    ids=str,
)
def test_a_file_that_the_library_refuses_is_none_of_ours(parts, trained):
    assert wordpiece_of(changed(trained(PLAIN), **parts)) is None
