"""What a network reads of every text.

reading = reading_of(settings, tokens, targets, labels, size)
tokens = reading.read(encoder.encode(texts))
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from textkind.data.labels import LabelSet
from textkind.encoding.cuts import first_tokens, head_and_tail, telling_passages
from textkind.encoding.tokens import Tokens
from textkind.models.long_settings import PASSAGES, LongSettings
from textkind.models.neural_settings import NeuralSettings
from textkind.models.telling import token_scores
from textkind.progress import Talk

LITTLE = 0.01  # share of the training texts' tokens that auto leaves unread without a thought


@dataclass(frozen=True, eq=False)
class Reading:
    """How the texts of a model are read.

    long        never auto: what auto chose
    max_tokens  that the network reads at once; None: any number
    scores      (V,) int32, how much each token tells of the labels; of retrieve alone
    """

    long: LongSettings
    max_tokens: int | None
    scores: np.ndarray | None = None

    @property
    def has_limit(self) -> bool:
        """Whether there can be a text that is not read to its end."""
        return self.max_tokens is not None

    def read(self, tokens: Tokens) -> Tokens:
        """What is read of every text: windows overlap, but here each token stands once."""
        if self.max_tokens is None:
            return tokens
        return READ[self.long.strategy](tokens, self, self.max_tokens)


def _head(tokens: Tokens, reading: Reading, most: int) -> Tokens:
    return first_tokens(tokens, most)


def _head_and_tail(tokens: Tokens, reading: Reading, most: int) -> Tokens:
    tail = round(most * reading.long.tail)
    return head_and_tail(tokens, most - tail, tail)


def _windows(tokens: Tokens, reading: Reading, most: int) -> Tokens:
    return first_tokens(tokens, reading.long.reach(most))


def _passages(tokens: Tokens, reading: Reading, most: int) -> Tokens:
    assert reading.scores is not None
    return telling_passages(tokens, reading.scores.astype(np.int64), passage_length(most), most)


def passage_length(most: int) -> int:
    """The tokens of a passage where so many tokens are read."""
    return most // PASSAGES


READ: dict[str, Callable[[Tokens, Reading, int], Tokens]] = {
    "head": _head,
    "head-tail": _head_and_tail,
    "windows": _windows,
    "hierarchical": _windows,
    "retrieve": _passages,
    "native": _head,
}


def reading_of(
    settings: NeuralSettings,
    tokens: Tokens,
    targets: np.ndarray,
    labels: LabelSet,
    size: int,
    *,
    seed: int,
    threads: int | None,
    talk: Talk,
) -> Reading:
    """The reading that the settings ask for; auto and retrieve look at the training texts alone."""
    most = settings.tokens_at_once
    long = settings.long
    if long.strategy == "auto":
        long = replace(long, strategy=chosen_strategy(settings, tokens.lengths, talk))
    scores = None
    if long.strategy == "retrieve":
        with talk.task("learning which tokens tell the labels"):
            scores = token_scores(tokens, targets, labels, size, seed=seed, threads=threads)
    return Reading(long, most, scores)


def chosen_strategy(settings: NeuralSettings, lengths: np.ndarray, talk: Talk) -> str:
    """head where it leaves hardly anything unread, else windows; told where a text is too long."""
    most, total = settings.tokens_at_once, int(lengths.sum())
    if most is None or not (lengths > most).any():
        return "head"
    cut = int((lengths > most).sum())
    unread = int(np.maximum(lengths - most, 0).sum())
    told = (
        f"{cut / lengths.size:.1%} of the training texts are longer than {most:,} tokens, and "
        f"{unread / total:.1%} of all tokens stand behind them"
    )
    if settings.ngrams > 1:
        talk.note(f"{told}; --long head, for n-grams of tokens stand behind the tokens")
        return "head"
    if unread < LITTLE * total:
        talk.note(f"{told}: --long head")
        return "head"
    overlap = settings.long.overlap_of(most)
    talk.note(
        f"{told}: --long windows, at most {settings.long.most_windows} of {most:,} tokens, "
        f"each sharing {overlap:,} or more with the next"
    )
    return "windows"


def long_facts(reading: Reading, ledgers: dict[str, dict[str, int]]) -> dict[str, Any]:
    """The entry fit.long of metrics.json: how texts are read, and a ledger for each part.

    There are no ledgers where there is no limit.
    """
    parts = ledgers if reading.has_limit else {}
    return asdict(reading.long) | {"max_tokens": reading.max_tokens, "parts": parts}
