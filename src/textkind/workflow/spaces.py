"""Where texts lie: the one choice between a model's own vectors and the words of the texts.

    space = text_space(classifier, texts)
    vectors = space.vectors(texts)                          (N, D) float32 of unit length

Similar texts, groups of mistakes, texts to label and the map are all made of these.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier
from textkind.encoding.latent import fit_latent, latent_vectors
from textkind.encoding.similarity import unit_length
from textkind.models.linear import LinearModel
from textkind.models.ngram_vectors import ngram_vectors

MODEL_SPACE = "vectors of the model"
NGRAM_SPACE = "weighted n-grams of the model"
WORD_SPACE = "words of the texts"


@dataclass(frozen=True)
class Space:
    """What the vectors are made of, in words, and texts to (N, D) vectors of unit length.

    They are float32, an array or in NGRAM_SPACE a SciPy CSR matrix; a text without anything known
    in it has zeros.
    """

    name: str
    vectors: Callable[[pa.LargeStringArray], Any]


def text_space(
    classifier: Classifier,
    texts: pa.LargeStringArray,
    *,
    own: bool = True,
    ngrams: bool = False,
    seed: int = 0,
    threads: int | None = None,
) -> Space:
    """The model's own vectors where it has some; else directions found in the words of `texts`.

    own: may be the model's, which reads every text once more. ngrams: with a linear model, its own
    n-grams instead of words; these vectors are sparse.
    """
    model: Any = classifier.model
    if own and hasattr(model, "vectors"):
        return Space(MODEL_SPACE, lambda some: unit_length(model.vectors(some, threads)))
    if own and ngrams and isinstance(model, LinearModel):
        return Space(NGRAM_SPACE, lambda some: ngram_vectors(model, some, threads))
    if not len(texts):
        return Space(WORD_SPACE, lambda some: np.zeros((len(some), 1), np.float32))
    latent = fit_latent(texts, seed=seed, threads=threads)
    return Space(WORD_SPACE, lambda some: latent_vectors(latent, some, threads))
