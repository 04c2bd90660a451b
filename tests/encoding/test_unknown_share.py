"""The share of n-grams that a vocabulary has not, counted by hand."""

import numpy as np
import pyarrow as pa
import pytest

from textkind.encoding.ngrams import NgramSettings, fit_ngrams, unknown_share

LEARNED = pa.array(["the red parcel", "the late parcel"], pa.large_string())
NEW = pa.array(["the red parcel", "the blue parcel", "nothing known", ""], pa.large_string())


@pytest.mark.parametrize("characters", [None, (2, 3)])
def test_words_and_pairs_that_no_learned_text_has_are_counted(characters):
    settings = NgramSettings(words=(1, 2), characters=characters, minimum_document_frequency=1)
    encoder, _ = fit_ngrams(LEARNED, settings)
    # "the blue parcel": blue, the blue, blue parcel of five
    np.testing.assert_allclose(unknown_share(encoder, NEW), [0, 3 / 5, 1, 1])


def test_of_characters_alone_their_n_grams_count():
    settings = NgramSettings(words=None, characters=(3, 3), minimum_document_frequency=1)
    encoder, _ = fit_ngrams(LEARNED, settings)
    shares = unknown_share(encoder, NEW)
    assert shares[0] == 0
    assert 0 < shares[1] < 1 == shares[2]
