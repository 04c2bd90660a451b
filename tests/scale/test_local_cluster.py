"""A cluster for the time of a command: private while it is there, and gone afterwards."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.scale.processes import below, is_alive, listening
from tests.workflow.conftest import FIXED, tickets, write_csv
from textkind.environment import own_environment
from textkind.workflow.predict import predict
from textkind.workflow.train import TrainSettings, train

pytestmark = pytest.mark.slow
LOOPBACK = "0100007F"  # 127.0.0.1 as the kernel writes it


@pytest.fixture
def room():
    """A folder for temporary files with a short path: Ray's sockets lie in it."""
    folder = tempfile.mkdtemp(dir="/tmp")
    yield Path(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pytest.importorskip("ray", reason="Ray is not installed")
    folder = tmp_path_factory.mktemp("model")
    rows = list(zip(*tickets(300), strict=True))
    file = write_csv(folder / "tickets.csv", ("text", "label"), rows)
    train(file, TrainSettings(out=folder / "run", model=FIXED))
    return folder / "run"


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """So many that their labelling lasts some seconds."""
    lines = [f"{text} {n}" for n, text in enumerate(tickets(2_000)[0] * 500)]
    path = tmp_path_factory.mktemp("texts") / "texts.csv"
    path.write_text("\n".join(["text", *lines]) + "\n")
    return path


def started(room, *words):
    """The command, and what it had told when its cluster stood."""
    process = subprocess.Popen(
        [sys.executable, "-m", "textkind", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=own_environment() | {"TMPDIR": str(room)},
        start_new_session=True,
    )
    told = []
    for line in process.stderr:
        told.append(line)
        if line.startswith("Ray: "):
            break
    return process, told


def test_it_listens_on_the_loopback_device_alone_and_leaves_nothing(room, model, texts, tmp_path):
    out = tmp_path / "out.csv"
    process, told = started(
        room, "predict", model, texts, "-o", out, "--ray", "local", "--ray-workers", "1"
    )
    addresses = listening(process.pid)
    private = [path for path in room.glob("ray-*") if path.stat().st_mode & 0o77 == 0]
    printed, rest = process.communicate()
    assert process.returncode == 0
    assert addresses
    assert all(address.endswith(LOOPBACK) for address in addresses), addresses
    assert len(private) == 1
    assert told == ["Ray: 1 node, 1 worker of 1 CPU\n"]
    assert rest.splitlines() == ["text is taken from column 'text', as in training"]
    assert len(printed.splitlines()) == 2
    assert list(room.iterdir()) == []
    predict(model, texts, tmp_path / "here.csv")
    assert out.read_bytes() == (tmp_path / "here.csv").read_bytes()


def test_an_interrupted_command_leaves_nothing(room, model, texts, tmp_path):
    process, _ = started(
        room, "predict", model, texts, "-o", tmp_path / "out.csv", "--ray", "local"
    )
    children = set(below(process.pid)) - {process.pid}
    assert len(children) > 4
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: nothing" in rest
    assert list(tmp_path.iterdir()) == []
    assert list(room.iterdir()) == []
    until = time.monotonic() + 30
    while any(map(is_alive, children)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(is_alive, children))


def test_a_folder_with_a_long_path_is_told(room, model, texts, tmp_path):
    deep = room / ("x" * 90)
    deep.mkdir()
    told = subprocess.run(
        [sys.executable, "-m", "textkind", "predict", model, texts, "-o", tmp_path / "out.csv",
         "--ray", "local"],
        capture_output=True, text=True, env=own_environment() | {"TMPDIR": str(deep)},
    )  # fmt: skip
    assert told.returncode == 1
    assert "Ray cannot be started here" in told.stderr
    assert "short: TMPDIR" in told.stderr
