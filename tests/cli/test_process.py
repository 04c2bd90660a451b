"""The command as a process of its own: Ctrl-C, closed pipes, full disks, quick help."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

QUICK = ["--features", "words", "--strength", "1", "--naive-bayes", "off"]


def command(*words):
    return [sys.executable, "-m", "textkind", *map(str, words)]


def state(folder):
    """Every file below a folder with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


MOMENTS = [(moment, existed) for moment in ("learning", "writing") for existed in (False, True)]
EARLY = [  # nothing is written yet
    ("start", False),
    ("reading", True),
    pytest.param("start", True, marks=pytest.mark.slow),
    pytest.param("reading", False, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("moment", "existed"), [*EARLY, *MOMENTS])
def test_ctrl_c_at_any_moment_leaves_the_old_run_or_none(
    ticket_file, run_folder, tmp_path, moment, existed
):
    """The child stops itself in the middle of a step until the signal has come."""
    target = tmp_path / "run"
    if existed:
        subprocess.run(["cp", "-r", str(run_folder), str(target)], check=True)
    before = state(tmp_path)
    script = f"""
import sys, time
from textkind.cli import commands
def wait(*args, **settings):
    print("here", flush=True)
    time.sleep(60)
moment = {moment!r}
if moment == "start":
    commands._run = wait
else:
    from textkind.workflow import material, train
    module, name = dict(
        reading=(material, "read_sources"),
        learning=(train, "learn"),
        writing=(train, "write_report"),
    )[moment]
    setattr(module, name, wait)
sys.exit(commands.main(sys.argv[1:]))
"""
    words = ["train", str(ticket_file), "--out", str(target), "--overwrite", *QUICK]
    with subprocess.Popen(
        [sys.executable, "-c", script, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"here\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted" in err
    assert b"Traceback" not in err
    if moment != "start":
        assert (b"is as it was" if existed else b"nothing was written") in err
    assert state(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} == ({"run"} if existed else set())


def test_ctrl_c_at_random_moments_leaves_a_whole_run_or_none(ticket_file, tmp_path):
    """Signals by the clock: whatever they hit, there is no half-written folder."""
    for number, seconds in enumerate((0.4, 0.8, 1.2, 1.6)):
        target = tmp_path / f"run-{number}"
        process = subprocess.Popen(
            command("train", ticket_file, "--out", target, *QUICK),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        # Before our code runs, the signal ends Python itself.
        assert process.returncode in (0, 130, 1, -signal.SIGINT), err
        if target.exists():
            assert json.loads((target / "metrics.json").read_text())["test"]["rows"] > 0
            assert b"interrupted" not in err or b"is complete" in err or b"written to" in err
    assert not list(tmp_path.glob(".textkind-*"))


def test_a_reader_that_stops_early_is_no_error_to_shout_about(run_folder, ticket_file):
    line = f"{' '.join(command('predict', run_folder, ticket_file))} --quiet | head -1"
    result = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full")
@pytest.mark.parametrize("words", [["show"], ["predict"]])
def test_a_full_disk_behind_stdout_is_told(run_folder, ticket_file, words):
    arguments = [*words, run_folder, *([ticket_file] if words == ["predict"] else [])]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(command(*arguments), stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1
    assert "standard output" in result.stderr
    assert re.search("the disk is full|No space left", result.stderr)
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the root user may write anywhere")
def test_a_folder_without_permission_is_told(ticket_file, tmp_path):
    tmp_path.chmod(0o500)
    result = subprocess.run(
        command("train", ticket_file, "--out", tmp_path / "run"), capture_output=True, text=True
    )
    tmp_path.chmod(0o700)
    assert result.returncode == 1
    assert "no permission" in result.stderr


def test_output_in_a_narrow_encoding_does_not_fail(run_folder):
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = subprocess.run(
        command("predict", run_folder, "-", "--top", "2"),
        input="café 最\n".encode(),
        capture_output=True,
        env=environment,
    )
    assert result.returncode == 0
    assert "café 最" in result.stdout.decode()
