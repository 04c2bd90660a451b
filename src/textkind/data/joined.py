"""The text of a row: one column as it is, or several joined by a newline."""

import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.columns import Columns
from textkind.data.values import LARGE_STRING
from textkind.errors import DataError


def texts_of(table: pa.Table, columns: Columns) -> pa.LargeStringArray:
    """The texts (N,), one chunk, no nulls; missing and empty parts of a joined text are left out.

    Raises DataError where a row has no text at all; `read_table` rejects such rows beforehand.
    """
    parts = [one_chunk(table.column(name)) for name in columns.text]
    if len(parts) == 1:
        texts = parts[0]
    else:
        filled = [pc.if_else(pc.equal(part, ""), None, part) for part in parts]
        missing = parts[0].is_null()
        for part in parts[1:]:
            missing = pc.and_(missing, part.is_null())
        joined = pc.binary_join_element_wise(
            *filled, pa.scalar("\n", LARGE_STRING), null_handling="skip"
        )
        texts = pc.if_else(missing, None, joined)
    if texts.null_count:
        first = pc.index(texts.is_null(), True).as_py()
        raise DataError("a text is missing", where=f"row {first + 1:,}")
    return texts


def one_chunk(column: pa.ChunkedArray) -> pa.LargeStringArray:
    """A column of strings as one array of offset 0; copied only where it is not that already."""
    chunks = [chunk.cast(LARGE_STRING) for chunk in column.chunks if len(chunk)]
    if len(chunks) == 1 and chunks[0].offset == 0:
        return chunks[0]
    return pa.concat_arrays(chunks) if chunks else pa.array([], LARGE_STRING)
