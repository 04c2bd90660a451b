"""The dialect of a CSV file: its delimiter, whether quotes quote, whether it has a header."""

import numpy as np

from textkind.data.columns import has_usual_name
from textkind.data.rejected import excerpt
from textkind.data.scan import NO_DELIMITER, NO_QUOTE, QUOTE, scan

DELIMITERS = (",", "\t", ";", "|")


def sniff_delimiter(head: bytes, at_end: bool, tabs: bool, asked: tuple[str, ...]) -> int:
    """The delimiter that gives the names asked for or usual ones, else the most even rows."""
    if tabs and b"\t" in head:
        return ord("\t")
    best, best_score = NO_DELIMITER, (False, 0.0, 0)
    for delimiter in DELIMITERS:
        found = scan(head, at_end=at_end, delimiter=ord(delimiter), quote=QUOTE)
        if not found.records:  # one record longer than the head, or an open quote
            found = scan(head, at_end=True, delimiter=ord(delimiter), quote=NO_QUOTE)
        if not found.records:
            continue
        widths = found.widths()
        if widths[0] < 2:
            continue
        names = [field.decode("utf-8", "replace").strip() for field in found.fields_of(0)]
        named = bool(set(asked) & set(names)) if asked else has_usual_name(names)
        score = (named, float(np.mean(widths == widths[0])), int(widths[0]))
        if score > best_score:
            best, best_score = ord(delimiter), score
    if best != NO_DELIMITER:
        return best
    commas = scan(head, at_end=at_end, delimiter=ord(","), quote=QUOTE)
    even = commas.records > 0 and bool((commas.widths() == 1).all())
    return ord(",") if even else NO_DELIMITER


def quotes_are_plain(data: bytes, at_end: bool, delimiter: int) -> str:
    """Why the quotes in these first bytes of a file do not quote; "" where they do.

    They do not where every line has the right number of fields without them, and with them some
    record has text after a closing quote, a quote stays open, rows are uneven or, in a file of
    tabs, a quoted field would hold as many tabs as the rows it swallows.
    """
    if b'"' not in data:
        return ""
    plain = scan(data, at_end=at_end, delimiter=delimiter, quote=NO_QUOTE)
    if not plain.records or (plain.widths() != plain.widths()[0]).any():
        return ""
    quoted = scan(data, at_end=at_end, delimiter=delimiter, quote=QUOTE)
    flawed = np.flatnonzero(quoted.record_flaw[: quoted.records])
    fields = quoted.record_field[quoted.records]
    well_quoted = int((quoted.field_doubled[:fields] > 0).sum())
    if data.lstrip().startswith(b'"') or well_quoted > len(flawed) + bool(quoted.open_line):
        return ""  # a quoted header, or doubled quotes: whoever wrote this file did quote
    if len(flawed):
        return f"line {quoted.record_line[flawed[0]]:,} has text after a closing quote"
    if quoted.open_line and at_end:
        return f"line {quoted.open_line:,} opens one that is never closed"
    if not quoted.records:
        return ""
    uneven = np.flatnonzero(quoted.widths() != quoted.widths()[0])
    if len(uneven):
        return f"line {quoted.record_line[uneven[0]]:,} would have too many or too few fields"
    columns = int(quoted.widths()[0])
    if delimiter != ord("\t") or columns < 2:
        return ""
    for record in range(quoted.records):
        lines = quoted.record_line[record + 1 : record + 2]
        spanned = (int(lines[0]) if record + 1 < quoted.records else quoted.next_line) - int(
            quoted.record_line[record]
        )
        if spanned > 1 and quoted.raw(record).count(b"\t") == spanned * (columns - 1):
            return f"line {quoted.record_line[record]:,} would swallow the rows after it"
    return ""


def header_is_data(names: list[bytes], rows: list[list[bytes]]) -> str:
    """Why a first line looks like data, or "": the names are bytes, the rows those below."""
    for number, name in enumerate(names, 1):
        text = name.decode("utf-8", "replace")
        if len(text) > 60 or len(text.split()) > 6:
            return f"field {number} is as long as a text"
        try:
            float(text)
        except ValueError:
            pass
        else:
            return f"field {number} is a number"
        below = [row[number - 1].strip() for row in rows if len(row) == len(names)]
        if name in below:
            return f"{excerpt(text)!r} stands in the same column again below"
    return ""
