"""Changes of a text: each takes it and a random generator, and gives it back changed, or as it was.

Made after the invariance and directional tests of Ribeiro et al. 2020 (CheckList). A new change is
a function and a line in CHANGES.
"""

import re
import string
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from textkind.changes.lists import CONTRACTIONS, PEOPLE, PLACES, VERBS
from textkind.seeds import child_seed

WORDS_A_TYPO = 10  # one typo for so many words, one at least
LEAST_TYPED = 4  # letters of a word that gets one
LONGEST_SPACE = 3

Random = np.random.Generator


@dataclass(frozen=True)
class Change:
    """A change: what it does, and whether the answer should stay (None: that depends)."""

    what: str
    of: Callable[[str, Random], str]
    keeps: bool | None = True


def typos(text: str, random: Random) -> str:
    """Two neighbouring letters inside a word change places, in one word of ten."""
    words = list(re.finditer(rf"[^\W\d_]{{{LEAST_TYPED},}}", text))
    if not words:
        return text
    number = max(1, len(text.split()) // WORDS_A_TYPO)
    letters = list(text)
    for place in random.permutation(len(words))[:number]:
        start, end = words[place].span()
        first = start + 1 + int(random.integers(end - start - 3))
        letters[first], letters[first + 1] = letters[first + 1], letters[first]
    return "".join(letters)


def lower_case(text: str, random: Random) -> str:
    """All in small letters."""
    return text.lower()


def upper_case(text: str, random: Random) -> str:
    """All in capitals."""
    return text.upper()


def no_punctuation(text: str, random: Random) -> str:
    """Punctuation is left out, but for apostrophes within words."""
    kept = "'\u2019"
    marks = re.escape("".join(set(string.punctuation) - set(kept)))
    bare = re.sub(rf"[{marks}]|(?<!\w)[{kept}]|[{kept}](?!\w)", " ", text)
    return re.sub(r"\s+", " ", bare).strip() if bare != text else text


def final_punctuation(text: str, random: Random) -> str:
    """A full stop at the end is left out; where there is no mark, one is added."""
    bare = text.rstrip()
    if bare.endswith("."):
        return bare.rstrip(".").rstrip()
    return bare + "." if re.search(r"\w$", bare) else text


def white_space(text: str, random: Random) -> str:
    """Some spaces between words become two or three, and one stands before the text."""
    wider = re.sub(r" ", lambda _: " " * int(random.integers(1, LONGEST_SPACE + 1)), text)
    return " " + wider if text.strip() else text


def contractions(text: str, random: Random) -> str:
    """Short forms are written out; where there is none, long ones are shortened."""
    longer = _replaced(text, {short: long for long, short in CONTRACTIONS})
    return longer if longer != text else _replaced(text, dict(CONTRACTIONS))


def names(text: str, random: Random) -> str:
    """First names and places of our lists become others of the same list."""
    for known in (PEOPLE, PLACES):
        pattern = rf"\b(?:{'|'.join(known)})\b"
        found = list(dict.fromkeys(re.findall(pattern, text)))
        others = [name for name in random.permutation(known).tolist() if name not in found]
        other = dict(zip(found, others, strict=False))  # the same for a name wherever it stands
        parts = re.split(f"({pattern})", text)
        text = "".join(other.get(str(part), str(part)) for part in parts)
    return text


def numbers(text: str, random: Random) -> str:
    """Numbers become others with as many digits."""

    def other(found: re.Match[str]) -> str:
        digits = found[0]
        low = 10 ** (len(digits) - 1) if len(digits) > 1 else 0
        drawn = int(random.integers(low, 10 ** len(digits) - 1))
        return str(drawn + (drawn >= int(digits)))  # any but the number itself

    return re.sub(r"(?<!\d)[1-9]\d{0,11}(?!\d)", other, text)


def sentence_order(text: str, random: Random) -> str:
    """The sentences in another order."""
    sentences = re.split(r"(?<=[.!?])\s+(?=\S)", text.strip())
    if len(set(sentences)) < 2:
        return text
    order = random.permutation(len(sentences))
    if (order == np.arange(len(order))).all():
        order = np.roll(order, 1)
    return " ".join(sentences[place] for place in order)


def negation(text: str, random: Random) -> str:
    """A "not" behind the first verb that takes one."""
    pattern = rf"\b({'|'.join(VERBS)})\b(?!\s+(?:not|n't)\b|n't|['\u2019])"
    return re.sub(pattern, r"\1 not", text, count=1, flags=re.IGNORECASE)


CHANGES = {
    "typos": Change("two letters change places in one word of ten", typos),
    "lower_case": Change("all in small letters", lower_case),
    "upper_case": Change("all in capitals", upper_case),
    "no_punctuation": Change("punctuation left out", no_punctuation),
    "final_punctuation": Change("a full stop left out or added at the end", final_punctuation),
    "white_space": Change("more spaces between words", white_space),
    "contractions": Change("short forms written out, or made", contractions),
    "names": Change("first names and places swapped for others", names),
    "numbers": Change("numbers swapped for others", numbers),
    "sentence_order": Change("sentences in another order", sentence_order),
    "negation": Change("a not put behind the first verb that takes one", negation, keeps=None),
}


def changed_texts(name: str, texts: list[str], seed: int) -> list[str]:
    """The texts after one change of CHANGES; the same text and seed give the same."""
    change = CHANGES[name]
    made = []
    for text in texts:
        key = zlib.crc32(text.encode("utf-8"))
        random = np.random.default_rng([key, *child_seed(seed, name).generate_state(2).tolist()])
        made.append(change.of(text, random))
    return made


def _replaced(text: str, forms: dict[str, str]) -> str:
    """The text with each form replaced, a capital at its beginning kept."""
    by_small = {form.lower(): other for form, other in forms.items()}

    def other(found: re.Match[str]) -> str:
        form = by_small[found[0].lower().replace("\u2019", "'")]
        return form[0].upper() + form[1:] if found[0][0].isupper() else form

    pattern = "|".join(re.escape(form).replace("'", "['\u2019]") for form in forms)
    return re.sub(rf"\b(?:{pattern})\b", other, text, flags=re.IGNORECASE)
