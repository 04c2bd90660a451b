"""The encoders of tokens by the kind that their saved state names."""

from collections.abc import Callable
from typing import Any

import numpy as np

from textkind.encoding.subwords import SubwordEncoder
from textkind.encoding.tokens import TokenEncoder
from textkind.encoding.words import WordEncoder
from textkind.errors import ModelFolderError

ENCODERS: dict[str, Callable[[dict[str, Any], dict[str, np.ndarray]], TokenEncoder]] = {
    "words": WordEncoder.from_state,
    "subwords": SubwordEncoder.from_state,
}


def encoder_from_state(config: Any, arrays: dict[str, np.ndarray]) -> TokenEncoder:
    """The encoder whose `state` gave these; ModelFolderError where they make no sense."""
    kind = config.get("kind") if isinstance(config, dict) else None
    if kind not in ENCODERS:
        raise ModelFolderError("the encoder in this folder is of no known kind", found=kind)
    return ENCODERS[kind](config, arrays)
