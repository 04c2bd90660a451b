"""The manifest of a folder of ours: which files it has, their sizes and SHA-256, and its own.

It is read first and checks the rest, so nothing else is looked at before the folder is known to
be ours, of a format we read, complete and unaltered. Checksums find accidents; they are no
signature against someone who writes a folder on purpose, so what is inside is checked as well.
"""

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textkind.errors import ModelFolderError, did_you_mean
from textkind.storage.documents import canonical_bytes, parse_document
from textkind.storage.place import write_bytes

MANIFEST = "MANIFEST.json"
FORMAT_VERSION = 3  # raised with every change of what a run or its model folder holds


@dataclass(frozen=True)
class Format:
    """A kind of folder with a manifest, and what is told of it where a folder is none.

    holds_more: files that the manifest does not list may stand beside the others, unread.
    """

    noun: str
    version: int
    written_by: str  # what the user should name instead
    again: str  # how a folder of this version is had
    holds_more: bool = False

    @property
    def name(self) -> str:
        """As the manifest has it."""
        return f"textkind {self.noun}"


MODEL_FOLDER = Format(
    "model folder",
    FORMAT_VERSION,
    "a run folder written by `textkind train`, or the model folder inside it",
    "train the model again with this version",
)

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_LARGEST_MANIFEST = 1 << 20  # bytes
_DAMAGED = "get a fresh copy of the folder"


def write_manifest(
    folder: Path, files: list[str], written_by: str, kind: Format = MODEL_FOLDER
) -> None:
    """Write MANIFEST.json for the `files` that already stand in `folder`."""
    content = {
        "format": kind.name,
        "version": kind.version,
        "written_by": written_by,
        "files": {name: _facts((folder / name).read_bytes()) for name in files},
    }
    write_bytes(folder / MANIFEST, canonical_bytes(content | {"checksum": _checksum(content)}))


def read_verified(
    folder: Path, expected: list[str] | None, kind: Format = MODEL_FOLDER
) -> dict[str, bytes]:
    """The bytes of every file of a folder, once all of them agree with the manifest.

    expected are the files that it must list; None: whatever it lists. The bytes that were checked
    are the bytes returned; no file is opened twice. ModelFolderError where anything at all is not
    as it should be.
    """
    entries = _entries(folder, kind)
    if MANIFEST not in entries:
        raise ModelFolderError(
            f"not a {kind.name}: it has no MANIFEST.json",
            found=sorted(entries)[:8],
            where=str(folder),
            hint=f"name {kind.written_by}",
        )
    files = _read_manifest(folder, kind)
    _check_names(folder, list(files), list(files) if expected is None else expected, entries, kind)
    return {name: _read_checked(folder / name, facts) for name, facts in files.items()}


def _read_manifest(folder: Path, kind: Format) -> dict[str, dict[str, Any]]:
    path = folder / MANIFEST
    data = read_plain_file(path, _LARGEST_MANIFEST)
    where = str(path)
    manifest = parse_document(data, where)
    if manifest.get("format") != kind.name:
        raise ModelFolderError(
            f"not a manifest of a {kind.name}", found=manifest.get("format"), where=where
        )
    version = manifest.get("version")
    if type(version) is int and version != kind.version:
        raise ModelFolderError(
            f"the folder was written by another version of textkind: it has format {version}, "
            f"this version reads format {kind.version}",
            found=manifest.get("written_by"),
            where=where,
            hint=("update textkind, or " if version > kind.version else "") + kind.again,
        )
    content = {key: value for key, value in manifest.items() if key != "checksum"}
    # Comparing the bytes as well finds a change that JSON would not see, such as a blank.
    if manifest.get("checksum") != _checksum(content) or data != canonical_bytes(manifest):
        raise ModelFolderError("the manifest was altered", where=where, hint=_DAMAGED)
    if set(content) != {"format", "version", "written_by", "files"} or type(version) is not int:
        raise ModelFolderError("the manifest has other keys than it should", where=where)
    files = content["files"]
    if not isinstance(files, dict):
        raise ModelFolderError("the manifest makes no sense", where=where, hint=_DAMAGED)
    return files


def _check_names(
    folder: Path, listed: list[str], expected: list[str], entries: set[str], kind: Format
) -> None:
    where = str(folder)
    foreign = set() if kind.holds_more else entries - {*listed, MANIFEST}
    for name in listed:
        if not _SAFE_NAME.fullmatch(name):
            raise ModelFolderError(
                "the manifest names a file outside the folder", found=name, where=where
            )
    for problem, names in (
        ("the manifest lists files that this format does not have", set(listed) - set(expected)),
        ("the manifest does not list files that this format has", set(expected) - set(listed)),
        ("files are missing", set(listed) - entries),
        ("the folder holds files that are not part of the model", foreign),
    ):
        if names:
            raise ModelFolderError(problem, found=sorted(names)[:8], where=where, hint=_DAMAGED)


def _read_checked(path: Path, facts: Any) -> bytes:
    size = facts.get("bytes") if isinstance(facts, dict) else None
    if type(size) is not int or size < 0:
        raise ModelFolderError("the manifest makes no sense", found=facts, where=str(path))
    data = read_plain_file(path, size)
    if _facts(data) != facts:
        raise ModelFolderError(
            "the file was altered: its checksum differs", where=str(path), hint=_DAMAGED
        )
    return data


def find_model_folder(path: Path) -> Path:
    """The model folder that `path` names: itself, or `model` inside a run folder."""
    inner = path / "model"
    if (path / MANIFEST).exists() or not inner.exists():
        return path
    if inner.is_symlink():
        raise ModelFolderError("a symbolic link, which is not followed", where=str(inner))
    return inner


def read_plain_file(path: Path, largest: int) -> bytes:
    """A file's bytes; ModelFolderError for links, pipes, and more than `largest` bytes."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if path.is_symlink():
            raise ModelFolderError("a symbolic link, which is not followed", where=str(path))
        handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise ModelFolderError("not a plain file", where=str(path))
            if status.st_size > largest:
                raise ModelFolderError(
                    f"longer than its {largest} bytes", found=status.st_size, where=str(path)
                )
            with os.fdopen(handle, "rb", closefd=False) as file:
                return file.read(largest)
        finally:
            os.close(handle)
    except OSError as error:
        raise ModelFolderError(
            "cannot be read", found=error.strerror or str(error), where=str(path)
        ) from None


def _entries(folder: Path, kind: Format) -> set[str]:
    try:
        return {entry.name for entry in os.scandir(folder)}
    except FileNotFoundError:
        beside = sorted(path.name for path in folder.parent.glob("*") if path.is_dir())
        raise ModelFolderError(
            f"there is no such {kind.noun}",
            where=str(folder),
            hint=did_you_mean(folder.name, beside) if beside else "",
        ) from None
    except NotADirectoryError:
        raise ModelFolderError(
            f"a file, not a {kind.noun}",
            where=str(folder),
            hint=f"name {kind.written_by}",
        ) from None
    except OSError as error:
        raise ModelFolderError(
            "cannot be read", found=error.strerror or str(error), where=str(folder)
        ) from None


def _facts(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(canonical_bytes(content)).hexdigest()
