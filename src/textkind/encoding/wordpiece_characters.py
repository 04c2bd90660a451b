"""What a BERT normalizer and pre-tokenizer make of every character, asked of `tokenizers` itself.

Both look at one character at a time, but for two things: canonical order of marks, and characters
that become several. Such characters are marked as left to the library.
"""

import unicodedata
from functools import cache

import numpy as np

from textkind.optional import need

WORD = 1  # part of a word, as the code point in the low bits
SOLITARY = 2  # a word by itself, as the code point in the low bits: punctuation, Chinese
SPACE = 3  # ends a word
DROPPED = 4  # not seen at all: the word goes on behind it
LEFT = 0  # left to the library
KIND_SHIFT = 24  # the kind stands above the 21 bits of the code point
CODE_POINT = (1 << 21) - 1
SIZE = 0x20000  # code points in the table; rarer ones behind it are left to the library
# what real texts use; asking for each of the 130,000 below SIZE would take a third of a second
ASKED = (
    (0x0, 0x3400),  # alphabets, symbols, kana
    (0x4E00, 0xA000),  # Chinese
    (0xF900, 0x10000),  # presentation forms, full width
    (0x1F000, 0x1FB00),  # emoji
)
BETWEEN = "<|>"  # between two characters asked for; neither of them completes or continues it


def reordered(character: str) -> bool:
    """Whether canonical order may move a character, or this Python does not know the character."""
    return unicodedata.combining(character) != 0 or unicodedata.category(character) == "Cn"


def kinds_of(characters: list[str]) -> dict[str, int]:
    """WORD, SOLITARY or SPACE for each character, as the pre-tokenizer of BERT cuts."""
    pieces = need("tokenizers").pre_tokenizers.BertPreTokenizer().pre_tokenize_str(
        "a" + "a".join(characters) + "a"
    )  # fmt: skip
    kinds = np.full(2 * len(characters) + 1, SPACE)
    for _, (start, end) in pieces:
        # letters stand between: a piece of one place in an odd position is the character alone
        kinds[start:end] = SOLITARY if end - start == 1 else WORD
    return dict(zip(characters, kinds[1::2].tolist(), strict=True))


@cache
def wordpiece_characters(
    clean_text: bool, handle_chinese_chars: bool, strip_accents: bool | None, lowercase: bool
) -> np.ndarray:
    """(SIZE,) uint32: what a character becomes, in the low bits, and its kind from bit 24 up.

    The settings are those of the BertNormalizer of a tokenizer.json.
    """
    normalizer = need("tokenizers").normalizers.BertNormalizer(
        clean_text=clean_text,
        handle_chinese_chars=handle_chinese_chars,
        strip_accents=strip_accents,
        lowercase=lowercase,
    )
    asked = [chr(point) for first, last in ASKED for point in range(first, last)]
    became = normalizer.normalize_str(BETWEEN.join(asked)).split(BETWEEN)
    kinds = kinds_of(sorted({one for one in became if len(one) == 1}))
    # white space is put around Chinese characters: the middle one tells what they become
    kinds |= {one: SOLITARY for one in became if len(one) == 3 and one[0] == one[2] == " "}
    decomposed = lowercase if strip_accents is None else strip_accents
    table = np.full(SIZE, LEFT, np.uint32)
    for character, one in zip(asked, became, strict=True):
        if not one:
            table[ord(character)] = DROPPED << KIND_SHIFT
        elif one in kinds and not (decomposed and reordered(one.strip(" ") or " ")):
            table[ord(character)] = kinds[one] << KIND_SHIFT | ord(one.strip(" ") or " ")
    table.setflags(write=False)
    return table
