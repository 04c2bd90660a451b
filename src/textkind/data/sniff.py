"""What a file is: by its first bytes where they say it, else by its name."""

import json
from pathlib import PurePath

from textkind.errors import DataError, NoRowsError

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".ft": "fasttext",
    ".fasttext": "fasttext",
}

LABEL_PREFIX = b"__label__"

# First bytes of files that hold tables we read.
TABLE_MAGIC = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow"}

# First bytes of files that we do not read: what they are, and what to do.
FOREIGN_MAGIC = {
    b"PK\x03\x04": (
        "a zip archive or an Excel workbook",
        "unpack it, or save the sheet as CSV",
    ),
    b"\xd0\xcf\x11\xe0": ("an old Excel or Word file", "save it as CSV"),
    b"%PDF": ("a PDF", "save its text as CSV, JSONL or a folder of text files"),
    b"{\\rtf": ("a rich text document", "save it as plain text"),
    b"BZh": ("packed with bzip2", "unpack it with bunzip2, or pack it with gzip"),
    b"\xfd7zXZ\x00": ("packed with xz", "unpack it with unxz, or pack it with gzip"),
    b"\x28\xb5\x2f\xfd": (
        "packed with zstd",
        "unpack it with unzstd, or pack it with gzip",
    ),
    b"7z\xbc\xaf": ("a 7z archive", "unpack it"),
    b"Rar!": ("a RAR archive", "unpack it"),
    b"SQLite format 3\x00": ("an SQLite database", "export the table as CSV"),
    b"\x80\x02": (
        "a Python pickle",
        "write the table as Parquet or CSV; pickles are never loaded",
    ),
    b"\x80\x03": (
        "a Python pickle",
        "write the table as Parquet or CSV; pickles are never loaded",
    ),
    b"\x80\x04": (
        "a Python pickle",
        "write the table as Parquet or CSV; pickles are never loaded",
    ),
    b"\x80\x05": (
        "a Python pickle",
        "write the table as Parquet or CSV; pickles are never loaded",
    ),
    b"\x93NUMPY": ("a NumPy array", "write the texts and labels as CSV or JSONL"),
    b"\x89HDF": ("an HDF5 file", "write the table as Parquet or CSV"),
    b"FEA1": (
        "a Feather file of version 1",
        "write it again with a present pyarrow or pandas",
    ),
    b"Obj\x01": ("an Avro file", "write the table as Parquet or JSONL"),
    b"ORC": ("an ORC file", "write the table as Parquet"),
    b"\x89PNG": ("a PNG picture", "a file of labelled text is wanted"),
    b"\xff\xd8\xff": ("a JPEG picture", "a file of labelled text is wanted"),
    b"\x7fELF": ("a program", "a file of labelled text is wanted"),
    b"version https://git-lfs": (
        "a pointer of Git LFS, not the data",
        "run: git lfs pull",
    ),
}


def kind_by_name(name: str) -> str | None:
    """The format that a file has by its name; None where the name does not say."""
    return SUFFIXES.get(PurePath(name.lower().removesuffix(".gz")).suffix)


def format_of(name: str, head: bytes, asked: str | None) -> tuple[str, list[str]]:
    """The format of a file and notes on it; `head` is its first bytes, unpacked and in UTF-8."""
    if not head.strip():
        raise NoRowsError("the file is empty", where=name, hint="is this the right file?")
    for magic, (what, remedy) in FOREIGN_MAGIC.items():
        if head.startswith(magic) and (magic != b"ORC" or b"\0" in head):
            raise DataError(f"this is {what}", where=name, hint=remedy)
    inside = next((kind for magic, kind in TABLE_MAGIC.items() if head.startswith(magic)), None)
    if asked is not None:
        if inside != asked and (inside is not None or asked in ("parquet", "arrow")):
            raise DataError(
                f"this is {'a ' + inside if inside else 'not a ' + asked} file",
                where=name,
                hint=f"leave the format open, or pass format {inside}" if inside else "",
            )
        return asked, []
    named = kind_by_name(name)
    found = inside if inside is not None else _format_of_text(name, head, named)
    if named is not None and found != named and {named, found} != {"csv", "tsv"}:
        return found, [f"{name} is read as {found}, by its content, in spite of its name"]
    return found, []


def _format_of_text(name: str, head: bytes, named: str | None) -> str:
    if named in ("parquet", "arrow"):
        raise DataError(
            f"this is not a {named} file: its first bytes are not those of one",
            found=head[:8],
            where=name,
            hint="the file may be damaged, or its name wrong; say what it is with --format",
        )
    if head.count(b"\0") * 4 > len(head):
        raise DataError(
            "this is not UTF-8 text: a quarter or more of its bytes are NUL",
            where=name,
            hint="if it is UTF-16 without a byte-order mark: --encoding utf-16-le",
        )
    start = head.lstrip()
    if start[:15].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise DataError(
            "this is a web page or XML, not a table",
            found=start[:60].decode("utf-8", "replace"),
            where=name,
            hint="was a download page saved in place of the file?",
        )
    if start.startswith(b"{") and (_is_object(start) or named == "json"):
        return "jsonl"
    if start.startswith(b"[") and (named == "json" or start[1:].lstrip()[:1] == b"{"):
        return "json"
    if start.startswith(LABEL_PREFIX):
        return "fasttext"
    if named is not None:
        return named
    return _format_of_lines(head)


def _is_object(start: bytes) -> bool:
    line, end, _ = start.partition(b"\n")
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return not end and start[1:].lstrip().startswith(b'"')  # a first line longer than the head


def _format_of_lines(head: bytes) -> str:
    """CSV where the first line holds usual column names, else one text a line."""
    from textkind.data.columns import has_usual_name

    line = head.splitlines()[0].decode("utf-8", "replace")
    for delimiter in ",\t;|":
        names = [name.strip().strip('"') for name in line.split(delimiter)]
        if has_usual_name(names):
            return "csv"
    return "fasttext"
