"""Every format reads to the same corpus; labels in every shape; columns guessed and said."""

import csv
import gzip
import io
import json
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from textkind.data.labels import LabelSet
from textkind.data.read import read_corpus, read_table, texts_of
from textkind.data.settings import ReadSettings
from textkind.errors import ColumnError, DataError
from textkind.progress import Talk

ROWS = [
    ("plain", "a"),
    ("with, comma", "b"),
    ('with "quotes"', "a"),
    ("two\nlines", "b"),
    ("Grüße, 世界 🙂", "a"),
    ("  spaces kept ", "b"),
]
TEXTS = [text for text, _ in ROWS]
LABELS = [label for _, label in ROWS]


class Heard(Talk):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def written_csv(delimiter=",", **options):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, **options)
    writer.writerow(["text", "label"])
    writer.writerows(ROWS)
    return file.getvalue().encode()


def written_jsonl():
    return "".join(json.dumps({"text": t, "label": x}) + "\n" for t, x in ROWS).encode()


def table():
    return pa.table({"text": TEXTS, "label": LABELS})


def write_parquet(path):
    pyarrow.parquet.write_table(table(), path)


def write_feather(path):
    pyarrow.feather.write_feather(table(), str(path))


def write_stream(path):
    with pa.ipc.new_stream(str(path), table().schema) as writer:
        writer.write_table(table())


def write_folder(path):
    for number, (text, label) in enumerate(ROWS):
        (path / label).mkdir(parents=True, exist_ok=True)
        (path / label / f"{number}.txt").write_bytes(text.encode())


FILES = {
    "a.csv": written_csv(),
    "crlf.csv": written_csv(lineterminator="\r\n"),
    "all_quoted.csv": written_csv(quoting=csv.QUOTE_ALL),
    "b.tsv": written_csv("\t"),
    "semicolon.csv": written_csv(";"),
    "pipe.csv": written_csv("|"),
    "mark.csv": b"\xef\xbb\xbf" + written_csv(),
    "utf16.csv": written_csv().decode().encode("utf-16"),
    "c.csv.gz": gzip.compress(written_csv()),
    "no_suffix_gz.csv": gzip.compress(written_csv()),
    "d.jsonl": written_jsonl(),
    "e.jsonl.gz": gzip.compress(written_jsonl()),
    "f.json": json.dumps([{"text": t, "label": x} for t, x in ROWS]).encode(),
    "json_in.csv": written_jsonl(),
    "g.parquet": write_parquet,
    "parquet_in.csv": write_parquet,
    "h.feather": write_feather,
    "i.arrow": write_stream,
    "folder": write_folder,
}


@pytest.fixture(params=FILES)
def file(request, tmp_path):
    path, content = tmp_path / request.param, FILES[request.param]
    if callable(content):
        content(path)
    else:
        path.write_bytes(content)
    return path


def by_text(corpus):
    names = corpus.labels.names
    return sorted(zip(corpus.texts.to_pylist(), (names[t] for t in corpus.targets), strict=True))


def test_every_format_gives_the_same_corpus(file):
    heard = Heard()
    reading = read_corpus(file, ReadSettings(), talk=heard)
    assert by_text(reading.corpus) == sorted(ROWS)
    assert reading.rejected == []
    assert reading.read == len(ROWS)
    assert heard.notes == reading.notes
    assert reading.corpus.texts.type == pa.large_string()
    assert reading.corpus.texts.offset == 0


def test_every_format_gives_the_same_texts_to_predict_on(file):
    reading = read_table(str(file), ReadSettings())
    assert sorted(texts_of(reading, reading.columns).to_pylist()) == sorted(TEXTS)
    assert reading.source == str(file)


