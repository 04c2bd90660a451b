"""Where texts are labelled: in this process, or wherever a labeller has it done.

Either labels by `label_rows`, so predictions are the same.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from textkind.data.rejected import Rejection
from textkind.progress import Talk
from textkind.storage.prediction_folder import Finished
from textkind.workflow.blocks import Block, Blocks
from textkind.workflow.label_shards import ShardWork, label_shards
from textkind.workflow.labelling import Labelling, label_rows
from textkind.workflow.overlap import ahead
from textkind.workflow.predictions import PredictionColumns
from textkind.workflow.writers import PIPE


@dataclass(frozen=True, eq=False)
class LabelledBlock:
    """A block of rows with their predictions; counts are those of label_rows."""

    table: pa.Table
    counts: Counter[str]
    read: int
    rejected: list[Rejection]
    done: int
    total: int


class Labeller(Protocol):
    """Labels what is read."""

    def blocks(
        self, labelling: Labelling, columns: PredictionColumns, blocks: Blocks, talk: Talk
    ) -> AbstractContextManager[Iterator[LabelledBlock]]:
        """Yield the blocks of a source with their predictions, in order."""
        ...

    def shards(
        self,
        labelling: Labelling,
        work: ShardWork,
        record: Callable[[Finished], None],
        talk: Talk,
    ) -> None:
        """Label shards into their files; record each file once it stands in its place."""


class LocalLabeller:
    """Labels in this process, reading ahead meanwhile."""

    @contextmanager
    def blocks(
        self, labelling: Labelling, columns: PredictionColumns, blocks: Blocks, talk: Talk
    ) -> Iterator[Iterator[LabelledBlock]]:
        """Yield one block after the other."""
        # A pipe is not read ahead: whoever feeds it may never end, and would be waited for.
        is_pipe = str(blocks.source) == PIPE
        with nullcontext(iter(blocks)) if is_pipe else ahead(blocks) as found:
            yield (_labelled(labelling, columns, block) for block in found)
        for note in blocks.late_notes():
            talk.note(note)

    def shards(
        self,
        labelling: Labelling,
        work: ShardWork,
        record: Callable[[Finished], None],
        talk: Talk,
    ) -> None:
        """Label one shard after the other."""
        label_shards(labelling, work, record, talk)


def _labelled(labelling: Labelling, columns: PredictionColumns, block: Block) -> LabelledBlock:
    table, counts = label_rows(labelling, columns, block.table, block.texts)
    return LabelledBlock(table, counts, block.read, block.rejected, block.done, block.total)
