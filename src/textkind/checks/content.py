"""Texts that are not as they should be: empty, short, long, garbled, personal, or all alike."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.checks.finding import MOST_SHOWN, Audited, Finding, example
from textkind.data.corpus import Corpus

LONG_TIMES = 20  # the median length of a text, from which on it is over-long
LEAST_LONG = 2000  # characters: shorter ones are never over-long
FOREIGN = 0.05  # share of texts, below which another script than the commonest is worth a word
# Two bytes of UTF-8 read as Latin-1 or Windows-1252; and three that were a dash or a quote.
_LATIN = r"[ÃÂ][\x{80}-\x{BF}\x{2018}-\x{203A}\x{20AC}\x{2122}]"
_DASHES = r"â€[\x{99}\x{9C}\x{9D}“”™]"
MOJIBAKE = rf"{_LATIN}|{_DASHES}|ï»¿"
PERSONAL = {
    "e-mail addresses": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
    "phone numbers": r"(^|[^\w.])(\+\d{1,3}[ .-]?)?(\(\d{2,4}\)|\d{2,4})"
    r"[ .-]\d{3,4}[ .-]\d{3,4}($|[^\w.])",
    "card numbers": r"(^|\D)(\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}|\d{16})($|\D)",
}
# What stands for personal data where it is masked. Card numbers come first: three of their four
# groups look like a phone number.
MASKS = {
    "card numbers": r"\1[card]\3",
    "e-mail addresses": "[e-mail]",
    "phone numbers": r"\1[phone]\4",
}
SCRIPTS = {
    "Latin": r"\p{Latin}", "Greek": r"\p{Greek}", "Cyrillic": r"\p{Cyrillic}",
    "Hebrew": r"\p{Hebrew}", "Arabic": r"\p{Arabic}", "Devanagari": r"\p{Devanagari}",
    "Thai": r"\p{Thai}", "Hangul": r"\p{Hangul}", "Kana": r"[\p{Hiragana}\p{Katakana}]",
    "Han": r"\p{Han}",
}  # fmt: skip


def matching(texts: pa.LargeStringArray, pattern: str) -> np.ndarray:
    """(N,) bool: which texts hold the pattern, as RE2 has it."""
    found: np.ndarray = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return found


def is_empty(part: Corpus) -> np.ndarray:
    """(N,) bool texts without a letter or digit."""
    return ~matching(part.texts, r"[\p{L}\p{N}]")


def is_short(part: Corpus) -> np.ndarray:
    """(N,) bool texts of a single word."""
    return matching(part.texts, r"^\s*\S+\s*$") & ~is_empty(part)


def is_long(part: Corpus) -> np.ndarray:
    """(N,) bool texts many times as long as the median."""
    lengths = pc.utf8_length(part.texts).to_numpy(zero_copy_only=False)
    usual = np.median(lengths) if lengths.size else 0
    return np.asarray(lengths > max(LEAST_LONG, LONG_TIMES * usual))


def is_garbled(part: Corpus) -> np.ndarray:
    """(N,) bool texts whose bytes were read in a wrong encoding."""
    return matching(part.texts, MOJIBAKE) | matching(part.texts, r"\x{FFFD}")


def is_personal(part: Corpus) -> np.ndarray:
    """(N,) bool texts that hold personal data of any kind."""
    return np.any([matching(part.texts, pattern) for pattern in PERSONAL.values()], axis=0)


def masked(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Strings with a word in brackets for each piece of personal data; nulls stay."""
    for kind, mask in MASKS.items():
        changed = pc.replace_substring_regex(texts, PERSONAL[kind], mask)
        while not changed.equals(texts):  # two that share the character between them
            texts = changed
            changed = pc.replace_substring_regex(texts, PERSONAL[kind], mask)
    return texts


def empty_texts(audited: Audited) -> list[Finding]:
    """Texts without a letter or digit."""
    return _of_parts(
        audited, "empty_texts", "warning", is_empty,
        "have no letter and no digit", "leave them out, or give them a label of their own",
    )  # fmt: skip