@pytest.mark.parametrize(
    "source",
    [
        pd.DataFrame(ROWS, columns=["text", "label"]),
        pd.DataFrame(ROWS, columns=["text", "label"]).astype(object),
        pd.DataFrame(ROWS, columns=["text", "label"]).astype({"label": "category"}),
        pl.DataFrame({"text": TEXTS, "label": LABELS}),
        pl.LazyFrame({"text": TEXTS, "label": LABELS}),
        table(),
        table().slice(0, 6).to_batches()[0],
        pa.concat_tables([table().slice(0, 2), table().slice(2)]),
        {"text": TEXTS, "label": LABELS},
        {"text": np.array(TEXTS, object), "label": np.array(LABELS)},
        [{"text": t, "label": x} for t, x in ROWS],
    ],
    ids=lambda source: type(source).__module__ + "." + type(source).__name__,
)
def test_frames_tables_and_lists_give_the_same_corpus(source):
    reading = read_corpus(source, ReadSettings())
    assert reading.corpus.texts.to_pylist() == TEXTS
    assert reading.corpus.rows.tolist() == [1, 2, 3, 4, 5, 6]
    assert by_text(reading.corpus) == sorted(ROWS)


def test_standard_input_is_read_as_a_file(monkeypatch):
    for content in (written_csv(), written_jsonl(), gzip.compress(written_csv())):
        stdin = io.TextIOWrapper(io.BytesIO(content))
        monkeypatch.setattr(sys, "stdin", stdin)
        assert read_corpus("-", ReadSettings()).corpus.texts.to_pylist() == TEXTS
        assert not stdin.buffer.closed


def test_line_numbers_count_the_lines_within_texts(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'text,label\n"one\ntwo\r\nthree",a\n\nplain,b\n"x\ny"\nlast,a\n')
    reading = read_corpus(path, ReadSettings())
    assert reading.corpus.rows.tolist() == [2, 6, 9]
    assert [(r.row, r.content) for r in reading.rejected] == [(7, '"x\ny"')]
    assert any("1 blank line" in note for note in reading.notes)


def test_line_numbers_are_the_same_whatever_the_block(tmp_path, monkeypatch):
    import textkind.data.delimited
    import textkind.data.fasttext
    import textkind.data.records
    import textkind.data.scan

    content = b"text,label\n" + b"".join(
        b'"' + b"t\n" * (n % 5) + b"x" * n + b'",' + b"ab"[n % 2 : n % 2 + 1] + b"\r\n"
        for n in range(1, 60)
    )
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    lines = "".join(json.dumps({"text": "x" * n, "label": n % 2}) + "\n" for n in range(1, 60))
    (tmp_path / "a.jsonl").write_text(lines)
    whole = [read_corpus(p, ReadSettings()) for p in (path, tmp_path / "a.jsonl")]
    for size in (1, 7, 64, 300):
        for module in ("delimited", "fasttext", "records", "scan"):
            monkeypatch.setattr(getattr(textkind.data, module), "BLOCK", size)
        settings = ReadSettings(delimiter=",")
        pieces = [read_corpus(p, settings) for p in (path, tmp_path / "a.jsonl")]
        for one, other in zip(whole, pieces, strict=True):
            assert one.corpus.texts.equals(other.corpus.texts)
            assert one.corpus.rows.tolist() == other.corpus.rows.tolist()
            assert (one.corpus.targets == other.corpus.targets).all()


def test_fields_of_ten_megabytes_are_read(tmp_path):
    long = "word " * 2_000_000 + "\n end"
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], ["short", "a"], [long, "b"], ["z", "a"]])
    corpus = read_corpus(path, ReadSettings()).corpus
    assert corpus.texts[1].as_py() == long
    assert corpus.rows.tolist() == [2, 3, 5]
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps({"text": t, "label": x}) + "\n" for t, x in [(long, "a"), ("z", "b")])
    )
    assert read_corpus(tmp_path / "a.jsonl", ReadSettings()).corpus.texts[0].as_py() == long


