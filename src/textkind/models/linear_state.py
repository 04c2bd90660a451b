"""What the model folder keeps of a linear model: parts to config and arrays, and back, checked.

Columns are written in the order of their buckets, which then take a bit each instead of a number.
"""

from dataclasses import asdict

import numpy as np

from textkind.data.labels import LabelSet
from textkind.encoding.ngrams import MOST_BITS, NgramEncoder, NgramSettings, bucket_count
from textkind.errors import ModelFolderError, SettingsError
from textkind.models.trials import problem_classes

ARRAYS = {"present": "uint8", "importance": "float16", "steps": "int8", "scales": "float16",
          "biases": "float32"}  # fmt: skip


def state_of(
    encoder: NgramEncoder, steps: np.ndarray, scales: np.ndarray, biases: np.ndarray, facts: dict
) -> tuple[dict, dict[str, np.ndarray]]:
    """A JSON-able config and named arrays; `present` has a bit for each bucket that is a column."""
    order = np.argsort(encoder.buckets)
    present = np.zeros(bucket_count(encoder.settings, encoder.bits), np.uint8)
    present[encoder.buckets] = 1
    config = {"ngrams": asdict(encoder.settings), "bits": encoder.bits, "facts": facts}
    return config, {
        "present": np.packbits(present),
        "importance": encoder.importance[order].astype(np.float16),
        "steps": steps[order],
        "scales": scales[order].astype(np.float16),
        "biases": biases,
    }


def parts_of(
    config: dict, arrays: dict[str, np.ndarray], labels: LabelSet
) -> tuple[NgramEncoder, np.ndarray, np.ndarray, np.ndarray, dict]:
    """What `state_of` was given; ModelFolderError names what is wrong."""

    def require(condition: bool, problem: str) -> None:
        if not condition:
            raise ModelFolderError(
                f"the linear model in this folder is damaged: {problem}",
                hint="train the model again, or copy its folder anew",
            )

    require(
        isinstance(config, dict) and set(config) == {"ngrams", "bits", "facts"},
        "its config has other entries than ngrams, bits and facts",
    )
    require(
        {name: str(array.dtype) for name, array in arrays.items()} == ARRAYS,
        f"its arrays are not {ARRAYS}",
    )
    try:
        found = dict(config["ngrams"])
        for name in ("words", "characters"):
            found[name] = None if found[name] is None else tuple(found[name])
        settings = NgramSettings(**found)
        orders = (*(settings.words or ()), *(settings.characters or ()))
        require(all(map(is_whole, orders)), "n-gram orders")
    except (KeyError, TypeError, ValueError, SettingsError) as error:
        raise ModelFolderError(
            "the linear model in this folder is damaged: its n-gram settings",
            found=config["ngrams"],
        ) from error
    bits = config["bits"]
    require(is_whole(bits) and 3 <= bits <= MOST_BITS, "the number of bits")
    require(isinstance(config["facts"], dict), "its facts")
    room = bucket_count(settings, bits)
    require(arrays["present"].shape == (room // 8,), "its buckets")
    buckets = np.flatnonzero(np.unpackbits(arrays["present"])).astype(np.int32)
    problems = problem_classes(len(labels), labels.several).size
    shapes = {"present": (room // 8,), "importance": buckets.shape, "scales": buckets.shape,
              "steps": (buckets.size, problems), "biases": (problems,)}  # fmt: skip
    require({name: array.shape for name, array in arrays.items()} == shapes, "array shapes")
    for name in ("importance", "scales"):
        require(bool((np.isfinite(arrays[name]) & (arrays[name] > 0)).all()), name)
    require(bool(np.isfinite(arrays["biases"]).all()), "its biases")
    # by falling document frequency, as they were fitted: what is used together lies together
    order = np.argsort(arrays["importance"], kind="stable")
    importance = arrays["importance"][order].astype(np.float32)
    return (
        NgramEncoder(settings, bits, buckets[order], importance),
        arrays["steps"][order],
        arrays["scales"][order].astype(np.float32),
        arrays["biases"],
        config["facts"],
    )


def is_whole(value: object) -> bool:
    """Whether a value read from JSON is a whole number; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)
