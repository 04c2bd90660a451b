"""Shards in, shards out: labelled as one file is, and in the same bytes whatever kills it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from tests.workflow.conftest import tickets, write_csv
from textkind.data.read import read_table
from textkind.data.settings import ReadSettings
from textkind.data.shards import list_shards
from textkind.errors import DataError, NoRowsError, SettingsError
from textkind.estimator import TextClassifier
from textkind.progress import Notes
from textkind.workflow import label_shards as module
from textkind.workflow.labelling import PredictSettings, columns_for, label_rows, labelling_of
from textkind.workflow.predict import predict
from textkind.workflow.promised import PromiseSettings

PLAIN = PredictSettings()


def files_in(folder):
    """Every file but the lock, with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def rows_in(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def shards(tmp_path):
    """Three shards of tickets, of which the second has rows that cannot be used."""
    folder = tmp_path / "in"
    folder.mkdir()
    texts, _ = tickets(60, seed=3)
    for number, name in enumerate(("part-1.jsonl", "part-2.jsonl", "part-10.jsonl")):
        lines = [
            json.dumps({"text": text, "n": number})
            for text in texts[20 * number : 20 * number + 20]
        ]
        if number == 1:
            lines[4] = '{"text": null}'
            lines[9] = "{broken"
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


def test_each_shard_becomes_a_file_that_has_what_one_file_of_all_would_have(run, shards, tmp_path):
    result = predict(run.folder, shards, f"{tmp_path}/out/")
    whole = predict(run.folder, shards, tmp_path / "whole.jsonl")
    assert (result.read, result.predicted, result.rejected) == (60, 58, 2)
    assert (whole.read, whole.predicted, whole.rejected) == (60, 58, 2)
    assert (result.shards, result.shards_before, whole.shards) == (3, 0, None)
    names = ["part-1.jsonl", "part-2.jsonl", "part-10.jsonl"]
    written = [path for name in names for path in rows_in(tmp_path / "out" / name)]
    assert written == rows_in(tmp_path / "whole.jsonl")
    rejected = rows_in(tmp_path / "out" / "_rejected" / "part-2.jsonl.jsonl")
    assert rejected == rows_in(whole.rejected_file)
    assert [one["line"] for one in rejected] == [5, 10]
    assert {one["shard"] for one in rejected} == {f"{shards}/part-2.jsonl"}


def test_the_folder_can_be_read_as_shards_again(run, shards, tmp_path):
    predict(run.folder, shards, f"{tmp_path}/out/", replace(PLAIN, output_format="parquet"))
    reading = read_table(tmp_path / "out", ReadSettings())
    assert reading.read == 58
    assert reading.table.column_names == ["text", "n", "label", "probability"]


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_every_format_comes_out(run, shards, tmp_path, kind):
    predict(run.folder, shards, f"{tmp_path}/out/", replace(PLAIN, output_format=kind))
    names = {path.name for path in (tmp_path / "out").iterdir() if path.is_file()}
    assert names == {f"part-{n}.{kind}" for n in (1, 2, 10)}
    predict(run.folder, shards / "part-1.jsonl", tmp_path / f"one.{kind}")
    assert (tmp_path / "out" / f"part-1.{kind}").read_bytes() == (
        tmp_path / f"one.{kind}"
    ).read_bytes()


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a.csv.gz", ["a-00000.csv"]),
        ("2024.01.parquet", ["2024.01-00000.parquet"]),
        ("*/x.csv", ["one/x.csv", "two/x.csv"]),
        ("o*/*", ["x.csv", "y.csv"]),
        ("plain-*", ["plain-0.csv", "plain-1.csv"]),
        ("b.json", ["b-00000.jsonl"]),
    ],
)
def test_files_have_the_names_of_their_shards(run, tmp_path, source, names):
    base = tmp_path / "in"
    (base / "one").mkdir(parents=True)
    (base / "two").mkdir()
    frame = pd.DataFrame({"text": ["late parcel", "refund"]})
    for name in ("one/x.csv", "two/x.csv", "one/y.csv", "a.csv.gz"):
        frame.to_csv(base / name, index=False)
    frame.to_parquet(base / "2024.01.parquet")
    frame.to_json(base / "b.json", orient="records")
    for number in (0, 1):
        (base / f"plain-{number}").write_text("late parcel\n")
    predict(run.folder, base / source, f"{tmp_path}/out/")
    found = [name for name in files_in(tmp_path / "out") if not name.startswith("_")]
    assert found == names


