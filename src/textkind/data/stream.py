"""Bytes of a file, block by block, as plain UTF-8: gzip unpacked, other encodings transcoded.

In goes a path, "-" (standard input) or a shard; out come `head`, the first bytes, and
`read(size)`. One pass, so a pipe works as a file does.
"""

import codecs
import gzip
import sys
import zlib
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from textkind.data.settings import ReadSettings
from textkind.data.shard import Shard, open_bytes
from textkind.data.sniff import TABLE_MAGIC
from textkind.errors import DataError, did_you_mean

HEAD = 1 << 16  # bytes looked at to tell what a file is
CHUNK = 1 << 20  # bytes transcoded at a time

GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARKS = {  # UTF-32 first: its little-endian mark begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Stream:
    """One pass over the bytes of a file.

    name     the path as told to the user
    head     the first HEAD bytes, unpacked and in UTF-8, also returned by `read`
    notes    what was found and not asked for, such as an encoding
    offset   bytes dropped before `head` begins (a byte-order mark)
    total    size of the file in bytes, 0 where it is not known
    plain    whether the file on disk holds just these bytes
    """

    def __init__(self, place: str | Shard, settings: ReadSettings) -> None:
        path = place if isinstance(place, str) else place.name
        self.name = "standard input" if path == "-" else path
        self.notes: list[str] = []
        self.offset = 0
        self.head = b""
        self.encoding = settings.encoding
        self._decoder: codecs.IncrementalDecoder | None = None
        self._decoded, self._lines = 0, 0
        self._place = place
        self._file = open_file(place) if isinstance(place, str) else open_bytes(place)
        self.total = _size(place)
        self._raw: IO[bytes] = self._file
        self._waiting = b""
        self.plain = path != "-"
        try:
            self._begin(path)
        except BaseException:
            self.close()
            raise

    def _begin(self, path: str) -> None:
        """Unpack and transcode the first bytes into `head`."""
        raw_head = self._read_all(HEAD)
        if raw_head.startswith(GZIP_MAGIC):
            self._raw = gzip.GzipFile(fileobj=_Rejoined(raw_head, self._file))  # type: ignore[call-overload]
            self.plain = False
            raw_head = self._read_all(HEAD)
            if path != "-" and not path.endswith(".gz"):
                self.notes.append(f"{self.name} is packed with gzip in spite of its name")
        elif path.endswith(".gz"):
            self.notes.append(f"{self.name} is not packed with gzip in spite of its name")
        self._waiting = self._start(raw_head)
        self.head = self._waiting
        while len(self.head) < HEAD and (more := self._next(HEAD)):
            self.head += more
        self._waiting = self.head

    def _start(self, raw_head: bytes) -> bytes:
        """Settle the encoding by the first bytes; they come back in UTF-8."""
        if self.encoding is None:
            for mark, encoding in BYTE_ORDER_MARKS.items():
                if raw_head.startswith(mark):
                    self.encoding = encoding
                    self.notes.append(
                        f"{self.name} is read as {encoding.upper()}, by its byte-order mark"
                    )
                    break
        plain = self.encoding is None or codecs.lookup(self.encoding).name in (
            "utf-8",
            "utf-8-sig",
            "ascii",
        )
        if plain or raw_head.startswith(tuple(TABLE_MAGIC)):
            if raw_head.startswith(codecs.BOM_UTF8):
                self.offset = len(codecs.BOM_UTF8)
            return raw_head[self.offset :]
        assert self.encoding is not None
        self.plain = False
        self._decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        return self._decode(raw_head, final=len(raw_head) < HEAD).removeprefix(codecs.BOM_UTF8)

    def _decode(self, raw: bytes, final: bool) -> bytes:
        assert self._decoder is not None
        try:
            block = self._decoder.decode(raw, final).encode("utf-8")
        except UnicodeDecodeError as error:
            before = error.object[: error.start].count(b"\n")
            raise DataError(
                f"not valid {self.encoding}: {error.reason}, at byte "
                f"{self._decoded + max(0, error.start) + 1:,}",
                found=bytes(error.object[error.start : error.start + 4]),
                where=f"{self.name}, about line {self._lines + before + 1:,}",
                hint="another encoding may fit: --encoding latin-1 takes every byte",
            ) from None
        except UnicodeError as error:
            raise DataError(
                f"not valid {self.encoding}: {error}",
                where=f"{self.name}, about line {self._lines + 1:,}",
                hint="give the encoding of the file with --encoding",
            ) from None
        self._decoded += len(raw)
        self._lines += block.count(b"\n")
        return block

    def _next(self, size: int) -> bytes:
        """About `size` further bytes in UTF-8; b"" only at the end."""
        if self._decoder is None:
            return self._read_all(size)
        while raw := self._read_all(min(size, CHUNK)):
            if block := self._decode(raw, final=False):
                return block
        return self._decode(b"", final=True)

    def _read_all(self, size: int) -> bytes:
        """Exactly `size` raw bytes, fewer only at the end."""
        parts: list[bytes] = []
        try:
            while size > 0 and (part := self._raw.read(size)):
                parts.append(part)
                size -= len(part)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(
                f"the gzip data is damaged: {error}",
                where=self.name,
                hint="the file may have been cut off; fetch or write it again",
            ) from None
        except OSError as error:
            raise DataError(
                f"the file cannot be read: {error.strerror or error}", where=self.name
            ) from None
        return b"".join(parts) if len(parts) != 1 else parts[0]

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes in UTF-8, fewer only at the end."""
        parts = [self._waiting[:size]]
        self._waiting = self._waiting[size:]
        missing = size - len(parts[0])
        while missing > 0 and (part := self._next(missing)):
            parts.append(part[:missing])
            self._waiting = part[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)

    def read_rest(self) -> bytes:
        """All that is left."""
        parts = []
        while block := self.read(1 << 24):
            parts.append(block)
        return b"".join(parts)

    def as_file(self) -> Any:
        """All of it as pyarrow opens a file: a path or file where it lies so, else read whole."""
        if not self.plain:
            return pa.BufferReader(self.read_rest())
        return self._place if isinstance(self._place, str) else open_bytes(self._place)

    def done(self) -> int:
        """How many bytes of the file on disk have been read, for progress."""
        try:
            return self._file.tell() if self.total else 0
        except (OSError, ValueError):
            return 0

    def close(self) -> None:
        """Close the file; standard input is left open."""
        if self._file is not sys.stdin.buffer:
            self._file.close()


class _Rejoined:
    """Bytes already read, then the file they were read from."""

    def __init__(self, head: bytes, file: IO[bytes]) -> None:
        self.head, self.file = head, file

    def read(self, size: int = -1) -> bytes:
        if self.head:
            size = len(self.head) if size < 0 else size
            part, self.head = self.head[:size], self.head[size:]
            return part
        return self.file.read(size)


def _size(place: str | Shard) -> int:
    if isinstance(place, Shard):
        return place.size
    return 0 if place == "-" else Path(place).stat().st_size


def open_file(path: str) -> IO[bytes]:
    """Open a file for reading, or raise DataError with the nearest names of its folder."""
    if path == "-":
        return sys.stdin.buffer
    try:
        return Path(path).open("rb", buffering=0)
    except FileNotFoundError:
        raise missing_file(path) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"the file cannot be opened: {reason}", where=str(path)) from None


def missing_file(path: str) -> DataError:
    """The error for a path that is not there."""
    folder = Path(path).parent
    try:
        beside = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return DataError("no such file, and no such folder", where=path)
    hint = did_you_mean(Path(path).name, beside) if beside else "the folder is empty"
    return DataError("no such file", where=path, hint=hint)
