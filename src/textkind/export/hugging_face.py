"""A pretrained encoder as a folder of Hugging Face: for transformers.pipeline and the Auto classes.

config.json, model.safetensors       the model
tokenizer.json, tokenizer_config.json
modeling_textkind.py                 only where the head is none that transformers has
README.md                            the model card; not among the files that are verified

A head on the state of [CLS] is folded into the family's own: a dense layer so small that its tanh
is a straight line, and a classifier as much larger.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from textkind.decision.decision import decide, decision_from_json, probabilities
from textkind.encoding.subwords import PADS, SubwordEncoder
from textkind.errors import ModelFolderError, SettingsError
from textkind.export.encoder_weights import PADDING, their_encoder
from textkind.export.golden import LOADED, Answers, label_names
from textkind.export.hugging_face_card import card_text
from textkind.export.reader_files import copy_readers
from textkind.export.settings import ExportSettings
from textkind.export.targets import Subject, Written
from textkind.models.encoder_folder import frame_of
from textkind.models.networks.foreign import silent
from textkind.models.networks.pooling import PlainPooling, masked_max
from textkind.models.networks.pretrained import FirstState, Pretrained
from textkind.models.networks.windows import plain_network
from textkind.models.neural import NeuralModel
from textkind.optional import need
from textkind.progress import Talk
from textkind.storage.documents import document_bytes
from textkind.storage.place import write_bytes
from textkind.training.forward import torch_threads

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"
CODE = "modeling_textkind.py"
# By the dense layer before tanh; a power of two, so that nothing is rounded. Of a state of 16 the
# tanh then bends three parts in ten million.
SHRUNK = 2.0**-14
# family -> the class, and the names of its dense layer and of the classifier behind it
HEADS = {
    "bert": ("BertForSequenceClassification", "bert.pooler.dense", "classifier"),
    "mpnet": ("MPNetForSequenceClassification", "classifier.dense", "classifier.out_proj"),
}
TEXTS = 32  # read at once


def check(subject: Subject, settings: ExportSettings) -> None:
    """SettingsError for a model that reads otherwise than transformers would."""
    model, network = parts_of(subject)
    strategy = model.reading.long.strategy
    if model.reading.max_tokens is not None and strategy not in ("head", "native"):
        raise SettingsError(
            "transformers reads the first tokens of a text, and this model reads long texts "
            "otherwise",
            found=strategy, hint="export --to onnx",
        )  # fmt: skip
    reason = why_not_theirs(model, network)
    if reason and not settings.custom_code:
        raise SettingsError(
            "transformers has no such head, so the folder must bring code that its users have to "
            "trust (trust_remote_code=True)",
            found=reason,
            hint="--custom-code (custom_code=True) writes it so; a model trained with --pooling "
            "cls --normalize off needs none",
        )


def parts_of(subject: Subject) -> tuple[NeuralModel, Pretrained]:
    """The model and its network."""
    model = subject.classifier.model
    assert isinstance(model, NeuralModel)
    network = plain_network(model.network)
    assert isinstance(network, Pretrained)
    return model, network


def why_not_theirs(model: NeuralModel, network: Pretrained) -> str:
    """What a class of transformers cannot do; empty where one gives the same logits."""
    if network.architecture.config is not None:
        return f"the head of {network.architecture.config.get('model_type')} is not linear"
    if not isinstance(network.pooling, FirstState):
        return "states are pooled over the text"
    if network.normalize:
        return "vectors are brought to unit length"
    assert isinstance(model.encoder, SubwordEncoder)
    if network.architecture.relative_buckets and pad_of(model.encoder)[1] != PADDING:
        return f"positions of MPNet are counted from behind the padding, which must be {PADDING}"
    return ""


def write(subject: Subject, place: Path, settings: ExportSettings, talk: Talk) -> Written:
    """Write the folder."""
    from safetensors.torch import save_file

    model, network = parts_of(subject)
    assert isinstance(model.encoder, SubwordEncoder)
    before, behind = frame_of(model.encoder, place)
    config, weights = their_encoder(network, model.encoder.shift, [*before, *behind])
    files = [CONFIG, WEIGHTS, TOKENIZER, TOKENIZER_CONFIG]
    classifier = head_of_all(model, network)
    is_theirs = not why_not_theirs(model, network)
    if is_theirs:
        config, weights = with_their_head(config, weights, *classifier)
    else:
        config, weights = with_our_head(config, weights, network, *classifier)
        copy_readers(place, [CODE])
        files.append(CODE)
    names = list(model.labels.names)
    several = model.labels.several
    pad = pad_of(model.encoder)
    config |= {
        "id2label": {str(number): name for number, name in enumerate(names)},
        "label2id": {name: number for number, name in enumerate(names)},
        "problem_type": f"{'multi' if several else 'single'}_label_classification",
        "pad_token_id": pad[1],
        "dtype": "float32",
    }
    longest = model.reading.max_tokens or network.architecture.longest
    told = tokenizer_config(model.encoder, before, behind, pad[0])
    told["model_max_length"] = longest + len(before) + len(behind)
    write_bytes(place / CONFIG, document_bytes(config))
    write_bytes(place / TOKENIZER_CONFIG, document_bytes(told))
    write_bytes(place / TOKENIZER, plain_tokenizer(model.encoder))
    save_file(weights, place / WEIGHTS, metadata={"format": "pt"})
    facts = {"architecture": config["architectures"][0], "custom_code": not is_theirs}
    write_bytes(place / CARD, card_text(subject, not is_theirs).encode())
    if not is_theirs:
        talk.note(f"{CODE} is part of the folder: users load it with trust_remote_code=True")
    talk.note(
        "transformers gives scores before calibration: README.md tells how they are had after"
    )
    return Written(tuple(files), facts, LOADED)


def head_of_all(model: NeuralModel, network: Pretrained) -> tuple[Tensor, Tensor]:
    """Weights (K, W) and bias (K,) of a logit for every label."""
    weight, bias = (part.detach().clone() for part in (network.head.weight, network.head.bias))
    if model.head != "binary":
        return weight, bias
    return torch.cat([-weight / 2, weight / 2]), torch.cat([-bias / 2, bias / 2])


def with_their_head(
    config: dict[str, Any], weights: dict[str, Tensor], weight: Tensor, bias: Tensor
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """As the family's own class for classification has it."""
    kind = config["model_type"]
    name, dense, classifier = HEADS[kind]
    width = config["hidden_size"]
    weights = {f"{kind}.{key}": tensor for key, tensor in weights.items()} | {
        f"{dense}.weight": SHRUNK * torch.eye(width),
        f"{dense}.bias": torch.zeros(width),
        f"{classifier}.weight": weight / SHRUNK,
        f"{classifier}.bias": bias,
    }
    return config | {"architectures": [name]}, weights