def test_fasttext_files_give_one_label_or_several_as_found(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("__label__a one text\n__label__b  other __label__ text\n\n")
    reading = read_corpus(path, ReadSettings())
    assert reading.corpus.texts.to_pylist() == ["one text", "other text"]
    assert not reading.corpus.labels.several
    assert [r.reason for r in reading.rejected] == ["empty text"]
    path.write_text("__label__a __label__b one text\nlast __label__b\n")
    reading = read_corpus(path, ReadSettings())
    assert reading.corpus.targets.tolist() == [[1, 1], [0, 1]]


def test_lines_of_text_are_predicted_line_by_line(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("first, line\n\nthird\tline")
    reading = read_table(path, ReadSettings())
    assert texts_of(reading, reading.columns).to_pylist() == ["first, line", "", "third\tline"]
    assert reading.rows.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("cells", "settings", "several"),
    [
        ([["a", "b"], ["b"], []], {}, True),
        (['["a", "b"]', '["b"]', "[]"], {}, True),
        (["['a', 'b']", "['b']", "[]"], {}, True),
        (["a|b", "b", " b |b|"], {"label_delimiter": "|"}, True),
    ],
)
def test_several_labels_in_one_column(cells, settings, several):
    corpus = read_corpus({"text": ["x", "y", "z"], "label": cells}, ReadSettings(**settings)).corpus
    assert corpus.labels == LabelSet(("a", "b"), several=several)
    last = [0, 1] if settings else [0, 0]
    assert corpus.targets.tolist() == [[1, 1], [0, 1], last]
    assert corpus.targets.dtype == np.uint8


def test_columns_of_zero_and_one_are_labels(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,toxic,rude,never\nx,1,0,0\ny,1,1,0\nz,0,0,0\nw,2,0,0\nv,,1,0\nu,0,1,0\n")
    settings = ReadSettings(label_columns=("toxic", "rude", "never"))
    reading = read_corpus(path, settings)
    assert reading.corpus.labels == LabelSet(("rude", "toxic"), several=True)
    assert reading.corpus.targets.tolist() == [[0, 1], [1, 1], [0, 0], [1, 0]]
    assert [(r.row, r.column, r.reason) for r in reading.rejected] == [
        (5, "toxic", "label unreadable: not 0 or 1"),
        (6, "toxic", "missing label"),
    ]
    assert any("never 1" in note and "'never'" in note for note in reading.notes)
    one = read_corpus(path, ReadSettings(label_columns=("toxic", "rude"), several=False))
    assert [r.reason for r in one.rejected][:2] == ["several labels: 2", "missing label"]
    assert not one.corpus.labels.several


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([1, 0, 1], ("0", "1")),
        ([1.0, 2.5, 1.0], ("1", "2.5")),
        ([True, False, True], ("false", "true")),
        (["a ", " b", "a"], ("a", "b")),
    ],
)
def test_labels_that_are_no_strings_get_names(labels, names):
    for source in (
        {"text": ["x", "y", "z"], "label": labels},
        pd.DataFrame({"text": ["x", "y", "z"], "label": labels}),
        pa.table({"text": ["x", "y", "z"], "label": labels}),
    ):
        corpus = read_corpus(source, ReadSettings()).corpus
        assert corpus.labels.names == names
        assert corpus.targets[0] == corpus.targets[2] != corpus.targets[1]


def test_several_text_columns_are_joined_on_request():
    source = {
        "title": ["t", None, "", None],
        "body": ["b", "b", "b", None],
        "label": ["x", "y", "x", "y"],
    }
    settings = ReadSettings(text=("title", "body"))
    reading = read_corpus(source, settings)
    assert reading.corpus.texts.to_pylist() == ["t\nb", "b", "b"]
    assert [r.reason for r in reading.rejected] == ["missing text"]
    assert reading.table.column("title").to_pylist() == ["t", None, ""]
    again = read_table(source, settings)
    assert texts_of(again, again.columns).equals(reading.corpus.texts)


def test_group_time_and_id_columns_come_along():
    source = {
        "text": ["a", "b", "c", "d"],
        "label": ["x", "y", "x", "y"],
        "user": ["u", "v", "u", None],
        "date": ["2020-01-02", "2020-01-01T10:00:00+02:00", "nonsense", "2020-01-03"],
        "id": [7, 8, 9, 10],
        "more": [{"k": 1}, None, None, None],
    }
    reading = read_corpus(source, ReadSettings(group="user", time="date"))
    corpus = reading.corpus
    assert corpus.group.tolist() == [0, 1, 2]
    assert corpus.group.dtype == np.int32
    assert corpus.time.dtype == "datetime64[us]"
    assert str(corpus.time[1]) == "2020-01-01T08:00:00.000000"
    assert corpus.ids.to_pylist() == ["7", "8", "10"]
    assert [(r.row, r.reason, r.column) for r in reading.rejected] == [
        (3, "time unreadable: nonsense", "date")
    ]
    assert reading.table.column_names == list(source)


