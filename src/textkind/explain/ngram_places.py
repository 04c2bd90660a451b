"""Where the n-grams of the linear model stand in a text.

    for found in (word_places(text, encoder), letter_places(text, encoder)):
        found.columns, found.spans

A text is hashed by the kernels that encode it, so what is told here is what the model reads.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from textkind.encoding import ngram_kernels as kernels
from textkind.encoding.characters import CODE_POINT, FLAG_SHIFT, SPACE, character_table
from textkind.encoding.ngrams import NgramEncoder
from textkind.encoding.spelled import bucket_numbers, split_words, unit_ranges, word_buckets
from textkind.encoding.tokens import character_places


@dataclass(frozen=True, eq=False)
class NgramPlaces:
    """Every n-gram of one kind in a text, in the order the kernel finds them.

    columns   (M,) int32 of the vocabulary, -1 for an n-gram that it has not
    spans     (M, 2) int64 characters of the text from the first to the last unit
    units     (U, 2) int64 characters of every unit: a word, or a character of a stretch
    spelling  of the n-gram at a place
    """

    kind: str
    columns: np.ndarray
    spans: np.ndarray
    units: np.ndarray
    spelling: Callable[[int], str]


def word_places(text: str, encoder: NgramEncoder) -> NgramPlaces | None:
    """The word n-grams; None where the encoder takes none."""
    settings = encoder.settings
    if settings.words is None:
        return None
    hashes, units = split(text, settings.symbols)
    shortest, longest = settings.words
    first, last = unit_ranges(np.arange(len(units), 0, -1), shortest, longest)
    spans = np.stack([units[first, 0], units[last, 1]], axis=1)

    def spelling(place: int) -> str:
        return " ".join(text[begin:end] for begin, end in units[first[place] : last[place] + 1])

    columns = encoder.column_of[word_buckets(hashes, shortest, longest, encoder.bits)]
    return NgramPlaces("word", columns, spans, units, spelling)


def letter_places(text: str, encoder: NgramEncoder) -> NgramPlaces | None:
    """The n-grams of characters; None where the encoder takes none."""
    settings = encoder.settings
    if settings.characters is None:
        return None
    shortest, longest = settings.characters
    content = np.frombuffer(text.encode(), np.uint8)
    points = np.empty(content.size + 3, np.uint64)
    found = np.empty((longest - shortest + 1) * 2 * (content.size + 1) + 1, np.uint64)
    written = kernels.character_ngrams(
        content, 0, content.size, character_table(), settings.word_borders, shortest, longest,
        points, found,
    )  # fmt: skip
    spelled, units, rest = stretches(text, settings.word_borders)
    is_first = np.diff(rest, prepend=0) > 0
    first, last = unit_ranges(rest, shortest, longest, is_first & (rest < shortest))
    spans = np.stack([units[first, 0], units[last, 1]], axis=1)

    def spelling(place: int) -> str:
        return spelled[first[place] : last[place] + 1]

    buckets = bucket_numbers(found[:written], encoder.bits, 1 << encoder.bits)
    return NgramPlaces("character", encoder.column_of[buckets], spans, units, spelling)


def split(text: str, symbols: bool) -> tuple[np.ndarray, np.ndarray]:
    """(U,) uint64 hashes of the words of a text, and (U, 2) int64 characters where they stand."""
    content = np.frombuffer(text.encode(), np.uint8)
    hashes, spans = split_words(content, symbols)
    return hashes, character_places(content)[spans]


def stretches(text: str, borders: bool) -> tuple[str, np.ndarray, np.ndarray]:
    """The characters that n-grams are made of, lower-cased and with their borders.

    spelled  the U characters: each stretch between white space, a space on either side; without
             `borders` a single stretch, its white space one space each
    units    (U, 2) int64 characters of the text; a border has those of the character beside it
    rest     (U,) int64 how many stand from each to the end of its stretch
    """
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    entries = character_table()[points]
    is_letter = (entries >> FLAG_SHIFT & SPACE) == 0
    begins = is_letter & ~np.concatenate(([False], is_letter[:-1]))
    runs = np.flatnonzero(begins)  # (R,) first character of each stretch
    letters = np.flatnonzero(is_letter)
    if letters.size == 0:
        return "", np.empty((0, 2), np.int64), np.empty(0, np.int64)
    lengths = np.diff(np.append(np.flatnonzero(begins[letters]), letters.size))
    ends = runs + lengths
    of_run = np.repeat(np.arange(runs.size), lengths)
    if borders:
        size = letters.size + 2 * runs.size
        places = np.arange(letters.size) + 2 * of_run + 1  # of the letters among the units
        before = places[begins[letters]] - 1
        behind = before + lengths + 1
        rest = np.repeat(behind, lengths + 2) - np.arange(size) + 1
    else:
        size = letters.size + runs.size + 1
        places = np.arange(letters.size) + of_run + 1
        before = places[begins[letters]] - 1
        behind = np.array([size - 1])
        rest = size - np.arange(size)
    spelled = np.full(size, ord(" "), np.uint32)
    spelled[places] = entries[letters] & CODE_POINT
    units = np.empty((size, 2), np.int64)
    units[places] = letters[:, None] + [0, 1]
    units[before] = runs[:, None] + [0, 1]
    units[behind] = ends[-behind.size :, None] + [-1, 0]
    if not borders:  # white space within
        units[before[1:]] = np.stack([ends[:-1], runs[1:]], axis=1)
    return spelled.tobytes().decode("utf-32-le"), units, rest
