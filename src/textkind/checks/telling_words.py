"""Words, and runs of words, that give a label away: nearly all texts with one have that label.

Found in one half of the train texts, and kept where the other half says the same.
"""

import numpy as np

from textkind.checks.alone import halves
from textkind.checks.finding import MOST_SHOWN, Audited, Finding
from textkind.checks.hashed_words import hashed_words

SURE = 0.98  # of the texts with a word that have one label, in both halves
COVERED = 0.05  # of the label's texts that have the word
FEWEST_TEXTS = 20  # with the word, in each half
RUN = 5  # words: so many in a row are no wording but a template
LOOKED_AT = 20  # texts in which the spelling of a bucket is looked up


def telling_words(audited: Audited) -> list[Finding]:
    """Single words that give a label away."""
    return _telling(
        audited, "telling_words", 1, ("word gives", "words give"),
        "ask whether new texts will have them for the same reason",
    )  # fmt: skip


def telling_runs(audited: Audited) -> list[Finding]:
    """Boilerplate of one label: lines, greetings, footers that only its texts share."""
    return _telling(
        audited, "telling_runs", RUN, (f"run of {RUN} words gives", f"runs of {RUN} words give"),
        "boilerplate of one source tells the source: cut it out, unless new texts have it too",
    )  # fmt: skip


def _telling(
    audited: Audited, check: str, length: int, verbs: tuple[str, str], advice: str
) -> list[Finding]:
    train = audited.train
    if train.labels.several or len(train) < 2 * FEWEST_TEXTS:
        return []
    runs = audited.words
    if length > 1:
        runs = hashed_words(train.texts, length, audited.threads)
    row, bucket = runs.row, runs.bucket
    common = np.flatnonzero(np.bincount(bucket, minlength=1) >= 2 * FEWEST_TEXTS)
    place = np.searchsorted(common, bucket)
    known = place < common.size
    known[known] = common[place[known]] == bucket[known]
    row, word = row[known], place[known]
    labels, words = len(train.labels), common.size
    half = halves(audited.keys["train"]).astype(np.int64)
    cell = (half[row] * words + word) * labels + train.targets[row]
    counts = np.bincount(cell, minlength=2 * words * labels).reshape(2, words, labels)
    with_word = counts.sum(axis=2)
    best = counts[0].argmax(axis=1)
    sizes = np.bincount(train.targets, minlength=labels)
    hits = counts[:, np.arange(words), best]
    sure = ((hits >= SURE * with_word) & (with_word >= FEWEST_TEXTS)).all(axis=0)
    given = hits.sum(axis=0) / np.maximum(sizes[best], 1)
    chosen = np.flatnonzero(sure & (given >= COVERED) & (sizes[best] < 0.5 * len(train)))
    if not chosen.size:
        return []
    chosen = chosen[np.argsort(-hits.sum(axis=0)[chosen], kind="stable")]
    examples = []
    for number in chosen[:MOST_SHOWN]:
        texts = train.texts.take(row[word == number][:LOOKED_AT])
        examples.append(
            {
                "words": runs.spelled(int(common[number]), texts.to_pylist()),
                "label": train.labels.names[best[number]],
                "texts": int(with_word[:, number].sum()),
                "with_the_label": int(hits[:, number].sum()),
            }
        )
    told = ", ".join(f"{one['words']!r} ({one['label']})" for one in examples[:5])
    rows = np.unique(row[np.isin(word, chosen)])
    return [
        Finding(
            check,
            "note",
            f"{chosen.size:,} {verbs[chosen.size > 1]} a label away: {told}"
            + (" and others" if chosen.size > 5 else ""),
            advice,
            "train",
            int(rows.size),
            len(train),
            examples,
            {"found": int(chosen.size)},
            train.rows[rows],
        )
    ]
