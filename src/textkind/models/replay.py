"""What is left of the texts that a model has learned from: it learns on without forgetting them."""

from dataclasses import dataclass

import numpy as np

from textkind.data.corpus import Corpus


@dataclass(frozen=True, eq=False)
class Replay:
    """Texts of earlier trainings, with targets in the label set that the updated model will have.

    train     some of those learned from
    weights   (N,) float64: of how many that were ever learned from each of them is one
    held_out  some validation texts of then; may be empty
    logits    (M, K) float32 of those, K labels of the model, by a fit that had not seen them
    learned   whether the model has learned from the validation texts as well
    complete  whether these are all texts that the model has learned from
    """

    train: Corpus
    weights: np.ndarray
    held_out: Corpus
    logits: np.ndarray
    learned: bool
    complete: bool
