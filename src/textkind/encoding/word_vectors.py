"""Vectors of the words of a vocabulary, from a file of pretrained ones.

found = read_vectors("glove.6B.100d.txt", encoder.spellings())
table = start_vectors(found, seed=seed)     what an embedding starts from
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textkind.encoding.runs import BUCKET
from textkind.encoding.word_vector_formats import open_vectors
from textkind.encoding.words import PAD, UNKNOWN
from textkind.errors import SettingsError
from textkind.progress import SILENT, Talk
from textkind.seeds import generator

NO_WORDS = {PAD, UNKNOWN, BUCKET}  # spellings of ids that stand for no word of their own
SPREAD = 0.1  # standard deviation of first vectors where no vector was found to go by


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Vectors of V wanted words.

    vectors  (V, D) float32, zeros where a word has none
    found    (V,) bool: whether the file has the word
    is_word  (V,) bool: false for padding, the unknown word and buckets of runs
    name     of the file
    """

    vectors: np.ndarray
    found: np.ndarray
    is_word: np.ndarray
    name: str

    @property
    def dimension(self) -> int:
        """The numbers of a vector."""
        return self.vectors.shape[1]


def read_vectors(
    path: str | Path,
    wanted: Sequence[str],
    *,
    fixed_dimension: int | None = None,
    talk: Talk = SILENT,
) -> WordVectors:
    """The vectors of the wanted words, in their order; memory does not grow with the file.

    A word that the file has only with capitals gets the vector of the first such spelling.
    DataError names the line that is damaged, SettingsError a dimension other than the fixed one.
    """
    name = Path(path).name
    is_word = np.array([word not in NO_WORDS for word in wanted], bool)
    rows: dict[bytes, int] = {}
    first = [rows.setdefault(word.encode(), row) for row, word in enumerate(wanted)]
    for spelling in NO_WORDS:
        rows.pop(spelling.encode(), None)
    found, exact = np.zeros(len(wanted), bool), np.zeros(len(wanted), bool)
    with talk.task(f"reading the vectors of {name}"), open_vectors(path) as file:
        if fixed_dimension is not None and file.dimension != fixed_dimension:
            raise SettingsError(
                f"vectors of {fixed_dimension} numbers are needed, {name} has others",
                found=file.dimension,
                hint="leave the width open: it becomes that of the file",
            )
        vectors = np.zeros((len(wanted), file.dimension), np.float32)
        for word, stored, place in file.entries():
            row = rows.get(word)
            if row is not None and not exact[row]:
                vectors[row] = file.numbers(stored, place)
                found[row] = exact[row] = True
            small = lowered(word)
            row = rows.get(small) if small != word else None
            if row is not None and not found[row]:
                vectors[row] = file.numbers(stored, place)
                found[row] = True
    vectors, found = vectors[first], found[first]  # words that are wanted twice
    number, words = int(found.sum()), int(is_word.sum())
    share = number / max(words, 1)
    talk.note(f"{number:,} of the {words:,} known words ({share:.0%}) have a vector in {name}")
    return WordVectors(vectors, found, is_word, name)


def vector_words(path: str | Path, most: int) -> list[str]:
    """The first words of a file, up to `most`: the commonest, as such files are ordered."""
    words: list[str] = []
    with open_vectors(path) as file:
        for word, _, _ in file.entries():
            if len(words) == most:
                break
            words.append(word.decode("utf-8", "replace"))
    return words


def start_vectors(found: WordVectors, *, seed: int = 0) -> np.ndarray:
    """(V, D) float32 vectors that an embedding starts from.

    Words with a vector get it. Other words and the unknown word get random ones that spread as
    those do, number by number, for vectors of one size train alike (Kim 2014). Padding, and
    buckets of runs, which are added to the words, get zeros.
    """
    table = found.vectors.copy()
    spread = table[found.found].std(axis=0) if found.found.sum() > 1 else SPREAD
    random = ~found.found & found.is_word
    random[1:2] |= ~found.found[1:2]  # the unknown word has the id 1
    draws = generator(seed, "vectors").standard_normal(
        (int(random.sum()), found.dimension), dtype=np.float32
    )
    table[random] = draws * spread
    return table


def lowered(word: bytes) -> bytes:
    """A word of the file in lower case; bytes that are no UTF-8 stay as they are."""
    if word.isascii():
        return word.lower()
    return word.decode("utf-8", "surrogateescape").lower().encode("utf-8", "surrogateescape")
