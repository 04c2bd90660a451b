"""Texts to word ids: a vocabulary of the commonest words, spelled as GloVe's vectors spell them.

    encoder = fit_words(texts, WordSettings())     on the training part, and nothing else
    tokens = encoder.encode(other_texts)

Ids are 0 for padding, 1 for every unknown word, then the words by falling count.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.encoding import word_kernels as kernels
from textkind.encoding.characters import CODE_POINT, character_table
from textkind.encoding.ngrams import row_blocks, text_buffers
from textkind.encoding.tokens import Tokens, character_places
from textkind.errors import ModelFolderError, SettingsError
from textkind.parallel import run_blocks

PAD, UNKNOWN = "[PAD]", "[UNK]"  # no text has these: brackets are words of their own
FIRST_WORD = 2  # id of the commonest word
FEW_TEXTS = 1000  # below, words that stand once are kept: there is nothing to spare
BLOCK_BYTES = 1 << 18  # of text in a block of encoding, and at least in one of counting
COUNTING_BLOCKS = 12  # enough for two cores to finish together, few to merge


@dataclass(frozen=True)
class WordSettings:
    """Which words are known by a number of their own."""

    minimum_count: int | None = None  # None: 2, but 1 under 1,000 texts
    largest: int = 50_000  # words, not counting those that are asked for by name
    lowercase: bool = True

    def __post_init__(self) -> None:
        for name in ("minimum_count", "largest"):
            value = getattr(self, name)
            if value is None and name == "minimum_count":
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise SettingsError(f"{name} must be a whole number from 1 up", found=value)
        if not isinstance(self.lowercase, bool):
            raise SettingsError("lowercase must be true or false", found=self.lowercase)


@dataclass(frozen=True, eq=False)
class WordEncoder:
    """A fitted vocabulary, as a TokenEncoder.

    spelled  (B,) uint8 UTF-8 of all words, one behind the other
    offsets  (V + 1,) int64: word i has the id 2 + i and spelled[offsets[i]:offsets[i + 1]]
    hashes   (V,) uint64 of the words, all different
    """

    settings: WordSettings
    spelled: np.ndarray
    offsets: np.ndarray
    hashes: np.ndarray

    pad_id = 0
    unknown_id = kernels.UNKNOWN

    @property
    def words(self) -> int:
        """How many words there are, without padding and the unknown word."""
        return self.hashes.size

    @property
    def size(self) -> int:
        """How many ids there are."""
        return FIRST_WORD + self.words

    @cached_property
    def slots(self) -> tuple[np.ndarray, np.ndarray]:
        """Hash and id of every slot of an open-addressing table, at most a quarter full."""
        size = 1 << (4 * self.words + 16).bit_length()
        slots = np.zeros(size, np.uint64), np.zeros(size, np.int32)
        kernels.fill_slots(self.hashes, FIRST_WORD, *slots)
        return slots

    def spellings(self) -> list[str]:
        """The word of every id."""
        return [PAD, UNKNOWN, *_strings(self.spelled, self.offsets)]

    def spans(self, text: str) -> np.ndarray:
        """(T, 2) int64 characters of the text where its words stand; of !!!! the first three."""
        content = np.frombuffer(text.encode(), np.uint8)
        scratch = _scratch(np.array([0, content.size]))
        table = word_table(self.settings.lowercase)
        number = kernels.split_tokens(content, 0, content.size, table, *scratch)
        return character_places(content)[scratch[1][:number]]

    def encode(self, texts: pa.LargeStringArray, threads: int | None = None) -> Tokens:
        """The ids of N texts."""
        content, offsets = _read_only_buffers(texts)
        edges = row_blocks(offsets, BLOCK_BYTES)
        lengths = np.empty(len(texts), np.int64)
        parts = [np.empty(0, np.int32)] * (len(edges) - 1)
        table = word_table(self.settings.lowercase)

        def work(block: int) -> None:
            first, last = edges[block], edges[block + 1]
            ids = np.empty(int(offsets[last] - offsets[first]), np.int32)  # no word without a byte
            used = kernels.encode_rows(
                content, offsets, first, last, table, *self.slots,
                *_scratch(offsets[first : last + 1]), ids, lengths,
            )  # fmt: skip
            parts[block] = ids[:used].copy()

        _ = self.slots  # filled once, before the threads ask for it
        run_blocks(work, len(parts), threads)
        return Tokens(
            np.concatenate([np.empty(0, np.int32), *parts]),
            np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths))),
        )

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """A JSON-able config and named arrays."""
        return {"kind": "words"} | asdict(self.settings), {
            "spelled": self.spelled,
            "lengths": np.diff(self.offsets).astype(np.int32),
        }

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, np.ndarray]) -> "WordEncoder":
        """What `state` was asked of; ModelFolderError where it makes no sense."""
        problem = "the word vocabulary in this folder is damaged"
        hint = "train the model again, or copy its folder anew"
        try:
            settings = WordSettings(**{k: v for k, v in config.items() if k != "kind"})
        except (AttributeError, TypeError, SettingsError) as error:
            raise ModelFolderError(f"{problem}: its settings", found=config, hint=hint) from error
        described = {name: (str(array.dtype), array.ndim) for name, array in arrays.items()}
        if described != {"spelled": ("uint8", 1), "lengths": ("int32", 1)}:
            raise ModelFolderError(f"{problem}: its arrays", found=described, hint=hint)
        spelled, lengths = arrays["spelled"], arrays["lengths"]
        offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)))
        if (lengths < 1).any() or offsets[-1] != spelled.size:
            raise ModelFolderError(f"{problem}: the lengths of its words", hint=hint)
        strings = _arrow(spelled, offsets)
        try:
            strings.validate(full=True)
        except pa.ArrowInvalid as error:
            raise ModelFolderError(f"{problem}: a word that is not UTF-8", hint=hint) from error
        hashes = _whole_words(strings, settings.lowercase)
        if (hashes == 0).any() or np.unique(hashes).size < hashes.size:
            raise ModelFolderError(f"{problem}: a word that stands twice or is none", hint=hint)
        return cls(settings, spelled, offsets, hashes)


def least_count(minimum_count: int | None, texts: int) -> int:
    """How often a token must stand in the training texts to be known; None: by their number."""
    return minimum_count or (1 if texts < FEW_TEXTS else 2)


def fit_words(
    texts: pa.LargeStringArray,
    settings: WordSettings,
    threads: int | None = None,
    *,
    extra: Collection[str] = (),
) -> WordEncoder:
    """The vocabulary of the training texts; the order of the texts changes nothing.

    Words of `extra` are known too, however rare, and are not counted against the limit: words of
    a file of vectors say. Those that no text could have as one word are left out.
    """
    content, _ = text_buffers(texts)
    table = word_table(settings.lowercase)
    hashes, counts, places = _counted(texts, table, threads)
    asked = pa.array(sorted(set(extra)), pa.large_string())
    asked_hashes = _whole_words(asked, settings.lowercase)
    minimum = least_count(settings.minimum_count, len(texts))
    common = counts >= minimum
    if common.sum() > settings.largest:  # and those as common as the last
        common = counts >= np.partition(counts, -settings.largest)[-settings.largest]

    def ranked(chosen: np.ndarray) -> list[tuple[int, bytes, int]]:
        spelled = _spelled(content, places[chosen], table)
        falling = (-counts[chosen]).tolist()
        return sorted(zip(falling, spelled, hashes[chosen].tolist(), strict=True))

    words = ranked(common)[: settings.largest]
    known = np.array([hashed for _, _, hashed in words], np.uint64)
    words += ranked(np.isin(hashes, asked_hashes) & ~np.isin(hashes, known))
    unseen, rows = np.unique(asked_hashes, return_index=True)
    new = (unseen != 0) & ~np.isin(unseen, hashes)
    asked_content, begins = text_buffers(asked)
    spelled = _spelled(asked_content, np.stack((begins[rows], begins[rows + 1]), 1)[new], table)
    words += zip([0] * len(spelled), spelled, unseen[new].tolist(), strict=True)
    words.sort()
    ends = np.cumsum([len(word) for _, word, _ in words], dtype=np.int64)
    return WordEncoder(
        settings,
        np.frombuffer(b"".join(word for _, word, _ in words), np.uint8).copy(),
        np.concatenate((np.zeros(1, np.int64), ends)),
        np.array([hashed for _, _, hashed in words], np.uint64),
    )


def _counted(
    texts: pa.LargeStringArray, table: np.ndarray, threads: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hashes (W,) uint64 of the different words, their counts (W,) and a byte range of each."""
    content, offsets = _read_only_buffers(texts)
    edges = row_blocks(offsets, max(BLOCK_BYTES, int(offsets[-1] - offsets[0]) // COUNTING_BLOCKS))
    parts = [(np.empty(0, np.uint64), np.empty((0, 3), np.int64))] * len(edges)

    def work(block: int) -> None:
        first, last = edges[block], edges[block + 1]
        scratch = _scratch(offsets[first : last + 1])
        parts[block] = kernels.count_words(content, offsets, first, last, table, *scratch)

    run_blocks(work, len(edges) - 1, threads)
    facts = np.concatenate([facts for _, facts in parts])
    hashes, place, inverse = np.unique(
        np.concatenate([found for found, _ in parts]), return_index=True, return_inverse=True
    )
    counts = np.zeros(hashes.size, np.int64)
    np.add.at(counts, inverse, facts[:, 0])
    return hashes, counts, facts[place, 1:]


@cache
def word_table(lowercase: bool) -> np.ndarray:
    """The table of characters; without `lowercase`, every one is its own lower case."""
    table = character_table()
    if lowercase:
        return table
    return table & ~np.uint32(CODE_POINT) | np.arange(table.size, dtype=np.uint32)


def _read_only_buffers(texts: pa.LargeStringArray) -> tuple[np.ndarray, np.ndarray]:
    """Bytes and offsets as one kind of array for the kernels, whoever owns the memory."""
    content, offsets = (array.view() for array in text_buffers(texts))
    content.setflags(write=False)
    offsets.setflags(write=False)
    return content, offsets


def _scratch(offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Room for the hashes and byte ranges of the words of any one of some texts."""
    longest = int(np.diff(offsets).max(initial=0))
    return np.empty(longest + 1, np.uint64), np.empty((longest + 1, 2), np.int64)


def _whole_words(strings: pa.LargeStringArray, lowercase: bool) -> np.ndarray:
    """(N,) uint64 hashes of strings that are one word each; 0 for those that are not."""
    content, offsets = _read_only_buffers(strings)
    found = np.empty(len(strings), np.uint64)
    kernels.whole_words(content, offsets, word_table(lowercase), *_scratch(offsets), found)
    return found


def _spelled(content: np.ndarray, places: np.ndarray, table: np.ndarray) -> list[bytes]:
    """The lower-cased UTF-8 of the words at places (N, 2)."""
    room = 2 * int((places[:, 1] - places[:, 0]).sum())  # lower case takes 3 bytes for 2 at most
    spelled, offsets = np.empty(room, np.uint8), np.empty(len(places) + 1, np.int64)
    kernels.spell(content, places, table, spelled, offsets)
    data, ends = spelled.tobytes(), offsets.tolist()
    return [data[begin:end] for begin, end in pairwise(ends)]


def _arrow(spelled: np.ndarray, offsets: np.ndarray) -> pa.LargeStringArray:
    """The words as an Arrow column, unchecked."""
    return pa.LargeStringArray.from_buffers(
        offsets.size - 1, pa.py_buffer(offsets), pa.py_buffer(spelled)
    )


def _strings(spelled: np.ndarray, offsets: np.ndarray) -> list[str]:
    return _arrow(spelled, offsets).to_pylist()
