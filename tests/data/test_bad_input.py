"""Bad input is a clear error of ours, with place and remedy, or a rejected row with its line."""

import gzip
import io
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet
import pytest

from textkind.data.read import read_corpus, read_table
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.errors import ColumnError, DataError, SettingsError

GOOD = b"text,label\n" + b"good one,a\ngood two,b\n" * 3


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x", "y")
    return file.getvalue()


def parquet(table):
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    return file.getvalue()


ERRORS = [
    ("empty.csv", b"", {}, "the file is empty"),
    ("blank.csv", b"\n \n\n", {}, "the file is empty"),
    ("header.csv", b"text,label\n", {}, "column names but no rows"),
    ("one.csv", b"text,label\na,x\nb,x\n", {}, "one class only"),
    ("book.csv", zipped(), {}, "Excel"),
    ("paper.csv", b"%PDF-1.4 ...", {}, "PDF"),
    ("page.csv", b"<!DOCTYPE html><html>", {}, "web page"),
    ("a.parquet", b"text,label\na,b\n", {}, "not a parquet file"),
    ("cut.parquet", parquet(pa.table({"text": ["a"], "label": ["b"]}))[:-30], {}, "damaged"),
    ("cut.csv.gz", gzip.compress(GOOD * 9)[:40], {}, "gzip data is damaged"),
    ("pickle.csv", b"\x80\x04\x95", {}, "pickle"),
    ("lfs.csv", b"version https://git-lfs.github.com/spec/v1\n", {}, "git lfs pull"),
    ("utf16.csv", GOOD.decode().encode("utf-16-le"), {}, "utf-16-le"),
    ("twice.csv", b"text,label,text\na,b,c\n", {}, "stands 2 times"),
    ("no_header.csv", b"good film,pos\nbad film,neg\nfine,pos\n", {}, "looks like a row of data"),
    ("no_header.csv", b"it is a good film and I like it much,1\nbad,0\n", {}, "as long as a text"),
    ("open.csv", GOOD + b'"x, y",b\n"never closed, a\nlast,b\n', {}, "never closed"),
    ("wrong.csv", GOOD, {"text": ("txet",)}, "did you mean 'text'"),
    ("wrong.csv", GOOD, {"label": "genre"}, "no such column"),
    ("ragged.csv", b"text,label\na\nb\nc,d,e\n", {}, "none of 3 rows can be used"),
    ("latin.csv", b"text,label\n" + "grün,a\nblau,b\n".encode("latin-1") * 40, {}, "not UTF-8"),
    ("a.csv", "text,label\nпривет,a\n".encode(), {"encoding": "ascii7"}, "encoding"),
    ("a.csv", b"text,label\nx\xff\xfe,a\n", {"encoding": "cp1252x"}, "encoding"),
    ("a.csv", b"text,label\n\xe9\x81,a\n", {"encoding": "cp1252"}, "not valid cp1252"),
    ("header.csv", b"t\xe9xt,label\na,b\n", {}, "column names are not valid UTF-8"),
    ("not.json", b'{"text": 1}', {"format": "json"}, "not a list of objects"),
    ("cut.json", b'[{"text": "a"', {}, "not valid JSON"),
    ("bad.jsonl", b"text\nmore\n", {}, "no line holds a JSON object"),
    ("numbers.parquet", parquet(pa.table({"text": [1, 2], "label": ["a", "b"]})), {}, "not text"),
]


