"""Whether a cluster can be joined, tried in a process of its own before we do it ourselves.

    python -m textkind.scale.trial ADDRESS

Ray's own attempt goes on for up to a minute where a token is wrong or this machine is no node, and
writes warnings past Python to standard error. Here they are read, and the attempt ends with the
first that tells the reason.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from textkind.environment import own_environment
from textkind.errors import ClusterError
from textkind.scale.tokens import has_token

PATIENCE = 20.0  # seconds; a join takes less than one
REFUSED = ("InvalidAuthToken", "no authentication token was found")
OTHER_VERSIONS = "Version mismatch"
NONE_HERE = "Could not find any running Ray instance"
SEVERAL = "Found multiple active Ray instances"


def try_to_join(address: str) -> None:
    """Join and leave; ClusterError with the reason where it cannot be."""
    with tempfile.TemporaryDirectory() as room:
        said = Path(room) / "said.txt"
        with said.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, address],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=own_environment() | {"RAY_BACKEND_LOG_LEVEL": "warning"},
                start_new_session=True,  # Ctrl-C comes to us alone
            )
            try:
                ended = _wait(process, said)
            finally:
                process.kill()
                process.wait()
        if ended != 0:
            raise why_refused(address, said.read_text("utf-8", "replace"), ended)


def _wait(process: "subprocess.Popen[bytes]", said: Path) -> int | None:
    """The exit code; None where it was not worth waiting for."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            return process.wait(0.1)
        except subprocess.TimeoutExpired:
            if any(words.encode() in said.read_bytes() for words in REFUSED):
                return None
    return None


def why_refused(address: str, said: str, code: int | None) -> ClusterError:
    """The error for what a trial said; code None: it was ended before it came to an end."""
    if any(words in said for words in REFUSED):
        if has_token():
            return ClusterError(
                "the cluster has another token",
                where=address,
                hint="take the one that it was started with: RAY_AUTH_TOKEN_PATH=FILE, or "
                "~/.ray/auth_token",
            )
        return ClusterError(
            "the cluster asks for a token, and there is none here",
            where=address,
            hint="copy the one that it was started with to ~/.ray/auth_token, or name its file: "
            "RAY_AUTH_TOKEN_PATH=FILE",
        )
    if OTHER_VERSIONS in said:
        found = said[said.index(OTHER_VERSIONS) :].split("\n\n")[0]
        versions = [
            line.strip() for line in found.split("\n") if line.strip().startswith(("R", "P"))
        ]
        return ClusterError(
            "the cluster has another version of Ray or Python than this environment",
            found=", ".join(versions[:2]) + "; here " + ", ".join(versions[2:4]),
            where=address,
            hint="use the same environment on every node",
        )
    if NONE_HERE in said:
        return ClusterError(
            "no Ray cluster runs on this machine",
            hint="start one with `ray start --head`, or pass --ray local",
        )
    if SEVERAL in said:
        return ClusterError(
            "several Ray clusters run on this machine", hint="name one: --ray HOST:PORT"
        )
    if code is None:
        return ClusterError(
            "this machine is no node of the cluster",
            where=address,
            hint="make it one, with `ray start --address=HOST:PORT --num-cpus=0` if it shall do "
            "no work, or give the command on one",
        )
    last = next((line.strip() for line in reversed(said.split("\n")) if line.strip()), "")
    return ClusterError("the cluster cannot be joined", found=last[:300], where=address)


def main(address: str) -> int:
    """Join and leave; what goes wrong ends on standard error."""
    import ray

    ray.init(address=address, log_to_driver=False)
    ray.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
