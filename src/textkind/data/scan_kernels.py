"""Kernels that cut bytes into records and fields (RFC 4180), and gather one column of them.

Compiled by Numba on first use and cached; import this module only where it is used. pyarrow's own
CSV reader is faster on many cores but knows neither the line of a record that holds newlines nor
where a quote that swallows the rest of a file was opened, and both are promised to the user.
"""

import numpy as np
from numba import njit

TEXT_AFTER_QUOTE = 1  # the one flaw of a record that the scan itself finds


@njit(cache=True, nogil=True)
def scan_records(
    data: np.ndarray,  # (B,) uint8
    at_end: bool,  # nothing follows these bytes
    delimiter: int,
    quote: int,  # -1: a quote is a plain character
    keep_blank: bool,  # an empty line is a record of one empty field, else it is skipped
    line: int,  # of data[0]
    record_start: np.ndarray,  # (R + 1,) int64, out: offset of each record, and where the last ends
    record_line: np.ndarray,  # (R,) int64, out
    record_field: np.ndarray,  # (R + 1,) int64, out: first field of each record
    record_flaw: np.ndarray,  # (R,) uint8, out
    field_start: np.ndarray,  # (F,) int64, out: of the content, quotes left out
    field_end: np.ndarray,  # (F,) int64, out
    field_doubled: np.ndarray,  # (F,) int64, out: doubled quotes in it, each to become one
) -> tuple[int, int, int, int]:
    r"""Scan whole records: (records, next line, blank lines, line of an open quote or 0).

    A line ends at \\n, \\r\\n or, outside quotes, a lone \\r. The bytes after the last whole
    record, from record_start[records] on, are left for the next call unless `at_end`.
    """
    size = len(data)
    special = np.zeros(256, np.uint8)
    special[delimiter] = special[10] = special[13] = 1
    records = fields = blanks = 0
    i = 0
    record_start[0] = record_field[0] = 0
    while i < size:
        start_line = line
        if not keep_blank and (data[i] == 10 or data[i] == 13):
            if data[i] == 13:
                if i + 1 >= size and not at_end:
                    break
                if i + 1 < size and data[i + 1] == 10:
                    i += 1
            i += 1
            line += 1
            blanks += 1
            record_start[records] = i
            continue
        flaw = 0
        whole = False
        while True:
            doubled = 0
            if i < size and data[i] == quote:
                opened = line
                i += 1
                content = i
                while True:
                    while i < size and data[i] != quote:
                        line += data[i] == 10
                        i += 1
                    if i + 1 >= size and (i >= size or not at_end):
                        record_line[records] = start_line
                        return records, start_line, blanks, opened if i >= size else 0
                    if i + 1 < size and data[i + 1] == quote:
                        doubled += 1
                        i += 2
                        continue
                    break
                content_end = i
                i += 1
                if i < size and special[data[i]] == 0:
                    flaw = TEXT_AFTER_QUOTE
                    while i < size and special[data[i]] == 0:
                        i += 1
            else:
                content = i
                while i < size and special[data[i]] == 0:
                    i += 1
                content_end = i
            if i >= size and not at_end:
                break
            field_start[fields] = content
            field_end[fields] = content_end
            field_doubled[fields] = doubled
            fields += 1
            if i >= size:
                whole = True
                break
            if data[i] == delimiter:
                i += 1
                continue
            if data[i] == 13:
                if i + 1 >= size and not at_end:
                    break
                if i + 1 < size and data[i + 1] == 10:
                    i += 1
            i += 1
            line += 1
            whole = True
            break
        if not whole:
            line = start_line
            break
        record_line[records] = start_line
        record_flaw[records] = flaw
        records += 1
        record_start[records] = i
        record_field[records] = fields
    return records, line, blanks, 0


@njit(cache=True, nogil=True)
def column_offsets(
    fields: np.ndarray,
    field_start: np.ndarray,
    field_end: np.ndarray,
    field_doubled: np.ndarray,
) -> np.ndarray:
    """Offsets (n + 1,) int64 of the contents of n fields laid end to end."""
    offsets = np.zeros(len(fields) + 1, np.int64)
    for n in range(len(fields)):
        field = fields[n]
        length = field_end[field] - field_start[field] - field_doubled[field]
        offsets[n + 1] = offsets[n] + length
    return offsets


@njit(cache=True, nogil=True)
def gather_column(
    data: np.ndarray,
    quote: int,
    fields: np.ndarray,
    field_start: np.ndarray,
    field_end: np.ndarray,
    field_doubled: np.ndarray,
    offsets: np.ndarray,
    out: np.ndarray,  # (offsets[-1],) uint8, out
) -> None:
    """Copy the contents of n fields end to end; a doubled quote becomes one."""
    for n in range(len(fields)):
        field = fields[n]
        start, end, to = field_start[field], field_end[field], offsets[n]
        if field_doubled[field] == 0:
            out[to : to + end - start] = data[start:end]
        else:
            while start < end:  # a run up to a quote and with it; the second quote is left out
                stop = start
                while stop < end and data[stop] != quote:
                    stop += 1
                stop = min(stop + 1, end)
                out[to : to + stop - start] = data[start:stop]
                to += stop - start
                start = stop + 1
