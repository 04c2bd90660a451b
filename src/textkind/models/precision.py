"""A fitted network that reads in fewer digits: fewer bytes, and on many processors quicker.

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
from textkind.models.encoder_graph import has_bert, with_graph
from textkind.models.networks.choices import check_choice
from textkind.models.neural import NeuralModel
from textkind.models.pretrained import PROBED, probed_reading
from textkind.models.quick_reading import can_be_packed
from textkind.progress import SILENT, Talk
from textkind.training.settings import CHOICES

READING = (*CHOICES["precision"], "int8")
LENGTH = 32  # tokens of the texts that are read to see which precision is quicker


def in_precision(model: object, asked: str, talk: Talk = SILENT) -> NeuralModel:
    """The model, its network reading as asked; auto: in the quicker of float32 and bfloat16 here.

    Only matrices are rounded, and once; sums stay in float32 (int8: in whole numbers). It is for
    reading alone: what is saved is the model as it was. SettingsError for a model that is no
    network, or in int8 no pretrained encoder of BERT's kind.
    """
    check_choice("precision", asked, READING)
    if not isinstance(model, NeuralModel):
        name = getattr(model, "name", "none")
        raise SettingsError(
            "only networks can be read in another precision", found=f"a {name} model",
            hint="leave --precision out",
        )  # fmt: skip
    if asked == "int8":
        if not has_bert(model.network):
            raise SettingsError(
                "only pretrained encoders of BERT's kind are read in int8",
                found=f"a {model.name} model", hint="--precision auto takes the quicker one here",
            )  # fmt: skip
        return replace(model, network=with_graph(model.network, "int8"))
    ids = np.arange(PROBED * LENGTH, dtype=np.int32) % model.encoder.size
    length = LENGTH if model.reading.max_tokens is None else min(LENGTH, model.reading.max_tokens)
    tokens = Tokens(ids[: PROBED * length], np.arange(PROBED + 1) * length)
    precision = probed_reading(model.network, tokens, asked, talk)
    if precision == "float32":
        return model
    network = model.network
    if not can_be_packed(network):  # which rounds by itself
        network = with_rounded_matrices(network)
    return replace(model, network=network, precision=precision)


def with_rounded_matrices(network: nn.Module) -> nn.Module:
    """A copy whose linear layers, but for the head, hold bfloat16, as autocast would round them."""
    copied = copy.deepcopy(network)
    for name, part in copied.named_modules():
        if isinstance(part, nn.Linear) and name.rpartition(".")[2] != "head":
            for parameter in part.parameters():
                parameter.data = parameter.data.to(torch.bfloat16)
    return copied