def short_texts(audited: Audited) -> list[Finding]:
    """Texts of a single word."""
    return _of_parts(
        audited, "short_texts", "note", is_short,
        "are a single word", "look whether one word is enough to tell the label by",
    )  # fmt: skip


def long_texts(audited: Audited) -> list[Finding]:
    """Texts many times as long as is usual."""
    return _of_parts(
        audited, "long_texts", "note", is_long,
        f"are over {LONG_TIMES} times as long as the median", "see --long; or split them",
    )  # fmt: skip


def garbled_texts(audited: Audited) -> list[Finding]:
    """Texts whose bytes were read in a wrong encoding, somewhere on their way."""
    return _of_parts(
        audited, "garbled_texts", "warning", is_garbled,
        "look as if read in a wrong encoding (such as Ã© for é)",
        "read the source again in its own encoding, see --encoding",
    )  # fmt: skip


def personal_data(audited: Audited) -> list[Finding]:
    """Texts with e-mail addresses, phone numbers or card numbers."""
    found = []
    for kind, pattern in PERSONAL.items():
        found += _of_parts(
            audited, "personal_data", "warning",
            lambda part, pattern=pattern: matching(part.texts, pattern),  # type: ignore[misc]
            f"hold {kind}", "mask them before the texts are passed on; a model can repeat them",
            facts={"kind": kind},
        )  # fmt: skip
    return found


def mixed_scripts(audited: Audited) -> list[Finding]:
    """Texts in another script than nearly all others."""
    train = audited.train
    holds = {name: matching(train.texts, pattern) for name, pattern in SCRIPTS.items()}
    counts = {name: int(rows.sum()) for name, rows in holds.items()}
    commonest = max(counts, key=counts.__getitem__)
    found = []
    for name, rows in holds.items():
        alone = np.flatnonzero(rows & ~holds[commonest])
        if name != commonest and 0 < alone.size < FOREIGN * len(train):
            found.append(
                _finding("mixed_scripts", "note", train, "train", alone,
                         f"are in {name} script, most others in {commonest}",
                         "look whether they belong here; such texts are learned from too few",
                         {"script": name})
            )  # fmt: skip
    return found


def constant_texts(audited: Audited) -> list[Finding]:
    """A beginning that most texts share: boilerplate, which tells nothing but by its lack."""
    train = audited.train
    starts = pc.utf8_slice_codeunits(train.texts, 0, 20)
    counts = pc.value_counts(starts)
    if len(train) < 20 or not len(counts):
        return []
    place = int(np.argmax(counts.field("counts").to_numpy()))
    value, times = counts.field("values")[place], counts.field("counts")[place].as_py()
    if times < 0.5 * len(train) or not value.as_py().strip():
        return []
    rows = np.flatnonzero(pc.equal(starts, value).to_numpy(zero_copy_only=False))
    return [
        _finding("constant_texts", "note", train, "train", rows,
                 f"begin with {value.as_py()!r}", "cut it out, unless its lack means something",
                 {"beginning": value.as_py()})
    ]  # fmt: skip


def _of_parts(
    audited: Audited,
    check: str,
    severity: str,
    concerned: Callable[[Corpus], np.ndarray],
    what: str,
    advice: str,
    facts: dict[str, object] | None = None,
) -> list[Finding]:
    """A finding for each part in which some rows are concerned."""
    found = []
    for name, part in audited.parts.items():
        rows = np.flatnonzero(concerned(part))
        if rows.size:
            found.append(_finding(check, severity, part, name, rows, what, advice, facts or {}))
    return found


def _finding(
    check: str,
    severity: str,
    part: Corpus,
    name: str,
    rows: np.ndarray,
    what: str,
    advice: str,
    facts: dict[str, object],
) -> Finding:
    return Finding(
        check, severity,
        f"{rows.size:,} of {len(part):,} {name} texts {what}", advice,
        name, int(rows.size), len(part),
        [example(part, row, name) for row in rows[:MOST_SHOWN]],
        facts, part.rows[rows],
    )  # fmt: skip
