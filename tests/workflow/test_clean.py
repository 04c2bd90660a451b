"""textkind clean: what is found goes, every row is accounted for, and the rest is as it was."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkind.checks.removal import DEFAULT, REMOVABLE
from textkind.data.settings import ReadSettings
from textkind.errors import DataError, OutputError, SettingsError
from textkind.workflow.audit import AuditSettings, audit
from textkind.workflow.clean import CleanSettings, clean

KINDS = ("animal", "vessel")
PLAIN = [
    (f"{'cats purr' if number % 2 else 'ships sail'} at a{number} b{number} c{number}",
     KINDS[number % 2 == 0], f"2024-01-{1 + number // 3:02d}")
    for number in range(60)
]  # fmt: skip
LATE = "2025-01-01"
ODD = {  # check: rows that it lets go, each with its text
    "test_texts_in_train": [("Known  to all", "animal", "2024-01-01")],
    "near_duplicates_in_train": [("one two three four five six seven eight nine ten eleven",
                                  "vessel", "2024-01-01")],
    "train_later_than_test": [("a cat of next year", "animal", LATE)],
    "empty_texts": [("?!", "animal", "2024-01-01")],
    "conflicting_labels": [("a boat or a beast", "animal", "2024-01-01"),
                           ("a boat or a Beast", "vessel", "2024-01-01")],
    "repeated_texts": [(PLAIN[4][0].upper(), PLAIN[4][1], "2024-01-01")],
    "near_duplicates_within": [(f"{PLAIN[6][0]} indeed", PLAIN[6][1], "2024-01-01")],
    "garbled_texts": [("the cafÃ© of cats", "animal", "2024-01-01")],
    "short_texts": [("meow", "animal", "2024-01-01")],
    "long_texts": [("cat " * 2000, "animal", "2024-01-01")],
    "personal_data": [("write to cat@example.org", "animal", "2024-01-01")],
}  # fmt: skip
ALL = tuple(check for check in REMOVABLE if check != "likely_wrong_labels")
TEST = [
    ("known to all", "animal", "2024-06-01"),
    ("one two three four five six seven eight nine ten", "vessel", "2024-06-01"),
]
NAMES = ("text", "label", "date")


def table(rows):
    return pa.table(dict(zip(NAMES, map(list, zip(*rows, strict=True)), strict=True)))


DIRTY = [*PLAIN, *(row for rows in ODD.values() for row in rows)]
READING = ReadSettings(time="date")


def changes(result):
    return [json.loads(line) for line in Path(result.changes).read_text().splitlines()]


def kept_rows(path):
    return pyarrow.parquet.read_table(path).to_pylist()


def cleaned(tmp_path, rows, **settings):
    result = clean(table(rows), tmp_path / "out.parquet",
                   CleanSettings(reading=READING, **settings))  # fmt: skip
    assert result.kept + result.removed + result.rejected == result.read == len(rows)
    kept = kept_rows(result.output)
    assert len(kept) == result.kept
    assert len(changes(result)) == result.removed + result.rejected + result.relabelled + (
        result.masked
    )
    return result, kept


@pytest.mark.parametrize("check", ALL)
def test_rows_of_a_check_go_with_a_reason_and_its_finding_with_them(check, tmp_path):
    dirty = [*PLAIN, *ODD[check]]
    first = audit(table(dirty), table(TEST), AuditSettings(READING))
    assert check in {finding.check for finding in first.findings}
    result, kept = cleaned(tmp_path, dirty, test=table(TEST), remove=(check,))
    assert result.checks == {check: len(ODD[check])}
    assert [record["row"] for record in changes(result)] == [
        61 + place for place in range(len(ODD[check]))
    ]
    assert {record["check"] for record in changes(result)} == {check}
    assert all(record["reason"] for record in changes(result))
    assert kept == table(PLAIN).to_pylist()
    again = audit(table([tuple(row.values()) for row in kept]), table(TEST), AuditSettings(READING))
    assert check not in {one.check for one in again.findings if one.part in ("train", "all")}


def test_a_cleaned_file_audited_again_is_free_of_all_that_was_to_go(tmp_path):
    result, kept = cleaned(tmp_path, DIRTY, test=table(TEST), remove=ALL)
    assert result.removed == len(DIRTY) - len(PLAIN)
    again = audit(result.output, table(TEST), AuditSettings(READING))
    assert {one.check for one in again.findings if one.part in ("train", "all")} & set(ALL) == set()
    assert kept == table(PLAIN).to_pylist()


def test_the_default_keeps_what_may_be_right(tmp_path):
    result, _ = cleaned(tmp_path, DIRTY)
    assert set(result.checks) == set(DEFAULT)
    gone = {record["text"] for record in changes(result)}
    assert gone == {" ".join(text.split()) for check in
                    ("empty_texts", "conflicting_labels", "repeated_texts",
                     "near_duplicates_within") for text, _, _ in ODD[check]}  # fmt: skip


WRITE = {
    "csv": lambda rows, path: pyarrow.csv.write_csv(rows, path),
    "tsv": lambda rows, path: pyarrow.csv.write_csv(
        rows, path, pyarrow.csv.WriteOptions(delimiter="\t")
    ),
    "jsonl": lambda rows, path: path.write_text(
        "".join(json.dumps(row) + "\n" for row in rows.to_pylist())
    ),
    "parquet": lambda rows, path: pyarrow.parquet.write_table(rows, path),
}
READ = {
    "csv": pyarrow.csv.read_csv,
    "tsv": lambda path: pyarrow.csv.read_csv(
        path, parse_options=pyarrow.csv.ParseOptions(delimiter="\t")
    ),
    "jsonl": pyarrow.json.read_json,
    "parquet": pyarrow.parquet.read_table,
}


@pytest.mark.parametrize("kind", WRITE)
def test_rows_that_stay_keep_their_columns_values_and_order(kind, tmp_path):
    source, out = tmp_path / f"in.{kind}", tmp_path / f"out.{kind}"
    rows = [*PLAIN, ('says "no", and\tleaves', "animal", ""), PLAIN[0]]
    whole = table([(text, label, f"on {day}") for text, label, day in rows]).append_column(
        "number", pa.array(range(len(rows)))
    )
    WRITE[kind](whole, source)
    removed = tmp_path / f"removed.{kind}"
    result = clean(source, out, CleanSettings(removed=removed))
    assert (result.read, result.kept, result.removed) == (62, 61, 1)
    assert READ[kind](out).to_pylist() == READ[kind](source).to_pylist()[:61]
    assert READ[kind](removed).to_pylist() == READ[kind](source).to_pylist()[61:]


def noisy(kinds=KINDS):
    """Rows of which the eleventh has the wrong label."""
    return {
        "text": [text for text, _, _ in PLAIN] * 4,
        "label": [kinds[(number % 2 == 0) ^ (number == 10)] for number in range(240)],
    }


def told_apart(values):
    """Texts of which none stands twice."""
    texts = [f"{text} {number}" for number, text in enumerate(values["text"])]
    return pa.table(values | {"text": texts})


@pytest.mark.parametrize("kinds", [KINDS, (3, 7), (["cat", "pet"], ["ship"])])
def test_labels_suggested_are_written_as_the_file_writes_them(kinds, tmp_path):
    rows = told_apart(noisy(kinds))
    settings = CleanSettings(remove=(), fix_labels=True)
    result = clean(rows, tmp_path / "out.parquet", settings)
    (record,) = changes(result)
    assert (record["change"], record["row"]) == ("relabelled", 11)
    assert (result.relabelled, result.kept) == (1, 240)
    kept = pyarrow.parquet.read_table(result.output)
    wanted = rows["label"].to_pylist()
    assert wanted[10] == kinds[0]
    wanted[10] = kinds[1]
    assert kept["label"].to_pylist() == wanted


def test_rows_with_likely_wrong_labels_go_when_asked(tmp_path):
    settings = CleanSettings(remove=("likely_wrong_labels",))
    result = clean(told_apart(noisy()), tmp_path / "out.jsonl", settings)
    (record,) = changes(result)
    assert record["row"] == 11
    assert record["reason"].startswith("its label is likely wrong (probability 0")


def test_personal_data_is_masked_and_what_is_then_the_same_goes(tmp_path):
    personal = [
        ("call 0800 555 1234 0900 555 1234 or a.b@example.org, cat", "animal", "x"),
        ("card 4111 1111 1111 1111 of a ship", "vessel", "x"),
        ("write to one@example.org about ships", "vessel", "x"),
        ("write to two@example.org about ships", "vessel", "x"),
    ]
    result = clean(table([*PLAIN, *personal]), tmp_path / "out.csv", CleanSettings(mask=True))
    texts = pyarrow.csv.read_csv(result.output)["text"].to_pylist()[60:]
    assert texts == [
        "call [phone] [phone] or [e-mail], cat",
        "card [card] of a ship",
        "write to [e-mail] about ships",
    ]
    assert (result.masked, result.removed) == (3, 1)
    again = audit(result.output)
    assert {one.check for one in again.findings} & {"personal_data", "repeated_texts"} == set()


def test_rows_that_cannot_be_read_are_listed_with_the_others(tmp_path):
    rows = [*PLAIN, ("", "animal", "2024-01-01"), (None, "animal", "2024-01-01")]
    result, kept = cleaned(tmp_path, rows)
    assert (result.rejected, len(kept)) == (2, 60)
    assert [(one["change"], one["row"]) for one in changes(result)] == [
        ("rejected", 61),
        ("rejected", 62),
    ]


@given(st.lists(st.tuples(st.sampled_from(["a b c d e", "a b c d e f", "A  b c d e", "x", "?"]),
                          st.sampled_from(KINDS)), min_size=1, max_size=30))  # fmt: skip
def test_whatever_stands_twice_every_row_is_accounted_for(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("clean")
    rows = [*PLAIN[:4], *((text, label, "x") for text, label in rows)]
    result = clean(table(rows), folder / "out.parquet")
    assert result.kept + result.removed == result.read == len(rows)
    again = audit(result.output)
    assert {one.check for one in again.findings} & set(DEFAULT) == set()


@pytest.mark.parametrize(
    ("settings", "out", "error", "words"),
    [
        ({"remove": ("repeated_text",)}, "o.csv", SettingsError, "did you mean 'repeated_texts'"),
        ({"remove": ("likely_wrong_labels",), "fix_labels": True}, "o.csv", SettingsError,
         "either fixed or left out"),
        ({}, "o.xls", SettingsError, "must end in the format to write"),
        ({"removed": "r.doc"}, "o.csv", SettingsError, "must end in the format to write"),
        ({}, "in.csv", SettingsError, "input and output are the same file"),
        ({}, "there.csv", SettingsError, "the file exists already"),
        ({"remove": ("short_texts",)}, "o.csv", DataError, "all 3 rows would be left out"),
        ({"fix_labels": True}, "o.csv", DataError, "3 rows are too few to judge labels by"),
        ({}, "in.csv/o.csv", OutputError, "part of the path is a file"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_and_leaves_nothing_behind(
    settings, out, error, words, tmp_path
):
    source, there = tmp_path / "in.csv", tmp_path / "there.csv"
    pyarrow.csv.write_csv(table([("a", "x", ""), ("b", "y", ""), ("c", "x", "")]), source)
    there.write_text("as it was")
    if "removed" in settings:
        settings = settings | {"removed": tmp_path / settings["removed"]}
    with pytest.raises(error, match=words):
        clean(source, tmp_path / out, CleanSettings(**settings))
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "there.csv"}
    assert there.read_text() == "as it was"


def test_a_hundred_times_the_same_text_stays_once(tmp_path):
    rows = [("one text", "animal", "x")] * 100 + [("another text", "vessel", "x")] * 100
    result, kept = cleaned(tmp_path, [(t, k, "2024-01-01") for t, k, _ in rows])
    assert [row["text"] for row in kept] == ["one text", "another text"]
    assert result.checks["repeated_texts"] == 198
