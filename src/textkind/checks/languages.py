"""Texts in another language than nearly all others; `mixed_scripts` tells of other letters."""

import numpy as np

from textkind.checks.finding import MOST_SHOWN, Audited, Finding, example
from textkind.checks.function_words import FUNCTION_WORDS

FOREIGN = 0.2  # share of the texts, below which another language is told


def mixed_languages(audited: Audited) -> list[Finding]:
    """Texts whose function words are those of another language than the others'."""
    train = audited.train
    names = list(FUNCTION_WORDS)
    language = audited.languages
    counts = np.bincount(language[language >= 0], minlength=len(names))
    main = int(counts.argmax())
    found = []
    for other in np.flatnonzero(counts):
        if other == main or counts[other] >= FOREIGN * len(train):
            continue
        rows = np.flatnonzero(language == other)
        found.append(
            Finding(
                "mixed_languages",
                "note",
                f"{rows.size:,} of {len(train):,} train texts are in {names[other]} by their "
                f"function words, most others in {names[main]}",
                "look whether they belong here; such texts are learned from too few",
                "train",
                int(rows.size),
                len(train),
                [example(train, row, "train") for row in rows[:MOST_SHOWN]],
                {"language": names[other], "main": names[main]},
                train.rows[rows],
            )
        )
    return found
