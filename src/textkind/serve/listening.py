"""The listening socket: all connections that wait are taken at once.

libuv takes one in each turn of its loop. Under load a turn lasts tens of milliseconds, and the last
of some hundred new clients would wait for seconds before it is heard.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

BACKLOG = 2048  # connections that the kernel holds until they are taken
AT_ONCE = 256  # are taken before those that are open have their turn
REST = 0.5  # seconds without a look where no file can be opened any more


class Listening:
    """Hands each new connection to a protocol of its own; closed like a server of asyncio."""

    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        tls: ssl.SSLContext | None,
        handshake: float,
    ) -> None:
        """Begin; handshake: seconds that TLS may take to be agreed on."""
        self._loop = asyncio.get_running_loop()
        self._listener, self._protocol = listener, protocol
        self._tls, self._handshake = tls, None if tls is None else handshake
        self._tasks: set[asyncio.Task[None]] = set()
        self._rest: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        listener.listen(BACKLOG)
        self._look()

    def _look(self) -> None:
        self._loop.add_reader(self._listener, self._take)

    def _take(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # no descriptor is left
                self._loop.remove_reader(self._listener)
                self._rest = self._loop.call_later(REST, self._look)
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._open(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # gone already, or no TLS came of it
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(
                self._protocol, connection, ssl=self._tls, ssl_handshake_timeout=self._handshake
            )

    def close(self) -> None:
        """Take no more."""
        if self._rest is not None:
            self._rest.cancel()
        self._loop.remove_reader(self._listener)

    async def wait_closed(self) -> None:
        """Nothing is left to wait for."""