def test_shards_are_cut_into_files_of_so_many_rows(run, tmp_path):
    texts = [f"parcel {number} is late" for number in range(50_000)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "big.parquet")
    settings = replace(PLAIN, shard_rows=20_000)
    result = predict(run.folder, tmp_path / "big.parquet", f"{tmp_path}/out/", settings)
    assert (result.read, result.shards) == (50_000, 2)  # a block has 16,384 rows
    tables = [pq.read_table(tmp_path / "out" / f"big-0000{n}.parquet") for n in (0, 1)]
    assert [len(table) for table in tables] == [32_768, 17_232]
    assert pa.concat_tables(tables)["text"].to_pylist() == texts
    whole = tmp_path / "whole.parquet"
    predict(run.folder, tmp_path / "big.parquet", whole)
    assert pa.concat_tables(tables).equals(pq.read_table(whole))


def test_whatever_moment_it_is_killed_at_the_bytes_are_those_of_an_undisturbed_call(
    run, shards, tmp_path
):
    settings = replace(PLAIN, shard_rows=10)
    predict(run.folder, shards, f"{tmp_path}/undisturbed/", settings)
    expected = files_in(tmp_path / "undisturbed")
    assert len(expected) == 6  # three files, one of rejected rows, the plan and what is finished
    child = Path(__file__).with_name("killed_child.py")
    told = subprocess.run(
        [sys.executable, child, run.folder, shards, tmp_path / "killed"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    for moment in told.stdout.split():
        folder = tmp_path / "killed" / moment
        lines = folder / "_textkind" / "done.jsonl"
        if moment == "within-its-line":
            assert not lines.read_bytes().endswith(b"}\n")
        if moment != "again-and-again":
            assert files_in(folder) != expected
        predict(run.folder, shards, folder, settings)
        assert files_in(folder) == expected, moment


def test_a_shard_that_was_cut_goes_on_after_any_of_its_files(run, shards, tmp_path, monkeypatch):
    monkeypatch.setattr("textkind.data.records.BLOCK", 256)  # a few rows a block
    settings = replace(PLAIN, shard_rows=5)
    predict(run.folder, shards, f"{tmp_path}/out/", settings)
    expected = files_in(tmp_path / "out")
    lines = tmp_path / "out" / "_textkind" / "done.jsonl"
    finished = lines.read_text().splitlines(keepends=True)
    assert len(finished) > 8
    for number in range(0, len(finished), 2):
        lines.write_text("".join(finished[:number]))
        result = predict(run.folder, shards, tmp_path / "out", settings)
        assert (result.read, result.rejected, result.shards_before) == (60, 2, number)
        assert files_in(tmp_path / "out") == expected


def test_what_a_killed_process_left_under_temporary_names_goes(run, shards, tmp_path):
    predict(run.folder, shards, f"{tmp_path}/out/")
    expected = files_in(tmp_path / "out")
    for name in (".textkind-0a1b2c3d.part.jsonl", "_rejected/.part-2.jsonl.jsonl.77.unfinished"):
        (tmp_path / "out" / name).write_text("half a l")
    predict(run.folder, shards, tmp_path / "out")
    assert files_in(tmp_path / "out") == expected


def test_what_is_finished_is_not_labelled_again(run, shards, tmp_path, monkeypatch):
    first = predict(run.folder, shards, f"{tmp_path}/out/")
    files = files_in(tmp_path / "out")
    labelled = []
    real = module.label_rows
    monkeypatch.setattr(module, "label_rows", lambda *a: labelled.append(1) or real(*a))
    notes = Notes()
    again = predict(run.folder, shards, tmp_path / "out", talk=notes)
    assert labelled == []
    assert (again.read, again.predicted, again.rejected) == (60, 58, 2)
    assert (again.shards, again.shards_before) == (3, 3)
    assert replace(again, seconds=0, shards_before=0, output="") == replace(
        first, seconds=0, output=""
    )
    assert f"going on in {tmp_path}/out: 3 files of predictions are finished" in notes.told
    (tmp_path / "out" / "part-2.jsonl").unlink()  # a file that is gone is written again
    assert predict(run.folder, shards, tmp_path / "out").shards_before == 2
    assert labelled == [1]
    assert set(files_in(tmp_path / "out")) == set(files)
    assert (tmp_path / "out" / "part-2.jsonl").read_bytes() == files["part-2.jsonl"]


def test_a_shard_that_cannot_be_used_leaves_those_before_it_finished(run, shards, tmp_path):
    good = (shards / "part-10.jsonl").read_text()
    (shards / "part-10.jsonl").write_text("no json\n")
    with pytest.raises(DataError, match=r"part-10\.jsonl"):
        predict(run.folder, shards, f"{tmp_path}/out/")
    found = {name for name in files_in(tmp_path / "out") if not name.startswith("_")}
    assert found == {"part-1.jsonl", "part-2.jsonl"}
    (shards / "part-10.jsonl").write_text(good)
    with pytest.raises(SettingsError, match=r"shards that are changed: part-10\.jsonl"):
        predict(run.folder, shards, f"{tmp_path}/out/")


def other_settings(run, shards):
    return run.folder, shards, replace(PLAIN, top=2)


def other_format(run, shards):
    return run.folder, shards, replace(PLAIN, output_format="csv")


def other_promise(run, shards):
    return run.folder, shards, replace(PLAIN, reading=ReadSettings(encoding="latin-1"))


def a_new_shard(run, shards):
    (shards / "part-3.jsonl").write_text('{"text": "new"}\n')
    return run.folder, shards, PLAIN


def one_gone(run, shards):
    return run.folder, str(shards / "part-1*"), PLAIN


def another_order(run, shards):
    return run.folder, list(list_shards(shards))[::-1], PLAIN


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (other_settings, r"it differs in top \(2, before 1\)"),
        (other_format, r"it differs in format \('csv', before 'jsonl'\)"),
        (other_promise, "it differs in reading"),
        (a_new_shard, r"shards that are new: part-3\.jsonl"),
        (one_gone, r"shards that are gone: part-2\.jsonl"),
        (another_order, "the order of the shards"),
    ],
)
def test_other_predictions_are_refused_with_what_differs_unless_overwritten(
    run, shards, tmp_path, change, message
):
    predict(run.folder, shards, f"{tmp_path}/out/")
    (tmp_path / "out" / "mine.txt").write_text("notes of the user")
    before = files_in(tmp_path / "out")
    model, source, settings = change(run, shards)
    with pytest.raises(SettingsError, match=message):
        predict(model, source, tmp_path / "out", settings)
    assert files_in(tmp_path / "out") == before
    predict(model, source, tmp_path / "out", replace(settings, overwrite=True))
    predict(model, source, f"{tmp_path}/fresh/", settings)
    found = files_in(tmp_path / "out")
    assert found.pop("mine.txt") == b"notes of the user"
    assert found == files_in(tmp_path / "fresh")


