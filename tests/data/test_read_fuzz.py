"""Whatever the bytes: rows accepted and rejected add up to the rows read, or our error is raised.

The number of rows read is compared with a count made by the csv module, json or a split at \\n.
"""

import csv
import gzip
import io
import json

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textkind.data.read import read_corpus, read_table
from textkind.data.settings import ReadSettings
from textkind.errors import TextkindError

quick = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)
rows = st.lists(st.tuples(texts, st.sampled_from(["a", "b", "c,c", 'd"d'])), min_size=1, max_size=8)


def written(rows, delimiter=",", **options):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, **options)
    writer.writerow(["text", "label"])
    writer.writerows(rows)
    return file.getvalue()


def check(path, read_settings=None):
    """Read as a corpus and as texts; the readings that did not end in our error."""
    readings = []
    for read in (read_corpus, read_table):
        try:
            reading = read(path, read_settings or ReadSettings())
        except TextkindError:
            continue
        accepted = reading.table.num_rows
        assert accepted + len(reading.rejected) == reading.read
        places = [r.row for r in reading.rejected]
        assert places == sorted(places)
        assert all(r.reason and len(r.content) <= 200 for r in reading.rejected)
        kept = (reading.corpus if read is read_corpus else reading).rows
        assert len(kept) == accepted
        assert not set(kept.tolist()) & set(places)
        if read is read_corpus:
            assert len(reading.corpus) == len(reading.corpus.targets) == accepted
        readings.append(reading)
    return readings


@quick
@given(rows, st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_csv_as_the_csv_module_writes_it_comes_back(tmp_path, rows, delimiter, end, all_quoted):
    path = tmp_path / "a.csv"
    style = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    content = written(rows, delimiter, lineterminator=end, quoting=style)
    path.write_bytes(content.encode())
    reading = read_table(path, ReadSettings(delimiter=delimiter, quoting=True))
    assert reading.table.column("text").to_pylist() == [text for text, _ in rows]
    assert reading.table.column("label").to_pylist() == [label for _, label in rows]
    lines, line = [], 2
    for text, _ in rows:
        lines.append(line)
        line += 1 + text.count("\n")
    assert reading.rows.tolist() == lines


# Pieces out of which files of every kind of disorder are made.
PIECES = [
    *("text,label\n", "text\tlabel\n", "a", "b", " ", ",", ",", "\n", "\n", "\r\n", "\r", "\t"),
    *('"', '"', '""', '",', ',"', "é", "\0", "\ufeff", ";", "|", "__label__a ", "{", "}", "[", "]"),
    *('{"text": "x", "label": "y"}\n', '{"text": "x"', '"label":', ": 1", "null", "\\", "1e999"),
]


@quick
@given(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.json", "a.txt", "a.parquet"]),
    st.booleans(),
    st.binary(max_size=3),
)
def test_disorder_of_every_kind_is_read_or_refused(tmp_path, content, name, header, tail):
    path = tmp_path / name
    path.write_bytes(("text,label\n" * header + content).encode() + tail)
    check(path)
    check(path, ReadSettings(header=False, text=("column 1",), label="column 2", format="csv"))


@quick
@given(
    st.lists(st.sampled_from(["a", '"', '""', ",", "\n", "\r\n", "\r", " "]), max_size=40).map(
        "".join
    )
)
def test_records_are_those_of_the_csv_module(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label\n" + content.encode())
    try:
        reading = read_table(path, ReadSettings(delimiter=",", quoting=True))
    except TextkindError:
        return
    if any(r.reason.startswith("text after") for r in reading.rejected):
        return  # there the csv module goes on its own way
    expected = [row for row in csv.reader(io.StringIO("text,label\n" + content, newline="")) if row]
    assert reading.read == len(expected) - 1
    whole = [row for row in expected[1:] if len(row) == 2]
    assert reading.table.to_pylist() == [{"text": t, "label": x} for t, x in whole]


@quick
@given(rows, st.data())
def test_a_mutated_csv_is_read_or_refused(tmp_path, rows, data):
    content = bytearray(written(rows).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not content:
            break
    path = tmp_path / "a.csv"
    path.write_bytes(bytes(content))
    check(path)


objects = st.dictionaries(
    st.sampled_from(["text", "label", "more", "é"]),
    st.one_of(st.none(), texts, st.integers(), st.floats(), st.booleans(), st.lists(texts)),
)
lines = st.one_of(
    objects.map(json.dumps).map(str.encode), st.binary(max_size=10).map(lambda b: b.strip(b"\n"))
)


@quick
@given(st.lists(lines, min_size=1, max_size=8))
def test_every_line_of_jsonl_is_accepted_or_rejected(tmp_path, lines):
    path = tmp_path / "a.jsonl"
    content = b"\n".join([b'{"text": "x", "label": "y"}', *lines])
    path.write_bytes(content)
    for reading in check(path, ReadSettings(format="jsonl")):
        assert reading.read == sum(bool(line.strip()) for line in content.split(b"\n"))


@quick
@given(st.lists(st.one_of(objects, st.integers(), st.none()), max_size=6))
def test_every_row_of_a_list_is_accepted_or_rejected(rows):
    for reading in check(rows):
        assert reading.read == len(rows)


@quick
@given(st.lists(texts.map(lambda t: t.replace("\n", " ")), min_size=1, max_size=6))
def test_every_line_of_a_text_file_is_a_row(tmp_path, lines):
    path = tmp_path / "a.txt"
    path.write_bytes(("\n".join(lines) + "\n").encode())
    for reading in check(path, ReadSettings(format="fasttext")):
        assert reading.read == len(lines)


def as_parquet(table):
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    return file.getvalue()


def as_feather(table):
    file = io.BytesIO()
    pyarrow.feather.write_feather(table, file, compression="uncompressed")
    return file.getvalue()


def as_jsonl_gz(table):
    lines = "".join(json.dumps(row) + "\n" for row in table.to_pylist())
    return gzip.compress(lines.encode())


@pytest.mark.parametrize(
    ("write", "name"),
    [(as_parquet, "a.parquet"), (as_feather, "a.arrow"), (as_jsonl_gz, "a.jsonl.gz")],
)
@quick
@given(rows=rows, data=st.data())
def test_a_mutated_binary_file_is_read_or_refused(tmp_path, write, name, rows, data):
    table = pa.table({"text": [t for t, _ in rows], "label": [x for _, x in rows]})
    content = bytearray(write(table))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(1, len(content)))]
    path = tmp_path / name
    path.write_bytes(bytes(content))
    check(path)


@quick
@given(st.dictionaries(st.sampled_from(["a/1", "a/2", "b/1", "b/2", "c/1", "d"]), st.binary()))
def test_every_file_of_a_folder_is_accepted_or_rejected(tmp_path_factory, files):
    folder = tmp_path_factory.mktemp("folder")
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    inside = sum("/" in name for name in files)
    for reading in check(folder):
        assert reading.read == (inside or len(files))
