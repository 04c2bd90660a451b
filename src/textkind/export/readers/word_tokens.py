"""Texts to the ids of words and of their runs, by Python's standard library alone.

    encoder = WordIds(told)           told: the entry "encoder" of tokens.json
    ids = encoder.ids("It wasn't bad!")

A copy lies in every exported folder whose model reads words or runs of tokens. It cuts as
textkind's compiled kernels do (word_kernels.py and run_kernels.py of textkind.encoding).
"""

from bisect import bisect_right
from typing import Any

UNKNOWN, FIRST_WORD = 1, 2
WORD, SOLITARY, SPACE, MARK = 1, 2, 4, 8  # what a character is
LONGEST_RUN = 3  # of one symbol: longer runs count as three
APOSTROPHE, CURLY_APOSTROPHE = "'", "’"
BITS = (1 << 64) - 1
PRIME, MIX = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9


class WordIds:
    """The words that a model knows, and what every character is."""

    def __init__(self, told: dict[str, Any]) -> None:
        characters = told["characters"]
        self.starts, self.shifts = characters["starts"], characters["shifts"]
        self.flags, self.lowercase = characters["flags"], told["lowercase"]
        self.number = {word: FIRST_WORD + place for place, word in enumerate(told["words"])}
        self.known: dict[str, tuple[int, str]] = {}

    def ids(self, text: str) -> list[int]:
        """The ids of a text's words, in their order."""
        return [self.number.get(word, UNKNOWN) for word in self.words(text)]

    def words(self, text: str) -> list[str]:
        """The words of a text as they are spelled in the vocabulary."""
        found, position, end = [], 0, len(text)
        while position < end:
            character, after = text[position], position + 1
            kind = self.kind(character)
            if kind & SPACE:
                position = after
                continue
            stop = 0
            if character in (APOSTROPHE, CURLY_APOSTROPHE):
                stop = self.clitic_end(text, after)
                if stop and text[after] in "tT":
                    stop = 0
            elif kind & WORD and text[after : after + 1] == ".":
                stop = self.acronym_end(text, position)
            stop = stop or self.run_end(text, position)
            whole = text[position:stop]
            found.append("".join(map(self.lower, whole if kind & WORD else whole[:LONGEST_RUN])))
            position = stop
        return found

    def entry(self, character: str) -> tuple[int, str]:
        """What a character is, and its lower case."""
        entry = self.known.get(character)
        if entry is None:
            place = bisect_right(self.starts, ord(character)) - 1
            small = chr(ord(character) + self.shifts[place]) if self.lowercase else character
            small = APOSTROPHE if character == CURLY_APOSTROPHE else small
            entry = self.known[character] = self.flags[place], small
        return entry

    def kind(self, character: str) -> int:
        """WORD, SOLITARY, SPACE and MARK, as bits."""
        return self.entry(character)[0]

    def lower(self, character: str) -> str:
        """The lower case; a curly apostrophe becomes a straight one."""
        return self.entry(character)[1]

    def ends_word(self, text: str, position: int) -> bool:
        """Whether no word character stands at `position`."""
        return position >= len(text) or not self.kind(text[position]) & WORD

    def clitic_end(self, text: str, position: int) -> int:
        """Where the s, t, d, m, re, ve or ll at `position` ends, if a word ends there; else 0."""
        first, two = ascii_lower(text[position : position + 1]), text[position : position + 2]
        length = 1 if first in ("s", "t", "d", "m") else 0
        if not length and ascii_lower(two) in ("re", "ve", "ll"):
            length = 2
        return position + length if length and self.ends_word(text, position + length) else 0

    def acronym_end(self, text: str, position: int) -> int:
        """Where a row of two or more letters with a full stop each ends; else 0."""
        letters = 0
        while position < len(text):
            kind = self.kind(text[position])
            if not kind & WORD or kind & SOLITARY:
                break
            if is_digit(text[position]) or text[position + 1 : position + 2] != ".":
                return 0
            position += 2
            letters += 1
        return position if letters > 1 and self.ends_word(text, position) else 0

    def run_end(self, text: str, position: int) -> int:
        """Where the run of word characters at `position` ends, or the run of equal symbols."""
        begin = last = position
        previous, position = text[position], position + 1
        kind = self.kind(previous)
        is_word, is_alone = kind & WORD, kind & SOLITARY
        while position < len(text):
            character, after = text[position], position + 1
            kind = self.kind(character)
            if is_alone:
                if not kind & MARK:
                    break
            elif not is_word:
                if character != previous:
                    break
            elif not kind & WORD or kind & SOLITARY:
                is_mark = character in (APOSTROPHE, CURLY_APOSTROPHE)
                if is_mark and previous in "nN" and after < len(text):
                    stop = self.clitic_end(text, after)
                    if stop and text[after] in "tT":
                        return last if last > begin else stop
                inside = is_digit(previous) and character in ".,:"
                if not (inside and is_digit(text[after : after + 1])):
                    break
            previous, last, position = character, position, after
        return position


class RunIds:
    """The ids of another encoder, and behind them those of runs of its tokens."""

    def __init__(self, told: dict[str, Any], inner: Any, first: int) -> None:
        self.inner, self.longest, self.buckets = inner, told["longest"], told["buckets"]
        self.place = {bucket: first + place for place, bucket in enumerate(told["filled"])}
        self.shift = told["shift"]

    def ids(self, text: str) -> list[int]:
        """The ids of a text."""
        return self.with_runs(self.inner.ids(text))

    def with_runs(self, ids: list[int]) -> list[int]:
        """The ids, and those of the runs whose bucket has one."""
        found = list(ids)
        for begin, first in enumerate(ids):
            run = combine(0, first + self.shift)
            for other in ids[begin + 1 : begin + self.longest]:
                run = combine(run, other + self.shift)
                place = self.place.get((run >> 32) * self.buckets >> 32)
                if place is not None:
                    found.append(place)
        return found


def combine(left: int, right: int) -> int:
    """The hash of a run from that of its beginning and its last token."""
    hashed = (left * PRIME & BITS) ^ right
    return (hashed ^ hashed >> 32) * MIX & BITS


def is_digit(character: str) -> bool:
    """Whether this is an ASCII digit."""
    return "0" <= character <= "9"


def ascii_lower(text: str) -> str:
    """ASCII letters as small ones, others as they are."""
    return "".join(chr(ord(one) | 0x20) if "A" <= one <= "Z" else one for one in text)
