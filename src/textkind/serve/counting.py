"""What a worker tells of the texts it has read: their cells in the profile, and no text.

It counts after the answers have been sent, so that nobody waits for it. The novelty of a text takes
as long as its answer, or longer: one text of a batch is looked at, for at most a hundredth of the
time.
"""

import time

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier
from textkind.decision.profile import NOVELTY, profile_of, text_cells, value_cells
from textkind.workflow.novelty import text_novelty

SHARE = 0.01  # of the time that the novelty of texts may take
OFTEN = 1.0  # seconds after which the cells are told, however busy the worker is


class Counting:
    """Cells of texts until they are taken; none of a model that keeps nothing of validation."""

    def __init__(self, classifier: Classifier, threads: int) -> None:
        self._classifier, self._threads = classifier, threads
        evidence = classifier.evidence
        self._profile = None if evidence is None else profile_of(evidence, classifier.novelty)
        self._read: tuple[pa.LargeStringArray, np.ndarray] | None = None
        self._cells: list[np.ndarray] = []
        self._random = np.random.default_rng()
        self._novelty_seconds, self._began = 0.0, time.perf_counter()
        self._taken = self._began

    def add(self, texts: pa.LargeStringArray, probabilities: np.ndarray) -> None:
        """The texts of a batch with their (N, K) probabilities, to be counted later."""
        self._read = texts, probabilities

    def count(self) -> bool:
        """Count them; whether there is something to take."""
        read, self._read = self._read, None
        if self._profile is not None and read is not None:
            self._cells.append(text_cells(self._profile, self._classifier.decision, *read[::-1]))
            if NOVELTY in self._profile.figures:
                self._look_at_one(read[0])
        return bool(self._cells)

    @property
    def is_due(self) -> bool:
        """Whether nothing was taken for a while."""
        return time.perf_counter() - self._taken > OFTEN

    def take(self) -> bytes:
        """The cells of all that was counted since, as int32."""
        cells, self._cells, self._taken = self._cells, [], time.perf_counter()
        return b"".join(one.tobytes() for one in cells)

    def _look_at_one(self, texts: pa.LargeStringArray) -> None:
        began = time.perf_counter()
        if self._novelty_seconds > SHARE * (began - self._began):
            return
        assert self._profile is not None
        one = texts.slice(int(self._random.integers(len(texts))), 1)
        score = text_novelty(self._classifier, one, self._threads)
        self._cells.append(value_cells(self._profile, NOVELTY, score))
        self._novelty_seconds += time.perf_counter() - began
