"""What every character is: its lower case, and whether it belongs to a word.

One table for all code points, expanded from a file in the package, so that every Python version
and machine reads text the same way. scripts/make_character_table.py writes the file.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

FILE = Path(__file__).with_name("characters.safetensors")

WORD = 1  # letter, digit, underscore or mark: part of a word
SOLITARY = 2  # letter of a script without spaces (Chinese, Japanese, Thai, ...): a word by itself
SPACE = 4  # white space or control character
MARK = 8  # combining mark: belongs to the letter before it
FLAG_SHIFT = 24  # flags stand above the 21 bits of the code point
CODE_POINT = (1 << 21) - 1


class CharacterRuns(NamedTuple):
    """Runs of code points that are alike.

    starts  (R,) int32 first code point of each run, which ends where the next one starts
    shifts  (R,) int32 what makes a code point its lower case when it is added
    flags   (R,) uint8
    """

    starts: np.ndarray
    shifts: np.ndarray
    flags: np.ndarray


def character_runs() -> CharacterRuns:
    """What the file in the package says."""
    from safetensors.numpy import load_file

    return CharacterRuns(**load_file(FILE))


def runs_of(points: np.ndarray, flags: np.ndarray) -> CharacterRuns:
    """The runs of a table: what each code point becomes and its flags, (0x110000,) each."""
    shifts = points.astype(np.int64) - np.arange(points.size)
    differs = (np.diff(shifts) != 0) | (np.diff(flags) != 0)
    starts = np.concatenate(([0], np.flatnonzero(differs) + 1))
    return CharacterRuns(starts, shifts[starts], flags[starts])


@cache
def character_table() -> np.ndarray:
    """(0x110000,) uint32: lower-cased code point in the low bits, flags from bit 24 up."""
    runs = character_runs()
    lengths = np.diff(np.append(runs.starts, 0x110000))
    lowered = np.arange(0x110000, dtype=np.int32) + np.repeat(runs.shifts, lengths)
    flags = np.repeat(runs.flags.astype(np.uint32) << FLAG_SHIFT, lengths)
    return lowered.astype(np.uint32) | flags
