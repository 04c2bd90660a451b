"""Whether bytes are UTF-8, and where not."""

import numpy as np
import pyarrow as pa


def is_utf8(data: bytes, size: int) -> bool:
    """Whether the first `size` bytes are valid UTF-8; nothing is decoded or copied."""
    offsets = np.array([0, size], np.int64)
    text = pa.LargeStringArray.from_buffers(1, pa.py_buffer(offsets), pa.py_buffer(data))
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def broken_utf8(data: bytes) -> tuple[int, str] | None:
    """Offset of the first byte that breaks UTF-8 and what it is, or None where all is valid."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start, f"byte 0x{data[error.start]:02X}"
    return None
