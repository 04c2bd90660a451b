"""Records: JSON Lines, a JSON list, lists of dicts and mappings of lists, into batches."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.data.batches import Batch
from textkind.data.columns import Columns
from textkind.data.rejected import Rejection, excerpt
from textkind.data.stream import Stream
from textkind.data.utf8 import broken_utf8
from textkind.data.values import carried_array, is_encodable, label_array, text_array
from textkind.errors import DataError, NoRowsError

BLOCK = 8 << 20  # bytes of JSON parsed into Python objects at a time
MOST_COLUMNS = 2000  # more keys than this are data used as keys


class JsonLinesSource:
    """One JSON object a line."""

    unit = "line"

    def __init__(self, stream: Stream) -> None:
        self.name, self.stream, self.notes = stream.name, stream, stream.notes
        self._blocks = self._parse_all()
        self.names: list[str] = []
        self._known: set[str] = set()
        self._waiting: list[_Parsed] = []
        # Columns are known once an object has been seen.
        while not self.names and (parsed := next(self._blocks, None)) is not None:
            self._waiting.append(parsed)
        if not self.names:
            rejected = [rejection for parsed in self._waiting for rejection in parsed.rejected]
            if not rejected:
                raise NoRowsError(
                    "the file is empty", where=self.name, hint="is it the right file?"
                )
            raise DataError(
                "no line holds a JSON object with keys",
                found=rejected[0].content[:60],
                where=f"{self.name}, line {rejected[0].row:,}",
                hint=f"the first line's fault: {rejected[0].reason}",
            )

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """The objects as columns; lines that are no object are rejected."""
        while self._waiting:
            yield self._batch(self._waiting.pop(0), columns)
        for parsed in self._blocks:
            yield self._batch(parsed, columns)

    def _batch(self, parsed: "_Parsed", columns: Columns) -> Batch:
        values = {name: [record.get(name) for record in parsed.records] for name in self.names}
        batch = batch_of_values(values, np.array(parsed.rows, np.int64), columns)
        batch.rejected, batch.read = parsed.rejected, parsed.read
        batch.done, batch.total = self.stream.done(), self.stream.total
        return batch

    def _parse_all(self) -> Iterator["_Parsed"]:
        line, offset, rest, blanks = 1, self.stream.offset, b"", 0
        while True:
            block = self.stream.read(max(BLOCK, len(rest)))
            at_end = len(block) < max(BLOCK, len(rest))
            block = rest + block
            cut = len(block) if at_end else block.rfind(b"\n") + 1
            rest = block[cut:]
            lines = block[:cut].split(b"\n")
            if lines[-1] == b"":
                lines.pop()
            parsed = _Parsed()
            for raw in lines:
                if raw.strip():
                    self._parse(raw, line, offset, parsed)
                else:
                    blanks += 1
                line += 1
                offset += len(raw) + 1
            if parsed.read:
                yield parsed
            if at_end:
                break
        if blanks:
            self.notes.append(f"{blanks:,} blank lines were skipped")

    def _parse(self, raw: bytes, line: int, offset: int, parsed: "_Parsed") -> None:
        parsed.read += 1
        try:
            record = json.loads(raw.decode("utf-8"))
            reason = self._add_names(record)
        except UnicodeDecodeError as error:
            what = f"byte 0x{raw[error.start]:02X} at byte {offset + error.start + 1:,}"
            reason = f"not valid UTF-8: {what}"
        except json.JSONDecodeError as error:
            reason = f"not valid JSON: {error.msg} at character {error.pos + 1}"
        except RecursionError:
            reason = "not valid JSON: nested too deeply"
        except ValueError as error:  # a number of more digits than Python converts
            reason = f"not valid JSON: {error}"
        if reason:
            parsed.rejected.append(Rejection(line, reason, None, excerpt(raw), self.unit))
        else:
            parsed.rows.append(line)
            parsed.records.append(record)

    def _add_names(self, record: object) -> str:
        """Note the keys of a record; the reason why it cannot be used, or ""."""
        if not isinstance(record, dict):
            return "not a JSON object: a line must look like {...}"
        for name in record:
            if name in self._known:
                continue
            if not is_encodable(name) or "\0" in name:
                return "not a usable key: it holds a NUL or a lone surrogate"
            self._known.add(name)
            self.names.append(name)
            if len(self.names) > MOST_COLUMNS:
                raise DataError(
                    f"the objects have more than {MOST_COLUMNS:,} different keys",
                    where=self.name,
                    hint="are values used as keys? Every object should have the same few",
                )
        return ""


class _Parsed:
    """What one block of lines gave."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.rows: list[int] = []
        self.rejected: list[Rejection] = []
        self.read = 0


