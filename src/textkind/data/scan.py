"""Bytes into records and fields, block by block, with the line of every record."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from textkind.data.memory import new_bytes
from textkind.data.stream import Stream
from textkind.data.utf8 import broken_utf8, is_utf8
from textkind.errors import DataError

BLOCK = 8 << 20  # bytes scanned at a time: small beside a file, large beside a row
QUOTE = ord('"')
NO_QUOTE = -1
NO_DELIMITER = 0  # NUL: a field that holds one is rejected, so it can never stand between fields


@dataclass(frozen=True)
class Scan:
    """The records found in some bytes; see scan_kernels.scan_records for the arrays."""

    data: bytes
    records: int
    record_start: np.ndarray
    record_line: np.ndarray
    record_field: np.ndarray
    record_flaw: np.ndarray
    field_start: np.ndarray
    field_end: np.ndarray
    field_doubled: np.ndarray
    next_line: int
    blanks: int
    open_line: int  # where a quote was opened that these bytes do not close; 0: none

    @property
    def consumed(self) -> int:
        """Bytes up to the end of the last whole record."""
        return int(self.record_start[self.records])

    def widths(self) -> np.ndarray:
        """(records,) number of fields of each record."""
        return np.diff(self.record_field[: self.records + 1])

    def raw(self, record: int) -> bytes:
        """The bytes of one record, without its line end."""
        start, end = self.record_start[record], self.record_start[record + 1]
        return self.data[start:end].rstrip(b"\r\n")

    def fields_of(self, record: int) -> list[bytes]:
        """The contents of one record."""
        contents = []
        for field in range(self.record_field[record], self.record_field[record + 1]):
            content = self.data[self.field_start[field] : self.field_end[field]]
            contents.append(content.replace(b'""', b'"') if self.field_doubled[field] else content)
        return contents

    def column(self, records: np.ndarray, position: int) -> pa.LargeStringArray:
        """One field of each of `records` as an array; the bytes are not validated."""
        from textkind.data.scan_kernels import column_offsets, gather_column

        fields = self.record_field[records] + position
        where = (self.field_start, self.field_end, self.field_doubled)
        offsets = column_offsets(fields, *where)
        out = new_bytes(int(offsets[-1]))
        data = np.frombuffer(self.data, np.uint8)
        gather_column(data, QUOTE, fields, *where, offsets, out)
        return pa.LargeStringArray.from_buffers(
            len(fields), pa.py_buffer(offsets), pa.py_buffer(out)
        )


def scan(
    data: bytes,
    *,
    at_end: bool,
    delimiter: int,
    quote: int,
    line: int = 1,
    blank: bool = False,
) -> Scan:
    """Cut bytes into records; `blank` keeps an empty line as a record of one empty field."""
    from textkind.data.scan_kernels import scan_records

    content = np.frombuffer(data, np.uint8)
    lines = np.count_nonzero(content == 10) + np.count_nonzero(content == 13) + 1
    most_fields = lines + np.count_nonzero(content == delimiter) + 1
    arrays = (
        np.empty(lines + 1, np.int64),
        np.empty(lines + 1, np.int64),
        np.empty(lines + 1, np.int64),
        np.empty(lines + 1, np.uint8),
        np.empty(most_fields, np.int64),
        np.empty(most_fields, np.int64),
        np.empty(most_fields, np.int64),
    )
    found = scan_records(content, at_end, delimiter, quote, blank, line, *arrays)
    records, next_line, blanks, open_line = found
    return Scan(data, records, *arrays, next_line, blanks, open_line)


def scan_blocks(
    stream: Stream, data: bytes, *, delimiter: int, quote: int, blank: bool = False
) -> Iterator[tuple[Scan, int]]:
    """Scans of a whole stream that begins with `data`, each with the offset of its first byte."""
    line, offset, wanted = 1, stream.offset, BLOCK
    while True:
        if len(data) < wanted:
            data += stream.read(wanted - len(data))
        at_end = len(data) < wanted
        found = scan(
            data,
            at_end=at_end,
            delimiter=delimiter,
            quote=quote,
            line=line,
            blank=blank,
        )
        if at_end and found.open_line:
            raise DataError(
                "a quote is opened here and never closed, so it would swallow the rest of the file",
                where=f"{stream.name}, line {found.open_line:,}",
                hint="close or double that quote; where quotes are plain characters in this file, "
                "pass --quoting no; was the file cut off?",
            )
        if found.records or found.consumed:
            yield found, offset
        if at_end:
            return
        offset += found.consumed
        line = found.next_line
        data = data[found.consumed :]
        # A record longer than the block: look at twice as much, so that the work stays linear.
        wanted = BLOCK if found.records else 2 * wanted


def broken_records(
    found: Scan, first: int, offset: int, names: list[str]
) -> dict[int, tuple[str, str | None]]:
    """record -> (reason, column) for those with a NUL byte or bytes that are not UTF-8."""
    data, end = found.data, found.consumed
    broken: dict[int, tuple[str, str | None]] = {}
    nul = data.find(b"\0", int(found.record_start[first]), end)
    while nul >= 0:
        record, column = place_of(found, nul, names)
        broken[record] = (f"NUL byte: at byte {offset + nul + 1:,} of the file", column)
        nul = data.find(b"\0", int(found.record_start[record + 1]), end)
    if is_utf8(data, end):
        return broken
    for record in range(first, found.records):
        start = int(found.record_start[record])
        wrong = broken_utf8(data[start : found.record_start[record + 1]])
        if wrong is not None:
            at, what = wrong
            line = found.record_line[record] + data.count(b"\n", start, start + at)
            reason = f"not valid UTF-8: {what} at byte {offset + start + at + 1:,}, line {line:,}"
            broken[record] = (reason, place_of(found, start + at, names)[1])
    return broken


def place_of(found: Scan, byte: int, names: list[str]) -> tuple[int, str | None]:
    """The record and column a byte stands in."""
    record = int(np.searchsorted(found.record_start[: found.records + 1], byte, "right")) - 1
    first, last = found.record_field[record], found.record_field[record + 1]
    position = int(np.searchsorted(found.field_start[first:last], byte, "right")) - 1
    return record, names[position] if 0 <= position < len(names) else None