def test_another_model_is_refused(run, tag_run, shards, tmp_path):
    predict(run.folder, shards, f"{tmp_path}/out/")
    with pytest.raises(SettingsError, match="it differs in model"):
        predict(tag_run.folder, shards, f"{tmp_path}/out/")


def test_a_second_process_is_refused_and_the_lock_goes_with_its_process(run, shards, tmp_path):
    holder = (
        "import fcntl, sys, time, pathlib\n"
        "folder = pathlib.Path(sys.argv[1]); folder.mkdir(parents=True)\n"
        "file = (folder / 'lock').open('w'); fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, tmp_path / "out" / "_textkind"], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(SettingsError, match="another prediction is at work in this folder"):
            predict(run.folder, shards, f"{tmp_path}/out/")
        other.kill()
    assert predict(run.folder, shards, f"{tmp_path}/out/").shards == 3


@pytest.mark.parametrize(
    ("source", "output", "message"),
    [
        ("in", "busy/", "holds other things, so nothing is written there; found 'mine.txt'"),
        ("in", "busy/mine.txt/", "a file stands where the folder should go"),
        ("in", "in/", "would lie among the shards that are read"),
        ("-", "out/", "written from files of tables; found '-'"),
        ("classes", "out/", "written from files of tables"),
        ("twins/*", "out/", r"the predictions of two shards would have the name a\.csv"),
        ("in", "s3://bucket/out/", "predictions are written to a disk of this machine"),
        ("in", "s3://bucket/out.csv", "predictions are written to a disk of this machine"),
        ("in", "in/out.csv", "the output would lie in the folder that is read"),
        ("in/part-*", "in/part-1.jsonl", "input and output are the same file"),
    ],
)
def test_folders_that_make_no_sense_are_refused(run, shards, tmp_path, source, output, message):
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / "mine.txt").write_text("mine")
    (tmp_path / "classes" / "a").mkdir(parents=True)
    (tmp_path / "classes" / "a" / "1.txt").write_text("text")
    (tmp_path / "twins").mkdir()
    for name in ("a.csv", "a.csv.gz"):
        pd.DataFrame({"text": ["x"]}).to_csv(tmp_path / "twins" / name, index=False)
    before = files_in(tmp_path)
    given = "-" if source == "-" else f"{tmp_path}/{source}"
    place = output if output.startswith("s3") else f"{tmp_path}/{output}"
    with pytest.raises(SettingsError, match=message):
        predict(run.folder, given, place)
    assert files_in(tmp_path) == before


