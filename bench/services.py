"""Services under load: started as processes of their own, asked by wrk, measured, ended.

wrk is a Debian package (`apt-get install wrk`): compiled, so that it is not what is measured. It
sends prepared bodies in turn, each connection the next as soon as it has its answer.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Facts
from bench.places import ROOM, ROOT

PATIENCE = 300.0  # seconds until a service must be ready: kernels may have to be compiled first
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local requests, turn = {}, 0
function init(arguments)
  for line in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format(nil, nil, nil, line)
  end
  turn = math.random(#requests)
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
function done(summary, latency)
  local e = summary.errors
  io.stdout:write(string.format(
    'FACTS {"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "refused": %d, ' ..
    '"broken": %d}\\n', summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(frozen=True)
class Service:
    """A service that runs: its address and its first process; the others are of its session."""

    address: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def memory_mb(self) -> float:
        """Proportional set size of all its processes, in MB of 1,000,000 bytes."""
        total = 0
        for pid in descendants(self.process.pid):
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
                total += int(re.findall(r"^Pss: +(\d+)", text, re.M)[0])
        return total * 1024 / 1e6


def descendants(pid: int) -> list[int]:
    """A process, its children, and theirs."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
    return found


@contextlib.contextmanager
def running(
    name: str,
    command: list[str],
    address: str,
    ready: str,
    environment: dict[str, str] | None = None,
) -> Iterator[Service]:
    """The service of a command, once its path `ready` answers; ended at the end."""
    ROOM.mkdir(exist_ok=True)
    log = ROOM / f"service-{re.sub(r'[^a-z0-9]+', '-', name.lower())}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        try:
            end = time.monotonic() + PATIENCE
            while not answers(address + ready):
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{name} did not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.1)
            yield Service(address, process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def answers(url: str) -> bool:
    """Whether a path is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def ours(name: str, port: int, *words: str) -> contextlib.AbstractContextManager[Service]:
    """textkind serve with these words."""
    command = [sys.executable, "-m", "textkind", "serve", *words, "--port", str(port)]
    here = {"PYTHONPATH": str(ROOT / "src")}
    return running(name, command, f"http://127.0.0.1:{port}", "/readyz", here)


def bombard(
    service: Service, path: str, bodies: list[bytes], connections: int, seconds: float
) -> Facts:
    """requests_s, p50_ms, p99_ms and refused (by status) of closed-loop clients; RuntimeError."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        script, lines = Path(folder) / "script.lua", Path(folder) / "bodies"
        script.write_text(SCRIPT)
        lines.write_bytes(b"\n".join(bodies) + b"\n")
        command = [wrk, "-t2", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "30s",
                   "-s", str(script), service.address + path, "--", str(lines)]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"^FACTS (.*)$", done.stdout, re.M)
    if found is None:
        raise RuntimeError(f"wrk failed:\n{done.stdout[-500:]}{done.stderr[-500:]}")
    told = json.loads(found[1])
    if told["broken"]:
        raise RuntimeError(f"{told['broken']} connections broke; see {service.log}")
    return {
        "requests_s": told["requests"] / told["microseconds"] * 1e6,
        "p50_ms": told["p50"] / 1000,
        "p99_ms": told["p99"] / 1000,
        "refused": told["refused"],
    }
