"""Write src/textkind/encoding/characters.safetensors from Python's Unicode database.

Run once per Unicode version, never at install: every Python then reads text the same way.
Runs of code points with equal properties are stored as (start, shift to lower case, flags).
"""

import unicodedata
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from textkind.encoding.characters import FILE, MARK, SOLITARY, SPACE, WORD

# Scripts written without spaces between words: each letter is a word of its own.
SOLITARY_NAMES = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA", "KATAKANA", "THAI ",
                  "LAO ", "KHMER ", "MYANMAR ", "TIBETAN ", "BOPOMOFO", "YI SYLLABLE",
                  "HALFWIDTH KATAKANA", "IDEOGRAPHIC")  # fmt: skip


def properties(code_point: int) -> tuple[int, int]:
    """The shift to lower case and the flags of one code point."""
    character = chr(code_point)
    category = unicodedata.category(character)
    flags = 0
    if category[0] == "M":
        flags |= MARK | WORD
    if character.isalnum() or character == "_":
        flags |= WORD
        if unicodedata.name(character, "").startswith(SOLITARY_NAMES):
            flags |= SOLITARY
    if character.isspace() or category in ("Cc", "Zs", "Zl", "Zp"):
        flags |= SPACE
    lower = character.lower()
    shift = ord(lower) - code_point if len(lower) == 1 else 0
    if character == "\N{GREEK SMALL LETTER FINAL SIGMA}":
        shift = ord("\N{GREEK SMALL LETTER SIGMA}") - code_point
    return shift, flags


def main() -> None:
    """Collect the runs and write them."""
    starts, shifts, flags = [], [], []
    for code_point in range(0x110000):
        found = properties(code_point)
        if not starts or (shifts[-1], flags[-1]) != found:
            starts.append(code_point)
            shifts.append(found[0])
            flags.append(found[1])
    save_file(
        {
            "starts": np.array(starts, np.int32),
            "shifts": np.array(shifts, np.int32),
            "flags": np.array(flags, np.uint8),
        },
        FILE,
        metadata={"unicode": unicodedata.unidata_version},
    )
    print(f"{len(starts)} runs, {Path(FILE).stat().st_size} bytes")


if __name__ == "__main__":
    main()
