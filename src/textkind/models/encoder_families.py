"""Families of pretrained encoders: what their config.json says, and how their weights are named.

Those of BERT's kind we compute ourselves; what transformers knows beside them, it computes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from textkind.errors import ModelFolderError, SettingsError
from textkind.models.networks.pretrained_settings import (
    ACTIVATIONS,
    COUNTED_BEHIND_PADDING,
    Architecture,
    first_position,
)
from textkind.optional import need

MPNET_BUCKETS = 32  # where its config.json does not say
SHORTEST = 3  # positions: [CLS] token [SEP]
HINT = "take an encoder, such as MiniLM, BGE, E5, RoBERTa or ModernBERT"
# what transformers would change while it reads: BigBird's attention, with the first short text
AS_WE_READ = {"big_bird": {"attention_type": "original_full"}}
# families whose states hang on how a text is padded, or on chance (reformer); esm scales by its
# ids, not the vectors alone
UNSTEADY = ("convbert", "esm", "fnet", "mobilebert", "mra", "nystromformer", "reformer", "yoso")
NUMBERS = {
    "vocabulary": "vocab_size",
    "width": "hidden_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "inner_width": "intermediate_size",
    "positions": "max_position_embeddings",
}


def _bert_block(place: int) -> dict[str, str]:
    start = f"encoder.layer.{place}."
    return {
        "query": f"{start}attention.self.query",
        "key": f"{start}attention.self.key",
        "value": f"{start}attention.self.value",
        "attention_out": f"{start}attention.output.dense",
        "attention_norm": f"{start}attention.output.LayerNorm",
        "inner": f"{start}intermediate.dense",
        "inner_out": f"{start}output.dense",
        "inner_norm": f"{start}output.LayerNorm",
    }


def _mpnet_block(place: int) -> dict[str, str]:
    start = f"encoder.layer.{place}."
    return _bert_block(place) | {
        "query": f"{start}attention.attn.q",
        "key": f"{start}attention.attn.k",
        "value": f"{start}attention.attn.v",
        "attention_out": f"{start}attention.attn.o",
        "attention_norm": f"{start}attention.LayerNorm",
    }


def _distilbert_block(place: int) -> dict[str, str]:
    start = f"transformer.layer.{place}."
    return {
        "query": f"{start}attention.q_lin",
        "key": f"{start}attention.k_lin",
        "value": f"{start}attention.v_lin",
        "attention_out": f"{start}attention.out_lin",
        "attention_norm": f"{start}sa_layer_norm",
        "inner": f"{start}ffn.lin1",
        "inner_out": f"{start}ffn.lin2",
        "inner_norm": f"{start}output_layer_norm",
    }


@dataclass(frozen=True)
class Family:
    """Encoders of BERT's kind that name their parts alike.

    numbers  our name of a number: its key in config.json
    block    the names of the parts of a block, by its place
    prefix   before all names in the file of a model with a head
    """

    numbers: Mapping[str, str] = field(default_factory=lambda: NUMBERS)
    block: Callable[[int], dict[str, str]] = _bert_block
    prefix: str = "bert."
    token_types: bool = True
    activation: str = "hidden_act"
    distances: str | None = None  # the name of the table of relative positions


FAMILIES = {
    "bert": Family(),
    "roberta": Family(prefix="roberta."),
    "xlm-roberta": Family(prefix="roberta."),
    "camembert": Family(prefix="roberta."),
    "mpnet": Family(
        block=_mpnet_block,
        prefix="mpnet.",
        token_types=False,
        distances="encoder.relative_attention_bias.weight",
    ),
    "distilbert": Family(
        numbers={
            "vocabulary": "vocab_size",
            "width": "dim",
            "layers": "n_layers",
            "heads": "n_heads",
            "inner_width": "hidden_dim",
            "positions": "max_position_embeddings",
        },
        block=_distilbert_block,
        prefix="distilbert.",
        token_types=False,
        activation="activation",
    ),
}


def family_of(config: Mapping[str, Any]) -> Family | None:
    """The family that we compute; None: one that transformers has to."""
    family = FAMILIES.get(str(config.get("model_type")))
    if family is None:
        return None
    return family if config.get(family.activation, "gelu") in ACTIVATIONS else None


def architecture_of(
    config: dict[str, Any], before: int, behind: int, where: str = ""
) -> Architecture:
    """What a config.json describes; frame tokens are those of the tokenizer.

    ModelFolderError where it makes no sense, SettingsError for what is no encoder, and
    MissingPackageError where transformers is needed and not installed.
    """
    for key in ("is_decoder", "is_encoder_decoder"):
        if config.get(key):
            raise SettingsError("this is no encoder", found=f"{key}: true", where=where, hint=HINT)
    if config.get("position_embedding_type") not in ("absolute", None):
        raise SettingsError(
            "positions of this kind are not supported: position_embedding_type must be 'absolute'",
            found=config["position_embedding_type"],
            where=where,
            hint=HINT,
        )
    family = family_of(config)
    if family is None:
        return _foreign_architecture(config, before, behind, where)
    numbers: dict[str, Any] = {}
    for name, key in family.numbers.items():
        numbers[name] = _whole(config, key, where)
    if numbers["width"] % numbers["heads"]:
        raise ModelFolderError(
            "the heads do not share the width evenly",
            found=[numbers["width"], numbers["heads"]],
            where=where,
        )
    numbers["positions"] = _positions(config, numbers["positions"], where)
    epsilon = config.get("layer_norm_eps", 1e-12)
    if type(epsilon) not in (int, float) or not 0 <= epsilon < 1:
        raise ModelFolderError("layer_norm_eps must be 0 to 1", found=epsilon, where=where)
    buckets = 0
    if family.distances is not None:
        buckets = config.get("relative_attention_num_buckets", MPNET_BUCKETS)
    return Architecture(
        **numbers,
        token_width=numbers["width"],
        before=before,
        behind=behind,
        activation=config.get(family.activation, "gelu"),
        epsilon=float(epsilon),
        relative_buckets=buckets,
    )


def _whole(config: Mapping[str, Any], key: str, where: str) -> int:
    number = config.get(key)
    if type(number) is not int or number < 1:
        raise ModelFolderError(f"{key} must be a whole number from 1", found=number, where=where)
    return number


def _positions(config: Mapping[str, Any], rows: int, where: str) -> int:
    """How many of the rows of a table of positions texts can use."""
    padding = config.get("pad_token_id", 1)
    is_behind = config.get("model_type") in COUNTED_BEHIND_PADDING
    if is_behind and (type(padding) is not int or padding < 0):
        raise ModelFolderError(
            "pad_token_id must be a whole number from 0", found=padding, where=where
        )
    positions = rows - first_position(config)
    if positions < SHORTEST:
        raise ModelFolderError(
            f"max_position_embeddings must be at least {SHORTEST}", found=rows, where=where
        )
    return positions


def _foreign_architecture(
    config: dict[str, Any], before: int, behind: int, where: str
) -> Architecture:
    """By transformers' own reading of the config; code that a folder brings is never run."""
    name = config.get("model_type")
    transformers = need("transformers", f"an encoder of the family {name}")
    if str(name) not in transformers.CONFIG_MAPPING:
        raise SettingsError(
            "transformers knows no such family of encoders",
            found=name,
            where=where,
            hint="a newer transformers may; code in the folder itself is never run",
        )
    told = {key: value for key, value in config.items() if key != "auto_map"}
    told |= AS_WE_READ.get(str(name), {})
    try:
        read = transformers.AutoConfig.for_model(**told)
    except Exception as error:  # of its own checks of types and values
        raise ModelFolderError(
            "transformers makes no sense of the config.json",
            found=" ".join(str(error).split())[:200],
            where=where,
        ) from error
    # what fills in masked words sees both sides of them; decoders see what stands before
    is_encoder = type(read) in transformers.AutoModelForMaskedLM._model_mapping
    if not is_encoder or getattr(read, "is_encoder_decoder", False):
        raise SettingsError("this is no encoder", found=name, where=where, hint=HINT)
    if name in UNSTEADY:
        raise SettingsError(
            "the states of encoders of this family hang on padding, or on more than vectors",
            found=name,
            where=where,
            hint=HINT,
        )
    keys = ("hidden_size", "num_hidden_layers", "max_position_embeddings")
    width, layers, rows = (_whole({key: getattr(read, key, None)}, key, where) for key in keys)
    return Architecture(
        vocabulary=_whole(config, "vocab_size", where),
        width=width,
        token_width=getattr(read, "embedding_size", None) or width,
        layers=layers,
        positions=_positions(told, rows, where),
        before=before,
        behind=behind,
        config=told,
    )


