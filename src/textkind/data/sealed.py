"""A test part whose labels nobody sees until evaluation opens it, once, on record."""

import numpy as np
import pyarrow as pa

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.errors import SealedError


class SealedCorpus:
    """The test part: everything but the targets is free; `open` gives those, one single time.

    Whatever is tuned on test labels makes the test worthless, so the second asking is an error.
    """

    def __init__(self, corpus: Corpus) -> None:
        self._corpus: Corpus | None = corpus
        self.texts: pa.LargeStringArray = corpus.texts
        self.rows: np.ndarray = corpus.rows
        self.ids: pa.LargeStringArray | None = corpus.ids
        self.group: np.ndarray | None = corpus.group
        self.labels: LabelSet = corpus.labels
        self.opened_for = ""

    def __len__(self) -> int:
        return len(self.texts)

    def open(self, reason: str) -> Corpus:
        """The corpus with its targets. `reason` is kept in `opened_for`; SealedError after that."""
        if self._corpus is None:
            raise SealedError(
                "the test labels have been opened before",
                found=self.opened_for,
                hint="evaluate once, after everything is chosen on validation",
            )
        corpus, self._corpus = self._corpus, None
        self.opened_for = reason
        return corpus
