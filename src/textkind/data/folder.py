"""A folder of text files: a folder per class, or texts alone to predict on."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from textkind.data.batches import Batch
from textkind.data.columns import Columns
from textkind.data.rejected import Rejection, excerpt
from textkind.data.settings import ReadSettings
from textkind.data.sniff import kind_by_name
from textkind.data.utf8 import broken_utf8
from textkind.errors import DataError

BATCH = 8 << 20  # bytes of text handed on at a time
UTF8_MARK = b"\xef\xbb\xbf"


class FolderSource:
    """Files of text in the order of their names; the folder of a file is its label."""

    unit = "row"

    def __init__(self, path: str, settings: ReadSettings) -> None:
        self.name, self._root = path, Path(path)
        self.notes: list[str] = []
        self._encoding = settings.encoding
        folders, files = entries_of(self._root)
        inside = {folder.name: entries_of(folder) for folder in folders}
        self._files: list[tuple[Path, str | None]] = [
            (file, label) for label, (_, found) in inside.items() for file in found
        ]
        if self._files:
            self.names = ["text", "label", "id"]
            self.notes.append(f"each folder in {path} is a label")
            self._note_ignored(inside, files)
        else:
            self._files = [(file, None) for file in files]
            self.names = ["text", "id"]
        if not self._files:
            deeper = [name for name, (below, _) in inside.items() if below]
            raise DataError(
                "no text files in folders named by class",
                where=path,
                hint=f"its folders hold only folders; did you mean {self._root / deeper[0]}?"
                if deeper
                else "wanted: FOLDER/label/text.txt, a folder for each class",
            )

    def _note_ignored(
        self, inside: dict[str, tuple[list[Path], list[Path]]], files: list[Path]
    ) -> None:
        if files:
            self.notes.append(
                f"{len(files):,} files beside the class folders of {self.name} were not read, "
                f"such as {files[0].name!r}"
            )
        empty = [label for label, (_, found) in inside.items() if not found]
        if empty:
            self.notes.append(f"folders without files are no classes: {', '.join(empty[:8])}")
        deeper = sum(len(below) for below, _ in inside.values())
        if deeper:
            self.notes.append(f"{deeper:,} folders within class folders were not read")

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """The files; those that are not text are rejected by name."""
        waiting = _Waiting()
        for row, (file, label) in enumerate(self._files, 1):
            identity = file.relative_to(self._root).as_posix()
            raw, reason = self._read(file, identity)
            waiting.read += 1
            if reason:
                content = excerpt(raw)
                waiting.rejected.append(Rejection(row, reason, "text", content, self.unit))
            else:
                waiting.add(raw, label, identity, row)
            if waiting.size >= BATCH or row == len(self._files):
                yield waiting.batch("label" in self.names, row, len(self._files))
                waiting = _Waiting()

    def _read(self, file: Path, identity: str) -> tuple[bytes, str]:
        """The content in UTF-8 and "", or what there is of it and why it cannot be used."""
        try:
            raw = file.read_bytes()
        except OSError as error:
            return b"", f"file cannot be read: {error.strerror or error}, {identity}"
        if self._encoding is not None:
            try:
                raw = raw.decode(self._encoding).encode("utf-8")
            except UnicodeError as error:
                return raw, f"not valid {self._encoding}: {error}, in {identity}"
        wrong = broken_utf8(raw)
        if wrong is not None:
            at, what = wrong
            line = raw.count(b"\n", 0, at) + 1
            return (
                raw,
                f"not valid UTF-8: {what} at byte {at + 1:,}, line {line:,} of {identity}",
            )
        if b"\0" in raw:
            return raw, f"NUL byte: at byte {raw.index(0) + 1:,} of {identity}"
        try:
            identity.encode("utf-8")
        except UnicodeEncodeError:
            return raw, f"file name is not valid UTF-8: {excerpt(identity)}"
        return raw.removeprefix(UTF8_MARK), ""


class _Waiting:
    """Rows gathered for the next batch."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []
        self.labels: list[str | None] = []
        self.ids: list[str] = []
        self.rows: list[int] = []
        self.rejected: list[Rejection] = []
        self.read = self.size = 0

    def add(self, raw: bytes, label: str | None, identity: str, row: int) -> None:
        self.texts.append(raw)
        self.labels.append(label)
        self.ids.append(identity)
        self.rows.append(row)
        self.size += len(raw)

    def batch(self, labelled: bool, done: int, total: int) -> Batch:
        strings = pa.large_string()
        columns = {"text": pa.array(self.texts, pa.large_binary()).cast(strings)}
        if labelled:
            columns["label"] = pa.array(self.labels, strings)
        columns["id"] = pa.array(self.ids, strings)
        rows = np.array(self.rows, np.int64)
        return Batch(columns, rows, self.read, self.rejected, done=done, total=total)


def is_table(name: str) -> bool:
    """Whether a file is by its name one of those that hold a whole table."""
    return kind_by_name(name) is not None


def entries_of(folder: Path) -> tuple[list[Path], list[Path]]:
    """The folders and files in a folder, by name; hidden ones and Python's caches left out."""
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise DataError(
            f"the folder cannot be opened: {error.strerror}", where=str(folder)
        ) from None
    seen = [entry for entry in entries if not entry.name.startswith((".", "__pycache__"))]
    return [e for e in seen if e.is_dir()], [e for e in seen if e.is_file()]