class RecordsSource:
    """A list of dicts, read from a JSON file or given in memory."""

    unit = "row"

    def __init__(self, records: Sequence[object], name: str, notes: list[str]) -> None:
        self.name, self.notes, self._records = name, notes, records
        keys: dict[str, None] = {}
        for record in records:
            if isinstance(record, Mapping):
                keys.update(dict.fromkeys(str(key) for key in record))
        self.names = [key for key in keys if is_encodable(key)]
        if not records:
            raise NoRowsError("there are no rows", where=name)
        if not self.names or len(self.names) > MOST_COLUMNS:
            raise DataError(
                "the rows must be objects (dicts) with the same few keys",
                found=type(records[0]).__name__ if not self.names else f"{len(self.names):,} keys",
                where=name,
            )

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """All rows in one batch."""
        rejected = []
        kept: list[Mapping[str, Any]] = []
        rows = []
        for row, record in enumerate(self._records, 1):
            if isinstance(record, Mapping):
                kept.append(record)
                rows.append(row)
            else:
                shown = excerpt(repr(record)[:400])
                rejected.append(Rejection(row, "not an object", None, shown, self.unit))
        values = {name: [record.get(name) for record in kept] for name in self.names}
        batch = batch_of_values(values, np.array(rows, np.int64), columns)
        batch.rejected, batch.read = rejected, len(self._records)
        yield batch


class MappingSource:
    """A mapping of column names to sequences of equal length."""

    unit = "row"

    def __init__(self, mapping: Mapping[str, Sequence[object]], name: str) -> None:
        self.name = name
        self.notes: list[str] = []
        self._values = {str(key): list(values) for key, values in mapping.items()}
        self.names = list(self._values)
        lengths = {key: len(values) for key, values in self._values.items()}
        if len(set(lengths.values())) != 1:
            raise DataError("the columns must be of one length", found=lengths, where=name)
        if not lengths[self.names[0]]:
            raise DataError("there are no rows", where=name)

    def batches(self, columns: Columns) -> Iterator[Batch]:
        """All rows in one batch."""
        rows = np.arange(1, len(self._values[self.names[0]]) + 1)
        yield batch_of_values(self._values, rows, columns)


def json_list_source(stream: Stream) -> RecordsSource:
    """A file that is one JSON list of objects. It is read whole."""
    data = stream.read_rest()
    wrong = broken_utf8(data)
    if wrong is not None:
        at, what = wrong
        raise DataError(
            f"not valid UTF-8: {what} at byte {stream.offset + at + 1:,}",
            where=f"{stream.name}, line {data.count(bytes([10]), 0, at) + 1:,}",
            hint="give the encoding of the file, for example --encoding latin-1",
        )
    try:
        records = json.loads(data)
    except json.JSONDecodeError as error:
        raise DataError(
            f"not valid JSON: {error.msg}",
            where=f"{stream.name}, line {error.lineno:,}, column {error.colno:,}",
            hint="was the file cut off? One JSON object a line (JSONL) is read row by row",
        ) from None
    except (RecursionError, ValueError) as error:
        raise DataError(f"not valid JSON: {error}", where=stream.name) from None
    if not isinstance(records, list):
        raise DataError(
            "the JSON is not a list of objects",
            found=type(records).__name__,
            where=stream.name,
            hint="write a list of objects, or one object a line",
        )
    return RecordsSource(records, stream.name, stream.notes)


def batch_of_values(
    values: Mapping[str, Sequence[object]], rows: np.ndarray, columns: Columns
) -> Batch:
    """Python values as a batch: text and label columns by their kind, others carried along."""
    arrays: dict[str, pa.Array] = {}
    odd: dict[str, dict[int, str]] = {}
    for name, column in values.items():
        if name in columns.text:
            arrays[name], odd[name] = text_array(column)
        elif name == columns.label:
            arrays[name], odd[name] = label_array(column)
        else:
            arrays[name] = carried_array(column)
    return Batch(arrays, rows, read=len(rows), odd=odd)
