"""Words and runs in plain Python: the ids of the compiled kernels, whatever the text."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from textkind.encoding.runs import fit_runs
from textkind.encoding.words import WordSettings, fit_words
from textkind.export.onnx_folder import told_encoder
from textkind.export.readers.word_tokens import RunIds, WordIds

KNOWN = [
    "It's not bad, isn't it? DON'T you're she'll I'd we've rock'n'roll ’twas he’s 'tis",
    "the U.S. at 5 p.m. e.g. 1,000 3.5 10:30 1.2.3 a.b a. U.S.A.x 10. .5 5:",
    "wow!!!! ...... :) :-) 😀😀😀😀 --- a_b x² ǅ ß İstanbul ΣΑΣ",
    "最初の注文 ภาษาไทย e\u0301te\u0301 \u0e01\u0e33 ka\u0301 naïve \u200b zero\u200bwidth",
]
PIECES = st.sampled_from(
    ["n't", "'", "’", "s", "'s", "ll", ".", "U.S.", "a.", "1", "0", ",", ":", "!", "!!!!", " ",
     "N", "T", "İ", "ß", "最", "\u0301", "ก", "\u0e33", "😀", "\n", "e", "re", "ve"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=14).map("".join))


def arrow(*texts):
    return pa.array(texts, pa.large_string())


def encoders(lowercase):
    words = fit_words(arrow(*KNOWN), WordSettings(minimum_count=1, lowercase=lowercase))
    runs = fit_runs(words, arrow(*KNOWN), longest=3, buckets=300, minimum_count=1)
    told = json.loads(json.dumps(told_encoder(runs)))
    inner = WordIds(told["tokens"])
    return [(words, inner), (runs, RunIds(told, inner, told["first"]))]


PAIRS = {lowercase: encoders(lowercase) for lowercase in (True, False)}


@given(TEXTS, st.booleans())
@example(KNOWN[0], True)
@example(KNOWN[1], True)
@example(KNOWN[2], False)
@example(KNOWN[3], True)
def test_ids_are_those_of_the_kernels(text, lowercase):
    for encoder, reader in PAIRS[lowercase]:
        assert reader.ids(text) == encoder.encode(arrow(text)).ids.tolist()


def test_the_examples_have_known_words_and_runs():
    (words, _), (runs, _) = PAIRS[True]
    found = words.encode(arrow(*KNOWN))
    assert (found.ids > 1).all()
    assert len(runs.encode(arrow(*KNOWN)).ids) > 2 * len(found.ids)
    assert np.unique(found.ids).size == words.words
