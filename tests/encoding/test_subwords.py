"""Trained and ready subword tokenizers against the tokenizers library itself."""

import json
import random

import numpy as np
import pyarrow as pa
import pytest

from textkind.encoding.subwords import (
    TRAINED,
    SubwordEncoder,
    SubwordSettings,
    fit_subwords,
    subwords_from_bytes,
    subwords_from_file,
)
from textkind.errors import DataError, ModelFolderError, SettingsError

tokenizers = pytest.importorskip("tokenizers")

STEMS = ["walk", "talk", "jump", "climb", "read", "hang", "crawl", "knit"]
ENDINGS = ["", "s", "ed", "ing", "er", "able"]
CORPUS = [
    f"The {stem}{ending} {other}s: don't un{stem}, Éclair!"
    for stem in STEMS
    for ending in ENDINGS
    for other in STEMS
]
ODD = ["", " ", "Unwalkable TALKERS [PAD] [UNK]", "☃ 中文 é", "x" * 300, "\x00\t\n"]
MODELS = sorted(TRAINED)


def arrow(texts):
    return pa.array(texts, pa.large_string())


def trained(model, texts=CORPUS, **changed):
    return fit_subwords(arrow(texts), SubwordSettings(model=model, size=400, **changed))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("lowercase", [True, False])
def test_the_same_texts_in_any_order_give_the_same_tokenizer(model, lowercase):
    shuffled = random.Random(1).sample(CORPUS, len(CORPUS))
    first, second = (trained(model, texts, lowercase=lowercase) for texts in (CORPUS, shuffled))
    assert first.tokenizer_json == second.tokenizer_json


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("lowercase", [True, False])
def test_ids_are_those_of_the_library(model, lowercase):
    encoder = trained(model, lowercase=lowercase)
    library = tokenizers.Tokenizer.from_str(encoder.tokenizer_json.decode())
    texts = CORPUS[::7] + ODD
    tokens = encoder.encode(arrow(texts))
    for row, text in enumerate(texts):
        ids = tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]]
        assert ids.tolist() == library.encode(text, add_special_tokens=False).ids
    assert tokens.ids.dtype == np.int32
    assert tokens.ids.max() < encoder.size <= 400


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("lowercase", [True, False])
def test_trained_tokenizers_split_words_and_give_no_padding(model, lowercase):
    encoder = trained(model, lowercase=lowercase)
    assert encoder.unknown_id == 1
    assert [spelling.strip() for spelling in encoder.spellings()[:2]] == ["[PAD]", "[UNK]"]
    tokens = encoder.encode(arrow(["unwalkable", *ODD]))
    assert 1 < tokens.lengths[0] < 6
    assert (tokens.ids > 0).all()
    assert (1 in tokens.ids) == (model != "bpe")  # bytes know every text


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("texts", [[], [""], ["a"], ["a a"] * 3])
def test_few_texts_are_learned_from(model, texts):
    encoder = trained(model, texts)
    assert len(encoder.encode(arrow(["a b", ""]))) == 2


@pytest.mark.parametrize("model", MODELS)
def test_state_gives_the_same_encoder_again(model):
    encoder = trained(model)
    config, arrays = encoder.state()
    again = SubwordEncoder.from_state(config, arrays)
    assert (again.size, again.unknown_id) == (encoder.size, encoder.unknown_id)
    assert again.spellings() == encoder.spellings()
    texts = arrow(CORPUS[:20] + ODD)
    np.testing.assert_array_equal(again.encode(texts).ids, encoder.encode(texts).ids)


def ready(vocabulary, **changed):
    """A tokenizer.json of whole words, as the library writes it."""
    model = tokenizers.models.WordLevel(vocabulary, unk_token="<unk>")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    described = json.loads(tokenizer.to_str()) | changed
    return json.dumps(described).encode()


PADDING = {
    "strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": None,
    "pad_id": 0, "pad_type_id": 0, "pad_token": "nil",
}  # fmt: skip


