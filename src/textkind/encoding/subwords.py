"""Texts to subword ids: tokenizers trained on the training texts, or read from a tokenizer.json.

    encoder = fit_subwords(texts, SubwordSettings(model="wordpiece"))
    encoder = subwords_from_file("tokenizer.json")
    tokens = encoder.encode(other_texts)

Id 0 is padding. A file whose id 0 is another token (<s> in RoBERTa's, "!" in GPT-2's) has all its
ids moved up by one; where its id 0 is the padding token, ids are those of the file.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.encoding.tokens import Tokens
from textkind.errors import DataError, ModelFolderError, SettingsError, did_you_mean
from textkind.optional import need

PAD, UNKNOWN = "[PAD]", "[UNK]"
PADS = {
    PAD,
    f" {PAD}",
    "[pad]",
    "<pad>",
    "<PAD>",
    "<|pad|>",
}  # names of padding where the file tells none
CONTINUATION = "##"  # before a WordPiece that goes on with a word
LEAST_SIZE = 300  # all bytes, padding and the unknown token, and something to learn
MOST_SIZE = 1 << 22  # ids; the largest public vocabularies have a quarter of a million
ROWS = 4096  # texts handed to the library at once: its encodings take much memory


@dataclass(frozen=True)
class SubwordSettings:
    """Which tokenizer is trained on the texts, and how large."""

    model: str = "wordpiece"  # or bpe, of bytes (Sennrich 2016), or unigram (Kudo 2018)
    size: int = 8000  # tokens at most
    lowercase: bool = True
    minimum_count: int = 2  # of a pair that is joined; unigram has no use for it

    def __post_init__(self) -> None:
        if self.model not in TRAINED:
            raise SettingsError(
                "there is no such subword model",
                found=self.model,
                hint=did_you_mean(self.model, TRAINED),
            )
        for name, least in (("size", LEAST_SIZE), ("minimum_count", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise SettingsError(f"{name} must be a whole number from {least} up", found=value)
        if self.size > MOST_SIZE:
            raise SettingsError(f"size must be {MOST_SIZE} or less", found=self.size)
        if not isinstance(self.lowercase, bool):
            raise SettingsError("lowercase must be true or false", found=self.lowercase)


@dataclass(frozen=True, eq=False)
class SubwordEncoder:
    """A tokenizer.json as a TokenEncoder."""

    tokenizer_json: bytes
    library: Any  # tokenizers.Tokenizer, without truncation and padding
    shift: int  # 1 where id 0 of the file is not padding, else 0
    size: int
    unknown_id: int  # 0 where the tokenizer has no unknown token

    pad_id = 0

    @cached_property
    def wordpiece(self) -> Any:
        """Our own encoder for a tokenizer of BERT's kind; None for any other."""
        from textkind.encoding.wordpiece import wordpiece_of

        return wordpiece_of(self.tokenizer_json)

    def spellings(self) -> list[str]:
        """The token of every id, as the tokenizer writes it; empty for an id of none."""
        spellings = [PAD] + [""] * (self.size - 1)
        for spelling, number in self.library.get_vocab(with_added_tokens=True).items():
            spellings[number + self.shift] = spelling
        return spellings

    def spans(self, text: str) -> np.ndarray:
        """(T, 2) int64 characters that each token stands for, without white space about it.

        Bytes of one character are tokens that share it.
        """
        # encode_batch_fast leaves the places out
        (encoding,) = self.library.encode_batch([text], add_special_tokens=False)
        spans = np.array(encoding.offsets, np.int64).reshape(-1, 2)
        for span in spans:
            piece = text[span[0] : span[1]]
            if piece.strip():
                span[0] += len(piece) - len(piece.lstrip())
                span[1] -= len(piece) - len(piece.rstrip())
        return spans

    def encode(self, texts: pa.LargeStringArray, threads: int | None = None) -> Tokens:
        """The ids of N texts; the library, where it is needed, uses the threads that it likes."""
        if self.wordpiece is not None:
            tokens = self.wordpiece.encode(texts, threads)
            return replace(tokens, ids=tokens.ids + np.int32(self.shift)) if self.shift else tokens
        parts, lengths = [np.empty(0, np.int32)], [0]
        for strings in _blocks(texts):
            try:
                encodings = self.library.encode_batch_fast(strings, add_special_tokens=False)
            except Exception as error:  # an unknown character, and no token for it
                raise DataError(
                    "the tokenizer has no tokens for one of these texts",
                    found=str(error)[:200],
                    hint="take a tokenizer that has an unknown token",
                ) from error
            found = [np.array(encoding.ids, np.int32) for encoding in encodings]
            lengths += [one.size for one in found]
            parts.append(np.concatenate(found) + np.int32(self.shift))
        return Tokens(np.concatenate(parts), np.cumsum(lengths, dtype=np.int64))

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """A JSON-able config and the bytes of the tokenizer.json."""
        return {"kind": "subwords"}, {"tokenizer": np.frombuffer(self.tokenizer_json, np.uint8)}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, np.ndarray]) -> "SubwordEncoder":
        """What `state` was asked of; ModelFolderError where it makes no sense."""
        problem = "the tokenizer in this folder is damaged"
        hint = "train the model again, or copy its folder anew"
        described = {name: (str(array.dtype), array.ndim) for name, array in arrays.items()}
        if config != {"kind": "subwords"} or described != {"tokenizer": ("uint8", 1)}:
            raise ModelFolderError(problem, found=[config, described], hint=hint)
        try:
            return subwords_from_bytes(arrays["tokenizer"].tobytes())
        except DataError as error:
            raise ModelFolderError(f"{problem}: {error.args[0]}", hint=hint) from error


