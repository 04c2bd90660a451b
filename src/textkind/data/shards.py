"""The files of a data set of many: a folder, a pattern, a URI or a list of these, in one order.

A pattern has `*` (any run of characters), `?` (one), `[abc]` (one of these) and `**` (any
folders). A URI names any file system that pyarrow knows: file:, s3:, gs:, hdfs:, abfs:, and those
of fsspec as fsspec+NAME:.
"""

import fnmatch
import glob
import os
import posixpath
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pyarrow import fs

from textkind.data.shard import Shard, refused
from textkind.data.sniff import kind_by_name
from textkind.data.stream import missing_file
from textkind.errors import DataError

URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters at least: C: is a drive
# Words in names of files that are parts of a data set rather than shards of one of its parts.
PARTS = {
    "train": "train", "training": "train",
    "valid": "validation", "validation": "validation", "val": "validation", "dev": "validation",
    "test": "test", "eval": "test",
}  # fmt: skip

HIDDEN = (".", "_")  # _SUCCESS, _metadata and the like are no data: the rule of Hadoop


def names_shards(source: object) -> bool:
    """Whether a source names shards by a URI, by a pattern, or as a list of paths or of shards."""
    if isinstance(source, str | Path):
        text = str(source)
        return is_uri(text) or (glob.has_magic(text) and not os.path.lexists(text))
    if not isinstance(source, Sequence) or not source:
        return False
    return all(isinstance(one, str | Path | Shard) for one in source)


def is_uri(text: str) -> bool:
    """Whether a path names a file system as well."""
    return URI.match(text) is not None


def told_uri(uri: str) -> str:
    """A URI without what may be secret in it: a user with a password, and options."""
    return re.sub(r"://[^/]*@", "://", uri.partition("?")[0])


def list_shards(source: object, files: fs.FileSystem | None = None) -> tuple[Shard, ...]:
    """The shards of a folder, a pattern, a URI or a file; of a list of these or of shards.

    Those of a folder or pattern come in natural order (part-2 before part-10), those of a list as
    they are listed. With `files`, a pyarrow file system, paths are those in it. Hidden files, and
    those whose names begin with an underscore, are left out unless they are named.

    DataError where nothing is found, where the shards are of several formats by their names, where
    those of a folder have names of train and test parts, and where one is listed twice.
    """
    listed: Iterable[object] = [source] if isinstance(source, str | Path | Shard) else source  # type: ignore[assignment]
    shards = tuple(
        shard
        for one in listed
        for shard in ([one] if isinstance(one, Shard) else _found(str(one), files))
    )
    _check_together(shards)
    return shards


def told_name(source: object) -> str:
    """What a source of shards is called."""
    if isinstance(source, str | Path):
        return told_uri(str(source)) if is_uri(str(source)) else str(source)
    return "a list of paths"


def natural_order(path: str) -> list[tuple[int, int, str]]:
    """A key by which numbers in names count as numbers."""
    return [
        (0, int(piece), piece) if piece.isdecimal() else (1, 0, piece)
        for piece in re.split(r"(\d+)", path)
    ]


def _found(text: str, files: fs.FileSystem | None) -> list[Shard]:
    """The shards that one path, pattern or URI names."""
    before, path = "", text
    if files is None and is_uri(text):
        before, files, path = _of_uri(text)
        text = told_uri(text)
    try:
        infos = _matching(fs.LocalFileSystem() if files is None else files, path)
    except OSError as error:
        raise refused(text, error) from None
    if not infos:
        raise _nothing_found(text, path, files)
    if not glob.has_magic(path):
        _check_parts(text, [posixpath.basename(info.path) for info in infos])
    found = [(info, info.path.removeprefix("./")) for info in infos]
    return [
        Shard(before + place, place, info.size, info.mtime_ns, files)
        for info, place in sorted(found, key=lambda pair: natural_order(pair[1]))
    ]


