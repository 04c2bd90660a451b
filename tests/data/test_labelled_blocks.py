"""Labelled text in blocks: the rows, labels and rejections of the same source read whole."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textkind.data import labelled_blocks
from textkind.data import targets as targets_module
from textkind.data.labelled_blocks import LabelledBlocks, targets_of_rows
from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings
from textkind.errors import ColumnError, DataError
from textkind.progress import Notes


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(labelled_blocks, "BLOCK_BYTES", 1 << 10)


def read_blocks(source, settings=ReadSettings(), talk=None):
    blocks = LabelledBlocks(source, settings, Notes() if talk is None else talk)
    found, rejected = [], []
    try:
        for block, refused in blocks:
            found.append(block)
            rejected += refused
    finally:
        blocks.close()
    labels, id_of = blocks.finish()
    rows = pa.concat_tables([block.rows for block in found])
    return blocks, found, rows, labels, targets_of_rows(rows, id_of, labels), rejected


def check_as_whole(source, settings=ReadSettings()):
    """Compare with the same source read whole; the number of blocks."""
    whole = read_corpus(source, settings)
    blocks, found, rows, labels, targets, rejected = read_blocks(source, settings)
    assert labels == whole.corpus.labels
    assert rows["text"].to_pylist() == whole.corpus.texts.to_pylist()
    np.testing.assert_array_equal(targets, whole.corpus.targets)
    np.testing.assert_array_equal(rows["row"].to_numpy(), whole.corpus.rows)
    assert rejected == whole.rejected
    assert blocks.read == whole.read == blocks.accepted + len(rejected)
    assert blocks.tally.counts.total() == len(rejected)
    return len(found)


def table(rows=1500, labels=("late", "lost", "found"), seed=0):
    draw = np.random.default_rng(seed)
    words = np.array(["parcel", "box", "today", "again", "my"])
    texts = [" ".join(draw.choice(words, 4)) + f" {row}" for row in range(rows)]
    return {"text": texts, "label": draw.choice(labels, rows).tolist(), "day": list(range(rows))}


def csv_file(path, columns):
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def json_lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_file_in_blocks_is_the_file_read_whole(tmp_path, suffix):
    columns = table()
    columns["text"][700] = ""
    columns["label"][900] = None
    path = tmp_path / f"rows.{suffix}"
    if suffix == "csv":
        csv_file(path, columns)
    elif suffix == "parquet":
        pq.write_table(pa.table(columns), path, row_group_size=100)
    else:
        names = list(columns)
        json_lines(
            path,
            [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)],
        )
    check_as_whole(path)


def test_shards_are_cut_into_blocks_with_their_rows_numbered_through(tmp_path):
    for number in range(5):
        pq.write_table(pa.table(table(seed=number, rows=300)), tmp_path / f"part-{number}.parquet")
    assert check_as_whole(tmp_path) >= 5


def test_texts_with_several_labels(tmp_path):
    records = [{"text": f"text {n}", "labels": ["a", "b", "c"][: n % 4]} for n in range(900)]
    paths = [json_lines(tmp_path / f"{n}.jsonl", records[n::3]) for n in range(3)]
    assert check_as_whole([str(path) for path in paths]) >= 3


def test_columns_of_0_and_1(tmp_path):
    columns = {"text": [f"text {n}" for n in range(200)], "x": [0, 1] * 100, "y": [1, 1, 0, 1] * 50}
    check_as_whole(csv_file(tmp_path / "a.csv", columns), ReadSettings(label_columns=("x", "y")))


def test_labels_of_one_line_with_something_between_them(tmp_path):
    columns = {"text": [f"text {n}" for n in range(90)], "label": ["a;b", "a", "b;c"] * 30}
    check_as_whole(csv_file(tmp_path / "a.csv", columns), ReadSettings(label_delimiter=";"))


def test_a_label_that_comes_late_is_a_label(tmp_path):
    early, late = table(rows=400, labels=("a", "b")), table(rows=400, labels=("0",))
    paths = [csv_file(tmp_path / f"{n}.csv", one) for n, one in enumerate((early, late))]
    check_as_whole([str(path) for path in paths])


def test_what_is_beside_text_and_label_stays_with_its_row(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(table()), path)
    _, found, rows, *_ = read_blocks(path)
    days = [day for block in found for day in block.beside["day"].to_pylist()]
    assert days == [int(text.split()[-1]) for text in rows["text"].to_pylist()]


def test_one_group_is_one_unit_and_a_row_without_one_is_its_own():
    columns = {
        "text": ["a b", "c", "d", "A  B"],
        "label": ["x", "y"] * 2,
        "by": ["k", "k", None, ""],
    }
    _, _, rows, *_ = read_blocks(pa.table(columns), ReadSettings(group="by"))
    unit, key = rows["unit"].to_pylist(), rows["key"].to_pylist()
    assert unit[0] == unit[1] != key[0]
    assert key[0] == key[3]
    assert unit[2:] == key[2:]


def test_an_empty_shard_is_left_out(tmp_path):
    pq.write_table(pa.table(table(rows=50)), tmp_path / "1.parquet")
    pq.write_table(pa.table(table(rows=50)).slice(0, 0), tmp_path / "2.parquet")
    pq.write_table(pa.table(table(rows=50, seed=1)), tmp_path / "3.parquet")
    blocks, *_ = read_blocks(tmp_path)
    assert blocks.read == 100


def test_shards_of_other_columns_are_refused_with_the_name_of_the_shard(tmp_path):
    csv_file(tmp_path / "1.csv", table(rows=30))
    csv_file(tmp_path / "2.csv", {"text": ["a"], "kind": ["late"]})
    with pytest.raises(DataError, match=r"2\.csv"):
        read_blocks(tmp_path)


def test_a_shard_cut_off_in_mid_row_is_told_with_its_name(tmp_path):
    path = json_lines(
        tmp_path / "1.jsonl", [{"text": f"t {n}", "label": "ab"[n % 2]} for n in range(9)]
    )
    cut = tmp_path / "2.jsonl"
    cut.write_bytes(path.read_bytes()[:-9])
    blocks, _, _, _, _, rejected = read_blocks(tmp_path)
    assert [one.shard for one in rejected] == [str(cut)]
    assert blocks.read == blocks.accepted + 1 == 18


def test_a_parquet_shard_cut_off_is_an_error_with_its_name(tmp_path):
    pq.write_table(pa.table(table(rows=50)), tmp_path / "1.parquet")
    whole = (tmp_path / "1.parquet").read_bytes()
    (tmp_path / "2.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"2\.parquet"):
        read_blocks(tmp_path)


def test_one_class_is_refused_at_the_end(tmp_path):
    with pytest.raises(DataError, match="one class only: all 60 texts"):
        read_blocks(pa.table(table(rows=60, labels=("late",))))


def test_texts_for_labels_are_refused_long_before_the_end(monkeypatch):
    monkeypatch.setattr(targets_module, "MANY_LABELS", 50)
    columns = table(rows=3000)
    columns["label"] = columns["text"]
    with pytest.raises(
        DataError, match=r"labels in the first [\d,]+ rows: these are hardly labels"
    ):
        read_blocks(pa.table(columns))


def test_no_row_that_can_be_used_is_an_error(tmp_path):
    columns = {"text": ["", " "], "label": ["a", "b"]}
    with pytest.raises(DataError, match="none of 2 rows can be used: empty text"):
        read_blocks(pa.table(columns))


def test_a_source_without_a_label_column_is_refused_before_it_is_read():
    with pytest.raises(ColumnError, match="no column is by its name the label"):
        read_blocks(pa.table({"text": ["a"], "one": [1], "two": [2]}))


def test_more_labels_than_one_are_rejected_where_the_first_block_had_one_each(tmp_path):
    one = [{"text": f"t {n}", "label": "ab"[n % 2]} for n in range(200)]
    paths = [
        json_lines(tmp_path / "1.jsonl", one),
        json_lines(
            tmp_path / "2.jsonl",
            [{"text": "x", "label": ["a", "b"]}, {"text": "y", "label": ["a"]}],
        ),
    ]
    *_, rejected = read_blocks([str(path) for path in paths])
    assert [one.reason for one in rejected] == ["several labels: 2 where one is wanted"]
