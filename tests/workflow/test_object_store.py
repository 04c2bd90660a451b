"""Shards and checkpoints in an object store: a real server that speaks S3, on this machine."""

import contextlib
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from tests.serve.conftest import unused_port
from textkind.data.read import read_table
from textkind.data.settings import ReadSettings
from textkind.data.shards import list_shards
from textkind.errors import DataError
from textkind.models.settings import LinearSettings
from textkind.progress import SILENT, Notes
from textkind.workflow.evaluate import evaluate
from textkind.workflow.predict import predict
from textkind.workflow.train import TrainSettings, train

SHARDS = (1, 2, 10)
PATIENCE = 60  # seconds until the server listens
LINEAR = LinearSettings(features="words", strength=1.0)


def rows_of(shard):
    kinds = [("good", "fine and lovely"), ("bad", "poor and broken")]
    return [
        {"text": f"{words} thing {shard} {n}", "label": label}
        for n in range(40)
        for label, words in kinds
    ]


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    """What stands behind a URI to reach the server."""
    port = unused_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    with log.open("w") as file, subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=file, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            wait_for(port, process, log)
            yield f"?scheme=http&endpoint_override=127.0.0.1:{port}&region=us-east-1"
        finally:
            process.terminate()


def wait_for(port, process, log):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server of S3 does not listen: {log.read_text()}")


@pytest.fixture(scope="module")
def bucket(options):
    """A bucket with shards of a table in texts/."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "name")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "key-kept-secret")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        files, _ = fs.FileSystem.from_uri(f"s3://bucket{options}&allow_bucket_creation=true")
        files.create_dir("bucket")
        for shard in SHARDS:
            table = pa.Table.from_pylist(rows_of(shard))
            pq.write_table(table, f"bucket/texts/part-{shard}.parquet", filesystem=files)
        yield files


@pytest.mark.parametrize(
    "place", ["s3://bucket/texts", "s3://bucket/texts/part-*.parquet", "s3://bucket/**/*.parquet"]
)
def test_a_folder_and_patterns_are_read_in_natural_order(bucket, options, place):
    reading = read_table(place + options, ReadSettings())
    assert reading.table.to_pylist() == [row for shard in SHARDS for row in rows_of(shard)]
    names = [shard.name for shard in list_shards(place + options)]
    assert names == [f"s3://bucket/texts/part-{shard}.parquet" for shard in SHARDS]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("s3://bucket/none", r"s3://bucket/none: no such file, and no files in such a folder"),
        ("s3://bucket/x-*.csv", r"s3://bucket/x-\*\.csv: no file has a name like this"),
        ("s3://nowhere/texts", r"s3://nowhere/texts: no such file"),
    ],
)
def test_what_is_not_there_is_told(bucket, options, place, message):
    with pytest.raises(DataError, match=message):
        list_shards(place + options)


def test_a_server_that_is_not_there_is_told_by_the_place(bucket, options):
    closed = options.replace(options.split(":")[-1].split("&")[0], str(unused_port()))
    with pytest.raises(DataError, match="s3://bucket/texts: cannot be opened") as caught:
        list_shards(f"s3://bucket/texts{closed}")
    assert "endpoint_override" not in str(caught.value)


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_is_that_of_the_same_rows_on_a_disk(bucket, options, tmp_path, stream):
    local = tmp_path / "local.parquet"
    pq.write_table(pa.Table.from_pylist([row for one in SHARDS for row in rows_of(one)]), local)
    for name, source in (("far", f"s3://bucket/texts{options}"), ("near", local)):
        train(source, TrainSettings(out=tmp_path / name, model=LINEAR, stream=stream))
    weights = [tmp_path / name / "model" / "weights.safetensors" for name in ("far", "near")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_predictions_of_shards_there_go_on_where_they_were(bucket, options, tmp_path):
    place = f"s3://bucket/texts/part-*.parquet{options}"
    train(place, TrainSettings(out=tmp_path / "run", model=LINEAR))
    out = tmp_path / "labelled"
    first = predict(tmp_path / "run", place, f"{out}/")
    assert (first.read, first.rejected) == (240, 0)
    made = {path: path.stat().st_mtime_ns for path in out.glob("*.parquet")}
    assert sorted(path.name for path in made) == [f"part-{n}.parquet" for n in (1, 10, 2)]
    (out / "part-10.parquet").unlink()
    predict(tmp_path / "run", place, f"{out}/")
    again = {path: path.stat().st_mtime_ns for path in out.glob("*.parquet")}
    assert {path.name for path in made if again[path] != made[path]} == {"part-10.parquet"}
    assert evaluate(tmp_path / "run", place).accepted == 240
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"key-kept-secret" in path.read_bytes() for path in written)


def test_a_training_goes_on_from_its_checkpoints_there(bucket, options, tmp_path):
    pytest.importorskip("torch")
    from textkind.models.neural_settings import default_settings
    from textkind.training.settings import Places

    settings = default_settings("mean_pool")
    kept = f"s3://bucket/kept{options}"
    models, heard = [], Notes()
    for name, places in (("near", Places()), ("far", Places(kept)), ("again", Places(kept))):
        model = replace(settings, places=places)
        train(
            f"s3://bucket/texts{options}",
            TrainSettings(out=tmp_path / name, model=model),
            talk=heard if name == "again" else SILENT,
        )
        models.append((tmp_path / name / "model" / "weights.safetensors").read_bytes())
    assert models[1:] == models[:1] * 2
    assert any(note.startswith("going on from step") for note in heard.told)
    infos = bucket.get_file_info(fs.FileSelector("bucket/kept"))
    assert 1 <= sum(info.base_name.startswith("step-") for info in infos) <= 2
