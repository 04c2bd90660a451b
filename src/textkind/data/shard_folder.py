"""Whether a folder holds shards of one table, or texts in a folder for each label."""

from pathlib import Path

from textkind.data.folder import entries_of, is_table
from textkind.data.settings import ReadSettings
from textkind.data.shards import HIDDEN
from textkind.errors import DataError


def is_shard_folder(path: str, settings: ReadSettings) -> bool:
    """Whether the files of a folder are tables to be read as one; DataError where it is not clear.

    They are tables by their names, or because the settings say of which format they are.
    """
    folders, files = (
        [entry for entry in entries if not entry.name.startswith(HIDDEN)]
        for entries in entries_of(Path(path))
    )
    inside = [file for folder in folders for file in entries_of(folder)[1]]
    tables = [file.name for file in files if settings.format is not None or is_table(file.name)]
    if not tables:
        if inside and all(is_table(file.name) for file in inside):
            suffix = "".join(inside[0].suffixes[-1:])
            raise DataError(
                "the folders in this folder hold tables, not texts",
                found=[file.relative_to(path).as_posix() for file in inside[:4]],
                where=path,
                hint=f"to read them as one table: '{path}/*/*{suffix}'",
            )
        return False
    if inside:
        raise DataError(
            f"this folder holds {len(tables):,} tables and folders with files: it may be shards of "
            "a table, or texts in a folder for each label",
            found=[tables[0], inside[0].relative_to(path).as_posix()],
            where=path,
            hint=f"for the tables: '{path}/*{Path(tables[0]).suffix}'; "
            "for the texts: move the tables elsewhere",
        )
    if len(tables) < len(files):
        others = [file.name for file in files if file.name not in tables]
        raise DataError(
            f"this folder holds {len(tables):,} tables and {len(others):,} other files",
            found=[tables[0], others[0]],
            where=path,
            hint=f"name the tables: '{path}/*{Path(tables[0]).suffix}', or one of them: "
            f"{Path(path) / tables[0]}",
        )
    return True
