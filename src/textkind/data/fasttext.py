"""One text a line, with fastText's labels (`__label__name`) before or after it, or none."""

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from textkind.data.batches import Batch
from textkind.data.columns import Columns
from textkind.data.rejected import Rejection, excerpt
from textkind.data.scan import (
    BLOCK,
    NO_DELIMITER,
    NO_QUOTE,
    broken_records,
    scan_blocks,
)
from textkind.data.sniff import LABEL_PREFIX
from textkind.data.stream import Stream
from textkind.data.values import LARGE_STRING, STRING_LIST

LABEL = re.compile(r"(?:^|(?<=\s))__label__(\S*)\s*")


class FastTextSource:
    """Lines; columns text and, where the first block has any, label (a list of names)."""

    unit = "line"

    def __init__(self, stream: Stream) -> None:
        self.name, self.stream, self.notes = stream.name, stream, stream.notes
        self._first = stream.read(BLOCK)
        self.labelled = LABEL_PREFIX in self._first
        self.names = ["text", "label"] if self.labelled else ["text"]
        if not self.labelled:
            self.notes.append(f"{self.name} is read as one text a line, without labels")

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """The lines; an empty one is an empty text, so that lines in are lines out."""
        blocks = scan_blocks(
            self.stream, self._first, delimiter=NO_DELIMITER, quote=NO_QUOTE, blank=True
        )
        self._first = b""
        for found, offset in blocks:
            records = np.arange(found.records)
            reasons = broken_records(found, 0, offset, ["text"])
            # A NUL ends a field here, so a line that holds one is rejected before this matters.
            kept = np.setdiff1d(records, np.fromiter(reasons, np.int64))
            texts = found.column(kept, 0)
            arrays: dict[str, pa.Array] = {"text": texts}
            if self.labelled:
                arrays["text"], arrays["label"] = split_labels(texts.to_pylist())
            rejected = [
                Rejection(
                    int(found.record_line[record]),
                    reason,
                    "text",
                    excerpt(found.raw(record)),
                )
                for record, (reason, _) in sorted(reasons.items())
            ]
            yield Batch(
                arrays,
                found.record_line[kept],
                found.records,
                rejected,
                single_lists=True,
                done=self.stream.done(),
                total=self.stream.total,
            )


def split_labels(lines: list[str]) -> tuple[pa.LargeStringArray, pa.LargeListArray]:
    """Texts without their labels, and the labels of each."""
    texts, labels = [], []
    for line in lines:
        names = LABEL.findall(line)
        labels.append([name for name in names if name])
        texts.append(LABEL.sub("", line).strip() if names else line)
    return pa.array(texts, LARGE_STRING), pa.array(labels, STRING_LIST)
