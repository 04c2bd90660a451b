"""A network as a folder for onnxruntime: graph, tokens, and a reader without textkind and PyTorch.

model.onnx       token ids in; logits, calibrated probabilities and labels out
tokens.json      how texts become ids, and what is read of long ones
tokenizer.json   of subwords, for the library tokenizers: it gives the ids that the graph takes
run_onnx.py      reads all that, and verifies it
word_tokens.py   of words and of runs of tokens
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textkind.encoding.characters import character_runs
from textkind.encoding.runs import RunEncoder
from textkind.encoding.subwords import SubwordEncoder
from textkind.encoding.tokens import TokenEncoder
from textkind.encoding.words import FIRST_WORD, WordEncoder
from textkind.errors import ModelFolderError
from textkind.export.golden import LOADED, Allowed, Answers
from textkind.export.graphs.whole import check_network, shift_of, text_graph
from textkind.export.reader_files import copy_readers
from textkind.export.readers import run_onnx
from textkind.export.rounding import rounded_graph
from textkind.export.settings import ExportSettings
from textkind.export.targets import Subject, Written
from textkind.models.neural import NeuralModel
from textkind.models.reading import Reading, passage_length
from textkind.progress import Talk
from textkind.storage.documents import document_bytes
from textkind.storage.place import write_bytes

GRAPH, TOKENS, TOKENIZER = "model.onnx", "tokens.json", "tokenizer.json"
ROUNDED = Allowed(0.1, 0.05)  # what another processor may give of int8: rounding turns over


def check(subject: Subject, settings: ExportSettings) -> None:
    """SettingsError for a network that cannot be written as a graph."""
    model = subject.classifier.model
    assert isinstance(model, NeuralModel)
    check_network(model)


def write(subject: Subject, place: Path, settings: ExportSettings, talk: Talk) -> Written:
    """Write the files; in int8 only what changes few enough labels."""
    classifier, model = subject.classifier, subject.classifier.model
    assert isinstance(model, NeuralModel)
    write_bytes(place / TOKENS, document_bytes(told_tokens(model)))
    files = [GRAPH, TOKENS, "run_onnx.py"]
    inner = model.encoder.tokens if isinstance(model.encoder, RunEncoder) else model.encoder
    if isinstance(inner, SubwordEncoder):
        write_bytes(place / TOKENIZER, bare_tokenizer(inner, model.reading))
        files.append(TOKENIZER)
    if not isinstance(model.encoder, SubwordEncoder):
        files.append("word_tokens.py")
    copy_readers(place, [name for name in files if name.endswith(".py")])
    facts: dict[str, Any] = {"precision": settings.precision or "float32"}
    if settings.precision == "int8":
        names = {"labels": model.labels.names, "several": model.labels.several}

        def computed(data: bytes, texts: list[str]) -> Answers:
            write_bytes(place / GRAPH, data)
            return OnnxExport(place, names).answers(texts, settings.threads)

        data, facts["rounding"] = rounded_graph(subject, settings, computed, talk)
        write_bytes(place / GRAPH, data)
        return Written(tuple(files), facts, ROUNDED, same=False)
    with talk.task("writing the graph"):
        write_bytes(place / GRAPH, text_graph(classifier, "float32"))
    return Written(tuple(files), facts, LOADED)


class OnnxExport:
    """A folder that was loaded; read as its own reader does."""

    def __init__(self, place: Path, card: dict[str, Any]) -> None:
        try:
            # its files were verified before, and its answers will be
            self.model = run_onnx.OnnxModel(place, verify=False, card=card)
        except run_onnx.DamagedError as error:
            raise ModelFolderError(str(error), where=str(place)) from error
        self.labels: tuple[str, ...] = self.model.labels

    def answers(self, texts: Sequence[str], threads: int | None = None) -> Answers:
        """What it says of texts."""
        return Answers(*self.model.answers(texts, threads))


def load(place: Path, card: dict[str, Any]) -> OnnxExport:
    """The model of a folder; ModelFolderError where this onnxruntime cannot compute it."""
    return OnnxExport(place, card)


def told_tokens(model: NeuralModel) -> dict[str, Any]:
    """tokens.json."""
    return {
        "encoder": told_encoder(model.encoder),
        "reading": told_reading(model.reading, shift_of(model.encoder)),
    }


def told_encoder(encoder: TokenEncoder) -> dict[str, Any]:
    """How texts become ids, as the readers take it."""
    if isinstance(encoder, RunEncoder):
        shift = shift_of(encoder)
        return {
            "kind": "runs",
            "longest": encoder.longest,
            "buckets": int(encoder.places.size),
            "filled": encoder.filled.tolist(),
            "shift": shift,  # of the ids that are hashed
            "first": encoder.tokens.size - shift,
            "tokens": told_encoder(encoder.tokens),
        }
    if isinstance(encoder, SubwordEncoder):
        return {"kind": "subwords"}
    assert isinstance(encoder, WordEncoder)
    return {
        "kind": "words",
        "lowercase": encoder.settings.lowercase,
        "words": encoder.spellings()[FIRST_WORD:],
        "characters": told_characters(),
    }


def told_characters() -> dict[str, list[int]]:
    """What every character is: the runs of the table, where each begins."""
    return {name: array.tolist() for name, array in character_runs()._asdict().items()}


def told_reading(reading: Reading, shift: int) -> dict[str, Any]:
    """What is read of a text: at most so many ids, and which."""
    long, most = reading.long, reading.max_tokens
    if most is None or long.strategy in ("head", "native"):
        return {"kind": "head", "most": most}
    if long.strategy == "head-tail":
        return {"kind": "head-tail", "most": most, "tail": round(most * long.tail)}
    if long.strategy == "retrieve":
        assert reading.scores is not None
        return {
            "kind": "passages",
            "most": most,
            "passage": passage_length(most),
            "scores": reading.scores[shift:].tolist(),
        }
    return {"kind": "head", "most": long.reach(most)}


def bare_tokenizer(encoder: SubwordEncoder, reading: Reading) -> bytes:
    """The tokenizer.json without special tokens, cut off where the graph reads no further."""
    told = json.loads(encoder.tokenizer_json)
    read = told_reading(reading, encoder.shift)
    told["post_processor"] = told["padding"] = told["truncation"] = None
    if read["kind"] == "head" and read["most"] is not None:
        told["truncation"] = {
            "direction": "Right", "max_length": read["most"], "strategy": "LongestFirst",
            "stride": 0,
        }  # fmt: skip
    return json.dumps(told, ensure_ascii=False).encode()