def test_a_frame_and_a_classifier_in_memory_are_refused(run, shards, tmp_path):
    with pytest.raises(SettingsError, match="written from files of tables; found 'DataFrame'"):
        predict(run.folder, pd.DataFrame({"text": ["a"]}), f"{tmp_path}/out/")
    with pytest.raises(SettingsError, match="by a saved model"):
        predict(run.classifier, shards, f"{tmp_path}/out/")
    with pytest.raises(SettingsError, match="the rows of a shard must be 1 or more; found 0"):
        PredictSettings(shard_rows=0)


def test_a_plan_that_cannot_be_read_is_told(run, shards, tmp_path):
    predict(run.folder, shards, f"{tmp_path}/out/")
    (tmp_path / "out" / "_textkind" / "plan.json").write_text("{")
    with pytest.raises(SettingsError, match=r"_textkind/plan\.json cannot be read"):
        predict(run.folder, shards, f"{tmp_path}/out/")


def test_shards_without_rows_have_no_file_and_stop_nothing(run, shards, tmp_path):
    (shards / "part-0.jsonl").write_text("")
    (shards / "part-3.jsonl").write_text("\n")
    notes = Notes()
    assert predict(run.folder, shards, f"{tmp_path}/out/", talk=notes).shards == 3
    assert any("2 of 5 shards have no row" in note for note in notes.told)
    assert predict(run.folder, shards, f"{tmp_path}/out/").shards_before == 3
    for path in shards.iterdir():
        path.write_text("")
    with pytest.raises(NoRowsError, match="none of 5 shards has a row"):
        predict(run.folder, shards, f"{tmp_path}/empty/")


