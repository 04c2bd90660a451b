"""What a text shows of its label beside its meaning: its name, length, form, place."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.checks.alone import judged_alone, ranked
from textkind.checks.columns import FEWEST_JUDGED, telling
from textkind.checks.finding import MOST_SHOWN, Audited, Finding, example
from textkind.data.label_names import words_of

NAMED = 0.05  # of texts that hold the name of their label
SHORTEST_NAME = 3  # letters: shorter names stand in other words' company by chance


def names_in_texts(audited: Audited) -> list[Finding]:
    """Texts that hold the name of their own label, where few others do."""
    train = audited.train
    if train.labels.several:
        return []
    lower = pc.utf8_lower(train.texts)
    own = np.zeros(len(train), bool)
    other, others = 0, 0
    for number, name in enumerate(train.labels.names):
        words = words_of(name).lower()
        if sum(map(str.isalpha, words)) < SHORTEST_NAME:
            continue
        holds = pc.match_substring_regex(lower, rf"\b{_escaped(words)}\b")
        holds = holds.to_numpy(zero_copy_only=False)
        mine = train.targets == number
        own |= holds & mine
        other += int((holds & ~mine).sum())
        others += int((~mine).sum())
    rows = np.flatnonzero(own)
    if rows.size < NAMED * len(train) or rows.size / len(train) < 10 * other / max(others, 1):
        return []
    return [
        Finding(
            "names_in_texts",
            "warning",
            f"{rows.size:,} of {len(train):,} train texts hold the name of their label, and "
            f"{other:,} times a text holds that of another",
            "make sure that names stand in new texts too; else cut them out",
            "train",
            int(rows.size),
            len(train),
            [example(train, row, "train") for row in rows[:MOST_SHOWN]],
            all_rows=train.rows[rows],
        )
    ]


def telling_form(audited: Audited) -> list[Finding]:
    """Length, digits, capitals, punctuation, lines or links that tell the label."""
    texts = pa.concat_arrays([part.texts for part in audited.parts.values()])
    length = pc.utf8_length(texts)
    classes, labels = audited.classes
    found = []
    for name, pattern in FORMS.items():
        counted = length if pattern is None else pc.count_substring_regex(texts, pattern)
        numbers = counted.to_numpy(zero_copy_only=False).astype(np.float64)
        alone = judged_alone(ranked(numbers), classes, audited.learned, labels)
        found += telling(audited, "telling_form", name, alone, FORM_ADVICE)
    return found


def telling_order(audited: Audited) -> list[Finding]:
    """Train rows sorted by label, or whose neighbours have the same more than by chance."""
    train = audited.train
    order = np.argsort(train.rows, kind="stable")
    classes = audited.classes[0][: len(train)][order]
    if len(classes) < FEWEST_JUDGED:
        return []
    same = float((classes[1:] == classes[:-1]).mean())
    shares = np.bincount(classes) / len(classes)
    chance = float(np.square(shares).sum())
    if (same - chance) < 0.5 * (1 - chance):
        return []
    return [
        Finding(
            "telling_order",
            "note",
            f"the rows are in an order of their labels: {same:.0%} of neighbours have the same, "
            f"{chance:.0%} would by chance",
            "textkind shuffles rows itself; other tools may have to be told to",
            "train",
            len(train),
            len(train),
            facts={"same": round(same, 4), "chance": round(chance, 4)},
        )
    ]


FORM_ADVICE = "make sure that new texts have the same form for the same reason"
FORMS = {
    "length": None,
    "the number of digits": r"[0-9]",
    "the number of capitals": r"\p{Lu}",
    "the number of exclamation marks": r"!",
    "the number of question marks": r"\?",
    "the number of lines": r"\n",
    "the number of links": r"https?://",
    "the number of quoted lines": r"(?m)^[ \t]*[>|]",
}


def _escaped(words: str) -> str:
    """A name as a pattern of RE2: anything but letters and digits is quoted."""
    return "".join(
        letter if letter.isalnum() or letter == " " else f"\\x{{{ord(letter):x}}}"
        for letter in words
    )