@pytest.mark.parametrize(
    ("name", "content", "settings", "message"),
    ERRORS,
    ids=[f"{name}-{message}" for name, _, _, message in ERRORS],
)
def test_what_cannot_be_read_is_our_error(tmp_path, name, content, settings, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises((DataError, SettingsError)) as caught:
        read_corpus(path, ReadSettings(**settings))
    told = str(caught.value)
    assert message in told
    if isinstance(caught.value, DataError):
        assert name in told, "the file is named"


REJECTED = [
    (b"only one field\n", "wrong number of fields: 1 where the header has 2", None),
    (b"one,two,three\n", "wrong number of fields: 3 where the header has 2", None),
    (b"caf\xe9,a\n", "not valid UTF-8: byte 0xE9 at byte 81, line 8", "text"),
    (b"x,caf\xe9\n", "not valid UTF-8: byte 0xE9 at byte 83, line 8", "label"),
    (b"a\0b,a\n", "NUL byte: at byte 79 of the file", "text"),
    (b",a\n", "empty text", "text"),
    (b" \t ,a\n", "empty text", "text"),
    (b"some text,\n", "missing label", "label"),
    (b'"x" y, z\n', "text after a closing quote", None),
]


@pytest.mark.parametrize(("row", "reason", "column"), REJECTED)
def test_a_bad_row_is_rejected_with_line_and_reason(tmp_path, row, reason, column):
    path = tmp_path / "a.csv"
    path.write_bytes(GOOD + row + b'"good, three",a\n')
    reading = read_corpus(path, ReadSettings())
    (rejection,) = reading.rejected
    assert rejection.row == 8
    assert rejection.unit == "line"
    assert rejection.reason.startswith(reason)
    assert rejection.column == column
    assert reading.read == 8
    assert len(reading.corpus) == 7
    assert reading.corpus.rows.tolist() == [2, 3, 4, 5, 6, 7, 9]
    assert any("1 of 8 rows rejected" in note for note in reading.notes)


JSON_ROWS = [
    (b'{"text": "a", "label": "x"', "not valid JSON"),
    (b"[1]", "not a JSON object"),
    (b'{"label": "x"}', "missing text"),
    (b'{"text": null, "label": "x"}', "missing text"),
    (b'{"text": 5, "label": "x"}', "text unreadable: it is a number, not a string"),
    (b'{"text": "\\ud800", "label": "x"}', "text unreadable: it holds a lone surrogate"),
    (b'{"text": "a\\u0000", "label": "x"}', "NUL byte"),
    (b'{"text": "a"}', "missing label"),
    (b'{"text": "a", "label": {"b": 1}}', "label unreadable: it is an object"),
    (b'{"text": "\xff", "label": "x"}', "not valid UTF-8: byte 0xFF at byte 42"),
    (b"[" * 100_000, "not valid JSON"),
    (b'{"text": "a", "label": ' + b"9" * 5000 + b"}", "not valid JSON"),
]


@pytest.mark.parametrize(("row", "reason"), JSON_ROWS, ids=[reason for _, reason in JSON_ROWS])
def test_a_bad_line_of_json_is_rejected(tmp_path, row, reason):
    path = tmp_path / "a.jsonl"
    good = b'{"text": "good", "label": "x"}\n'
    path.write_bytes(good + row + b"\n" + good.replace(b'"x"', b'"y"'))
    reading = read_corpus(path, ReadSettings())
    (rejection,) = reading.rejected
    assert rejection.row == 2
    assert rejection.reason.startswith(reason)
    assert len(reading.corpus) == 2
    assert reading.read == 3


def test_a_file_of_a_folder_that_is_no_text_is_rejected_by_name(tmp_path):
    for name, content in [
        ("a/1.txt", b"x"),
        ("b/2.txt", b"ok\n\xa3"),
        ("b/3.txt", b"y"),
        ("b/4", b""),
    ]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "README").write_text("beside")
    reading = read_corpus(tmp_path, ReadSettings())
    assert reading.corpus.ids.to_pylist() == ["a/1.txt", "b/3.txt"]
    broken, empty = reading.rejected
    assert broken.reason == "not valid UTF-8: byte 0xA3 at byte 4, line 2 of b/2.txt"
    assert empty.reason == "empty text"
    assert "b/4" in empty.content
    assert any("'README'" in note for note in reading.notes)
    latin = read_corpus(tmp_path, ReadSettings(encoding="latin-1"))
    assert latin.corpus.texts.to_pylist() == ["x", "ok\n£", "y"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: None, "no text files"),
        (lambda p: (p / "train.csv").write_text("text,label\n"), "column names but no rows"),
        (lambda p: (p / "train" / "pos").mkdir(parents=True), "did you mean"),
    ],
)
def test_a_folder_without_classes_says_what_it_holds(tmp_path, make, message):
    make(tmp_path)
    with pytest.raises(DataError, match=message):
        read_corpus(tmp_path, ReadSettings())


