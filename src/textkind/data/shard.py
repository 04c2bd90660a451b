"""One file of a data set of many: where it lies, how big it is, whether it is still the same."""

import hashlib
from dataclasses import dataclass
from typing import Any

from pyarrow import fs

from textkind.errors import DataError

CHUNK = 1 << 20  # bytes hashed at a time


@dataclass(frozen=True)
class Shard:
    """A file in a pyarrow file system. It can be pickled, and opened in another process.

    name     as told to the user: a path, or a URI
    path     in its file system
    size     bytes
    changed  when it was written last, in nanoseconds since 1970; None where that is not kept
    files    the file system; None: paths of this machine
    """

    name: str
    path: str
    size: int
    changed: int | None = None
    files: fs.FileSystem | None = None


def open_bytes(shard: Shard) -> Any:
    """The bytes of a shard as a pyarrow file with random access; DataError where refused."""
    files = fs.LocalFileSystem() if shard.files is None else shard.files
    try:
        return files.open_input_file(shard.path)
    except OSError as error:
        raise refused(shard.name, error) from None


def fingerprint(shard: Shard) -> str:
    """What another file of this name would not have: its size and time, or size and SHA-256.

    The content is read only where the file system keeps no times.
    """
    if shard.changed is not None:
        return f"{shard.size}-{shard.changed}"
    digest = hashlib.sha256()
    with open_bytes(shard) as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return f"{shard.size}-{digest.hexdigest()}"


def refused(name: str, error: BaseException) -> DataError:
    """The error for a place that its file system does not open."""
    reason = getattr(error, "strerror", None) or str(error).splitlines()[0][:300]
    return DataError(f"cannot be opened: {reason}", where=name)
