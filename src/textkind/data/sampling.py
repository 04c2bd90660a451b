"""A sample of all texts that were ever seen, that can be drawn again when more are seen.

    sample, rows = draw_sample(texts, targets, most, counts)
    weights = sample_weights(targets, sample)

Sequential Poisson sampling (Ohlsson 1998, "Sequential Poisson sampling") with a random number that
a text has for good: the hash of its letters. A text is kept with a chance of level / (texts with
its rarest label), so that each label has about as many texts as any other, or all it has. As more
is seen that chance only falls, so what is kept of a sample and of new texts is what the same level
would keep of all texts at once.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from textkind.data.targets import label_counts
from textkind.data.text_keys import mixed, salt_of, text_keys


@dataclass(frozen=True, eq=False)
class Sample:
    """Of what a sample was drawn.

    counts  (K + 1,) int64 how many texts with each label were seen, behind them those without any
    level   texts of a label beyond which some are left out; infinity: none are
    """

    counts: np.ndarray
    level: float = np.inf

    @property
    def is_whole(self) -> bool:
        """Whether all that was seen is in the sample."""
        return bool(np.isinf(self.level))


def seen_counts(targets: np.ndarray, labels: int) -> np.ndarray:
    """(K + 1,) int64 texts with each label, and without any."""
    without = 0 if targets.ndim == 1 else int((targets.sum(axis=1) == 0).sum())
    return np.append(label_counts(targets, labels), without)


def rarest_count(targets: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(N,) int64 how many texts were seen of each text's rarest label."""
    if targets.ndim == 1:
        return counts[targets]
    member = np.column_stack([targets != 0, targets.sum(axis=1) == 0])
    rarest: np.ndarray = np.where(member, counts, np.iinfo(np.int64).max).min(axis=1)
    return rarest


def draws_of(texts: pa.LargeStringArray) -> np.ndarray:
    """(N,) float64 above 0 and below 1: a random number that depends on nothing but the text.

    The second of two equal texts has another one than the first.
    """
    keys = text_keys(texts)
    order = np.argsort(keys, kind="stable")
    rising = keys[order]
    first = np.searchsorted(rising, rising)
    occurrence = np.empty(len(keys), np.int64)
    occurrence[order] = np.arange(len(keys)) - first
    drawn = mixed(mixed(keys, salt_of(0, "sample of texts")), occurrence)
    return ((drawn >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def draw_sample(
    texts: pa.LargeStringArray, targets: np.ndarray, most: int, seen: Sample
) -> tuple[Sample, np.ndarray]:
    """The sample of at most so many texts, and (n,) int64 rising which of the N are in it.

    The N texts are those of an earlier sample with its level, and all that were seen since; the
    counts of `seen` are of everything.
    """
    score = draws_of(texts) * rarest_count(targets, seen.counts)
    level = seen.level
    if len(score) > most:
        level = min(level, float(np.partition(score, most)[most]))
    return Sample(seen.counts, level), np.flatnonzero(score < level)


def sample_weights(targets: np.ndarray, sample: Sample, total: int) -> np.ndarray:
    """(N,) float64 for how many of the `total` texts seen each of a sample stands; they sum to it.

    Of texts with one label the weights of a label sum to its count.
    """
    if targets.ndim == 1:
        kept = np.bincount(targets, minlength=len(sample.counts))
        weights: np.ndarray = (sample.counts / np.maximum(kept, 1))[targets]
        return weights
    chances = np.maximum(1.0, rarest_count(targets, sample.counts) / sample.level)
    scaled: np.ndarray = chances * (total / max(float(chances.sum()), 1.0))
    return scaled