@pytest.mark.parametrize(
    ("vocabulary", "changed", "shift"),
    [
        ({"<pad>": 0, "<unk>": 1, "a": 2}, {}, 0),
        ({"[PAD]": 0, "<unk>": 1, "a": 2}, {}, 0),
        ({"nil": 0, "<unk>": 1, "a": 2}, {"padding": PADDING}, 0),
        ({"nil": 0, "<unk>": 1, "a": 2}, {}, 1),
        ({"<s>": 0, "<pad>": 1, "a": 2, "<unk>": 3}, {}, 1),
        ({"<unk>": 0, "a": 1}, {}, 1),
        ({"<unk>": 1, "a": 2}, {}, 0),
    ],
)
def test_id_0_is_padding_whatever_it_is_in_the_file(vocabulary, changed, shift):
    encoder = subwords_from_bytes(ready(vocabulary, **changed))
    assert encoder.size == max(vocabulary.values()) + 1 + shift
    assert encoder.unknown_id == vocabulary["<unk>"] + shift
    spellings = encoder.spellings()
    for spelling, number in vocabulary.items():
        assert spellings[number + shift] == spelling
    tokens = encoder.encode(arrow(["a a b", ""]))  # neither filled up nor with special tokens
    a, unknown = vocabulary["a"] + shift, encoder.unknown_id
    assert tokens.ids.tolist() == [a, a, unknown]
    assert tokens.offsets.tolist() == [0, 3, 3]


def test_a_ready_wordpiece_file_whose_id_0_is_a_word_is_moved_up():
    described = json.loads(trained("wordpiece").tokenizer_json)
    vocabulary = described["model"]["vocab"]
    del vocabulary["[PAD]"]
    described["model"]["vocab"] = {spelling: n - 1 for spelling, n in vocabulary.items()}
    moved = subwords_from_bytes(json.dumps(described).encode())
    texts = arrow(CORPUS[:20] + ODD[:4])
    np.testing.assert_array_equal(moved.encode(texts).ids, trained("wordpiece").encode(texts).ids)


def test_cuts_and_special_tokens_of_a_file_are_left_out(tmp_path):
    tokenizer = tokenizers.Tokenizer.from_str(trained("wordpiece").tokenizer_json.decode())
    tokenizer.add_special_tokens(["[CLS]", "[SEP]"])
    tokenizer.post_processor = tokenizers.processors.BertProcessing(
        ("[SEP]", tokenizer.token_to_id("[SEP]")), ("[CLS]", tokenizer.token_to_id("[CLS]"))
    )
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=50)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    tokens = subwords_from_file(tmp_path / "tokenizer.json").encode(arrow(["walk " * 9, "walk"]))
    assert tokens.lengths.tolist() == [9, 1]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[PAD]\n[UNK]\nthe", b"\xff\xfe", b'{"model": 1}']
)
def test_a_file_that_is_no_tokenizer_is_refused_by_name(tmp_path, content):
    path = tmp_path / "some.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"some\.json: this is not a tokenizer\.json"):
        subwords_from_file(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.json: the tokenizer cannot be read"):
        subwords_from_file(tmp_path / "none.json")


def test_a_tokenizer_without_unknown_token_tells_of_texts_it_cannot_split():
    described = json.loads(trained("unigram").tokenizer_json)
    described["model"]["unk_id"] = None
    encoder = subwords_from_bytes(json.dumps(described).encode())
    assert encoder.unknown_id == 0
    assert encoder.encode(arrow(["walk"])).ids.size
    with pytest.raises(DataError, match="no tokens for one of these texts"):
        encoder.encode(arrow(["☃"]))


def test_a_tokenizer_with_no_tokens_is_refused():
    with pytest.raises(DataError, match="has no tokens"):
        subwords_from_bytes(ready({}))


@pytest.mark.parametrize(
    ("config", "arrays"),
    [
        ({"kind": "words"}, {"tokenizer": np.zeros(2, np.uint8)}),
        ({"kind": "subwords"}, {}),
        ({"kind": "subwords"}, {"tokenizer": np.zeros(2, np.int8)}),
        ({"kind": "subwords"}, {"tokenizer": np.frombuffer(b"{}", np.uint8)}),
    ],
)
def test_a_damaged_state_is_refused(config, arrays):
    with pytest.raises(ModelFolderError, match="tokenizer in this folder is damaged"):
        SubwordEncoder.from_state(config, arrays)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"model": "wordpieces"}, "did you mean 'wordpiece'"),
        ({"size": 10}, "size"),
        ({"size": 1 << 30}, "size"),
        ({"minimum_count": 0}, "minimum_count"),
        ({"lowercase": "yes"}, "lowercase"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, problem):
    with pytest.raises(SettingsError, match=problem):
        SubwordSettings(**wrong)