def subwords_from_file(path: str | Path) -> SubwordEncoder:
    """The tokenizer of a tokenizer.json; DataError names a file that is none."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DataError(
            "the tokenizer cannot be read", found=error.strerror, where=str(path)
        ) from error
    return subwords_from_bytes(data, where=str(path))


def subwords_from_bytes(tokenizer_json: bytes, where: str = "") -> SubwordEncoder:
    """The tokenizer of the bytes of a tokenizer.json; its cuts and special tokens are left out."""
    tokenizers = need("tokenizers", "subwords")
    try:
        library = tokenizers.Tokenizer.from_str(tokenizer_json.decode())
        described = json.loads(tokenizer_json)
    except Exception as error:  # the library raises nothing narrower
        raise DataError(
            "this is not a tokenizer.json of the tokenizers library",
            found=str(error)[:200],
            where=where,
            hint="a vocab.txt or *.model file has to be converted first: load it with transformers "
            "and save it with save_pretrained",
        ) from error
    library.no_truncation()
    library.no_padding()
    vocabulary = library.get_vocab(with_added_tokens=True)
    last = max(vocabulary.values(), default=-1)
    if not 0 <= last < MOST_SIZE:
        problem = "the tokenizer has no tokens, or ids that are too large"
        raise DataError(problem, found=last, where=where)
    pads = PADS | {(described.get("padding") or {}).get("pad_token")}
    firsts = [spelling for spelling, number in vocabulary.items() if number == 0]
    shift = int(any(spelling not in pads for spelling in firsts))
    model = described["model"]
    unknown = model.get("unk_id")
    if unknown is None:
        unknown = vocabulary.get(model.get("unk_token"))
    return SubwordEncoder(
        tokenizer_json, library, shift, last + 1 + shift, 0 if unknown is None else unknown + shift
    )


def fit_subwords(texts: pa.LargeStringArray, settings: SubwordSettings) -> SubwordEncoder:
    """Train a tokenizer on the training texts; their order and the run change nothing."""
    described = TRAINED[settings.model](texts, settings)
    described["added_tokens"] = []  # or a text with the letters [PAD] would have padding in it
    return subwords_from_bytes(json.dumps(described, ensure_ascii=False).encode())


def _train_bpe(texts: pa.LargeStringArray, settings: SubwordSettings) -> dict[str, Any]:
    """Pairs of bytes, joined by falling count."""
    library = need("tokenizers", "subwords")
    tokenizer = library.Tokenizer(library.models.BPE(unk_token=UNKNOWN))
    if settings.lowercase:
        tokenizer.normalizer = library.normalizers.Lowercase()
    tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = library.trainers.BpeTrainer(
        vocab_size=settings.size,
        min_frequency=settings.minimum_count,
        special_tokens=[PAD, UNKNOWN],
        initial_alphabet=library.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    return _trained(tokenizer, trainer, texts)


def _train_wordpiece(texts: pa.LargeStringArray, settings: SubwordSettings) -> dict[str, Any]:
    """Pairs of characters, split and spelled as BERT does.

    The library numbers the continuations ##x in an order that changes with every run, and equal
    counts are decided by number. So a first training, which joins nothing, finds them, and the
    second is given them in order, as special tokens.
    """
    library = need("tokenizers", "subwords")

    def train(size: int, first: list[str]) -> dict[str, Any]:
        tokenizer = library.Tokenizer(library.models.WordPiece(unk_token=UNKNOWN))
        tokenizer.normalizer = library.normalizers.BertNormalizer(lowercase=settings.lowercase)
        tokenizer.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
        trainer = library.trainers.WordPieceTrainer(
            vocab_size=size,
            min_frequency=settings.minimum_count,
            special_tokens=[PAD, UNKNOWN, *first],
            continuing_subword_prefix=CONTINUATION,
            show_progress=False,
        )
        return _trained(tokenizer, trainer, texts)

    characters = train(0, [])["model"]["vocab"]
    continuations = (
        piece
        for piece in characters
        if piece.startswith(CONTINUATION) and len(piece) == len(CONTINUATION) + 1
    )
    return train(settings.size, sorted(continuations))


def _train_unigram(texts: pa.LargeStringArray, settings: SubwordSettings) -> dict[str, Any]:
    """Pieces with probabilities of their own, the likeliest split wins.

    Sums end differently with every run from the tenth digit on, and characters without a
    probability get falling ones in any order: so scores, which are natural logarithms, are
    rounded to a thousandth and such characters share the lowest.
    """
    library = need("tokenizers", "subwords")
    tokenizer = library.Tokenizer(library.models.Unigram())
    steps = [library.normalizers.NFKC()]
    if settings.lowercase:
        steps.append(library.normalizers.Lowercase())
    tokenizer.normalizer = library.normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = library.pre_tokenizers.Metaspace()
    trainer = library.trainers.UnigramTrainer(
        vocab_size=settings.size,
        special_tokens=[PAD, UNKNOWN],
        unk_token=UNKNOWN,
        show_progress=False,
    )
    described = _trained(tokenizer, trainer, texts)
    pieces = described["model"]["vocab"][2:]
    lowest = min((score for _, score in pieces), default=0.0)
    near = lowest + 1e-4 * len(pieces)  # the library takes 1e-4 from each such character
    scores = {
        piece: round(lowest if len(piece) == 1 and score < near else score, 3)
        for piece, score in pieces
    }
    ordered = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    # with a space before them no text has these: its own spaces are written as ▁
    special = [(f" {PAD}", 0.0), (f" {UNKNOWN}", 0.0)]
    described["model"]["vocab"] = special + ordered
    return described


# how each model is trained; gives the described tokenizer, as in its file
TRAINED = {"wordpiece": _train_wordpiece, "bpe": _train_bpe, "unigram": _train_unigram}


def _trained(tokenizer: Any, trainer: Any, texts: pa.LargeStringArray) -> dict[str, Any]:
    try:
        tokenizer.train_from_iterator(_blocks(texts), trainer)
    except Exception as error:  # the library raises nothing narrower
        raise DataError(
            "no subwords could be learned from these texts",
            found=str(error)[:200],
            hint="take words, or texts that have more words",
        ) from error
    return json.loads(tokenizer.to_str())


def _blocks(texts: pa.LargeStringArray) -> Iterator[list[str]]:
    for start in range(0, len(texts), ROWS):
        yield texts[start : start + ROWS].to_pylist()