def _nothing_found(text: str, path: str, files: fs.FileSystem | None) -> DataError:
    if glob.has_magic(path):
        hint = "* stands for any run of characters but /, ** for any folders"
        return DataError("no file has a name like this", where=text, hint=hint)
    if files is None:
        return missing_file(text)
    return DataError(
        "no such file, and no files in such a folder",
        where=text,
        hint=f"of files in folders below it: '{text.rstrip('/')}/**/*'",
    )


def _of_uri(uri: str) -> tuple[str, fs.FileSystem, str]:
    """What stands before a path in the names, the file system, and the path or pattern in it.

    The signs of a pattern are none of a URI, so the folder before the first of them is asked for.
    """
    place, _, options = uri.partition("?")
    folder, pattern = _before_pattern(place)
    base = folder + (f"?{options}" if options else "")
    try:
        files, path = fs.FileSystem.from_uri(base)
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).splitlines()[0].replace(base, told_uri(uri))[:300]
        raise DataError(
            f"not a place that can be read: {reason}",
            where=told_uri(uri),
            hint="for example s3://bucket/folder/part-*.parquet, gs://..., file:///data/a.csv",
        ) from None
    scheme = uri[: uri.index("://") + 3]
    return scheme, files, "/".join([path.rstrip("/"), *pattern])


def _before_pattern(path: str) -> tuple[str, list[str]]:
    """The folder before the first sign of a pattern, or the whole path; and the parts behind it."""
    parts = path.split("/")
    fixed = next((n for n, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return "/".join(parts[:fixed]), parts[fixed:]


def _matching(files: fs.FileSystem, path: str) -> list[fs.FileInfo]:
    """The file itself, the files of a folder, or those like a pattern."""
    info = files.get_file_info(path)
    if info.type == fs.FileType.File:
        return [info]
    if info.type == fs.FileType.Directory:
        folder, pattern = path, ["*"]
    elif glob.has_magic(path):
        folder, pattern = _before_pattern(path)
        folder = "/" if path.startswith("/") and not folder else folder
    else:
        return []
    before = folder.rstrip("/") + "/" if folder else ""
    if not folder and isinstance(files, fs.LocalFileSystem):
        folder = before = "./"
    select = fs.FileSelector(folder, allow_not_found=True, recursive=len(pattern) > 1)
    return [
        info
        for info in files.get_file_info(select)
        if info.type == fs.FileType.File
        and _is_like(info.path.removeprefix(before).split("/"), pattern)
    ]


def _is_like(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern or not parts:
        return not pattern and not parts
    hidden = parts[0].startswith(HIDDEN)
    if pattern[0] == "**":
        deeper = not hidden and _is_like(parts[1:], pattern)
        return deeper or _is_like(parts, pattern[1:])
    if hidden and not pattern[0].startswith(HIDDEN):
        return False
    return fnmatch.fnmatchcase(parts[0], pattern[0]) and _is_like(parts[1:], pattern[1:])


def _check_together(shards: Sequence[Shard]) -> None:
    """DataError unless the shards can be one table by their names."""
    if not shards:
        raise DataError("a list without a path")
    systems: dict[str, list[fs.FileSystem | None]] = {}
    kinds: dict[str, str] = {}
    for shard in shards:
        beside = systems.setdefault(shard.path, [])
        if shard.files in beside:
            raise DataError("the shard is listed twice", where=shard.name)
        beside.append(shard.files)
        kinds.setdefault(kind_by_name(shard.path) or "other", shard.name)
    if len(kinds) > 1:
        raise DataError(
            f"the shards are of {len(kinds)} formats by their names",
            found=kinds,
            hint="name those of one format, for example 'FOLDER/*.parquet'",
        )


def _check_parts(folder: str, names: list[str]) -> None:
    """DataError where the names tell of train and test, which must not be read as one."""
    of_part: dict[str | None, str] = {}
    for name in sorted(names, key=natural_order):
        words = re.findall(r"[a-z]+", name.lower())
        of_part.setdefault(next((PARTS[word] for word in words if word in PARTS), None), name)
    if len(of_part) > 1:
        raise DataError(
            "the files of this folder look like the parts of a data set, not like its shards",
            found=list(of_part.values()),
            where=folder,
            hint="name one of them, or a pattern: 'FOLDER/train-*.parquet'",
        )
