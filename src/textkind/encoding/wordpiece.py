"""Texts to WordPiece tokens, straight from Arrow's bytes, as `tokenizers` would but faster.

    wordpiece = wordpiece_of(Path("tokenizer.json").read_bytes())     None: not of BERT's kind
    tokens = wordpiece.encode(texts)

The ids are those of the library, token for token. Texts with a character that becomes several, a
rare one, or the spelling of an added token such as [CLS] are handed to the library.
"""

import json
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from textkind.encoding import wordpiece_kernels as kernels
from textkind.encoding.ngrams import row_blocks, text_buffers
from textkind.encoding.tokens import Tokens
from textkind.encoding.wordpiece_characters import wordpiece_characters
from textkind.optional import need
from textkind.parallel import run_blocks

BLOCK_BYTES = 1 << 19  # of text in a block of work
LIBRARY_ROWS = 4096  # texts handed to the library at once: its encodings take much memory
MOST_CHARACTERS = (1 << 31) - 1  # of a word: no text has more
NORMALIZER_SETTINGS = ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase")

Spelled = tuple[np.ndarray, np.ndarray]  # UTF-8 bytes of many strings, and their offsets


class Pieces(NamedTuple):
    """The vocabulary as the kernels take it, an open-addressing table at most half full."""

    slot_hashes: np.ndarray  # (slots,) uint64 hash of the piece in a slot
    slots: np.ndarray  # (slots, 4) int32, see wordpiece_kernels.fill_slots
    spelled: np.ndarray  # UTF-8 bytes of all pieces, continuations without their prefix ##


@dataclass(frozen=True, eq=False)
class WordPiece:
    """A BERT-style tokenizer with the ids of its file."""

    size: int  # ids are 0..size-1
    unknown_id: int
    pad_id: int | None  # None where the file has no padding token
    longest_word: int  # characters; a longer word is unknown
    longest_piece: int  # bytes
    pieces: Pieces
    characters: np.ndarray  # see wordpiece_characters
    added: Spelled  # added tokens, found in a text before all else
    added_firsts: np.ndarray  # (256,) bool: bytes that one of them begins with
    library: Any  # tokenizers.Tokenizer, without truncation and padding

    def spellings(self) -> list[str]:
        """The token of every id, continuations with their prefix; empty for an id of none."""
        spellings = [""] * self.size
        for spelling, number in self.library.get_vocab(with_added_tokens=True).items():
            spellings[number] = spelling
        return spellings

    def encode(self, texts: pa.LargeStringArray, threads: int | None = None) -> Tokens:
        """The tokens of N texts, without special tokens and without an end."""
        content, offsets = text_buffers(texts)
        # one kind of array for the kernel, whatever the owner of the memory allows
        content, offsets = content.view(), offsets.view()
        content.setflags(write=False)
        offsets.setflags(write=False)
        if offsets[-1] == offsets[0]:
            return Tokens(np.empty(0, np.int32), np.zeros(len(texts) + 1, np.int64))
        edges = row_blocks(offsets, BLOCK_BYTES)
        lengths = np.empty(len(texts), np.int64)
        parts = [np.empty(0, np.int32)] * (len(edges) - 1)

        def work(block: int) -> None:
            first, last = edges[block], edges[block + 1]
            longest = int(np.diff(offsets[first : last + 1]).max())
            ids = np.empty(offsets[last] - offsets[first], np.int32)  # no token without a byte
            used = kernels.encode_rows(
                content, offsets, first, last, self.characters, self.added_firsts, *self.added,
                *self.pieces, self.longest_word, self.longest_piece, self.unknown_id,
                # a character of one byte stays one, and others become four at most
                np.empty(2 * longest, np.uint8), np.empty(longest, np.int64),
                np.empty(longest, np.uint64), np.empty(self.longest_piece + 1, np.uint64),
                ids, lengths,
            )  # fmt: skip
            parts[block] = ids[:used].copy()

        run_blocks(work, len(edges) - 1, threads)
        left = lengths == kernels.LEFT_TO_LIBRARY
        if left.any():
            return self.with_library(texts, np.concatenate(parts), lengths, left)
        return Tokens(np.concatenate(parts), np.concatenate(([0], np.cumsum(lengths))))

    def with_library(
        self, texts: pa.LargeStringArray, ids: np.ndarray, lengths: np.ndarray, left: np.ndarray
    ) -> Tokens:
        """Tokens of all texts, out of the `ids` of most and the library's of those `left`.

        lengths is (N,) int64, changed in place; left is (N,) bool.
        """
        rows = np.flatnonzero(left)
        found = []
        for start in range(0, rows.size, LIBRARY_ROWS):
            some = rows[start : start + LIBRARY_ROWS]
            encodings = self.library.encode_batch_fast(
                texts.take(pa.array(some)).to_pylist(), add_special_tokens=False
            )
            found += [np.array(encoding.ids, np.int32) for encoding in encodings]
        lengths[left] = [one.size for one in found]
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        merged = np.empty(offsets[-1], np.int32)
        by_library = np.repeat(left, lengths)
        merged[by_library] = np.concatenate(found)
        merged[~by_library] = ids
        return Tokens(merged, offsets)