@pytest.mark.parametrize(
    ("names", "text", "label"),
    [
        (["text", "label"], "text", "label"),
        (["Label", "TEXT"], "TEXT", "Label"),
        (["id", "review", "title", "sentiment", "rating"], "review", "sentiment"),
        (["verse", "class"], "verse", "class"),
        (["text", "poet"], "text", "poet"),
        (["Class Index", "Title", "Description"], None, None),
        (["title", "body", "subject", "label"], "body", "label"),
        (["content", "body", "label"], None, None),
        (["text", "class", "topic"], None, None),
        (["foo", "bar"], None, None),
    ],
)
def test_columns_are_guessed_only_where_unambiguous(names, text, label):
    source = {name: ["a", "b"] for name in names}
    if text is None:
        with pytest.raises(ColumnError, match=r"hint: .*--(text|label)"):
            read_corpus(source, ReadSettings())
    else:
        reading = read_corpus(source, ReadSettings())
        assert (reading.columns.text, reading.columns.label) == ((text,), label)
        assert any(repr(text) in note and repr(label) in note for note in reading.notes)


def test_the_label_set_given_decides_over_a_test_file():
    train = LabelSet(("ham", "spam"))
    source = {"text": ["a", "b", "c"], "label": ["spam", "spma", "ham"]}
    reading = read_corpus(source, ReadSettings(), labels=train)
    assert reading.corpus.labels == train
    assert reading.corpus.targets.tolist() == [1, 0]
    assert [r.reason for r in reading.rejected] == ["unknown label: 'spma'"]
    assert any("did you mean 'spam'" in note for note in reading.notes)
    one_class = read_corpus({"text": ["a"], "label": ["ham"]}, ReadSettings(), labels=train)
    assert one_class.corpus.targets.tolist() == [0]
    with pytest.raises(DataError, match="none of the labels is known"):
        read_corpus({"text": ["a"], "label": ["egg"]}, ReadSettings(), labels=train)
    several = LabelSet(("ham", "spam"), several=True)
    assert read_corpus(source, ReadSettings(), labels=several).corpus.targets.shape == (2, 2)


def test_quotes_that_do_not_quote_are_read_as_they_are(tmp_path):
    path = tmp_path / "sms.tsv"
    path.write_text('label\ttext\nham\t"Hi there\nham\tI said "no"\nspam\tfree"\nham\tok\n')
    reading = read_corpus(path, ReadSettings())
    assert reading.corpus.texts.to_pylist() == ['"Hi there', 'I said "no"', 'free"', "ok"]
    assert any("plain characters" in note for note in reading.notes)


def test_a_file_without_header_is_read_when_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("some text,a\nother text,b\n")
    settings = ReadSettings(header=False, text=("column 1",), label="column 2")
    assert read_corpus(path, settings).corpus.texts.to_pylist() == ["some text", "other text"]


def test_all_columns_of_the_source_are_kept(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"text": "a", "label": "x", "n": 1}\n{"text": "b", "label": "y", "n": "s"}\n'
        '{"text": "c", "label": "y", "extra": {"deep": [1]}}\n'
    )
    kept = read_table(path, ReadSettings()).table.to_pylist()
    assert [row["n"] for row in kept] == ["1", "s", None]
    assert kept[2]["extra"] == {"deep": [1]}


def test_labels_that_look_wrong_are_told():
    source = {"text": list("abcdef"), "label": ["x", "x", "X", "X", "y", "x"]}
    notes = " ".join(read_corpus(source, ReadSettings()).notes)
    assert "seen once" in notes
    assert "'y'" in notes
    assert "upper and lower case: 'X', 'x'" in notes
