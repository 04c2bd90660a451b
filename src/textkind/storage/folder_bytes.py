"""A folder as bytes, to go where no disk is shared: the names of its files and what they hold."""

from pathlib import Path

from textkind.storage.place import write_bytes, writing

FolderBytes = dict[str, bytes]  # by the path below the folder, with slashes


def folder_bytes(folder: Path) -> FolderBytes:
    """All files of a folder and of those in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write_folder_bytes(files: FolderBytes, folder: Path) -> None:
    """Make the folder that folder_bytes was given; OutputError where the disk refuses."""
    for name, data in files.items():
        path = folder / name
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, data)
