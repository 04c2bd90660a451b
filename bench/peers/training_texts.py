"""Texts turned to token ids before any clock runs: the same for our loop and for the plain one."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from bench.data import DataSet
from textkind.encoding.cuts import first_tokens
from textkind.encoding.runs import fit_runs
from textkind.encoding.tokens import TokenEncoder, Tokens
from textkind.encoding.words import WordSettings, fit_words
from textkind.models.neural_settings import NeuralSettings

LONGEST = 256  # tokens of a text that are read
BATCH = 32  # texts a step
WARM_UP_STEPS = 5


@dataclass(frozen=True, eq=False)
class TrainingTexts:
    """Token ids of all training texts and their classes.

    targets (N,) int64 numbers of the sorted names; vocabulary is the number of ids.
    """

    tokens: Tokens
    targets: np.ndarray
    names: list[str]
    vocabulary: int


def training_texts(data: DataSet, ngrams: int) -> TrainingTexts:
    """The ids of our word vocabulary at its defaults, texts cut to LONGEST tokens.

    ngrams is 1 for words alone, 2 for pairs of words in hashed buckets beside them.
    """
    texts = pa.array(data.train.texts, pa.large_string())
    encoder: TokenEncoder = fit_words(texts, WordSettings())
    if ngrams > 1:
        encoder = fit_runs(encoder, texts, longest=ngrams, buckets=NeuralSettings().buckets)
    names = sorted(set(data.train.labels))
    number = {name: i for i, name in enumerate(names)}
    targets = np.array([number[label] for label in data.train.labels], np.int64)
    return TrainingTexts(first_tokens(encoder.encode(texts), LONGEST), targets, names, encoder.size)


def rows_to_train(texts: TrainingTexts, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to warm up with, and as many others as fill `steps` batches: what the clock covers.

    Both sides train once on the same rows, so that neither can draw the shorter texts.
    """
    order = np.random.default_rng(0).permutation(len(texts.tokens))
    warm_up = WARM_UP_STEPS * BATCH
    return order[:warm_up], order[warm_up : warm_up + steps * BATCH]
