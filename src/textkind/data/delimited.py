"""CSV and TSV: bytes in, batches of string columns out, with the line of every record.

Nothing is guessed about types: every field stays the string it was in the file.
"""

from collections.abc import Iterator

import numpy as np

from textkind.data.batches import Batch
from textkind.data.columns import Columns, has_usual_name, requested_names
from textkind.data.dialect import header_is_data, quotes_are_plain, sniff_delimiter
from textkind.data.rejected import Rejection, excerpt
from textkind.data.scan import BLOCK, NO_QUOTE, QUOTE, Scan, broken_records, scan_blocks
from textkind.data.settings import ReadSettings
from textkind.data.stream import HEAD, Stream
from textkind.errors import ColumnError, DataError, NoRowsError


class DelimitedSource:
    """A CSV or TSV file: header, delimiter and quoting settled, records still to be read."""

    unit = "line"

    def __init__(self, stream: Stream, settings: ReadSettings, *, tabs: bool) -> None:
        self.name, self.stream, self.notes = stream.name, stream, stream.notes
        self._first = stream.read(BLOCK)
        head = self._first[:HEAD]
        at_end = len(head) == len(self._first) < BLOCK
        self.delimiter = (
            ord(settings.delimiter)
            if settings.delimiter is not None
            else sniff_delimiter(head, at_end, tabs, requested_names(settings))
        )
        self.quote = QUOTE
        if settings.quoting is None:
            reason = quotes_are_plain(self._first, len(self._first) < BLOCK, self.delimiter)
            if reason:
                self.quote = NO_QUOTE
                self.notes.append(f"quotes in {self.name} are read as plain characters: {reason}")
        elif not settings.quoting:
            self.quote = NO_QUOTE
        self._blocks = scan_blocks(stream, self._first, delimiter=self.delimiter, quote=self.quote)
        self._scan, self._offset = next(self._blocks)
        self._first = b""
        self.header = settings.header is not False
        self.names = self._names(settings)

    def _names(self, settings: ReadSettings) -> list[str]:
        if self._scan.records == 0:
            raise NoRowsError("the file is empty", where=self.name, hint="is this the right file?")
        fields = self._scan.fields_of(0)
        if not self.header:
            return [f"column {number}" for number in range(1, len(fields) + 1)]
        where = f"{self.name}, line {self._scan.record_line[0]}"
        try:
            names = [field.decode("utf-8").strip() for field in fields]
        except UnicodeDecodeError as error:
            raise DataError(
                f"the column names are not valid UTF-8: {error.reason}",
                found=bytes(error.object[error.start : error.start + 1]),
                where=where,
                hint="give the encoding of the file, for example --encoding latin-1",
            ) from None
        if any("\0" in name for name in names):
            raise DataError("the column names hold a NUL byte", where=where)
        names = [name or f"column {number}" for number, name in enumerate(names, 1)]
        asked = set(requested_names(settings)) & set(names)
        if settings.header is None and not asked and not has_usual_name(names):
            self._check_header(names, where)
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ColumnError(
                f"the column name {twice[0]!r} stands {names.count(twice[0])} times in the header",
                found=names if len(names) <= 30 else None,
                where=where,
                hint="give every column a name of its own",
            )
        return names

    def _check_header(self, names: list[str], where: str) -> None:
        """Raise where the first line is data: long, numeric, or with values found again below."""
        sample = [self._scan.fields_of(record) for record in range(1, min(self._scan.records, 501))]
        reason = header_is_data([name.encode() for name in names], sample)
        if reason:
            raise DataError(
                f"the first line looks like a row of data, not like column names: {reason}",
                found=[excerpt(name)[:60] for name in names[:8]],
                where=where,
                hint="add a first line such as 'text,label'; or pass --header no and name the "
                "columns by number: --text 'column 1' --label 'column 2'; "
                "or, if these are the column names, pass --header yes",
            )

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """The records as string columns; ragged and broken ones are rejected."""
        first, blanks = int(self.header), 0
        found, offset = self._scan, self._offset
        del self._scan
        while True:
            yield self._batch(found, offset, first)
            blanks += found.blanks
            first = 0
            following = next(self._blocks, None)
            if following is None:
                break
            found, offset = following
        if blanks:
            self.notes.append(f"{blanks:,} blank lines were skipped")

    def _batch(self, found: Scan, offset: int, first: int) -> Batch:
        records = np.arange(first, found.records)
        wanted = len(self.names)
        good = (found.widths()[first:] == wanted) & (found.record_flaw[first : found.records] == 0)
        reasons: dict[int, tuple[str, str | None]] = {
            int(record): self._flaw(found, int(record)) for record in records[~good]
        }
        reasons.update(broken_records(found, first, offset, self.names))
        if reasons:
            good[np.fromiter(reasons, np.int64) - first] = False
        kept = records[good]
        return Batch(
            columns={
                name: found.column(kept, position) for position, name in enumerate(self.names)
            },
            rows=found.record_line[kept],
            read=len(records),
            rejected=[
                Rejection(int(found.record_line[record]), *reason, excerpt(found.raw(record)))
                for record, reason in sorted(reasons.items())
            ],
            done=self.stream.done(),
            total=self.stream.total,
        )

    def _flaw(self, found: Scan, record: int) -> tuple[str, str | None]:
        if found.record_flaw[record]:
            return (
                "text after a closing quote: a quote within quotes is written twice",
                None,
            )
        width, wanted = int(found.widths()[record]), len(self.names)
        return (f"wrong number of fields: {width} where the header has {wanted}", None)
