"""The processes below this one, found by name and killed as the kernel does when memory ends."""

import contextlib
import os
import signal
import threading
import time
from pathlib import Path


def below(process):
    """{process id: its command} of all that this process started, and those started in turn."""
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(stat[1])
            commands[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
    found, more = set(), {process}
    while more:
        more = {one for one, parent in parents.items() if parent in more} - found
        found |= more
    return {one: commands[one] for one in found}


def is_alive(process):
    """Whether it still runs: one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def listening(process):
    """The addresses in hexadecimal, of IPv4 or mapped to IPv6, where it and those below listen."""
    sockets = set()
    for one in below(process):
        for link in Path(f"/proc/{one}/fd").glob("*"):
            with contextlib.suppress(OSError):
                sockets.add(os.readlink(link))  # noqa: PTH115
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:  # LISTEN
                found.add(fields[1].partition(":")[0])
    return found


@contextlib.contextmanager
def killed(name, times):
    """While the block runs, kill -9 the first so many processes whose command begins so.

    Those seen twice: what a process has just forked has its command for a moment.
    """
    over, gone = threading.Event(), set()

    def hunt():
        before = set()
        while not over.is_set() and len(gone) < times:
            commands = below(os.getpid()).items()
            named = {process for process, command in commands if command.startswith(name)}
            for process in (named & before) - gone:
                if len(gone) < times:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
                        gone.add(process)
            before = named
            time.sleep(0.02)

    hunter = threading.Thread(target=hunt)
    hunter.start()
    try:
        yield gone
    finally:
        over.set()
        hunter.join()
    assert len(gone) == times, f"{name} was killed {len(gone)} times, not {times}"