def our_weights(
    stored: Mapping[str, Tensor], config: Mapping[str, Any], architecture: Architecture, where: str
) -> tuple[Tensor, dict[str, Tensor]]:
    """The table of tokens, (V, W), and the state of a Bert, float32; of the stored tensors' names.

    ModelFolderError where one is missing or of another shape.
    """
    family = FAMILIES[str(config["model_type"])]
    bare = {name.removeprefix(family.prefix): tensor for name, tensor in stored.items()}
    width, inner = architecture.width, architecture.inner_width
    first = first_position(config)

    def take(name: str, *shape: int) -> Tensor:
        found = None if name not in bare else tuple(bare[name].shape)
        if found != shape:
            raise ModelFolderError(
                f"the weights do not fit the config.json: {name} should be of {shape}",
                found="none" if found is None else found,
                where=where,
            )
        return bare[name].float()

    table = take("embeddings.word_embeddings.weight", architecture.vocabulary, width)
    positions = take("embeddings.position_embeddings.weight", first + architecture.positions, width)
    positions = positions[first:].clone()
    if family.token_types:
        types = config.get("type_vocab_size", 2)
        # all tokens are of type 0, so its vector is a part of every position
        positions += take("embeddings.token_type_embeddings.weight", types, width)[0]
    state = {"positions": positions}
    if family.distances is not None:
        state["distances.weight"] = take(
            family.distances, architecture.relative_buckets, architecture.heads
        )
    for kind in ("weight", "bias"):
        state[f"norm.{kind}"] = take(f"embeddings.LayerNorm.{kind}", width)
    for place in range(architecture.layers):
        names, ours = family.block(place), f"blocks.{place}"
        square: tuple[int, ...] = (width, width)
        for kind, shape in (("weight", square), ("bias", (width,))):
            parts = [take(f"{names[part]}.{kind}", *shape) for part in ("query", "key", "value")]
            state[f"{ours}.query_key_value.{kind}"] = torch.cat(parts)
            shapes: dict[str, tuple[int, ...]] = {
                "attention_out": shape,
                "attention_norm": (width,),
                "inner": (inner, *shape[1:]),
                "inner_out": (*shape[:1], inner)[: len(shape)],
                "inner_norm": (width,),
            }
            for part, wanted in shapes.items():
                state[f"{ours}.{part}.{kind}"] = take(f"{names[part]}.{kind}", *wanted)
    return table, state
