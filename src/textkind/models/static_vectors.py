"""Static vectors of tokens, distilled from a pretrained encoder as Model2Vec does.

    static = distilled(talk=talk)       all-MiniLM-L6-v2, 256 numbers a token
    static = distilled(Path("bge-small-en"), dimension=128)

Every token is read by the encoder alone, [CLS] token [SEP], the mean of the last states is
its vector, and principal components make it shorter (Tulkens and van Dongen 2024, Model2Vec: Fast
State-of-the-Art Static Embeddings). Frequent tokens are not played down here: how frequent a token
is, the training texts tell. Distilled once, vectors are kept in a folder of the user's cache.
"""

import hashlib
import json
import os
import re
import secrets
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from textkind.encoding.subwords import SubwordEncoder
from textkind.errors import ModelFolderError, SettingsError
from textkind.models.encoder_folder import EncoderFolder, open_encoder, read_weights
from textkind.models.networks.pretrained import make_encoder
from textkind.progress import SILENT, Talk

FORMAT = 1  # of a kept file, and of the way its numbers are computed
BATCH = 512  # tokens that the encoder reads at once
UNUSED = re.compile(r"\[unused\d+\]")  # places that BERT's vocabularies keep free


@dataclass(frozen=True, eq=False)
class StaticVectors:
    """A vector for every token of a tokenizer.

    tokenizer_json  its file; subwords_from_bytes makes the encoder whose ids are the rows
    vectors         (V, D) float32, zeros for padding, special tokens and ids of no token
    name            of the pretrained encoder
    sha256          of its file of weights
    revision        of a name of the hub, else None
    """

    tokenizer_json: bytes
    vectors: np.ndarray
    name: str
    sha256: str
    revision: str | None


def distilled(
    encoder: str | Path | None = None,
    *,
    revision: str | None = None,
    dimension: int = 256,
    cache: Path | None = None,
    bfloat16: bool = False,
    talk: Talk = SILENT,
) -> StaticVectors:
    """Static vectors of the tokens of an encoder, kept from the last time or made now.

    encoder is a folder with config.json, tokenizer.json and model.safetensors, or a name of the
    hub, taken at `revision`; None is all-MiniLM-L6-v2. cache is the folder where vectors are kept;
    None: textkind in the user's cache. bfloat16 halves the numbers that the encoder computes with.
    Vectors have at most as many numbers as the states of the encoder. Raises as open_encoder does,
    and SettingsError.
    """
    if type(dimension) is not int or dimension < 1:
        raise SettingsError("dimension must be a whole number from 1", found=dimension)
    folder = open_encoder(encoder, revision)
    if dimension > folder.architecture.width:
        talk.note(
            f"vectors of {folder.name} have {folder.architecture.width} numbers, not {dimension}: "
            "its states have no more"
        )
        dimension = folder.architecture.width
    told = description(folder, dimension, bfloat16)
    place = cache_folder() if cache is None else Path(cache)
    path = place / f"vectors-{_digest(told)}.safetensors"
    stored = _kept(path, told, (folder.tokenizer.size, dimension), talk)
    if stored is None:
        stored = _distil(folder, dimension, bfloat16, talk)
        _keep(path, told, stored, talk)
    vectors = stored.astype(np.float32)
    return StaticVectors(
        folder.tokenizer.tokenizer_json, vectors, folder.name, folder.sha256, folder.revision
    )


