"""Names of the Hugging Face hub: the folder on this machine, or fetched where there is none.

The hub is asked for nothing but a model whose name was given and which is not here;
HF_HUB_OFFLINE=1 keeps it from being asked at all.
"""

import os
import re
from pathlib import Path

from textkind.errors import ModelFolderError, SettingsError
from textkind.optional import need

NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
FILES = ["*.json", "*.safetensors", "*/config.json"]  # no code, no pickle
UNTOLD = "…"  # in the place of what stands before the last part of a folder's path


def told_encoder(encoder: str | Path) -> str:
    """An encoder as a model folder keeps it: a name of the hub, or the last part of a path.

    What begins with UNTOLD is neither a name nor a path, so a later fit looks for no other.
    """
    told = str(encoder)
    if told.startswith(UNTOLD) or (NAME.fullmatch(told) and not Path(encoder).is_dir()):
        return told
    return f"{UNTOLD}/{Path(encoder).resolve().name}"


def folder_of_name(name: str, revision: str | None = None) -> tuple[Path, str]:
    """The folder with the model of that name, and its revision: the hash of a commit.

    ModelFolderError where it is neither here nor to be had, SettingsError where it is no name.
    """
    if not NAME.fullmatch(name) or Path(name).is_absolute():
        raise ModelFolderError("there is no such folder", where=name)
    hub = need("huggingface_hub", "a model by its name")
    folder = _kept(hub, name, revision)
    if folder is None:
        folder = _fetched(hub, name, revision)
    return folder, folder.name


def _kept(hub: object, name: str, revision: str | None) -> Path | None:
    """The model as an earlier use left it here, with weights of whatever kind."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        found = hub.snapshot_download(  # type: ignore[attr-defined]
            name, revision=revision, allow_patterns=FILES, local_files_only=True
        )
    except LocalEntryNotFoundError:
        return None
    folder = Path(found)
    has_weights = any([*folder.glob("*.safetensors"), *folder.glob("*.bin")])
    return folder if has_weights and (folder / "config.json").is_file() else None


def _fetched(hub: object, name: str, revision: str | None) -> Path:
    hint = "pass the path of a folder, or load the model once where there is a network"
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise ModelFolderError(
            "there is no such folder, nor a model of that name on this machine, and "
            "HF_HUB_OFFLINE says not to ask the hub",
            where=name,
            hint=hint,
        )
    try:
        return Path(
            hub.snapshot_download(name, revision=revision, allow_patterns=FILES)  # type: ignore[attr-defined]
        )
    except Exception as error:  # of the library, its client, or the system
        problem = "there is no such folder, and the model could not be had from the hub"
        if type(error).__name__ in ("RepositoryNotFoundError", "RevisionNotFoundError"):
            raise SettingsError(
                "the hub has no such model or revision",
                found=name if revision is None else f"{name} at {revision}",
            ) from error
        raise ModelFolderError(
            problem, found=str(error).splitlines()[0][:200], where=name, hint=hint
        ) from error
