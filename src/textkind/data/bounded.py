"""Rows drawn from a stream by their keys, never more than fit: the rest goes back.

    drawn = Drawn(most_rows=100_000, most_bytes=64 << 20)
    back = drawn.add(block, keys)          blocks that there is no room for
    rows, back = drawn.finish()

What is kept in the end are the rows of the smallest keys, so it does not depend on the order of
the stream, and rows of equal key are kept together or not at all (bottom-k sampling; Cohen and
Kaplan 2007, "Summarizing data using bottom-k sketches").
"""

from collections.abc import Collection, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.labelled_blocks import LabelledBlock
from textkind.data.settings import SplitSettings
from textkind.data.text_keys import mixed, salt_of

SLACK = 1.5  # of what is kept in the end, held in between: else every block would be sorted anew
HEAVY = 0.1  # of the rows: what has one key and is more is no part but the same row many times


class Drawn:
    """Blocks of rows, each with its key, up to a number of rows and bytes of text."""

    def __init__(self, most_rows: int, most_bytes: int) -> None:
        self.most_rows, self.most_bytes = most_rows, most_bytes
        self._blocks: list[LabelledBlock] = []
        self._keys: list[np.ndarray] = []
        self._rows = self._bytes = 0
        self._limit: int | None = None  # keys from here on find no room
        self._heavy = np.empty(0, np.uint64)

    def add(self, block: LabelledBlock, keys: np.ndarray) -> list[LabelledBlock]:
        """Take the rows in, (n,) uint64 keys; the blocks that there is no room for."""
        back = []
        room = ~np.isin(keys, self._heavy)
        if self._limit is not None:
            room &= keys < np.uint64(self._limit)
        if not room.all():
            back.append(block.filter(~room))
            block, keys = block.filter(room), keys[room]
        if len(block):
            self._blocks.append(block)
            self._keys.append(keys)
            self._rows += len(block)
            self._bytes += bytes_of(block)
        if self._rows > SLACK * self.most_rows or self._bytes > SLACK * self.most_bytes:
            back += self._cut()
        return back

    def finish(self) -> tuple[LabelledBlock | None, list[LabelledBlock]]:
        """The rows kept as one block in the order of the stream, None of none; and the others."""
        back = self._cut()
        if not self._blocks:
            return None, back
        rows = pa.concat_tables([block.rows for block in self._blocks]).combine_chunks()
        beside = pa.concat_tables(
            [block.beside for block in self._blocks], promote_options="permissive"
        )
        order = np.argsort(rows["row"].to_numpy(), kind="stable")
        return LabelledBlock(rows.take(order), beside.take(order)), back

    def _cut(self) -> list[LabelledBlock]:
        """Send back what is more than there is room for."""
        if not self._blocks:
            return []
        keys = np.concatenate(self._keys)
        sizes = np.concatenate([_text_bytes(block) for block in self._blocks])
        units, unit_of, counts = np.unique(keys, return_inverse=True, return_counts=True)
        heavy = (counts > 1) & (counts > HEAVY * self.most_rows)
        self._heavy = np.union1d(self._heavy, units[heavy])
        light = ~heavy[unit_of]
        rows = np.cumsum(np.where(heavy, 0, counts))
        room = np.cumsum(np.bincount(unit_of[light], sizes[light], minlength=len(units)))
        over = np.flatnonzero((rows > self.most_rows) | (room > self.most_bytes))
        if len(over):
            self._limit = int(units[over[0]])
            light &= keys < np.uint64(self._limit)
        back, kept, keys_kept, begin = [], [], [], 0
        for block in self._blocks:
            part = light[begin : begin + len(block)]
            if not part.all():
                back.append(block.filter(~part))
            if part.any():
                kept.append(block if part.all() else block.filter(part))
                keys_kept.append(keys[begin : begin + len(block)][part])
            begin += len(block)
        self._blocks, self._keys = kept, keys_kept
        self._rows, self._bytes = int(light.sum()), int(sizes[light].sum())
        return back


class DrawnParts:
    """Deals rows out by a hash of what stays together: nothing needs to be remembered for it.

    most are the rows and bytes of text at most of test, validation and the sample of train; a
    validation part of fewer than `least` rows is learned from.
    """

    def __init__(
        self,
        split: SplitSettings,
        given: Collection[str],
        most: Mapping[str, tuple[int, int]],
        least: int,
    ) -> None:
        self._least = least
        self.shares = {
            "test": 0.0 if "test" in given else split.test_share,
            "validation": 0.0 if "validation" in given else split.validation_share,
        }
        self._salts = {name: salt_of(split.seed, name) for name in ("split", "sample")}
        self._held = {name: Drawn(*most[name]) for name, share in self.shares.items() if share}
        self._sample = Drawn(*most["train"])
        self._together = split.duplicates_on_one_side

    def add(self, block: LabelledBlock) -> list[LabelledBlock]:
        """Take what is held out of the block; what is to be learned from."""
        keys = column_of(block, "unit")
        if not self._together:
            keys = keys + column_of(block, "row").astype(np.uint64)
        draws = mixed(keys, self._salts["split"])
        place, begin, back = draws / 2.0**64, 0.0, []
        rest = np.ones(len(block), bool)
        for name, drawn in self._held.items():
            inside = (place >= begin) & (place < begin + self.shares[name])
            begin += self.shares[name]
            rest &= ~inside
            back += drawn.add(block.filter(inside), draws[inside])
        return self._learned([block.filter(rest), *back])

    def finish(self) -> tuple[dict[str, LabelledBlock], list[LabelledBlock]]:
        """The parts in memory, train being a sample of it; and what else is to be learned from."""
        parts, back = {}, []
        for name, drawn in self._held.items():
            kept, more = drawn.finish()
            back += more
            if kept is not None and (name == "test" or len(kept) >= self._least):
                parts[name] = kept
            elif kept is not None:
                back.append(kept)
        back = self._learned(back)
        sample, _ = self._sample.finish()
        if sample is not None:
            parts["train"] = sample
        return parts, back

    def _learned(self, blocks: list[LabelledBlock]) -> list[LabelledBlock]:
        """The blocks, which the sample has looked at."""
        for block in blocks:
            self._sample.add(block, mixed(column_of(block, "key"), self._salts["sample"]))
        return blocks


def column_of(block: LabelledBlock, name: str) -> np.ndarray:
    """A column of ROWS that holds numbers."""
    return block.rows[name].to_numpy()


def bytes_of(block: LabelledBlock) -> int:
    """UTF-8 bytes of the texts."""
    return int(_text_bytes(block).sum())


def _text_bytes(block: LabelledBlock) -> np.ndarray:
    """(n,) int64 bytes of each text."""
    return pc.binary_length(block.rows["text"]).to_numpy()
