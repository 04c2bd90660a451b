"""The files of readers/ as they are copied into what is exported."""

from collections.abc import Iterable
from pathlib import Path

from textkind.storage.place import write_bytes

READERS = Path(__file__).parent / "readers"


def copy_readers(place: Path, names: Iterable[str]) -> None:
    """Write the files of these names into a folder."""
    for name in names:
        write_bytes(place / name, (READERS / name).read_bytes())
