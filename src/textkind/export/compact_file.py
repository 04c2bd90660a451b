"""A compact file: a linear model or one of static vectors with its decision, in one small file.

    data = compact_bytes(classifier)
    reader = verified(data, where)            a classifier of readers/textkind_reader.py

The layout is that of docs/compact-file.md: a head, a header in JSON, arrays that are packed each by
itself. Nothing is rounded here: what is written is what the model has.
"""

import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

import textkind
from textkind.classifier import Classifier, predict_probabilities
from textkind.encoding.characters import character_runs
from textkind.errors import ModelFolderError, SettingsError
from textkind.export.compact_decision import compact_decision
from textkind.export.compact_tokens import token_parts
from textkind.export.readers import textkind_reader
from textkind.export.static_table import StaticTable
from textkind.models.linear import LinearModel

MAGIC, VERSION = b"textkind", 1
TYPES = {"uint8": "u1", "int8": "i1", "uint16": "u2", "int32": "i4", "uint32": "u4",
         "float32": "f4"}  # fmt: skip
ROUNDING = 1e-5  # of a probability: the model adds up in float32, the readers in float64
DIGITS = 9  # of a golden probability, which is compared to 6
GAP = 255  # of a byte: the gap goes on in the next
# ways of zlib to look for what to pack; noise packs best without looking for repetitions
STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY)


def compact_bytes(classifier: Classifier, texts: tuple[str, ...], told: dict[str, Any]) -> bytes:
    """The file of a classifier; told is kept in the header as it is, texts are the golden ones.

    Its model is linear, or a table of static vectors. SettingsError where its tokens are of a kind
    that compact files do not hold.
    """
    model = classifier.model
    assert isinstance(model, LinearModel | StaticTable)
    features, arrays = PARTS[type(model)](model)
    packed = {name: packed_array(array) for name, array in arrays.items()}
    header = {
        "written_by": f"textkind {textkind.__version__}",
        "told": told,
        "labels": list(classifier.classes),
        "several": classifier.labels.several,
        "features": features,
        "biases": model.biases.tolist(),
        "decision": compact_decision(classifier.decision, len(classifier.labels)),
        "golden": [],
        "arrays": [
            [name, TYPES[str(array.dtype)], array.size, len(packed[name])]
            for name, array in arrays.items()
        ],
    }
    content = b"".join(packed.values())
    if texts:
        reader = textkind_reader.load(_whole(header, content))
        header["golden"] = golden_rows(classifier, reader, texts)
    return _whole(header, content)


def _whole(header: dict[str, Any], content: bytes) -> bytes:
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    behind = struct.pack("<I", len(encoded)) + encoded + content
    return MAGIC + struct.pack("<II", VERSION, zlib.crc32(behind)) + behind


def verified(data: bytes, where: str) -> Any:
    """The reader's classifier, once it gives the golden answers; else ModelFolderError."""
    try:
        return textkind_reader.load(data)
    except textkind_reader.CompactFileError as error:
        raise ModelFolderError(
            f"the compact file cannot be used: {error}",
            where=where,
            hint="export the model again, or copy the file anew",
        ) from error


def linear_parts(model: LinearModel) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What the header says of the features, and the arrays; rows in the order of the buckets."""
    encoder, settings = model.encoder, model.encoder.settings
    order = np.argsort(encoder.buckets)
    importance, codes = coded(encoder.importance[order])
    runs = character_runs()
    features = {
        "kind": "ngrams",
        "bits": encoder.bits,
        "words": settings.words,
        "characters": settings.characters,
        "word_borders": settings.word_borders,
        "symbols": settings.symbols,
        "sublinear": settings.sublinear,
    }
    return features, {
        "character starts": runs.starts.astype(np.uint32),
        "character shifts": runs.shifts.astype(np.int32),
        "character kinds": runs.flags.astype(np.uint8),
        "gaps": gap_bytes(encoder.buckets[order]),
        "importance": importance,
        "importance codes": codes,
        **weight_arrays(model.steps[order], model.scales[order]),
    }


def static_parts(table: StaticTable) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The same of a table of static vectors."""
    features, arrays = token_parts(table.encoder)
    gaps = {"gaps": gap_bytes(arrays.pop("runs")), "rows": gap_bytes(table.ids)}
    return features, arrays | gaps | weight_arrays(table.steps, table.scales)


def weight_arrays(steps: np.ndarray, scales: np.ndarray) -> dict[str, np.ndarray]:
    """Rows of steps (V, P) int8 times scales (V,) float32."""
    different, codes = coded(scales)
    return {"scales": different, "scale codes": codes, "steps": steps.ravel()}


PARTS: dict[type, Callable[[Any], tuple[dict[str, Any], dict[str, np.ndarray]]]] = {
    LinearModel: linear_parts,
    StaticTable: static_parts,
}


def golden_rows(classifier: Classifier, reader: Any, texts: tuple[str, ...]) -> list[list[Any]]:
    """Of each text itself, its probabilities by the reader, and the place of its label.

    Of several labels their places. ModelFolderError where the reader does not give what the
    classifier does, to the rounding of float32.
    """
    wanted = predict_probabilities(classifier, pa.array(texts, pa.large_string()), 1)
    given = [reader.probabilities(text) for text in texts]
    gap = float(np.abs(wanted - given).max(initial=0))
    if not gap <= ROUNDING:
        raise ModelFolderError(
            "the compact file would give other probabilities than the model", found=gap
        )
    rows = zip(texts, given, strict=True)
    return [
        [text, [round(p, DIGITS) for p in row], reader.decision.answer(row)] for text, row in rows
    ]


def coded(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different numbers (C,) float32, and of each of the V numbers which it is: uint8 or 16.

    SettingsError above 65,536 different ones.
    """
    different, codes = np.unique(values.astype(np.float32), return_inverse=True)
    if different.size > 1 << 16:
        raise SettingsError("too many different numbers for a compact file", found=different.size)
    return different, codes.astype(np.uint8 if different.size <= 1 << 8 else np.uint16)


def gap_bytes(rising: np.ndarray) -> np.ndarray:
    """Gaps between rising numbers, less 1, as uint8; GAP stands for so many that go on."""
    gaps: np.ndarray = np.diff(rising.astype(np.int64), prepend=-1) - 1
    longer = gaps // GAP
    found = np.full(gaps.size + int(longer.sum()), GAP, np.uint8)
    found[np.cumsum(longer + 1) - 1] = gaps % GAP
    return found


def packed_array(array: np.ndarray) -> bytes:
    """The little-endian bytes of an array as a zlib stream, the shortest of STRATEGIES."""
    plain = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    tried = []
    for strategy in STRATEGIES:
        packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, strategy)
        tried.append(packer.compress(plain) + packer.flush())
    return min(tried, key=len)