def cache_folder() -> Path:
    """The folder textkind of the user's cache: XDG_CACHE_HOME, or ~/.cache."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():  # others are to be ignored, says the XDG specification
        return given / "textkind"
    try:
        return Path.home() / ".cache" / "textkind"
    except RuntimeError as error:
        raise SettingsError(
            "there is no home folder to keep distilled vectors in", hint="set XDG_CACHE_HOME"
        ) from error


def description(folder: EncoderFolder, dimension: int, bfloat16: bool) -> dict[str, str]:
    """All that the numbers depend on, as texts."""
    return {
        "format": str(FORMAT),
        "weights": folder.sha256,
        "tokenizer": hashlib.sha256(folder.tokenizer.tokenizer_json).hexdigest(),
        "settings": json.dumps(asdict(folder.architecture), sort_keys=True),
        "dimension": str(dimension),
        "bfloat16": str(bfloat16),
    }


def _distil(folder: EncoderFolder, dimension: int, bfloat16: bool, talk: Talk) -> np.ndarray:
    """(V, D) float16.

    Half the bytes, and little lost: vectors of MiniLM move by less than 4e-4 of their length. They
    are rounded before they are first used, so that a second training starts from the same bits.
    """
    rows = wanted_rows(folder.tokenizer)
    ids = rows - folder.tokenizer.shift
    most = folder.architecture.vocabulary
    if ids.size < 2 or max(*ids.tolist(), *folder.frame) >= most:
        raise ModelFolderError(
            "the tokenizer does not fit the encoder: fewer than two tokens, or more than it knows",
            found=[int(ids.size), most],
            where=str(folder.path),
        )
    with talk.task(f"distilling vectors of {ids.size:,} tokens from {folder.name}"):
        states = token_states(ids, folder, bfloat16, talk)
        if np.isfinite(states).all():
            reduced = principal_components(states, dimension)
            stored = np.zeros((folder.tokenizer.size, dimension), np.float16)
            with np.errstate(over="ignore"):  # told below
                stored[rows] = reduced
            if np.isfinite(stored).all():
                talk.note(f"distilled vectors of {ids.size:,} tokens from {folder.name}")
                return stored
    raise ModelFolderError(
        "the encoder's states are not finite, or very large", where=str(folder.weights[0])
    )


def wanted_rows(tokenizer: SubwordEncoder) -> np.ndarray:
    """The rows (ids of ours) of tokens that stand for text, rising."""
    special = {
        number + tokenizer.shift
        for number, token in tokenizer.library.get_added_tokens_decoder().items()
        if token.special
    } | {0, tokenizer.unknown_id}
    wanted = [
        row
        for row, spelling in enumerate(tokenizer.spellings())
        if spelling and row not in special and not UNUSED.fullmatch(spelling)
    ]
    return np.array(wanted, np.int64)


def token_states(
    ids: np.ndarray, folder: EncoderFolder, bfloat16: bool = False, talk: Talk = SILENT
) -> np.ndarray:
    """(N, W) float32: the mean of the last states of a framed token, for N ids of the file."""
    architecture = folder.architecture
    table, state = read_weights(folder)
    encoder = make_encoder(architecture)
    encoder.load_state_dict(state)
    encoder.eval()
    sequences = torch.tensor(folder.frame, dtype=torch.int64).repeat(ids.size, 1)
    before, behind = sequences[:, : architecture.before], sequences[:, architecture.before :]
    sequences = torch.cat([before, torch.from_numpy(ids)[:, None], behind], dim=1)
    means = np.empty((ids.size, architecture.width), np.float32)
    halved = torch.autocast("cpu", torch.bfloat16) if bfloat16 else nullcontext()
    with torch.inference_mode(), halved:
        for start in range(0, ids.size, BATCH):
            x = table[sequences[start : start + BATCH]]
            states = encoder(x, torch.ones(x.shape[:2], dtype=torch.bool))
            means[start : start + BATCH] = states.float().mean(dim=1).numpy()
            talk.advance(min(start + BATCH, ids.size), ids.size)
    return means


def principal_components(rows: np.ndarray, dimension: int) -> np.ndarray:
    """(N, W) rows to (N, D) coordinates along their D principal axes, the longest first.

    Axes are the eigenvectors of the covariance. Either direction of an axis would do: taken is the
    one in which its largest part is positive.
    """
    centred = rows.astype(np.float64)
    centred -= centred.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :dimension]  # (W, D)
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
    return (centred @ (axes * np.sign(largest))).astype(np.float32)


def _digest(told: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def _kept(
    path: Path, told: dict[str, str], shape: tuple[int, int], talk: Talk
) -> np.ndarray | None:
    """The float16 vectors of an earlier time; None where there are none, or no sound ones."""
    if not path.exists():
        return None
    try:
        with safe_open(path, "np") as file:
            metadata, vectors = file.metadata(), file.get_tensor("vectors")
    except (SafetensorError, OSError, TypeError) as error:
        talk.note(f"distilled vectors in {path} are damaged ({error}): made anew")
        return None
    sound = (
        vectors.dtype == np.float16
        and vectors.shape == shape
        and metadata == told | {"sha256": _checksum(vectors)}
        and np.isfinite(vectors).all()
    )
    if not sound:
        talk.note(f"distilled vectors in {path} are damaged: made anew")
        return None
    return vectors


def _keep(path: Path, told: dict[str, str], vectors: np.ndarray, talk: Talk) -> None:
    """Write the file whole or not at all; a disk that refuses costs only time at the next use."""
    part = path.with_name(f".textkind-{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                file.write(save({"vectors": vectors}, told | {"sha256": _checksum(vectors)}))
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        talk.note(f"distilled vectors could not be kept in {path.parent}: {error.strerror}")
    else:
        talk.note(f"distilled vectors are kept in {path}")


def _checksum(vectors: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()
