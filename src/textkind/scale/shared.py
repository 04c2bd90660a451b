"""Whether the nodes of a cluster see the same files, before work begins that needs it."""

import contextlib
import secrets
from collections.abc import Callable, Iterator
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
    hint = (
        "workers read and write shards where they lie: use storage that all nodes have under one "
        "path, or write one file: -o NAME.csv"
    )
    shards = [Path(one.path) for one in work.shards if one.files is None][:1]
    with _probe(work.folder / STATE) as probe:
        _check(cluster, "the folder of the predictions", probe, hint)
        for shard in shards:
            _check(cluster, "the shards", shard, hint)


def check_seen(cluster: Cluster, folders: dict[str, Path], hint: str) -> None:
    """ClusterError where a node that works does not see one of these folders, which are made.

    folders  full paths by what they are in words
    """
    for what, folder in folders.items():
        with _probe(folder) as probe:
            _check(cluster, what, probe, hint)


@contextlib.contextmanager
def _probe(folder: Path) -> Iterator[Path]:
    """A file in the folder as long as the block runs."""
    probe = folder / f"probe-{secrets.token_hex(4)}"
    with writing(probe):
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
    try:
        yield probe
    finally:
        probe.unlink(missing_ok=True)


def _check(cluster: Cluster, what: str, path: Path, hint: str) -> None:
    nodes = tuple(node for node in cluster.nodes if node.cpus > 0)
    for node, is_there in zip(nodes, ask_nodes(nodes, _sees(str(path))), strict=True):
        if not is_there:
            raise ClusterError(
                f"a node does not see {what}",
                found=str(path.parent),
                where=node.host,
                hint=hint,
            )


def _sees(path: str) -> Callable[[], bool]:
    def sees() -> bool:
        import os

        return os.path.exists(path)  # noqa: PTH110

    return sees
