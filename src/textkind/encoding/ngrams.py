"""Texts to weighted n-gram features: hashed, counted, weighted by rarity, of unit length.

    encoder, rows = fit_ngrams(texts, NgramSettings())     on the training part, and nothing else
    rows = encode_ngrams(encoder, other_texts)

Words and characters are two blocks with a vocabulary and a unit length each, so that the many
character n-grams of a text do not drown its words.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from textkind.encoding import row_kernels as kernels
from textkind.encoding.characters import character_table
from textkind.encoding.ngram_kernels import text_keys
from textkind.encoding.rows import Rows
from textkind.errors import SettingsError
from textkind.parallel import run_blocks

NO_ORDERS = (0, 0)
BLOCK_BYTES = 1 << 18  # of text in a block of work at least
MOST_BLOCKS = 12  # enough for two cores to finish together
LEAST_BITS, MOST_BITS = 18, 22  # of a bucket number: tables of 1 to 16 MB for words, or characters
LOGARITHMS = (1 + np.log(np.maximum(np.arange(1024), 1))).astype(np.float32)


@dataclass(frozen=True)
class NgramSettings:
    """Which n-grams are taken from a text and how they are weighted."""

    words: tuple[int, int] | None = (1, 2)  # shortest and longest run of words
    characters: tuple[int, int] | None = None  # shortest and longest run of characters
    word_borders: bool = True  # characters only within a stretch between white space
    symbols: bool = True  # runs of punctuation and emoji count as words
    minimum_document_frequency: int = 2  # texts an n-gram must stand in
    sublinear: bool = True  # 1 + log(count) rather than the count

    def __post_init__(self) -> None:
        if self.words is None and self.characters is None:
            raise SettingsError("words, characters or both must be used")
        for name, orders, most in (
            ("word n-grams", self.words, 5),
            ("character n-grams", self.characters, 10),
        ):
            if orders is not None and not 1 <= orders[0] <= orders[1] <= most:
                raise SettingsError(
                    f"{name} must be two numbers, 1 <= shortest <= longest <= {most}", found=orders
                )
        if self.minimum_document_frequency < 1:
            raise SettingsError(
                "the minimum document frequency must be 1 or more",
                found=self.minimum_document_frequency,
            )


@dataclass(frozen=True, eq=False)
class NgramEncoder:
    """A fitted vocabulary: which bucket is which column, and how much it weighs.

    buckets     (V,) int32 hash bucket of every column; those of characters start at 2^bits
    importance  (V,) float32 weight of an n-gram that stands once in a text
    """

    settings: NgramSettings
    bits: int
    buckets: np.ndarray
    importance: np.ndarray

    def __len__(self) -> int:
        return self.buckets.size

    @property
    def is_word(self) -> np.ndarray:
        """(V,) bool: whether a column is a word n-gram rather than one of characters."""
        return self.buckets < 1 << self.bits

    @cached_property
    def column_of(self) -> np.ndarray:
        """(buckets,) int32 column of every bucket, -1 for none."""
        column_of = np.full(bucket_count(self.settings, self.bits), -1, np.int32)
        column_of[self.buckets] = np.arange(self.buckets.size, dtype=np.int32)
        return column_of


def bucket_count(settings: NgramSettings, bits: int) -> int:
    """How many bucket numbers there are: 2^bits for words, as many more for characters."""
    return (1 if settings.characters is None else 2) << bits


def text_buffers(texts: pa.LargeStringArray) -> tuple[np.ndarray, np.ndarray]:
    """The UTF-8 bytes of all texts, uint8, and their (N + 1,) int64 offsets; nothing is copied."""
    _, offsets, content = texts.buffers()
    first = texts.offset
    return (
        np.frombuffer(content, np.uint8) if content is not None else np.empty(0, np.uint8),
        np.frombuffer(offsets, np.int64)[first : first + len(texts) + 1]
        if len(texts)
        else np.zeros(1, np.int64),
    )


def kernel_settings(settings: NgramSettings) -> tuple:
    """The settings as the kernels take them: words, characters, borders, symbols."""
    return (
        settings.words or NO_ORDERS,
        settings.characters or NO_ORDERS,
        settings.word_borders,
        settings.symbols,
    )


def most_ngrams(settings: NgramSettings, length: int) -> int:
    """A bound on the n-grams of `length` bytes of text."""
    words = characters = 0
    if settings.words:
        words = (settings.words[1] - settings.words[0] + 1) * length
    if settings.characters:
        # a stretch of L characters has L + 2 with its borders, and takes L + 1 bytes or more
        characters = (settings.characters[1] - settings.characters[0] + 1) * 2 * (length + 1)
    return words + characters


def scratch_for(settings: NgramSettings, longest: int) -> tuple[np.ndarray, ...]:
    """Scratch arrays for texts of up to `longest` bytes: hashes, spans, points, found, slots."""
    most = most_ngrams(settings, longest) + 1
    return (
        np.empty(longest + 1, np.uint64),
        np.empty((longest + 1, 2), np.int64),
        np.empty(longest + 3, np.uint64),
        np.empty(most, np.uint64),
        np.empty(1 << max(4, (2 * most - 1).bit_length()), np.int32),
    )


def row_blocks(offsets: np.ndarray, size: int) -> np.ndarray:
    """Row numbers that cut the texts into blocks of about `size` bytes: 0, ..., N."""
    rows = offsets.size - 1
    blocks = max(1, min(rows, int(offsets[-1] - offsets[0]) // size))
    if rows and blocks == 1:
        return np.array([0, rows])
    edges = offsets[0] + np.arange(1, blocks) * ((offsets[-1] - offsets[0]) / blocks)
    return np.unique(np.concatenate(([0], np.searchsorted(offsets, edges), [rows])))


def hash_texts(
    texts: pa.LargeStringArray, settings: NgramSettings, bits: int, threads: int | None = None
) -> Rows:
    """Rows of (bucket, count) rather than (column, weight): the first half of the encoding."""
    content, offsets = text_buffers(texts)
    number = len(texts)
    # few blocks, for memory is handed out in large pages and each block ends within one
    edges = row_blocks(offsets, max(BLOCK_BYTES, int(offsets[-1] - offsets[0]) // MOST_BLOCKS))
    lengths = np.diff(offsets)
    # pages of the gaps behind each block are never touched, so they take no memory
    begins = [most_ngrams(settings, int(offsets[edge] - offsets[0])) + 8 * edge for edge in edges]
    room = begins[-1] + 16
    rows = Rows(
        starts=np.empty(number, np.int64),
        middles=np.empty(number, np.int64),
        ends=np.empty(number, np.int64),
        columns=np.empty(room, np.int32),
        values=np.empty(room, np.float32),
    )

    def work(block: int) -> None:
        first, last = edges[block], edges[block + 1]
        arguments = (
            *kernel_settings(settings), bits,
            *scratch_for(settings, int(lengths[first:last].max(initial=0))),
            rows.columns, rows.values, begins[block], rows.starts, rows.middles, rows.ends,
        )  # fmt: skip
        kernels.hash_rows(content, offsets, first, last, character_table(), *arguments)

    run_blocks(work, len(edges) - 1, threads)
    return rows


def compiled_before() -> bool:
    """Whether the kernels lie compiled on this machine, for this version and processor."""
    return any(Path(str(kernels.hash_rows.stats.cache_path)).glob("row_kernels.hash_rows-*.nbi"))


def half_precision(numbers: np.ndarray) -> np.ndarray:
    """Float32 numbers that float16 holds exactly: the model folder keeps them in two bytes."""
    return numbers.astype(np.float16).astype(np.float32)


def bits_for(size: int) -> int:
    """Bits of the bucket number for a corpus of `size` bytes: two buckets a byte or more."""
    return int(np.clip((2 * size).bit_length(), LEAST_BITS, MOST_BITS))


def fit_ngrams(
    texts: pa.LargeStringArray,
    settings: NgramSettings,
    *,
    learned: int | None = None,
    threads: int | None = None,
) -> tuple[NgramEncoder, Rows]:
    """Learn vocabulary and inverse document frequency from `texts`, and encode them.

    With `learned`, only the first so many texts are learned from, and all are encoded.

    idf = log((1 + N) / (1 + document frequency)) + 1, as scikit-learn's TfidfVectorizer smooths
    it. Columns are numbered by falling document frequency and, among equals, in order of first
    appearance, so that what is used together lies together in memory.
    """
    _, offsets = text_buffers(texts)
    number = len(texts) if learned is None else learned
    bits = bits_for(int(offsets[number] - offsets[0]))
    rows = hash_texts(texts, settings, bits, threads)
    frequency = np.zeros(bucket_count(settings, bits), np.int32)
    seen = rows.part(slice(0, number))
    appeared = np.empty(min(seen.stored, frequency.size) + 1, np.int32)
    different = kernels.count_documents(seen.starts, seen.ends, rows.columns, frequency, appeared)
    encoder = encoder_of(appeared[:different], frequency, number, settings, bits)
    weigh_texts(encoder, rows, threads)
    return encoder, rows


def encoder_of(
    appeared: np.ndarray, frequency: np.ndarray, number: int, settings: NgramSettings, bits: int
) -> NgramEncoder:
    """The encoder by the document frequency of every bucket, in `number` texts.

    appeared (A,) int32 are the buckets of one text or more; equals keep their order.
    """
    buckets = np.empty(appeared.size, np.int32)
    kept = kernels.by_falling_frequency(
        appeared, frequency, settings.minimum_document_frequency, buckets
    )
    buckets = buckets[:kept].copy()
    idf = np.log((1 + number) / (1 + frequency[buckets])) + 1
    return NgramEncoder(settings, bits, buckets, half_precision(idf))


def weigh_texts(encoder: NgramEncoder, rows: Rows, threads: int | None = None) -> None:
    """Turn buckets and counts into columns and weights, in place: the second half."""
    edges = np.linspace(0, len(rows), min(len(rows) // 1024, 64) + 2).astype(np.int64)

    def work(block: int) -> None:
        kernels.weigh_rows(
            edges[block], edges[block + 1], rows.starts, rows.middles, rows.ends,
            rows.columns, rows.values, encoder.column_of, encoder.importance,
            LOGARITHMS, encoder.settings.sublinear,
        )  # fmt: skip

    run_blocks(work, len(edges) - 1, threads)


def encode_ngrams(
    encoder: NgramEncoder, texts: pa.LargeStringArray, *, threads: int | None = None
) -> Rows:
    """Encode texts with a fitted vocabulary; n-grams it does not know are left out."""
    rows = hash_texts(texts, encoder.settings, encoder.bits, threads)
    weigh_texts(encoder, rows, threads)
    return rows


def unknown_share(
    encoder: NgramEncoder, texts: pa.LargeStringArray, threads: int | None = None
) -> np.ndarray:
    """(N,) float64 share of a text's different word n-grams that the vocabulary has not.

    Of an encoder of characters alone, of its n-grams of characters; 1 of a text without any.
    """
    rows = hash_texts(texts, encoder.settings, encoder.bits, threads)
    ends = rows.ends if encoder.settings.words is None else rows.middles
    known = np.zeros(len(texts), np.int64)
    kernels.count_known(rows.starts, ends, rows.columns, encoder.column_of, known)
    return 1 - known / np.maximum(ends - rows.starts, 1)


def canonical_order(texts: pa.LargeStringArray, targets: np.ndarray) -> np.ndarray:
    """(N,) int64 row numbers, ordered by a hash of the text and then by target.

    Any order of the file gives the same sequence of texts.
    """
    return key_order(exact_keys(texts), targets)


def exact_keys(texts: pa.LargeStringArray) -> np.ndarray:
    """(N,) uint64 hashes of the texts' bytes."""
    content, offsets = text_buffers(texts)
    keys = np.empty(len(texts), np.uint64)
    text_keys(content, offsets, keys)
    return keys


def key_order(keys: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N,) int64 row numbers, ordered by key (N,) and then by target."""
    if targets.ndim == 1:
        return np.lexsort((targets, keys))
    return np.lexsort((*targets.T, keys))
