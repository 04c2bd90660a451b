"""Several processes train one network: the same curve and weights as one alone."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("accelerate")

from textkind.training.processes import Processes, agreed, sum_over_processes

CHILD = Path(__file__).parent / "shared_child.py"
LAUNCHED = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


def run(folder, *launcher):
    kept = {name: value for name, value in os.environ.items() if name not in LAUNCHED}
    done = subprocess.run(
        [sys.executable, *launcher, str(CHILD), str(folder)],
        env=kept | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def steps_of(folder):
    return [json.loads(line) for line in (folder / "steps.jsonl").read_text().splitlines()]


def result(folder, place):
    with np.load(folder / f"final-{place}.npz") as file:
        return dict(file)


@pytest.mark.skipif(sys.platform != "linux", reason="the loopback is named as Linux names it")
def test_two_processes_train_as_one_does(tmp_path, monkeypatch):
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    alone.mkdir()
    shared.mkdir()
    monkeypatch.syspath_prepend(CHILD.parent)
    importlib.import_module(CHILD.stem).train(alone)
    run(shared, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2",
        "--local_addr=127.0.0.1")  # fmt: skip
    one, two = steps_of(alone), steps_of(shared)
    assert len(one) == len(two) > 10  # and so the second process wrote no lines between
    for name in ("loss", "gradient", "rate"):
        found, expected = ([step[name] for step in steps] for steps in (two, one))
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5, err_msg=name)
    for name in ("texts", "tokens", "positions"):  # of the whole batch, whoever had them
        assert [step[name] for step in two] == [step[name] for step in one]
    expected, first, second = result(alone, 0), result(shared, 0), result(shared, 1)
    assert first.pop("processes") == second.pop("processes") == 2
    assert expected.pop("processes") == 1
    assert expected.pop("told") == first.pop("told") > 0
    assert second.pop("told") == 0  # only the first one speaks
    for name, array in expected.items():
        np.testing.assert_allclose(first[name], array, atol=1e-5, err_msg=name)
        np.testing.assert_array_equal(second[name], first[name], err_msg=name)
    kept = [sorted(path.name for path in (f / "checkpoints").iterdir()) for f in (alone, shared)]
    assert kept[0] == kept[1]


def test_shares_of_a_batch_are_all_of_it_and_about_equal():
    rows = np.arange(11)
    shares = [Processes(4, place).share(rows) for place in range(4)]
    assert sorted(np.concatenate(shares)) == rows.tolist()
    assert {len(share) for share in shares} <= {2, 3}


def test_one_process_talks_to_nobody():
    import torch

    tensors = [torch.ones(2), torch.zeros(())]
    sum_over_processes(Processes(), tensors)
    assert torch.equal(tensors[0], torch.ones(2))
    assert agreed(Processes(), 1.5) == 1.5
    assert Processes().is_first
    assert not Processes(2, 1).is_first
