"""A training that is killed, again and again, ends in the bits of one that was not."""

import importlib
import json
import multiprocessing
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="there is no SIGKILL and no forkserver"
)
STEPS = 80  # of a whole training
KILLS = 10


@pytest.fixture(scope="module")
def start():
    """Start a training in a child that has torch already; gives the child's exit code."""
    here = str(Path(__file__).parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(here)
        patch.setenv("PYTHONPATH", here, prepend=os.pathsep)  # of the server
        child = importlib.import_module("resume_child")
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["pytest", "torch._dynamo", "scipy.linalg", "resume_child"])

        def run(*arguments):
            process = context.Process(target=child.train, args=arguments)
            process.start()
            process.join(60)
            return process.exitcode

        yield run


def result(folder):
    with np.load(folder / "final.npz") as file:
        return dict(file)


def steps_of(folder):
    lines = [json.loads(line) for line in (folder / "steps.jsonl").read_text().splitlines()]
    return [{name: line[name] for name in line if name != "seconds"} for line in lines]


@pytest.mark.parametrize(("network", "optimizer"), [("cnn", "adamw"), ("rnn", "sgd")])
def test_ten_kills_change_no_bit_of_the_result(network, optimizer, start, tmp_path):
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    for folder in (unbroken, broken):
        folder.mkdir()
    assert start(network, unbroken, optimizer) == 0
    assert len(steps_of(unbroken)) >= STEPS
    random = np.random.default_rng(len(network))
    for kill in range(KILLS):
        # 6 steps a child at most: there are always some left; checkpoints are 3 steps apart
        place = (
            (None, int(random.integers(1, 3))) if kill % 3 == 1 else (random.integers(2, 7), None)
        )
        assert start(network, broken, optimizer, *place) == -signal.SIGKILL
        assert not (broken / "final.npz").exists()
    assert start(network, broken, optimizer) == 0
    assert steps_of(broken) == steps_of(unbroken)
    expected, found = result(unbroken), result(broken)
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        assert array.tobytes() == found[name].tobytes(), name
    assert not list((broken / "checkpoints").glob("*.part"))
