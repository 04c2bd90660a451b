"""JSON as we write and read it: UTF-8, no NaN, no repeated keys."""

import json
from pathlib import Path
from typing import Any

from textkind.errors import ModelFolderError
from textkind.storage.place import write_bytes


def document_bytes(value: Any) -> bytes:
    """A JSON document as bytes: two spaces of indent, keys in their order, a newline at the end.

    ValueError for NaN or infinity, which JSON does not have.
    """
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    return (text + "\n").encode()


def canonical_bytes(value: Any) -> bytes:
    """As document_bytes with sorted keys: equal values give equal bytes."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False, sort_keys=True)
    return (text + "\n").encode()


def write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    """Write JSON Lines: one record a line."""
    lines = [json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records]
    write_bytes(path, "".join(line + "\n" for line in lines).encode())


def parse_document(data: bytes, where: str) -> dict[str, Any]:
    """Read a JSON object from bytes; ModelFolderError for anything else, `where` named."""
    try:
        value = parse_value(data)
    except (ValueError, RecursionError) as error:
        raise ModelFolderError("not a JSON document", found=str(error), where=where) from None
    if not isinstance(value, dict):
        raise ModelFolderError("not a JSON object", found=type(value).__name__, where=where)
    return value


def parse_value(data: bytes) -> Any:
    """Read any JSON value from bytes.

    ValueError (UnicodeDecodeError is one) for what is none, RecursionError for one nested deeply.
    """
    return json.loads(data.decode(), object_pairs_hook=_object_of, parse_constant=_refuse_constant)


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
