"""Cells: every row once, in the cell of its key, whatever the blocks it came in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkind.data.cells import Cells, Column, Runs, bits_for

COLUMNS = {
    "key": Column("uint64"),
    "pair": Column("uint8", 2),
    "length": Column("int32"),
    "ids": Column("int32", ragged=True),
}


def block(rows):
    """Values of rows, each (key, ids): ids lie scattered in a larger array."""
    keys = np.array([key for key, _ in rows], np.uint64)
    flat, starts, ends = [-1], [], []
    for _, ids in rows:
        starts.append(len(flat))
        flat += ids
        ends.append(len(flat))
        flat += [-1, -1]
    pairs = np.array([[len(ids) % 7, key % 5] for key, ids in rows], np.uint8)
    runs = Runs(np.array(starts), np.array(ends), np.array(flat, np.int32))
    lengths = np.array([len(ids) for _, ids in rows])
    return keys, {"key": keys, "pair": pairs, "length": lengths, "ids": runs}


def read_back(cells, chosen):
    keys, lengths = cells.read(chosen, "key"), cells.read(chosen, "length")
    ids, pairs = cells.read(chosen, "ids"), cells.read(chosen, "pair")
    ends = np.cumsum(lengths)
    return [
        (int(key), ids[end - length : end].tolist(), pair.tolist())
        for key, end, length, pair in zip(keys, ends, lengths, pairs, strict=True)
    ]


ROWS = st.lists(
    st.tuples(st.integers(0, 2**64 - 1), st.lists(st.integers(0, 9), max_size=4)),
    min_size=1,
    max_size=30,
)


@settings(max_examples=25)
@given(st.lists(ROWS, min_size=1, max_size=4), st.integers(0, 3))
def test_every_row_is_in_the_cell_of_its_key_once(tmp_path_factory, blocks, bits):
    cells = Cells(tmp_path_factory.mktemp("cells"), COLUMNS, bits)
    for rows in blocks:
        cells.append(*block(rows))
    found = [read_back(cells, [cell]) for cell in range(len(cells))]
    for cell, rows in enumerate(found):
        assert all(key >> (64 - bits) == cell for key, _, _ in rows)
    wanted = [(key, ids, [len(ids) % 7, key % 5]) for rows in blocks for key, ids in rows]
    together = [row for rows in found for row in rows]
    assert sorted(together) == sorted(wanted)
    assert read_back(cells, range(len(cells))) == together
    assert cells.rows.tolist() == [len(rows) for rows in found]
    assert cells.values("ids") == sum(len(ids) for _, ids, _ in wanted)


def test_the_bytes_of_a_cell_are_those_of_its_files(tmp_path):
    cells = Cells(tmp_path, COLUMNS, 1)
    cells.append(*block([(0, [1, 2, 3]), (2**63, []), (1, [4])]))
    assert cells.bytes().tolist() == [2 * (8 + 2 + 4) + 4 * 4, 8 + 2 + 4]
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) == cells.bytes().sum()


def test_a_cell_can_be_written_anew(tmp_path):
    cells = Cells(tmp_path, COLUMNS, 1)
    cells.append(*block([(0, [1, 2, 3]), (2**63, [7])]))
    cells.replace(0, {"ids": np.array([9], np.int32), "length": np.array([1], np.int32)})
    assert cells.read([0, 1], "ids").tolist() == [9, 7]


def test_a_file_cut_short_is_an_error_of_the_disk(tmp_path, monkeypatch):
    cells = Cells(tmp_path, COLUMNS, 0)
    cells.append(*block([(0, [1, 2, 3])]))
    path = tmp_path / "000.ids"
    stat = type(path).stat

    def larger(self, **options):
        found = stat(self, **options)
        if self.name != "000.ids":
            return found
        return type(found)((*found[:6], found[6] + 4, *found[7:]))

    monkeypatch.setattr(type(path), "stat", larger)
    with pytest.raises(OSError, match="ends too early"):
        cells.read([0], "ids")


@pytest.mark.parametrize(("size", "bits"), [(0, 6), (1 << 30, 7), (1 << 33, 10), (1 << 50, 11)])
def test_there_are_as_many_cells_as_the_corpus_needs_within_limits(size, bits):
    assert bits_for(size) == bits
