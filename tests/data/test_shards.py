"""Many shards are read as the one table that they are; what cannot be is told with its shard."""

import gzip
import json
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import fs

from textkind.data.opening import open_shard
from textkind.data.read import read_corpus, read_table
from textkind.data.settings import ReadSettings
from textkind.data.shard import Shard, fingerprint
from textkind.data.shards import list_shards, natural_order
from textkind.errors import ColumnError, DataError, NoRowsError, TextkindError

PLAIN = ReadSettings()
LABELS = ["pos", "neg"]


def rows_of(start, stop):
    return [{"text": f"row {n} é", "label": LABELS[n % 2], "n": n} for n in range(start, stop)]


def write_csv(path, rows):
    lines = ["text,label,n", *(f"{r['text']},{r['label']},{r['n']}" for r in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_packed(path, rows):
    write_csv(path, rows)
    path.write_bytes(gzip.compress(path.read_bytes()))


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")


def write_parquet(path, rows):
    schema = pa.schema({"text": pa.string(), "label": pa.string(), "n": pa.int64()})
    pq.write_table(pa.Table.from_pylist(rows, schema), path)


def write_arrow(path, rows):
    table = pa.Table.from_pylist(rows)
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)


def write_fasttext(path, rows):
    path.write_text("".join(f"__label__{r['label']} {r['text']}\n" for r in rows), encoding="utf-8")


WRITERS = {
    ".csv": write_csv,
    ".csv.gz": write_packed,
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
    ".arrow": write_arrow,
    ".ft": write_fasttext,
}


def shards_in(folder, suffix=".csv", bounds=((0, 3), (3, 10), (10, 12))):
    """Shards part-1, part-2, part-10 ... of one table."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (start, stop) in zip((1, 2, 10, 11, 100), bounds, strict=False):
        WRITERS[suffix](folder / f"part-{number}{suffix}", rows_of(start, stop))
    return folder


@pytest.mark.parametrize("suffix", WRITERS)
def test_shards_of_every_format_are_read_as_one_file_is(tmp_path, suffix):
    shards_in(tmp_path / "many", suffix)
    WRITERS[suffix](tmp_path / f"one{suffix}", rows_of(0, 12))
    one = read_corpus(tmp_path / f"one{suffix}", PLAIN)
    many = read_corpus(tmp_path / "many", PLAIN)
    assert many.table.to_pylist() == one.table.to_pylist()
    assert many.corpus.texts.to_pylist() == [r["text"] for r in rows_of(0, 12)]
    np.testing.assert_array_equal(many.corpus.targets, one.corpus.targets)
    assert (many.read, many.rejected) == (12, [])
    assert many.corpus.rows.tolist() == list(range(1, 13))
    assert f"3 shards in {tmp_path / 'many'}" in many.notes


def test_a_folder_a_pattern_a_uri_and_lists_name_the_same_shards(tmp_path, monkeypatch):
    folder = shards_in(tmp_path / "data")
    paths = [folder / f"part-{n}.csv" for n in (1, 2, 10)]
    monkeypatch.chdir(tmp_path)
    sources = [
        str(folder),
        "data",
        "data/part-*.csv",
        str(folder / "part-*"),
        "d*/part-*.csv",
        "**/*.csv",
        f"file://{folder}",
        f"file://{folder}/part-*.csv",
        paths,
        list_shards(folder),
        [str(folder / "part-[12].csv"), str(paths[2])],
    ]
    monkeypatch.chdir(tmp_path)
    texts = [read_table(one, PLAIN).table["text"].to_pylist() for one in sources]
    assert texts == [[r["text"] for r in rows_of(0, 12)]] * len(sources)
    monkeypatch.chdir(folder)
    assert [shard.name for shard in list_shards("part-*.csv")] == [p.name for p in paths]


def test_numbers_in_names_count_as_numbers_and_lists_keep_their_order(tmp_path):
    shards_in(tmp_path, bounds=((0, 1), (1, 2), (2, 3)))
    names = [shard.name.rpartition("/")[2] for shard in list_shards(tmp_path)]
    assert names == ["part-1.csv", "part-2.csv", "part-10.csv"]
    backwards = [tmp_path / name for name in reversed(names)]
    assert read_table(backwards, PLAIN).table["n"].to_pylist() == ["2", "1", "0"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10**6), unique=True, min_size=1, max_size=20))
def test_natural_order_of_numbered_names_is_that_of_the_numbers(numbers):
    names = [f"part-{n}-of-x.csv" for n in numbers]
    assert sorted(names, key=natural_order) == [f"part-{n}-of-x.csv" for n in sorted(numbers)]


@pytest.mark.parametrize("name", ["a[1].csv", "b*.csv", "c?.csv"])
def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path, name):
    write_csv(tmp_path / name, rows_of(0, 2))
    write_csv(tmp_path / "a1.csv", rows_of(5, 9))
    assert read_table(tmp_path / name, PLAIN).read == 2


def subtree(folder):
    return fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem()), "data"


def memory(folder):
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    for path in sorted((folder / "data").iterdir()):
        files.pipe(f"/{folder.name}/data/{path.name}", path.read_bytes())
    return fs.PyFileSystem(fs.FSSpecHandler(files)), f"/{folder.name}/data"


def mock(folder):
    files = fs._MockFileSystem()
    files.create_dir("data")
    for path in sorted((folder / "data").iterdir()):
        with files.open_output_stream(f"data/{path.name}", compression=None) as file:
            file.write(path.read_bytes())
    return files, "data"


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("make", [subtree, memory, mock])
def test_any_file_system_of_pyarrow_gives_the_same_rows(tmp_path, make, suffix):
    shards_in(tmp_path / "data", suffix)
    expected = read_table(tmp_path / "data", PLAIN)
    files, place = make(tmp_path)
    for asked in (place, f"{place}/part-*{suffix}"):
        found = read_table(list_shards(asked, files), PLAIN)
        assert found.table.to_pylist() == expected.table.to_pylist()


def test_the_uri_of_a_file_system_of_fsspec_is_followed(tmp_path):
    shards_in(tmp_path / "data")
    memory(tmp_path)
    uri = f"fsspec+memory:///{tmp_path.name}/data"
    assert read_table(f"{uri}/part-*.csv", PLAIN).read == 12
    assert read_table(uri, PLAIN).read == 12


def test_a_shard_travels_and_is_opened_alone(tmp_path):
    shards_in(tmp_path / "data", ".parquet")
    files, place = subtree(tmp_path)
    for shards in (list_shards(tmp_path / "data"), list_shards(place, files)):
        shard = pickle.loads(pickle.dumps(shards[1]))
        assert (shard, shard.size) == (
            shards[1],
            (tmp_path / "data" / "part-2.parquet").stat().st_size,
        )
        source, stream = open_shard(shard, PLAIN)
        assert source.names == ["text", "label", "n"]
        stream.close()


def test_a_fingerprint_changes_with_the_file(tmp_path):
    shards_in(tmp_path / "data")
    [first, *_] = list_shards(tmp_path / "data")
    assert fingerprint(first) == fingerprint(list_shards(tmp_path / "data")[0])
    write_csv(tmp_path / "data" / "part-1.csv", rows_of(0, 3)[::-1])
    assert fingerprint(list_shards(tmp_path / "data")[0]) != fingerprint(first)
    files, place = memory(tmp_path)
    [timeless, *_] = list_shards(place, files)
    assert timeless.changed is None
    before = fingerprint(timeless)
    files.handler.fs.pipe(f"/{tmp_path.name}/data/part-1.csv", b"x" * timeless.size)
    assert fingerprint(list_shards(place, files)[0]) != before


def test_a_rejected_row_is_told_with_its_shard_and_line(tmp_path):
    shards_in(tmp_path)
    with (tmp_path / "part-2.csv").open("a") as file:
        file.write("too,many,fields,here\n")
    write_csv(tmp_path / "part-10.csv", [*rows_of(10, 12), {"text": "", "label": "pos", "n": 5}])
    reading = read_corpus(tmp_path, PLAIN)
    assert [(one.place, one.reason.split(":")[0]) for one in reading.rejected] == [
        ({"shard": f"{tmp_path}/part-2.csv", "line": 9}, "wrong number of fields"),
        ({"shard": f"{tmp_path}/part-10.csv", "line": 4}, "empty text"),
    ]
    assert reading.read == 14 == len(reading.corpus) + 2
    assert reading.corpus.rows.tolist() == [*range(1, 11), 12, 13]


def test_shards_without_rows_are_left_out_and_told(tmp_path):
    shards_in(tmp_path, bounds=((0, 0), (0, 3), (3, 5)))  # part-1 has column names alone
    (tmp_path / "part-0.csv").write_bytes(b"")
    (tmp_path / "part-5.csv").write_bytes(b"\n\n")
    reading = read_table(tmp_path, PLAIN)
    assert reading.read == 5
    [told] = [note for note in reading.notes if "no row" in note]
    assert told == f"3 of 5 shards have no row, such as {tmp_path}/part-0.csv"
    for suffix in (".parquet", ".jsonl"):
        shards_in(tmp_path / suffix[1:], suffix, bounds=((0, 0), (0, 2), (2, 2)))
        assert read_table(tmp_path / suffix[1:], PLAIN).read == 2


def test_what_is_told_of_many_shards_is_counted(tmp_path):
    for n in range(20):
        write_csv(tmp_path / f"part-{n}.csv", rows_of(n, n + 1))
        with (tmp_path / f"part-{n}.csv").open("a") as file:
            file.write("\n")
    told = [note for note in read_table(tmp_path, PLAIN).notes if "blank" in note]
    assert told[0] == f"{tmp_path}/part-0.csv: 1 blank lines were skipped"
    assert len(told) == 8
    assert any("and 12 more notes" in note for note in read_table(tmp_path, PLAIN).notes)


def test_a_column_that_is_only_carried_may_be_missing(tmp_path):
    shards_in(tmp_path)
    (tmp_path / "part-2.csv").write_text("label,text\npos,without a number\n")
    reading = read_table(tmp_path, PLAIN)
    assert reading.table["n"].to_pylist() == ["0", "1", "2", None, "10", "11"]
    assert reading.table["text"].to_pylist()[3] == "without a number"
    assert any("part-2.csv has no column 'n'" in note for note in reading.notes)


def test_keys_of_json_come_and_go_from_shard_to_shard(tmp_path):
    write_jsonl(tmp_path / "1.jsonl", [{"text": "a", "x": 1}])
    write_jsonl(tmp_path / "2.jsonl", [{"text": "b", "y": 2}])
    table = read_table(tmp_path, PLAIN).table
    assert table.to_pylist() == [
        {"text": "a", "x": 1, "y": None},
        {"text": "b", "x": None, "y": 2},
    ]


def test_a_column_of_other_types_in_other_shards_is_made_one(tmp_path):
    pq.write_table(pa.table({"text": ["a", "b"], "label": [0, 1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"text": ["c"], "label": ["1"]}), tmp_path / "2.parquet")
    reading = read_corpus(tmp_path, PLAIN)
    assert reading.corpus.labels.names == ("0", "1")
    assert reading.corpus.targets.tolist() == [0, 1, 1]


def spoil(path, how):
    path.write_bytes(how(path.read_bytes()))


BROKEN = {
    "damaged": (".parquet", lambda raw: raw[:-20], DataError, "damaged or cut off"),
    "cut gzip": (".csv.gz", lambda raw: raw[:-12], DataError, "gzip data is damaged"),
    "open quote": (".csv", lambda raw: raw + b'"cut off in', DataError, "never closed"),
    "a pdf": (".csv", lambda raw: b"%PDF-1.4", DataError, "this is a PDF"),
    "no text": (".csv", lambda raw: raw.replace(b"text", b"word"), ColumnError, "which is in use"),
    "more": (
        ".csv", lambda raw: b"text,label,n,z\na,b,1,2\n", ColumnError, "the first shard lacks"
    ),
    "no header": (
        ".csv", lambda raw: raw.split(b"\n", 1)[1], ColumnError, "which is in use"
    ),
    "numbers": (
        ".jsonl", lambda raw: b"{\n", DataError, "no line holds a JSON object"
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_a_shard_that_cannot_be_used_is_an_error_with_its_name(tmp_path, fault):
    suffix, how, error, message = BROKEN[fault]
    shards_in(tmp_path, suffix)
    spoil(tmp_path / f"part-2{suffix}", how)
    with pytest.raises(error, match=message) as raised:
        read_corpus(tmp_path, PLAIN)
    assert f"part-2{suffix}" in str(raised.value)


def test_a_text_column_of_numbers_in_one_shard_is_an_error_with_its_name(tmp_path):
    pq.write_table(pa.table({"text": ["a"], "n": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"text": [2], "n": [2]}), tmp_path / "2.parquet")
    with pytest.raises(ColumnError, match=r"2\.parquet: column 'text' holds int64, not text"):
        read_table(tmp_path, PLAIN)


def test_a_last_line_that_is_cut_off_is_rejected_in_its_shard(tmp_path):
    shards_in(tmp_path, ".jsonl")
    spoil(tmp_path / "part-1.jsonl", lambda raw: raw[:-5])
    [cut] = read_table(tmp_path, PLAIN).rejected
    assert cut.place == {"shard": f"{tmp_path}/part-1.jsonl", "line": 3}
    assert cut.reason.startswith("not valid JSON")


def test_a_shard_that_cannot_be_opened_is_an_error_with_its_name(tmp_path):
    shards_in(tmp_path)
    files, place = mock_of(tmp_path)
    [shard, *_] = list_shards(place, files)
    gone = Shard("s3://bucket/part-1.csv", "data/not-there.csv", 5, None, files)
    with pytest.raises(DataError, match=r"s3://bucket/part-1\.csv: cannot be opened"):
        read_table([shard, gone], PLAIN)


def mock_of(folder):
    files = fs._MockFileSystem()
    with files.open_output_stream("part-1.csv") as file:
        file.write((folder / "part-1.csv").read_bytes())
    return files, "part-1.csv"


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("data/no-*.csv", DataError, "no file has a name like this"),
        ("data/part-9.csv", DataError, "no such file"),
        (["nowhere/part-9.csv"], DataError, "no such file, and no such folder"),
        ("mailto://data/a.csv", DataError, "not a place that can be read"),
        (["data/part-1.csv", "data/part-1.csv"], DataError, "the shard is listed twice"),
        (["data/part-1.csv", "more/a.jsonl"], DataError, "the shards are of 2 formats"),
        ("*/*", DataError, "the shards are of 2 formats"),
        ("empty/*.csv", NoRowsError, "none of 2 shards has a row"),
    ],
)
def test_shards_that_are_not_there_or_not_one_table_are_refused(
    tmp_path, monkeypatch, source, error, message
):
    shards_in(tmp_path / "data")
    (tmp_path / "more").mkdir()
    write_jsonl(tmp_path / "more" / "a.jsonl", rows_of(0, 2))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "1.csv").write_text("")
    (tmp_path / "empty" / "2.csv").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        read_table(source, PLAIN)


def test_what_is_secret_in_a_uri_is_not_told():
    uri = "nofs://key:secret@bucket/a.csv?session_token=hidden"
    with pytest.raises(DataError) as raised:
        list_shards(uri)
    assert "secret" not in str(raised.value)
    assert "hidden" not in str(raised.value)


# Folders: shards, texts by label, texts alone, or an error.


def classes_in(folder):
    for label in LABELS:
        (folder / label).mkdir(parents=True)
        (folder / label / "1.txt").write_text(f"a {label} text")


def test_marks_of_writers_and_hidden_files_are_no_shards(tmp_path):
    shards_in(tmp_path)
    for name in ("_SUCCESS", "_metadata", ".part-1.csv.crc"):
        (tmp_path / name).write_text("x")
    (tmp_path / "_temporary").mkdir()
    assert read_table(tmp_path, PLAIN).read == 12
    assert read_table(str(tmp_path / "*"), PLAIN).read == 12


def test_files_without_a_suffix_are_shards_where_the_format_is_said(tmp_path):
    for number, bounds in enumerate(((0, 2), (2, 5))):
        write_jsonl(tmp_path / f"part-0000{number}", rows_of(*bounds))
    assert read_table(tmp_path, PLAIN).table.column_names == ["text", "id"]  # two texts
    assert read_table(tmp_path, ReadSettings(format="jsonl")).read == 5
    assert read_table(str(tmp_path / "part-*"), PLAIN).read == 5


def test_a_folder_for_each_label_is_still_one(tmp_path):
    classes_in(tmp_path)
    (tmp_path / "README").write_text("about")
    reading = read_corpus(tmp_path, PLAIN)
    assert sorted(reading.corpus.labels.names) == ["neg", "pos"]


def add_classes_and_tables(folder):
    classes_in(folder)
    write_csv(folder / "part-1.csv", rows_of(0, 2))


def add_tables_in_folders(folder):
    shards_in(folder / "2024", ".parquet")
    shards_in(folder / "2025", ".parquet")


def add_tables_and_texts(folder):
    shards_in(folder)
    (folder / "notes.txt").write_text("about")


def add_parts(folder):
    for name in ("train.csv", "test.csv"):
        write_csv(folder / name, rows_of(0, 2))


def add_parts_of_shards(folder):
    for name in ("train-00000-of-00002.csv", "train-00001-of-00002.csv", "test-00000-of-1.csv"):
        write_csv(folder / name, rows_of(0, 2))


def add_all_and_train(folder):
    for name in ("all.csv", "train.csv"):
        write_csv(folder / name, rows_of(0, 2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (add_classes_and_tables, "it may be shards of a table, or texts in a folder"),
        (add_tables_in_folders, "the folders in this folder hold tables, not texts"),
        (add_tables_and_texts, "3 tables and 1 other files"),
        (add_parts, "look like the parts of a data set"),
        (add_parts_of_shards, "look like the parts of a data set"),
        (add_all_and_train, "look like the parts of a data set"),
    ],
)
def test_a_folder_that_may_be_two_things_is_an_error_that_says_how_to_go_on(
    tmp_path, make, message
):
    make(tmp_path)
    for read in (read_table, read_corpus):
        with pytest.raises(DataError, match=message) as raised:
            read(tmp_path, PLAIN)
        assert raised.value.hint


def test_the_parts_of_a_data_set_are_told_apart_in_any_file_system(tmp_path):
    add_parts(tmp_path)
    with pytest.raises(DataError, match="look like the parts of a data set"):
        read_table(f"file://{tmp_path}", PLAIN)
    assert read_table(f"file://{tmp_path}/t*.csv", PLAIN).read == 4


def test_the_pattern_that_the_error_names_reads_them(tmp_path):
    add_tables_in_folders(tmp_path)
    with pytest.raises(DataError) as raised:
        read_table(tmp_path, PLAIN)
    pattern = raised.value.hint.split("'")[1]
    assert read_table(pattern, PLAIN).read == 24


# Whatever the bytes of the shards: accepted and rejected add up to read, or the error is ours.

PIECES = [b"text,label\n", b"a,pos\n", b"b,neg\n", b"\n", b'"', b",", b"\xff", b"\0", b"a\n"]


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join), max_size=4))
def test_accepted_and_rejected_add_up_over_any_shards(tmp_path, contents):
    good = b"text,label\ngood,pos\nbad,neg\n"
    paths = []
    for number, content in enumerate([good, *contents]):
        paths.append(tmp_path / f"{number}.csv")
        paths[-1].write_bytes(content)
    for read in (read_table, read_corpus):
        try:
            reading = read(paths, PLAIN)
        except TextkindError:
            continue
        accepted = (reading.corpus if read is read_corpus else reading).rows.tolist()
        assert len(accepted) + len(reading.rejected) == reading.read
        assert accepted == sorted(set(accepted))
        assert all(1 <= row <= reading.read for row in accepted)
        assert all(one.shard in map(str, paths) for one in reading.rejected)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.lists(st.sampled_from(["a", "é", "two\nlines", 'say "x"', "", "1,2"]), max_size=5),
        min_size=1,
        max_size=4,
    )
)
def test_shards_give_what_pyarrow_reads_of_them(tmp_path, tables):
    """pyarrow's own data set of the same Parquet files, in the same order."""
    paths = [str(tmp_path / f"{number}.parquet") for number in range(len(tables))]
    for path, texts in zip(paths, tables, strict=True):
        pq.write_table(pa.table({"text": pa.array(texts, pa.string())}), path)
    expected = pyarrow.dataset.dataset(paths).to_table()["text"].to_pylist()
    try:
        found = read_table(paths, PLAIN).table["text"].to_pylist()
    except NoRowsError:
        found = []
    assert found == expected
