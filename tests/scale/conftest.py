"""A Ray cluster of three nodes on this machine, for all tests of a session that need one."""

import os
import secrets
import shutil
import warnings
from pathlib import Path

import pytest

from textkind.environment import own_environment
from textkind.scale.cluster import QUIET

OBJECT_STORE = 80 << 20
os.environ.update(QUIET)  # Ray reads them when it is imported, which any test here may do first
ENVIRONMENT = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
}


@pytest.fixture(scope="session")
def ray_cluster():
    """A head without CPUs and two nodes of one CPU, as `ray start` makes them; it asks for a token.

    Tests join it at its `address` and leave it; nodes that a test adds it takes away again.
    """
    added = ENVIRONMENT | {"PYTHONPATH": own_environment()["PYTHONPATH"]}
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    pytest.importorskip("ray", reason="Ray is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ray.cluster_utils import Cluster

        from textkind.scale.tokens import reread_token

        reread_token()
        cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 0,
                "include_dashboard": False,
                "object_store_memory": OBJECT_STORE,
                "no_monitor": True,
            },
        )
        for _ in range(2):
            cluster.add_node(wait=False, num_cpus=1, object_store_memory=OBJECT_STORE)
        cluster.wait_for_nodes()
    session = Path(cluster.head_node.get_session_dir_path())
    try:
        yield cluster
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cluster.shutdown()
        shutil.rmtree(session, ignore_errors=True)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
