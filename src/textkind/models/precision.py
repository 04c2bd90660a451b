"""A fitted network that reads in bfloat16: half the bytes, and on some processors quicker.

quick = in_precision(model, "auto")         as the machine has it
quick.logits(texts)
"""

import copy
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from textkind.encoding.tokens import Tokens
from textkind.errors import SettingsError
from textkind.models.networks.choices import check_choice
from textkind.models.neural import NeuralModel
from textkind.models.pretrained import PROBED, probed_reading
from textkind.progress import SILENT, Talk
from textkind.training.settings import CHOICES

LENGTH = 32  # tokens of the texts that are read to see which precision is quicker


def in_precision(model: object, asked: str, talk: Talk = SILENT) -> NeuralModel:
    """The model, its network reading in float32 or bfloat16; auto: in the quicker one here.

    Only matrices are rounded, and once; sums stay in float32. It is for reading alone: what is
    saved is the model as it was. SettingsError for a model that is no network.
    """
    check_choice("precision", asked, CHOICES["precision"])
    if not isinstance(model, NeuralModel):
        name = getattr(model, "name", "none")
        raise SettingsError(
            "only networks can be read in another precision", found=f"a {name} model",
            hint="leave --precision out",
        )  # fmt: skip
    ids = np.arange(PROBED * LENGTH, dtype=np.int32) % model.encoder.size
    length = LENGTH if model.reading.max_tokens is None else min(LENGTH, model.reading.max_tokens)
    tokens = Tokens(ids[: PROBED * length], np.arange(PROBED + 1) * length)
    precision = probed_reading(model.network, tokens, asked, talk)
    if precision == "float32":
        return model
    return replace(model, network=with_rounded_matrices(model.network), precision=precision)


def with_rounded_matrices(network: nn.Module) -> nn.Module:
    """A copy whose linear layers, but for the head, hold bfloat16, as autocast would round them."""
    copied = copy.deepcopy(network)
    for name, part in copied.named_modules():
        if isinstance(part, nn.Linear) and name.rpartition(".")[2] != "head":
            for parameter in part.parameters():
                parameter.data = parameter.data.to(torch.bfloat16)
    return copied
