"""The spool: what goes in comes out, and repeated texts are counted as the split counts them."""

import numpy as np
import pyarrow as pa
import pytest

from textkind.data import spool as spool_module
from textkind.data.labelled_blocks import LabelledBlocks, targets_of_rows
from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.split import split_corpus
from textkind.data.spool import Spool, spooled_rows
from textkind.progress import SILENT

COLUMNS = {
    "text": [f"text {n % 40}" for n in range(60)] + ["Text  3", "other"],
    "label": ["ab"[n % 2] for n in range(60)] + ["a", "b"],
}


def spooled(path, columns=COLUMNS):
    blocks = LabelledBlocks(pa.table(columns), ReadSettings(), SILENT)
    with Spool(path) as spool:
        for block, _ in blocks:
            spool.write([block])
    return spool, *blocks.finish()


def test_what_was_written_is_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(spool_module, "MOST_SPOOLED", 25)
    spool, labels, id_of = spooled(tmp_path / "texts")
    found = list(spooled_rows(tmp_path / "texts"))
    assert [len(rows) for rows in found] == [25, 25, 12]
    texts = [text for rows in found for text in rows["text"].to_pylist()]
    targets = np.concatenate([targets_of_rows(rows, id_of, labels) for rows in found])
    assert texts == COLUMNS["text"]
    assert [labels.names[target] for target in targets] == COLUMNS["label"]
    assert (spool.rows, spool.bytes) == (62, sum(map(len, COLUMNS["text"])))


@pytest.mark.parametrize("flipped", [(), (45,), (45, 50, 61)])
def test_repeated_texts_are_counted_as_in_memory(tmp_path, flipped):
    labels = ["ab"["ab".index(label) ^ (n in flipped)] for n, label in enumerate(COLUMNS["label"])]
    columns = COLUMNS | {"label": labels}
    spool, *_ = spooled(tmp_path / "texts", columns)
    keys, counted = spool.repeated([])
    corpus = read_corpus(pa.table(columns), ReadSettings()).corpus
    facts = split_corpus(corpus, SplitSettings()).facts["duplicates"]
    assert counted == {name: facts[name] for name in counted}
    assert keys.size == 41
    assert (np.diff(keys.astype(object)) > 0).all()


def test_more_texts_than_there_is_room_for_are_not_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(spool_module, "MOST_KEYS", 61)
    spool, *_ = spooled(tmp_path / "texts")
    keys, counted = spool.repeated([])
    assert keys is None
    assert set(counted.values()) == {None}


def test_rows_that_are_held_elsewhere_are_counted_but_not_known(tmp_path):
    blocks = LabelledBlocks(pa.table(COLUMNS), ReadSettings(), SILENT)
    [(block, _)] = blocks
    inside = np.arange(62) < 40
    with Spool(tmp_path / "texts") as spool:
        spool.write([block.filter(inside)])
    keys, counted = spool.repeated([block.filter(~inside)])
    assert keys.size == 40
    assert counted == {"rows": 21, "groups": 20, "conflicting": 1}
