"""Named arrays to the bytes of a safetensors file and back.

The format (8 bytes of header length, a JSON header, the arrays end to end) is read by hand, so
that every length, type and shape is checked before an array is made, and each array comes as its
own writable, aligned copy: the kernels are compiled for such arrays only.
"""

import math
from typing import Any

import numpy as np

from textkind.errors import ModelFolderError
from textkind.storage.documents import parse_document

_LARGEST_HEADER = 1 << 20  # bytes; ours has some hundreds
_LARGEST_RANK = 4
_DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
}


def tensor_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """The arrays as one safetensors file."""
    from safetensors.numpy import save

    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def parse_tensors(data: bytes, where: str) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file.

    ModelFolderError for a pickle, a header that lies about the bytes, a type we do not use, or a
    value that is not finite.
    """
    header, body = _parse_header(data, where)
    arrays, end = {}, 0
    for name, facts in sorted(header.items(), key=lambda item: _begin(item[1])):
        dtype, shape, begin, stop = _layout(facts, name, where)
        if begin != end or stop - begin != math.prod(shape) * dtype.itemsize or stop > len(body):
            raise ModelFolderError("the arrays do not fit the file", found=name, where=where)
        array = np.frombuffer(body[begin:stop], dtype).reshape(shape).copy()
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ModelFolderError("an array has NaN or infinity", found=name, where=where)
        arrays[name], end = array, stop
    if end != len(body):
        raise ModelFolderError("the file is longer than its arrays", where=where)
    return arrays


def _parse_header(data: bytes, where: str) -> tuple[dict[str, Any], memoryview]:
    # The length of a header may begin with these bytes as well, but then the header follows it.
    if data[8:9] != b"{" and (data[:1] == b"\x80" or data[:2] == b"PK"):
        raise ModelFolderError(
            "a pickle or archive where a safetensors file should be; textkind never opens these",
            where=where,
        )
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(_LARGEST_HEADER, len(data) - 8):
        raise ModelFolderError("not a safetensors file, or cut short", where=where)
    header = parse_document(data[8 : 8 + length], where)
    header.pop("__metadata__", None)
    return header, memoryview(data)[8 + length :]


def _begin(facts: Any) -> int:
    """Where an array begins, for sorting; nonsense sorts first and is refused by _layout."""
    offsets = facts.get("data_offsets") if isinstance(facts, dict) else None
    first = offsets[0] if isinstance(offsets, list) and offsets else -1
    return first if type(first) is int else -1


def _layout(facts: Any, name: str, where: str) -> tuple[np.dtype[Any], list[int], int, int]:
    if isinstance(facts, dict) and set(facts) == {"dtype", "shape", "data_offsets"}:
        dtype = _DTYPES.get(facts["dtype"]) if isinstance(facts["dtype"], str) else None
        shape, offsets = facts["shape"], facts["data_offsets"]
        if (
            dtype is not None
            and _are_counts(shape)
            and len(shape) <= _LARGEST_RANK
            and _are_counts(offsets)
            and len(offsets) == 2
            and offsets[0] <= offsets[1]
        ):
            return dtype, shape, offsets[0], offsets[1]
    raise ModelFolderError("the header makes no sense", found=name, where=where)


def _are_counts(values: Any) -> bool:
    """Whether this is a list of whole numbers from 0 up."""
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 1 << 62 for v in values)