def with_our_head(
    config: dict[str, Any],
    weights: dict[str, Tensor],
    network: Pretrained,
    weight: Tensor,
    bias: Tensor,
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """As the code in the folder has it."""
    weights = {f"encoder.{key}": tensor for key, tensor in weights.items()}
    query = getattr(network.pooling, "query", None)
    if query is not None:
        weights["query"] = query.detach().clone()
    told = {
        "model_type": "textkind",
        "architectures": ["TextkindForSequenceClassification"],
        "auto_map": {
            "AutoConfig": "modeling_textkind.TextkindConfig",
            "AutoModelForSequenceClassification": "modeling_textkind."
            "TextkindForSequenceClassification",
        },
        "encoder": config,
        "pooling": pooling_name(network),
        "normalize": network.normalize,
    }
    return told, weights | {"classifier.weight": weight, "classifier.bias": bias}


def pooling_name(network: Pretrained) -> str:
    """The pooling by its name in our settings."""
    if isinstance(network.pooling, FirstState):
        return "cls"
    if isinstance(network.pooling, PlainPooling):
        return "max" if network.pooling.pool is masked_max else "mean"
    return "attention"


def pad_of(encoder: SubwordEncoder) -> tuple[str, int]:
    """The padding token and its id in the file; that of id 0 where none is known as such."""
    vocabulary = encoder.library.get_vocab(with_added_tokens=True)
    told = (json.loads(encoder.tokenizer_json).get("padding") or {}).get("pad_token")
    for name in (told, *sorted(PADS)):
        if isinstance(name, str) and name in vocabulary:
            return name, vocabulary[name]
    return next(name for name, number in vocabulary.items() if number == 0), 0


def tokenizer_config(
    encoder: SubwordEncoder, before: Sequence[int], behind: Sequence[int], pad: str
) -> dict[str, Any]:
    """Which tokens are special, by the names that transformers has for them."""
    spelled = encoder.library.id_to_token
    model = json.loads(encoder.tokenizer_json)["model"]
    unknown = model.get("unk_token")
    if model.get("unk_id") is not None:
        unknown = spelled(model["unk_id"])
    told = {
        "cls_token": spelled(before[0]) if before else None,
        "sep_token": spelled(behind[-1]) if behind else None,
        "unk_token": unknown,
        "pad_token": pad,
    }
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        **{name: token for name, token in told.items() if token is not None},
    }


def plain_tokenizer(encoder: SubwordEncoder) -> bytes:
    """The tokenizer.json; cuts and padding are left to who calls it."""
    told = json.loads(encoder.tokenizer_json)
    told["padding"] = told["truncation"] = None
    return json.dumps(told, ensure_ascii=False).encode()


class HuggingFaceExport:
    """A folder that was loaded by transformers; the decision is that of its card."""

    def __init__(self, place: Path, card: dict[str, Any]) -> None:
        transformers = need("transformers", "a folder of Hugging Face", "pretrained")
        self.labels = tuple(card["labels"])
        self.decision = decision_from_json(card["decision"], len(self.labels))
        loader: Any = transformers.AutoModelForSequenceClassification
        if card["facts"].get("custom_code"):
            # our own copy of the code: what a folder brings is never run
            from textkind.export.readers.modeling_textkind import TextkindForSequenceClassification

            loader = TextkindForSequenceClassification
        try:
            with silent(transformers.utils.logging):
                self.tokenizer = transformers.AutoTokenizer.from_pretrained(
                    place, local_files_only=True, trust_remote_code=False, use_fast=True
                )
                self.model = loader.from_pretrained(
                    place, local_files_only=True, trust_remote_code=False, use_safetensors=True
                ).eval()
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise ModelFolderError(
                "transformers could not load it", found=str(error).splitlines()[0][:200],
                where=str(place),
            ) from error  # fmt: skip

    def answers(self, texts: Sequence[str], threads: int | None = None) -> Answers:
        """What it says of texts."""
        found = [np.empty((0, len(self.labels)), np.float32)]
        for begin in range(0, len(texts), TEXTS):
            batch = self.tokenizer(
                list(texts[begin : begin + TEXTS]), truncation=True, padding=True,
                return_tensors="pt",
            )  # fmt: skip
            with torch.inference_mode(), torch_threads(threads):
                found.append(self.model(**batch).logits.float().numpy())
        logits = np.concatenate(found)
        chances = probabilities(self.decision, logits)
        return Answers(logits, chances, label_names(self.labels, decide(self.decision, chances)))


def load(place: Path, card: dict[str, Any]) -> HuggingFaceExport:
    """The model of a folder; ModelFolderError where transformers cannot load it."""
    return HuggingFaceExport(place, card)
