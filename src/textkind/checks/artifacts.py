"""What a text shows of its label beside its meaning: its name, a word, length, form, place."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.checks.alone import judged_alone, ranked
from textkind.checks.columns import FEWEST_JUDGED, telling
from textkind.checks.finding import MOST_SHOWN, Audited, Finding, example
from textkind.data.label_names import words_of
from textkind.encoding.ngrams import canonical_order
from textkind.encoding.words import WordSettings, fit_words

SURE = 0.98  # of the texts with a word that have one label, in both halves
COVERED = 0.05  # of the label's texts that have the word
FEWEST_TEXTS = 20  # with the word, in each half
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


def telling_words(audited: Audited) -> list[Finding]:
    """Single words that give a label away: nearly all texts that hold one have that label.

    Found in one half of the train texts, and kept where the other half says the same.
    """
    train = audited.train
    if train.labels.several or len(train) < 2 * FEWEST_TEXTS:
        return []
    train = train.take(canonical_order(train.texts, train.targets))
    encoder = fit_words(train.texts, WordSettings(minimum_count=2 * FEWEST_TEXTS), audited.threads)
    tokens = encoder.encode(train.texts, audited.threads)
    row = np.repeat(np.arange(len(train)), tokens.lengths)
    pairs = np.unique(row * np.int64(encoder.size) + tokens.ids)
    row, word = np.divmod(pairs, encoder.size)
    half = np.arange(len(train)) % 2
    labels = len(train.labels)
    counts = np.zeros((2, encoder.size, labels), np.int64)
    np.add.at(counts, (half[row], word, train.targets[row]), 1)
    counts[:, :2] = 0  # padding and unknown words
    with_word = counts.sum(axis=2)
    best = counts[0].argmax(axis=1)
    places = np.arange(encoder.size)
    sizes = np.bincount(train.targets, minlength=labels)
    hits = counts[:, places, best]
    given = hits.sum(axis=0) / np.maximum(sizes[best], 1)
    sure = ((hits >= SURE * with_word) & (with_word >= FEWEST_TEXTS)).all(axis=0)
    chosen = np.flatnonzero(sure & (given >= COVERED) & (sizes[best] < 0.5 * len(train)))
    if not chosen.size:
        return []
    chosen = chosen[np.argsort(-hits.sum(axis=0)[chosen], kind="stable")]
    spelled = encoder.spellings()
    rows = np.unique(row[np.isin(word, chosen)])
    examples = [
        {
            "word": spelled[place],
            "label": train.labels.names[best[place]],
            "texts": int(with_word[:, place].sum()),
            "with_the_label": int(hits[:, place].sum()),
        }
        for place in chosen[:MOST_SHOWN]
    ]
    told = ", ".join(f"{one['word']!r} ({one['label']})" for one in examples[:5])
    count = "1 word gives" if chosen.size == 1 else f"{chosen.size:,} words give"
    return [
        Finding(
            "telling_words",
            "note",
            f"{count} a label away: {told}" + (" and others" if chosen.size > 5 else ""),
            "ask whether new texts will have them for the same reason",
            "train",
            int(rows.size),
            len(train),
            examples,
            {"words": int(chosen.size)},
            train.rows[rows],
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
}


def _escaped(words: str) -> str:
    """A name as a pattern of RE2: anything but letters and digits is quoted."""
    return "".join(
        letter if letter.isalnum() or letter == " " else f"\\x{{{ord(letter):x}}}"
        for letter in words
    )
