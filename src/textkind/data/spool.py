"""The training texts of a stream in an Arrow file, and how often texts of it are repeated."""

from collections.abc import Iterable, Iterator
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
    """The training texts as an Arrow stream, and their keys."""

    def __init__(self, path: Path) -> None:
        self.rows = self.bytes = 0
        self._keys: list[np.ndarray] = []
        self._answers: list[np.ndarray] = []
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
                self._keys.append(column_of(block, "key"))
                self._answers.append(_answers(block))
                if self.rows > MOST_KEYS:
                    self._keys, self._answers = [], []

    def repeated(
        self, held: Iterable[LabelledBlock]
    ) -> tuple[np.ndarray | None, dict[str, int | None]]:
        """The different keys written, rising; and rows, groups and conflicting of Parts.facts.

        The latter are counted with rows that are held elsewhere. None of more than MOST_KEYS.
        """
        if self.rows > MOST_KEYS:
            return None, dict.fromkeys(("rows", "groups", "conflicting"))
        every = [column_of(block, "key") for block in held]
        answers = [_answers(block) for block in held]
        known = np.concatenate([np.empty(0, np.uint64), *self._keys])
        counted = _repeated(
            np.concatenate([known, *every]), np.concatenate([*self._answers, *answers])
        )
        return np.unique(known), counted


def _answers(block: LabelledBlock) -> np.ndarray:
    """(n,) uint32 that differ where labels do."""
    lists = block.rows["labels"].combine_chunks()
    owner = np.repeat(np.arange(len(block)), lists.value_lengths().to_numpy())
    answers = np.zeros(len(block), np.uint32)
    np.add.at(answers, owner, mixed(lists.flatten().to_numpy(), 1).astype(np.uint32))
    return answers


def _repeated(keys: np.ndarray, answers: np.ndarray) -> dict[str, int | None]:
    """Rows beyond the first of a key, keys of several rows, and those with several answers."""
    order = np.argsort(keys, kind="stable")
    keys, answers = keys[order], answers[order]
    same = keys[1:] == keys[:-1]
    group = np.cumsum(np.append(True, ~same)) - 1
    return {
        "rows": int(same.sum()),
        "groups": len(np.unique(group[1:][same])),
        "conflicting": len(np.unique(group[1:][same & (answers[1:] != answers[:-1])])),
    }


def spooled_rows(path: Path) -> Iterator[pa.Table]:
    """What a Spool holds, in the order in which it was written."""
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
        for batch in stream:
            yield pa.Table.from_batches([batch])
