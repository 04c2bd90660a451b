"""A ready-made vocabulary that has seen the test texts: of word vectors, or of a tokenizer."""

import numpy as np
import pyarrow as pa

from textkind.checks.finding import MOST_SHOWN, Audited, Finding
from textkind.checks.hashed_words import hashed_words

# Words of a vocabulary made for other texts stand in these by chance, many in neither part, and
# rare ones of test among them. One that was made from train and test together holds next to
# nothing else, and one from train alone nothing that only test has.
TAILORED = 0.9  # share of its words that stand in train or test
ONLY_TEST = 0.01  # share of its words that stand in test alone


def vocabulary_of_test(audited: Audited) -> list[Finding]:
    """Words of the vocabulary that only test texts have, where it was made from these texts."""
    test, vocabulary = audited.test, audited.vocabulary
    if test is None or vocabulary is None or not len(vocabulary):
        return []
    parts = [audited.train.texts, test.texts, vocabulary]
    found = hashed_words(pa.concat_arrays(parts), threads=audited.threads)
    first, behind = len(audited.train), len(audited.train) + len(test)
    in_train, in_test = np.zeros((2, 1 << found.bits), bool)
    in_train[found.bucket[found.row < first]] = True
    in_test[found.bucket[(found.row >= first) & (found.row < behind)]] = True
    entries = found.row >= behind
    row, bucket = found.row[entries] - behind, found.bucket[entries]
    whole = np.bincount(row, minlength=len(vocabulary))[row] == 1  # pieces with signs are no words
    row, bucket = row[whole], bucket[whole]
    only_test = row[in_test[bucket] & ~in_train[bucket]]
    known = int((in_test[bucket] | in_train[bucket]).sum())
    if known < TAILORED * row.size or only_test.size < max(2, ONLY_TEST * row.size):
        return []
    return [
        Finding(
            "vocabulary_of_test",
            "serious",
            f"{only_test.size:,} of {row.size:,} words of the vocabulary stand in test texts "
            f"alone, and {known:,} in these files: it was made from test texts too",
            "make vocabulary and vectors from train alone, or take those of other texts",
            "test",
            int(only_test.size),
            int(row.size),
            [{"word": vocabulary[int(place)].as_py()} for place in only_test[:MOST_SHOWN]],
            {"known": known},
        )
    ]
