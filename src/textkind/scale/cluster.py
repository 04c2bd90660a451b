"""Join a Ray cluster, or start one on this machine; leave it as it was found, or end it.

A cluster of ours listens on the loopback device alone, asks for a token, sends no usage statistics,
has no dashboard, and keeps its files in a folder of its own that goes with it.
"""

import contextlib
import logging
import math
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from textkind.environment import own_environment
from textkind.errors import ClusterError
from textkind.optional import need
from textkind.parallel import thread_count
from textkind.progress import SILENT, Talk, counted
from textkind.scale.nodes import Cluster, check_nodes, nodes_of, worker_count
from textkind.scale.settings import AUTO, LOCAL, RaySettings, host_and_port
from textkind.scale.tokens import asked_token, reread_token, shown_token
from textkind.scale.trial import try_to_join

OBJECT_STORE = 512 << 20  # bytes of shared memory; what does not fit goes to the disk
PATIENCE = 5.0  # seconds for a connection
# RFC 9113, 3.4 and 6.5: each side begins with a frame of settings
SETTINGS_FRAME = b"\x04"
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0" + SETTINGS_FRAME + b"\0" * 5
PURPOSE = "work on a cluster"
# No usage statistics; and of the lines that Ray would print to standard output and standard error,
# none. Some are read when Ray is imported, as is the switch below
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}
# Ray's switch for systems whose firewall would ask
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


@contextlib.contextmanager
def open_cluster(
    settings: RaySettings = RaySettings(),
    cpus: int = 1,
    talk: Talk = SILENT,
    *,
    gpus: float | None = None,
) -> Iterator[Cluster]:
    """Yield a cluster on which workers of so many CPUs, and GPUs, find room.

    gpus of a worker; None: as the settings say. A connection that this process has already is used
    and left open. Raises MissingPackageError without Ray, ClusterError where the cluster cannot be
    joined or cannot do the work, SettingsError where it has no room for the workers asked for.
    """
    asked = settings.gpus if gpus is None else gpus
    is_local = settings.address == LOCAL
    with contextlib.ExitStack() as stack:
        if not is_connected():
            way = _started(settings, cpus, asked) if is_local else _joined(settings.address)
            stack.enter_context(way)
        else:
            talk.note("the connection to Ray that this process has is used")
        cluster = Cluster(nodes_of(need("ray").nodes()), settings.workers)
        workers = worker_count(cluster, cpus, asked)
        check_nodes(cluster.nodes, talk)
        talk.note(
            f"Ray: {counted(len(cluster.nodes), 'node')}, {counted(workers, 'worker')} "
            f"of {counted(cpus, 'CPU')}"
        )
        yield cluster


def is_connected() -> bool:
    """Whether this process has a connection to a cluster."""
    ray = sys.modules.get("ray")
    return ray is not None and ray.is_initialized()


@contextlib.contextmanager
def _started(settings: RaySettings, cpus: int, gpus: float) -> Iterator[None]:
    """A cluster of one node for as long as the block runs."""
    number = max(1, thread_count(None) // cpus) if settings.workers is None else settings.workers
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as room:
        shown = own_environment() | LOOPBACK | QUIET | asked_token() | {"TMPDIR": room}
        with _environment(shown), _connection() as ray:
            try:
                _quietly(
                    ray.init,
                    num_cpus=number * cpus,
                    num_gpus=None if gpus == 0 else math.ceil(number * gpus),
                    include_dashboard=False,
                    object_store_memory=OBJECT_STORE,
                    log_to_driver=False,
                    logging_level=logging.CRITICAL,
                    _temp_dir=f"{room}/s",  # opened to all by Ray; the one above stays ours
                )
            except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
                raise ClusterError(
                    "Ray cannot be started here",
                    found=str(error)[:300],
                    hint="its sockets lie in the folder for temporary files, whose path must be "
                    "short: TMPDIR",
                ) from error
            yield


@contextlib.contextmanager
def _joined(address: str) -> Iterator[None]:
    """A connection to a cluster that is there."""
    with _environment(QUIET | shown_token()):
        need("ray", PURPOSE)
        if address != AUTO:
            _check_listening(address)
        try_to_join(address)
        with _connection() as ray:
            try:
                _quietly(
                    ray.init,
                    address=address,
                    log_to_driver=False,
                    logging_level=logging.CRITICAL,
                )
            except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
                raise ClusterError(
                    "the cluster cannot be joined", found=str(error)[:300], where=address
                ) from error
            yield


def _check_listening(address: str) -> None:
    """ClusterError where nothing answers there as gRPC does: Ray would try for minutes."""
    try:
        with socket.create_connection(host_and_port(address), PATIENCE) as connection:
            connection.sendall(HTTP2_PREFACE)
            answer = connection.recv(9)
    except TimeoutError:
        answer = b""
    except OSError as error:
        raise ClusterError(
            f"nothing listens at this address: {error.strerror or error}",
            where=address,
            hint="start a cluster with `ray start --head`, which tells its address, or pass "
            "--ray local",
        ) from None
    if answer[3:4] != SETTINGS_FRAME and not os.environ.get("RAY_USE_TLS"):
        raise ClusterError(
            "what listens at this address does not answer as a Ray cluster does",
            where=address,
            hint="`ray start --head` tells the address, for example 10.0.0.1:6379",
        )


@contextlib.contextmanager
def _connection() -> Iterator[Any]:
    """Yield Ray as it is in the present environment; leave the cluster when the block ends."""
    ray = need("ray", PURPOSE)
    reread_token()
    try:
        yield ray
    finally:
        ray.shutdown()


def _quietly(work: Callable[..., object], **arguments: Any) -> None:
    """Call it while what its compiled part writes to standard error goes nowhere.

    Ray tells there that it was told to be silent.
    """
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        work(**arguments)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Variables for Ray and the processes that it starts; afterwards all is as before.

    Ray itself sets some and leaves them.
    """
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)