def wordpiece_of(tokenizer_json: bytes) -> WordPiece | None:
    """The tokenizer of a tokenizer.json, or None where it is not one that BERT could have.

    Its post-processor, truncation and padding are left out.
    """
    try:
        described = json.loads(tokenizer_json)
        model, normalizer, added = (described[k] for k in ("model", "normalizer", "added_tokens"))
        kinds = (normalizer["type"], described["pre_tokenizer"]["type"], model["type"])
        if kinds != ("BertNormalizer", "BertPreTokenizer", "WordPiece"):
            return None
        vocabulary, prefix = model["vocab"], model["continuing_subword_prefix"]
        longest_word = min(model["max_input_chars_per_word"], MOST_CHARACTERS)
        settings = [normalizer[name] for name in NORMALIZER_SETTINGS]
        contents = [token["content"] for token in added if token["content"]]
        # a token looked for in the normalized text rather than in ours
        if any(token["normalized"] for token in added) or model["unk_token"] not in vocabulary:
            return None
    except (ValueError, KeyError, TypeError):  # another kind of file
        return None
    tokenizers = need("tokenizers", "WordPiece")
    try:
        library = tokenizers.Tokenizer.from_str(tokenizer_json.decode())
    except Exception:  # the library raises nothing narrower where it cannot read a file
        return None
    library.no_truncation()
    library.no_padding()
    numbers = library.get_vocab(with_added_tokens=True)
    pad = (described.get("padding") or {}).get("pad_token", "[PAD]")
    firsts = np.zeros(256, bool)
    firsts[[content.encode()[0] for content in contents]] = True
    return WordPiece(
        size=max(numbers.values()) + 1,
        unknown_id=vocabulary[model["unk_token"]],
        pad_id=numbers.get(pad),
        longest_word=longest_word,
        longest_piece=max(len(piece.encode()) for piece in vocabulary),
        pieces=piece_table(vocabulary, prefix),
        characters=wordpiece_characters(*settings),
        added=spelled(contents),
        added_firsts=firsts,
        library=library,
    )


def spelled(strings: list[str]) -> Spelled:
    """The bytes of all strings and their (n + 1,) int64 offsets."""
    encoded = [string.encode() for string in strings]
    offsets = np.array([0, *accumulate(map(len, encoded))], np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), offsets


def piece_table(vocabulary: dict[str, int], prefix: str) -> Pieces:
    """All pieces as beginnings of a word, and those with the prefix as what goes on with one."""
    tails = [piece for piece in vocabulary if piece.startswith(prefix) and piece != prefix]
    heads = [piece for piece in vocabulary if piece]
    content, offsets = spelled([*heads, *(piece[len(prefix) :] for piece in tails)])
    slots = 1 << (2 * offsets.size).bit_length()
    pieces = Pieces(np.zeros(slots, np.uint64), np.zeros((slots, 4), np.int32), content)
    kernels.fill_slots(
        content,
        offsets,
        np.arange(offsets.size - 1) >= len(heads),
        np.array([vocabulary[piece] for piece in (*heads, *tails)], np.int32),
        pieces.slot_hashes,
        pieces.slots,
    )
    return pieces
