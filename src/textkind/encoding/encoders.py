"""The encoders of tokens by the kind that their saved state names."""

from collections.abc import Callable
from typing import Any

import numpy as np

from textkind.encoding.runs import MOST_BUCKETS, MOST_LONGEST, RunEncoder, runs_of
from textkind.encoding.subwords import SubwordEncoder
from textkind.encoding.tokens import TokenEncoder
from textkind.encoding.words import WordEncoder
from textkind.errors import ModelFolderError


def runs_from_state(config: dict[str, Any], arrays: dict[str, np.ndarray]) -> RunEncoder:
    """A RunEncoder with the encoder that its config holds."""
    match config:
        case {
            "kind": _,
            "longest": int(longest),
            "buckets": int(buckets),
            "tokens": dict(inner),
        } if (
            len(config) == 4
            and 2 <= longest <= MOST_LONGEST
            and 1 <= buckets <= MOST_BUCKETS
            and inner.get("kind") != "runs"
        ):
            filled = arrays.get("filled")
            if filled is not None and is_sound(filled, buckets):
                rest = {name: array for name, array in arrays.items() if name != "filled"}
                return runs_of(encoder_from_state(inner, rest), longest, filled, buckets)
    raise ModelFolderError("the runs of tokens in this folder are damaged", found=config)


ENCODERS: dict[str, Callable[[dict[str, Any], dict[str, np.ndarray]], TokenEncoder]] = {
    "words": WordEncoder.from_state,
    "subwords": SubwordEncoder.from_state,
    "runs": runs_from_state,
}


def is_sound(filled: np.ndarray, buckets: int) -> bool:
    """Whether these are buckets that have an id: rising numbers below `buckets`."""
    if filled.dtype != np.int64 or filled.ndim != 1:
        return False
    return bool(filled.size == 0 or (filled[0] >= 0 and filled[-1] < buckets)) and bool(
        (np.diff(filled) > 0).all()
    )


def encoder_from_state(config: Any, arrays: dict[str, np.ndarray]) -> TokenEncoder:
    """The encoder whose `state` gave these; ModelFolderError where they make no sense."""
    kind = config.get("kind") if isinstance(config, dict) else None
    if not isinstance(kind, str) or kind not in ENCODERS:
        raise ModelFolderError("the encoder in this folder is of no known kind", found=kind)
    return ENCODERS[kind](config, arrays)
