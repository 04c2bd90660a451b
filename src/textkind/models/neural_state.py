"""What the model folder keeps of a neural model: parts to config and arrays, and back, checked."""

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import nn

from textkind.data.labels import LabelSet
from textkind.encoding.encoders import encoder_from_state
from textkind.encoding.tokens import TokenEncoder
from textkind.errors import ModelFolderError, SettingsError
from textkind.models.long_settings import LongSettings, check_fits
from textkind.models.networks.settings import (
    SETTINGS,
    NetworkSettings,
    name_of,
    settings_from_json,
)
from textkind.models.networks.table import build_network
from textkind.models.networks.windows import reading_network
from textkind.models.reading import Reading
from textkind.training.losses import head_of, outputs_of

CONFIG = {"network", "layers", "encoder", "head", "max_tokens", "long", "facts"}
ENCODER, NETWORK, SCORES = "encoder ", "network ", "scores"


def state_of(
    encoder: TokenEncoder,
    network: nn.Module,
    layers: NetworkSettings,
    head: str,
    reading: Reading,
    facts: dict[str, Any],
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A JSON-able config and named arrays."""
    encoder_config, encoder_arrays = encoder.state()
    config = {
        "network": name_of(layers),
        "layers": asdict(layers),
        "encoder": encoder_config,
        "head": head,
        "max_tokens": reading.max_tokens,
        "long": asdict(reading.long),
        "facts": facts,
    }
    arrays = {ENCODER + key: array for key, array in encoder_arrays.items()}
    if reading.scores is not None:
        arrays[SCORES] = reading.scores
    for key, tensor in network.state_dict().items():
        arrays[NETWORK + key] = tensor.detach().cpu().numpy()
    return config, arrays


def parts_of(
    config: dict[str, Any], arrays: dict[str, np.ndarray], labels: LabelSet
) -> tuple[str, TokenEncoder, nn.Module, NetworkSettings, str, Reading, dict[str, Any]]:
    """What `state_of` was given, the network's name first; ModelFolderError says what is wrong."""

    def require(condition: bool, problem: str) -> None:
        if not condition:
            raise ModelFolderError(
                f"the neural model in this folder is damaged: {problem}",
                hint="train the model again, or copy its folder anew",
            )

    require(isinstance(config, dict) and set(config) == CONFIG, f"its config is not {CONFIG}")
    name, head, max_tokens = config["network"], config["head"], config["max_tokens"]
    require(isinstance(name, str) and name in SETTINGS, "its network")
    require(isinstance(config["facts"], dict), "its facts")
    require(max_tokens is None or (type(max_tokens) is int and max_tokens > 0), "max_tokens")
    require(isinstance(config["layers"], dict), "its layers")
    require(head in ("binary", "softmax", "sigmoid"), "its head")
    try:
        layers = settings_from_json(name, config["layers"])
        require(head_of(labels, head) == head, "its head")
    except (SettingsError, TypeError) as error:
        raise ModelFolderError(
            "the neural model in this folder is damaged: its layers", found=str(error)
        ) from error
    known = all(key.startswith((ENCODER, NETWORK)) or key == SCORES for key in arrays)
    require(known, "it has arrays of neither encoder nor network")
    reading = _reading(config["long"], max_tokens, arrays.get(SCORES))
    longest = getattr(layers, "longest", None)
    require(longest is None or (max_tokens is not None and max_tokens <= longest), "max_tokens")
    try:
        encoder = encoder_from_state(config["encoder"], _under(ENCODER, arrays))
    except TypeError as error:  # a list where a name should be
        raise ModelFolderError(
            "the neural model in this folder is damaged: its encoder", found=str(error)
        ) from error
    if reading.scores is not None:
        require(reading.scores.shape == (encoder.size,), "the number of its scores")
    tensors = _under(NETWORK, arrays)
    # each has arrays of its own, and takes time to build
    require(getattr(layers, "layers", 0) <= len(tensors), "the number of its layers")
    try:
        with torch.device("meta"):  # shapes alone: nothing is drawn, and nothing takes memory
            outputs = outputs_of(head, len(labels))
            network = build_network(name, encoder.size, outputs, layers, 0)
            network = reading_network(network, outputs, reading.long, reading.max_tokens, 0)
    except (RuntimeError, TypeError, ValueError, ArithmeticError) as error:  # sizes beyond all
        raise ModelFolderError(
            "the neural model in this folder is damaged: its layers cannot be built",
            found=str(error).splitlines()[0],
        ) from error
    shapes = {
        key: (tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
        for key, tensor in network.state_dict().items()
    }
    found = {key: (array.shape, str(array.dtype)) for key, array in tensors.items()}
    require(found == shapes, "the shapes of its network")
    for key, array in tensors.items():
        require(bool(np.isfinite(array).all()), f"{key} is not finite")
    network.load_state_dict(
        {key: torch.from_numpy(array) for key, array in tensors.items()}, assign=True
    )
    return name, encoder, network.eval(), layers, head, reading, config["facts"]


def _reading(told: Any, max_tokens: int | None, scores: np.ndarray | None) -> Reading:
    """What a text is read by; ModelFolderError where that makes no sense."""
    try:
        long = LongSettings(**told)
        check_fits(long, max_tokens)
    except (SettingsError, TypeError) as error:
        raise ModelFolderError(
            "the neural model in this folder is damaged: long", found=str(error)
        ) from error
    ranked = long.strategy == "retrieve"
    is_sound = scores is not None and scores.dtype == np.int32 and scores.ndim == 1
    if long.strategy == "auto" or (not is_sound if ranked else scores is not None):
        raise ModelFolderError(
            "the neural model in this folder is damaged: how it reads long texts", found=told
        )
    return Reading(long, max_tokens, scores)


def _under(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)
    }
