"""The corpus: texts, targets, label set and the columns beside them; immutable."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from textkind.data.labels import LabelSet
from textkind.data.soft import SoftTargets


@dataclass(frozen=True, eq=False)
class Corpus:
    """Labelled texts in row order.

    texts    pa.LargeStringArray of N texts, no nulls, one chunk, offset 0
    targets  (N,) int32 label ids where a text has one label; (N, K) uint8 where it has several
    labels   the label set; K = len(labels)
    rows     (N,) int64, where each text stood in its source: the line of a CSV or JSONL file
             (1 is the first line), the row of a table (1 is the first), the position of a file
    group    (N,) int32 codes of the group column, or None
    time     (N,) datetime64[us], or None
    ids      (N,) pa.LargeStringArray of the id column, or None
    soft     what a teacher says of the texts, to be learned beside the targets; or None
    """

    texts: pa.LargeStringArray
    targets: np.ndarray
    labels: LabelSet
    rows: np.ndarray
    group: np.ndarray | None = None
    time: np.ndarray | None = None
    ids: pa.LargeStringArray | None = None
    soft: SoftTargets | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: np.ndarray) -> "Corpus":
        """The rows at `indices`, in that order, with the same label set."""
        pick = pa.array(indices, pa.int64())
        return replace(
            self,
            texts=self.texts.take(pick),
            targets=self.targets[indices],
            rows=self.rows[indices],
            group=None if self.group is None else self.group[indices],
            time=None if self.time is None else self.time[indices],
            ids=None if self.ids is None else self.ids.take(pick),
            soft=None if self.soft is None else self.soft.take(indices),
        )


def joined(first: Corpus, *others: Corpus) -> Corpus:
    """Texts and targets one behind the other, as a corpus to learn from; the columns beside go.

    A teacher was asked about all of them, or about none.
    """
    every = [first, *others]
    texts = pa.concat_arrays([one.texts for one in every])
    targets = np.concatenate([one.targets for one in every])
    rows = np.concatenate([one.rows for one in every])
    soft = first.soft
    for one in others:
        if soft is not None:
            assert one.soft is not None
            soft = soft.with_more(one.soft)
    return Corpus(texts, targets, first.labels, rows, soft=soft)
