"""The front's end of the process that loads a model and forks its workers (loader.py)."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textkind.environment import own_environment
from textkind.errors import ModelFolderError
from textkind.serve.frames import Frames, frame


@dataclass(eq=False)
class Loader:
    """A process that has loaded a model; on_end is called where it ends without being asked to."""

    process: "subprocess.Popen[bytes]"
    channel: socket.socket
    on_end: Callable[[], None] | None = None
    is_over: bool = False
    _replies: "asyncio.Queue[dict[str, Any] | None]" = field(default_factory=asyncio.Queue)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside the rest; where the loader ends, it ends in silence."""

        async def quiet() -> None:
            with contextlib.suppress(ModelFolderError, OSError):
                await work

        task = asyncio.get_running_loop().create_task(quiet())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def listen(self) -> None:
        """Read what the process says until it ends."""
        loop, frames = asyncio.get_running_loop(), Frames()
        with contextlib.closing(self.channel), contextlib.suppress(OSError):
            while data := await loop.sock_recv(self.channel, 1 << 16):
                for head, _ in frames.feed(data):
                    self._replies.put_nowait(head)
        was_over, self.is_over = self.is_over, True
        self._replies.put_nowait(None)
        await asyncio.to_thread(self.process.wait)
        if not was_over and self.on_end is not None:
            self.on_end()

    async def reply(self) -> dict[str, Any]:
        """What the process says next; ModelFolderError where it ends instead."""
        told = await self._replies.get()
        if told is None:
            self._replies.put_nowait(None)
            raise ModelFolderError(
                "the process that loads the model has ended",
                hint="the memory may not have been enough",
            )
        return told

    async def fork(self, theirs: socket.socket, threads: int) -> int:
        """A new worker on that socket; its process id."""
        async with self._lock:
            socket.send_fds(self.channel, [str(threads).encode()], [theirs.fileno()])
            return int((await self.reply())["pid"])

    def close(self) -> None:
        """Let the process end."""
        self.is_over = True
        with contextlib.suppress(OSError):
            self.channel.shutdown(socket.SHUT_RDWR)


async def load(
    folder: Path, precision: str | None, *, similar: bool
) -> tuple[Loader, dict[str, Any]]:
    """A process with the model of a folder, and its facts; ModelFolderError where it has none."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-m", "textkind.serve.loader", str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=own_environment(),
        start_new_session=True,  # signals of a terminal come to the front alone
    )
    theirs.close()
    ours.setblocking(False)
    loader = Loader(process, ours)
    loader.spawn(loader.listen())
    told = {"folder": str(folder), "precision": precision, "similar": similar}
    await asyncio.get_running_loop().sock_sendall(ours, b"".join(frame(told)))
    try:
        answer = await loader.reply()
        if "error" in answer:
            error = answer["error"]
            raise ModelFolderError(
                error["problem"], found=error["found"], where=error["where"], hint=error["hint"]
            )
    except BaseException:
        loader.close()
        await asyncio.to_thread(process.wait)
        raise
    return loader, answer["facts"]
