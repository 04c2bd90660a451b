"""Whether the nodes of a cluster see the same files, before work begins that needs it."""

import secrets
from collections.abc import Callable
from pathlib import Path

from textkind.errors import ClusterError
from textkind.scale.nodes import Cluster, ask_nodes
from textkind.storage.place import writing
from textkind.storage.prediction_folder import STATE
from textkind.workflow.label_shards import ShardWork


def check_shared(cluster: Cluster, work: ShardWork) -> None:
    """ClusterError where a node that works does not see the shards, or the folder to write.

    All paths are full ones.
    """
    nodes = tuple(node for node in cluster.nodes if node.cpus > 0)
    probe = work.folder / STATE / f"probe-{secrets.token_hex(4)}"
    shards = [Path(one.path) for one in work.shards if one.files is None][:1]
    wanted = {"the folder of the predictions": probe, "the shards": shards[0] if shards else probe}
    with writing(probe):
        probe.touch()
    try:
        for what, path in wanted.items():
            for node, is_there in zip(nodes, ask_nodes(nodes, _sees(str(path))), strict=True):
                if not is_there:
                    raise ClusterError(
                        f"a node does not see {what}",
                        found=str(path.parent),
                        where=node.host,
                        hint="workers read and write shards where they lie: use storage that all "
                        "nodes have under one path, or write one file: -o NAME.csv",
                    )
    finally:
        probe.unlink(missing_ok=True)


def _sees(path: str) -> Callable[[], bool]:
    def sees() -> bool:
        import os

        return os.path.exists(path)  # noqa: PTH110

    return sees
