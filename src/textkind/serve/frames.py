"""What processes of the service say to each other: a JSON head and a body of bytes, with lengths.

    4 bytes   length of the head, little-endian
    4 bytes   length of the body
    head      JSON
    body      bytes: texts on the way there, lines of JSON on the way back

Nothing is pickled. Both ends are ours, so what does not fit is a fault and not an input.
"""

import json
import socket
import struct
from collections.abc import Iterator
from typing import Any

_LENGTHS = struct.Struct("<II")


def frame(head: Any, *body: bytes) -> list[bytes]:
    """The pieces of a frame, to be written one after the other."""
    told = json.dumps(head, separators=(",", ":")).encode()
    return [_LENGTHS.pack(len(told), sum(map(len, body))), told, *body]


class Frames:
    """Frames out of the pieces in which they arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Any, bytes]]:
        """Every frame that the data completes, as head and body."""
        self._buffer += data
        while len(self._buffer) >= _LENGTHS.size:
            head, body = _LENGTHS.unpack_from(self._buffer)
            end = _LENGTHS.size + head + body
            if len(self._buffer) < end:
                return
            whole = bytes(self._buffer[_LENGTHS.size : end])
            del self._buffer[:end]
            yield json.loads(whole[:head]), whole[head:]


def read_frame(channel: socket.socket) -> tuple[Any, bytes] | None:
    """The next frame of a blocking socket; None at its end."""
    lengths = _read(channel, _LENGTHS.size)
    if lengths is None:
        return None
    head, body = _LENGTHS.unpack(lengths)
    whole = _read(channel, head + body)
    return None if whole is None else (json.loads(whole[:head]), whole[head:])


def write_frame(channel: socket.socket, head: Any, *body: bytes) -> None:
    """Write one frame to a blocking socket."""
    channel.sendall(b"".join(frame(head, *body)))


def packed_texts(texts: list[bytes]) -> list[bytes]:
    """Texts in UTF-8 as `unpacked_texts` reads them: N + 1 offsets as int64, and the bytes."""
    ends = [0]
    for text in texts:
        ends.append(ends[-1] + len(text))
    return [struct.pack(f"<{len(ends)}q", *ends), *texts]


def unpacked_texts(body: bytes, number: int) -> Any:
    """So many texts as an Arrow large_string array over the bytes of the body."""
    import pyarrow as pa  # the front process does without

    split = 8 * (number + 1)
    buffer = pa.py_buffer(body)
    return pa.LargeStringArray.from_buffers(number, buffer.slice(0, split), buffer.slice(split))


def _read(channel: socket.socket, size: int) -> bytes | None:
    found = bytearray(size)
    view = memoryview(found)
    while view:
        read = channel.recv_into(view)
        if not read:
            return None
        view = view[read:]
    return bytes(found)