def test_a_missing_file_names_its_neighbours(tmp_path):
    (tmp_path / "train.csv").write_text("")
    with pytest.raises(DataError, match=r"did you mean 'train.csv'"):
        read_corpus(tmp_path / "trian.csv", ReadSettings())
    with pytest.raises(DataError, match="no such folder"):
        read_corpus(tmp_path / "nowhere" / "x.csv", ReadSettings())


def test_an_empty_text_is_fit_to_predict_on_and_a_missing_one_is_not(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": ""}) + "\n" + json.dumps({"text": None}) + "\n")
    reading = read_table(path, ReadSettings())
    assert reading.table.column("text").to_pylist() == [""]
    assert [r.reason for r in reading.rejected] == ["missing text"]


def test_broken_utf8_in_parquet_is_rejected_row_by_row(tmp_path):
    binary = pa.table({"text": pa.array([b"a", b"b\xff", b"c"]), "label": ["x", "y", "y"]})
    reading = read_corpus(binary, ReadSettings())
    assert [(r.row, r.reason) for r in reading.rejected] == [
        (2, "not valid UTF-8: byte 0xFF at byte 2 of it")
    ]


def test_label_and_columns_of_the_wrong_kind_are_our_errors():
    table = pa.table({"text": ["a", "b"], "label": [{"x": 1}, {"x": 2}]})
    with pytest.raises(ColumnError, match="not labels"):
        read_corpus(table, ReadSettings())
    with pytest.raises(ColumnError, match="should hold 0 and 1"):
        read_corpus({"text": ["a"], "label": ["b"]}, ReadSettings(label_columns=("label",)))
    source = {"text": ["a", "b"], "label": ["x", "y"], "when": ["soon", "late"]}
    with pytest.raises(ColumnError, match="no times"):
        read_corpus(source, ReadSettings(time="when"))
    with pytest.raises(DataError, match="cannot be read"):
        read_corpus(3, ReadSettings())
    with pytest.raises(DataError, match="one length"):
        read_corpus({"text": ["a"], "label": ["x", "y"]}, ReadSettings())


@pytest.mark.parametrize(
    ("make", "wrong"),
    [
        (ReadSettings, {"delimiter": ",,"}),
        (ReadSettings, {"delimiter": '"'}),
        (ReadSettings, {"encoding": "utf-9"}),
        (ReadSettings, {"encoding": "base64"}),
        (ReadSettings, {"format": "xlsx"}),
        (ReadSettings, {"label": "a", "label_columns": ("b",)}),
        (ReadSettings, {"text": ("a",), "label": "a"}),
        (ReadSettings, {"text": ("a", "a")}),
        (ReadSettings, {"several": False, "label_delimiter": ","}),
        (SplitSettings, {"method": "random"}),
        (SplitSettings, {"test_share": 1.0}),
        (SplitSettings, {"test_share": 0.6, "validation_share": 0.4}),
        (SplitSettings, {"seed": -1}),
    ],
)
def test_settings_that_cannot_be_are_refused_where_they_are_made(make, wrong):
    with pytest.raises(SettingsError):
        make(**wrong)


def test_settings_take_one_name_and_the_name_of_the_tab():
    settings = ReadSettings(text="body", delimiter="tab")
    assert settings.text == ("body",)
    assert settings.delimiter == "\t"
