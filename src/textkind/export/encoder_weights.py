"""A pretrained encoder of ours under the names of transformers: config and weights.

    config, weights = their_encoder(network, shift, frame)

The other way of models/encoder_families.py. All that BERT, RoBERTa and DistilBERT compute is the
same network, so each goes out as a BERT; one with distances as an MPNet; another family as itself.
"""

from typing import Any

import torch
from torch import Tensor

from textkind.errors import SettingsError
from textkind.models.encoder_families import FAMILIES
from textkind.models.networks.bert import Bert
from textkind.models.networks.foreign import ForeignEncoder
from textkind.models.networks.pretrained import Pretrained
from textkind.models.networks.pretrained_settings import first_position

TYPES = 2  # of tokens; their vectors are zeros, for that of type 0 is a part of every position
PADDING = 1  # of MPNet: its positions are counted from behind this id


def their_encoder(
    network: Pretrained, shift: int, frame: list[int]
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The config as a dict with "model_type", and the weights by name, without a head's prefix.

    frame are the ids of the special tokens in the tokenizer's file; shift those that ours are
    further on. SettingsError where two of them are one token with two vectors.
    """
    with torch.no_grad():
        table = framed_table(network, shift, frame)
        encoder = network.encoder
        if isinstance(encoder, ForeignEncoder):
            return foreign_encoder(network, encoder, table)
        assert isinstance(encoder, Bert)
        return bert_encoder(network, encoder, table)


def framed_table(network: Pretrained, shift: int, frame: list[int]) -> Tensor:
    """The table of tokens with the frame's vectors in the rows of its tokens."""
    table = network.embedding.weight[shift:].clone()
    for number in set(frame):
        rows = network.frame[[place for place, one in enumerate(frame) if one == number]]
        if not torch.equal(rows, rows[:1].expand_as(rows)):
            raise SettingsError(
                "a special token stands twice about a text, and training gave it two vectors",
                found=number, hint="export --to onnx",
            )  # fmt: skip
        table[number] = rows[0]
    return table


def bert_encoder(
    network: Pretrained, encoder: Bert, table: Tensor
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """A BERT, or an MPNet where attention knows distances."""
    shape = network.architecture
    kind = "bert" if encoder.distances is None else "mpnet"
    family = FAMILIES[kind]
    first = first_position({"model_type": kind, "pad_token_id": PADDING})
    config: dict[str, Any] = {
        "model_type": kind,
        "vocab_size": len(table),
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner_width,
        "max_position_embeddings": first + shape.positions,
        "hidden_act": shape.activation,
        "layer_norm_eps": shape.epsilon,
    }
    positions = torch.cat([torch.zeros(first, shape.width), encoder.positions])
    found = {
        "embeddings.word_embeddings.weight": table,
        "embeddings.position_embeddings.weight": positions,
        "embeddings.LayerNorm.weight": encoder.norm.weight,
        "embeddings.LayerNorm.bias": encoder.norm.bias,
    }
    if family.token_types:
        config["type_vocab_size"] = TYPES
        found["embeddings.token_type_embeddings.weight"] = torch.zeros(TYPES, shape.width)
    if family.distances is not None:
        assert encoder.distances is not None
        config["relative_attention_num_buckets"] = shape.relative_buckets
        found[family.distances] = encoder.distances.weight
    for place, block in enumerate(encoder.blocks):
        names = family.block(place)
        for kind_of in ("weight", "bias"):
            thirds = block.get_parameter(f"query_key_value.{kind_of}").chunk(3)
            parts = dict(zip(("query", "key", "value"), thirds, strict=True))
            for part in ("attention_out", "attention_norm", "inner", "inner_out", "inner_norm"):
                parts[part] = block.get_parameter(f"{part}.{kind_of}")
            found |= {f"{names[part]}.{kind_of}": tensor for part, tensor in parts.items()}
    return config, {name: tensor.detach().clone() for name, tensor in found.items()}


def foreign_encoder(
    network: Pretrained, encoder: ForeignEncoder, table: Tensor
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """An encoder of transformers with its table of tokens in its place again."""
    config = dict(network.architecture.config or {}) | {"vocab_size": len(table)}
    model = encoder.model
    lent = model.get_input_embeddings()
    place = next(name for name, part in model.named_modules() if part is lent)
    weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    return config, weights | {f"{place}.weight": table}
