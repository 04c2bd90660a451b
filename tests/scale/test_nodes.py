"""What nodes must have: room for workers, and our software; one without it can be asked."""

import os
import subprocess
import sys

import pytest

from textkind.scale import nodes as nodes_module
from textkind.scale.nodes import Cluster, Node, differences, worker_count


def test_workers_are_counted_node_by_node():
    nodes = (Node("a", "a", 0, 0), Node("b", "b", 7, 1), Node("c", "c", 4, 4))
    counts = {(1, 0): 11, (2, 0): 5, (4, 0): 2, (1, 1): 5, (2, 1): 3, (1, 0.5): 6, (4, 2): 1}
    for (cpus, gpus), count in counts.items():
        assert worker_count(Cluster(nodes, None), cpus, gpus) == count
    assert worker_count(Cluster(nodes, 3), 1, 0) == 3


def test_a_node_with_other_software_is_told():
    here = {"python": "3.11.7", "ray": "2.60.0", "textkind": "1.0"}
    assert differences(here, dict(here)) == ""
    assert differences(here, here | {"ray": "2.1"}) == "Ray 2.1, here 2.60.0"
    there = here | {"python": "3.12.0", "textkind": None}
    assert differences(here, there) == "Python 3.12.0, here 3.11.7, no textkind"


def test_a_node_without_textkind_can_be_asked(tmp_path):
    cloudpickle = pytest.importorskip("ray.cloudpickle")
    (tmp_path / "textkind.py").write_text("raise ImportError")
    (tmp_path / "probe").write_bytes(cloudpickle.dumps(nodes_module._probe()))
    code = f"import pickle; print(pickle.load(open({str(tmp_path / 'probe')!r}, 'rb'))())"
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "'textkind': None" in answer
