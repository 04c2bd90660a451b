"""The training texts of a stream in an Arrow file, and how often texts of it are repeated."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa

from textkind.data.bounded import bytes_of, column_of
from textkind.data.labelled_blocks import ROWS, LabelledBlock
from textkind.data.text_keys import mixed

MOST_KEYS = 1 << 24  # texts whose keys are kept, 12 bytes each
MOST_SPOOLED = 1 << 16  # rows that are read back at once
SPOOLED = ["text", "labels"]


class Spool:
    """The training texts as an Arrow stream, and the keys of all accepted ones."""

    def __init__(self, path: Path) -> None:
        self.rows = self.bytes = 0
        self._keys: list[np.ndarray] = []
        self._answers: list[np.ndarray] = []
        self._number = 0
        self._file = path.open("wb")
        self._writer = pa.ipc.new_stream(self._file, pa.schema([ROWS.field(n) for n in SPOOLED]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with self._file:
            self._writer.close()

    def write(self, blocks: list[LabelledBlock]) -> None:
        """Append blocks, large ones in pieces."""
        for block in blocks:
            if len(block):
                rows = block.rows.select(SPOOLED).combine_chunks()
                self._writer.write_table(rows, max_chunksize=MOST_SPOOLED)
                self.rows += len(block)
                self.bytes += bytes_of(block)

    def note_keys(self, block: LabelledBlock) -> None:
        """Remember the keys of texts and of their labels, unless they become too many."""
        self._number += len(block)
        if self._number > MOST_KEYS:
            self._keys, self._answers = [], []
            return
        self._keys.append(column_of(block, "key"))
        lists = block.rows["labels"].combine_chunks()
        owner = np.repeat(np.arange(len(block)), lists.value_lengths().to_numpy())
        answers = np.zeros(len(block), np.uint32)
        marks = mixed(lists.flatten().to_numpy(), 1).astype(np.uint32)
        np.add.at(answers, owner, marks)
        self._answers.append(answers)

    def repeated(self) -> tuple[np.ndarray | None, dict[str, int | None]]:
        """The different keys, rising, and rows, groups and conflicting of Parts.facts."""
        if self._number > MOST_KEYS:
            return None, dict.fromkeys(("rows", "groups", "conflicting"))
        keys, answers = np.concatenate(self._keys), np.concatenate(self._answers)
        order = np.argsort(keys, kind="stable")
        keys, answers = keys[order], answers[order]
        same = keys[1:] == keys[:-1]
        different = np.append(True, ~same)
        group = np.cumsum(different) - 1
        odd = np.flatnonzero(same & (answers[1:] != answers[:-1])) + 1
        return keys[different], {
            "rows": int(same.sum()),
            "groups": len(np.unique(group[1:][same])),
            "conflicting": len(np.unique(group[odd])),
        }


def spooled_rows(path: Path) -> Iterator[pa.Table]:
    """What a Spool holds, in the order in which it was written."""
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
        for batch in stream:
            yield pa.Table.from_batches([batch])
