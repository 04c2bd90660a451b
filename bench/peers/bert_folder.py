"""A fine-tuned model of ours as a folder of Hugging Face's BertForSequenceClassification.

Ours has no pooler, theirs has one with a tanh. A pooler that makes the state of [CLS] a thousand
times smaller stays where tanh is a straight line, and the classifier behind it makes it larger
again: logits agree to five digits or so.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from textkind.models.encoder_families import FAMILIES
from textkind.models.encoder_folder import bundled_folder
from textkind.models.networks.bert import Bert
from textkind.models.networks.pretrained import FirstState, Pretrained
from textkind.models.neural import NeuralModel

SHRUNK = 2.0**-10  # by the pooler; a power of two, so that nothing is rounded


def write_bert_folder(model: NeuralModel, folder: Path) -> None:
    """Write config.json, model.safetensors and the tokenizer's files of a fine-tuned MiniLM.

    The model must be one that reads [CLS] and was fitted without unit length.
    """
    network = model.network
    assert isinstance(network, Pretrained)
    assert isinstance(network.pooling, FirstState)
    assert not network.normalize
    source = bundled_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        if (source / name).exists():
            shutil.copy(source / name, folder / name)
    names = list(model.labels.names)
    config = json.loads((source / "config.json").read_text()) | {
        "architectures": ["BertForSequenceClassification"],
        "id2label": {str(number): name for number, name in enumerate(names)},
        "label2id": {name: number for number, name in enumerate(names)},
        "problem_type": "single_label_classification",
    }
    (folder / "config.json").write_text(json.dumps(config))
    frame = [model.encoder.library.token_to_id(name) for name in ("[CLS]", "[SEP]")]  # type: ignore[attr-defined]
    weights = bert_weights(network, frame, config["type_vocab_size"])
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@torch.no_grad()
def bert_weights(network: Pretrained, frame: list[int], types: int) -> dict[str, Tensor]:
    """Their names: tensors. frame holds the ids of [CLS] and [SEP]."""
    encoder, family = network.encoder, FAMILIES["bert"]
    assert isinstance(encoder, Bert)
    width = network.architecture.width
    table = network.embedding.weight.clone()
    table[frame] = network.frame
    found = {
        "embeddings.word_embeddings.weight": table,
        "embeddings.position_embeddings.weight": encoder.positions.clone(),
        # the vector of type 0 is a part of every position already
        "embeddings.token_type_embeddings.weight": torch.zeros(types, width),
        "embeddings.LayerNorm.weight": encoder.norm.weight.clone(),
        "embeddings.LayerNorm.bias": encoder.norm.bias.clone(),
        "pooler.dense.weight": SHRUNK * torch.eye(width),
        "pooler.dense.bias": torch.zeros(width),
    }
    for place, block in enumerate(encoder.blocks):
        names = family.block(place)
        for kind in ("weight", "bias"):
            thirds = block.get_parameter(f"query_key_value.{kind}").chunk(3)
            parts = dict(zip(("query", "key", "value"), thirds, strict=True))
            for part in ("attention_out", "attention_norm", "inner", "inner_out", "inner_norm"):
                parts[part] = block.get_parameter(f"{part}.{kind}")
            found |= {f"{names[part]}.{kind}": tensor.clone() for part, tensor in parts.items()}
    weights = {f"{family.prefix}{name}": tensor for name, tensor in found.items()}
    head = network.head
    return weights | {
        "classifier.weight": head.weight / SHRUNK,
        "classifier.bias": head.bias.clone(),
    }
