"""What a compact file keeps of an encoder of tokens: its vocabulary, its characters, its runs."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from textkind.encoding.characters import CODE_POINT, FLAG_SHIFT, CharacterRuns, runs_of
from textkind.encoding.runs import RunEncoder
from textkind.encoding.subwords import SubwordEncoder
from textkind.encoding.tokens import TokenEncoder
from textkind.encoding.wordpiece import NORMALIZER_SETTINGS
from textkind.encoding.wordpiece_characters import BETWEEN, DROPPED, SOLITARY, kinds_of
from textkind.encoding.words import FIRST_WORD, WordEncoder, word_table
from textkind.errors import SettingsError
from textkind.optional import need

SEVERAL = 0  # kind of a character that becomes several
SYLLABLES = range(0xAC00, 0xD7A4)  # Korean, which a reader takes apart by arithmetic
ASKED_AT_ONCE = 1 << 16
FLAGS = ("single_word", "lstrip", "rstrip")  # of an added token: what a reader knows nothing of


def token_parts(encoder: TokenEncoder) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What the header says of the features, and the arrays.

    SettingsError for an encoder of another kind than words and BERT's pieces of words.
    """
    runs = encoder if isinstance(encoder, RunEncoder) else None
    inner = encoder if runs is None else runs.tokens
    if type(inner) not in PARTS:
        raise _unknown(type(inner).__name__)
    settings, vocabulary, characters = PARTS[type(inner)](inner)
    told = {
        "longest": 1 if runs is None else runs.longest,
        "buckets": 1 if runs is None else runs.places.size,
        "unknown": inner.unknown_id,
        **settings,
    }
    return told, {
        "character starts": characters.starts.astype(np.uint32),
        "character shifts": characters.shifts.astype(np.int32),
        "character kinds": characters.flags.astype(np.uint8),
        "vocabulary": np.frombuffer("\n".join(vocabulary).encode(), np.uint8),
        "runs": np.empty(0, np.int64) if runs is None else runs.filled,
    }


def _word_parts(words: WordEncoder) -> tuple[dict[str, Any], list[str], CharacterRuns]:
    table = word_table(words.settings.lowercase)
    vocabulary = [""] * FIRST_WORD + words.spellings()[FIRST_WORD:]
    return {"kind": "words"}, vocabulary, runs_of(table & CODE_POINT, table >> FLAG_SHIFT)


def _wordpiece_parts(subwords: SubwordEncoder) -> tuple[dict[str, Any], list[str], CharacterRuns]:
    if subwords.wordpiece is None:
        raise _unknown("a tokenizer of another kind")
    described = json.loads(subwords.tokenizer_json)
    model, normalizer = described["model"], described["normalizer"]
    added = [token for token in described["added_tokens"] if token["content"]]
    for token in added:
        if any(token[flag] for flag in FLAGS):
            raise _unknown(f"the token {token['content']}, which is not taken as it stands")
    points, kinds, several = _become(*(normalizer[name] for name in NORMALIZER_SETTINGS))
    vocabulary = subwords.spellings()
    vocabulary[: subwords.shift] = [""] * subwords.shift  # padding that the file has not
    told = {
        "kind": "wordpieces",
        "prefix": model["continuing_subword_prefix"],
        "longest_word": min(model["max_input_chars_per_word"], CODE_POINT),
        "added": {token["content"]: token["id"] + subwords.shift for token in added},
        "several": several,
    }
    return told, vocabulary, runs_of(points, kinds)


@cache
def _become(
    clean_text: bool, handle_chinese_chars: bool, strip_accents: bool | None, lowercase: bool
) -> tuple[np.ndarray, np.ndarray, dict[str, str]]:
    """What each character becomes and its kind, (0x110000,) each; and what becomes several.

    The kinds are those of wordpiece_characters, and SEVERAL. The library is asked for every one.
    """
    normalizer = need("tokenizers").normalizers.BertNormalizer(
        clean_text=clean_text,
        handle_chinese_chars=handle_chinese_chars,
        strip_accents=strip_accents,
        lowercase=lowercase,
    )
    points = np.arange(0x110000)
    characters = [chr(point) for point in points if not 0xD800 <= point < 0xE000]
    became: list[str] = []
    for first in range(0, len(characters), ASKED_AT_ONCE):
        some = BETWEEN.join(characters[first : first + ASKED_AT_ONCE])
        became += normalizer.normalize_str(some).split(BETWEEN)
    kind_of = kinds_of(sorted({one for one in became if len(one) == 1}))
    kinds, several = np.full(0x110000, DROPPED), {}
    for character, one in zip(characters, became, strict=True):
        point = ord(character)
        alone = len(one) == 3 and one[0] == one[2] == " "  # white space is put around Chinese
        if alone or one in kind_of:
            points[point] = ord(one.strip(" ") or " ")
            kinds[point] = SOLITARY if alone else kind_of[one]
        elif one:
            kinds[point] = SEVERAL
            if point not in SYLLABLES:
                several[character] = one
    return points, kinds, several


def _unknown(found: str) -> SettingsError:
    return SettingsError(
        "a compact file holds tokens that are words, or pieces of words as BERT has them",
        found=found,
        hint="textkind distil --to linear makes a linear model",
    )


PARTS: dict[type, Callable[[Any], tuple[dict[str, Any], list[str], CharacterRuns]]] = {
    WordEncoder: _word_parts,
    SubwordEncoder: _wordpiece_parts,
}
