"""Why the linear model says what it says, exactly: the n-grams of a text and what each adds.

The text is hashed again with its n-grams written out; the additions and the bias sum to the
logits. N-grams that share a hash bucket are told together.
"""

from dataclasses import dataclass

import numpy as np

from textkind.encoding import ngram_kernels as kernels
from textkind.encoding.characters import CODE_POINT, FLAG_SHIFT, SPACE, character_table
from textkind.encoding.ngrams import LOGARITHMS, NgramEncoder
from textkind.encoding.spelled import bucket_numbers, spelled_words
from textkind.models.linear import LinearModel
from textkind.models.trials import margins_to_logits


@dataclass(frozen=True, eq=False)
class Contribution:
    """What one n-gram of a text adds to each logit.

    kind is word, character or bias; weights is (K,) float32.
    """

    ngram: str
    kind: str
    count: int
    weights: np.ndarray


def spelled_characters(text: bytes, encoder: NgramEncoder) -> list[tuple[int, str]]:
    """(bucket, n-gram) of every character n-gram of a text, in the order the kernel finds them."""
    settings = encoder.settings
    if settings.characters is None:
        return []
    shortest, longest = settings.characters
    content = np.frombuffer(text, np.uint8)
    points = np.empty(content.size + 3, np.uint64)
    found = np.empty((longest - shortest + 1) * 2 * (content.size + 1) + 1, np.uint64)
    written = kernels.character_ngrams(
        content, 0, content.size, character_table(), settings.word_borders, shortest, longest,
        points, found,
    )  # fmt: skip
    spelled = [
        stretch[first : last + 1]
        for stretch in stretches(text.decode(), settings.word_borders)
        for first in range(len(stretch))
        for last in character_ends(len(stretch), first, shortest, longest)
    ]
    base = 1 << encoder.bits
    return list(zip(bucket_numbers(found[:written], encoder.bits, base), spelled, strict=True))


def character_ends(length: int, first: int, shortest: int, longest: int) -> range:
    """Last characters of the n-grams that begin at `first` of a stretch of `length`."""
    if first == 0 and length < shortest:
        return range(length - 1, length)
    return range(first + shortest - 1, min(first + longest, length))


def stretches(text: str, borders: bool) -> list[str]:
    """The stretches of text that character n-grams stay in, lower-cased, with their borders."""
    entries = character_table()[np.array([ord(character) for character in text], np.int64)]
    lowered = [chr(entry & CODE_POINT) for entry in entries.tolist()]
    space = (entries >> FLAG_SHIFT & SPACE) != 0
    parts = "".join(
        " " if is_space else character for character, is_space in zip(lowered, space, strict=True)
    ).split(" ")
    parts = [part for part in parts if part]
    if borders:
        return [f" {part} " for part in parts]
    return [f" {' '.join(parts)} "] if parts else []


def contributions(model: LinearModel, text: str, limit: int | None = 10) -> list[Contribution]:
    """The n-grams of a text that add most to its logits, the bias last.

    Without a limit the additions of all together are the logits, to float32 rounding of the sum.
    """
    encoder = model.encoder
    content = text.encode()
    names: dict[int, tuple[str, str]] = {}
    counts: dict[int, int] = {}
    for kind, spelled in (
        ("word", spelled_words(content, encoder.settings, encoder.bits)),
        ("character", spelled_characters(content, encoder)),
    ):
        for bucket, ngram in spelled:
            names.setdefault(int(encoder.column_of[bucket]), (kind, ngram))
            counts[int(encoder.column_of[bucket])] = (
                counts.get(int(encoder.column_of[bucket]), 0) + 1
            )
    columns = np.array([column for column in names if column >= 0], np.int64)
    values = weights_of(encoder, columns, [counts[column] for column in columns.tolist()], names)
    margins = (values * model.scales[columns])[:, None] * model.steps[columns]
    additions = margins_to_logits(margins.astype(np.float32), len(model.labels))
    order = np.argsort(-np.abs(additions).max(axis=1, initial=0), kind="stable")[:limit]
    found = [
        Contribution(names[column][1], names[column][0], counts[column], additions[place])
        for place, column in ((place, int(columns[place])) for place in order)
    ]
    bias = margins_to_logits(model.biases[None], len(model.labels))[0]
    return [*found, Contribution("", "bias", 1, bias)]


def weights_of(
    encoder: NgramEncoder, columns: np.ndarray, counts: list[int], names: dict
) -> np.ndarray:
    """(n,) float32 feature values of columns that stand `counts` times in one text."""
    frequency = np.array(counts, np.float32)
    if encoder.settings.sublinear:
        frequency = LOGARITHMS[np.minimum(frequency.astype(np.int64), LOGARITHMS.size - 1)]
    values = frequency * encoder.importance[columns]
    for kind in ("word", "character"):
        block = np.array([names[column][0] == kind for column in columns.tolist()], bool)
        length = np.sqrt(np.square(values[block]).sum())
        if length > 0:
            values[block] /= length
    return values