def test_counts_of_promises_add_up_over_calls(run, shards, tmp_path):
    """As of a single call, also where a second one only adds what is missing."""
    settings = replace(PLAIN, promises=PromiseSettings(novelty=False), tokens=False)
    once = predict(run.folder, shards, f"{tmp_path}/once/", settings)
    predict(run.folder, shards, f"{tmp_path}/twice/", settings)
    lines = tmp_path / "twice" / "_textkind" / "done.jsonl"
    lines.write_text("".join(lines.read_text().splitlines(keepends=True)[:1]))
    twice = predict(run.folder, shards, f"{tmp_path}/twice/", settings)
    assert replace(twice, seconds=0, output="", shards_before=0, rejected_file=None) == replace(
        once, seconds=0, output="", rejected_file=None
    )
    assert files_in(tmp_path / "once") == files_in(tmp_path / "twice")


def test_shards_of_any_file_system_are_labelled(run, shards, tmp_path):
    files = fs.SubTreeFileSystem(str(shards), fs.LocalFileSystem())
    predict(run.folder, list_shards("part-*", files), f"{tmp_path}/out/")
    predict(run.folder, shards, f"{tmp_path}/local/")
    for name in ("part-1.jsonl", "part-10.jsonl"):
        assert files_in(tmp_path / "out")[name] == files_in(tmp_path / "local")[name]


def test_rows_labelled_apart_are_those_that_predict_writes(run, shards, tmp_path):
    """What a worker of a cluster does: the same function, on any table of rows."""
    labelling = labelling_of(run.folder, PLAIN)
    table = pa.table({"text": ["late parcel", "refund the charge"], "n": [1, 2]})
    columns = columns_for(labelling, table.column_names)
    found, counts = label_rows(
        labelling, columns, table, table["text"].combine_chunks().cast(pa.large_string())
    )
    predict(run.folder, table, tmp_path / "out.parquet")
    assert found.to_pylist() == pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert counts["answered"] == 2
    assert TextClassifier.load(run.folder).predict(["late parcel"])[0] == found["label"][0].as_py()


def test_a_column_that_comes_late_is_an_error_where_the_format_has_no_room_for_it(
    run, tmp_path, monkeypatch
):
    monkeypatch.setattr("textkind.data.records.BLOCK", 64)
    lines = [json.dumps({"text": f"parcel {n} " + "x" * 50}) for n in range(4)]
    for late, message in (("extra", "the columns change"), ("label", "comes up later")):
        lines[3] = json.dumps({"text": "parcel " + "x" * 60, late: "E"})
        source = tmp_path / f"{late}.jsonl"
        source.write_text("\n".join(lines) + "\n")
        for suffix in (".csv", ".parquet"):
            with pytest.raises(DataError, match=message):
                predict(run.folder, source, tmp_path / f"{late}{suffix}")
            assert not (tmp_path / f"{late}{suffix}").exists()
    predict(run.folder, tmp_path / "extra.jsonl", tmp_path / "out.jsonl")
    assert [row.get("extra") for row in rows_in(tmp_path / "out.jsonl")] == [None] * 3 + ["E"]


def test_resuming_reads_the_columns_as_the_first_call_did(run, tmp_path):
    """The first shard settles delimiter and columns also where its rows are finished."""
    folder = tmp_path / "in"
    folder.mkdir()
    write_csv(folder / "1.csv", ("text", "n"), [("late parcel", "1")] * 5)
    (folder / "2.csv").write_text("n,text\n2,refund\n")
    predict(run.folder, folder, f"{tmp_path}/out/")
    expected = files_in(tmp_path / "out")
    (tmp_path / "out" / "2.csv").unlink()
    predict(run.folder, folder, f"{tmp_path}/out/")
    assert files_in(tmp_path / "out") == expected
