"""A fine-tuned BERT through what a user would run it with: transformers, PyTorch, onnxruntime.

Whoever leaves the pipeline sorts texts by length by hand; the others do so here, 32 at a time.
"""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic

from bench.data import DataSet
from bench.measure import Desk, Facts, serve

BATCH, LONGEST = 32, 256
Logits = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (B, T) ids and mask int64 -> (B, K)


class Sorted:
    """Tokenizer, batches by length, logits, label names."""

    def __init__(self, folder: Path, logits: Logits) -> None:
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        names = json.loads((folder / "config.json").read_text())["id2label"]
        self.names = [names[str(number)] for number in range(len(names))]
        self.logits = logits

    def __call__(self, texts: list[str]) -> list[str]:
        ids = self.tokenizer(texts, truncation=True, max_length=LONGEST)["input_ids"]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        labels = [""] * len(ids)
        for begin in range(0, len(ids), BATCH):
            rows = order[begin : begin + BATCH]
            batch = np.zeros((len(rows), len(ids[rows[-1]])), np.int64)
            mask = np.zeros_like(batch)
            for place, row in enumerate(rows):
                batch[place, : len(ids[row])] = ids[row]
                mask[place, : len(ids[row])] = 1
            for row, best in zip(rows, self.logits(batch, mask).argmax(axis=1), strict=True):
                labels[row] = self.names[best]
        return labels


def pipeline(folder: Path, **options: Any) -> Callable[[list[str]], list[str]]:
    """transformers.pipeline as its documentation has it."""
    found = transformers.pipeline("text-classification", model=str(folder), **options)
    return lambda texts: [one["label"] for one in found(texts)]


def plain_torch(folder: Path, bfloat16: bool) -> Callable[[list[str]], list[str]]:
    """The model in PyTorch, autocast where asked."""
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()

    def logits(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            found = model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
        return found.logits.float().numpy()

    return Sorted(folder, logits)


def exported(folder: Path, int8: bool) -> Path:
    """The model in ONNX, written beside it on first use; weights in int8 where asked."""
    plain, small = folder / "model.onnx", folder / "model-int8.onnx"
    if not plain.exists():
        model = transformers.AutoModelForSequenceClassification.from_pretrained(
            folder, attn_implementation="eager"
        ).eval()
        model.config.return_dict = False
        ids = torch.ones(2, 7, dtype=torch.int64)
        axes = {name: {0: "batch", 1: "length"} for name in ("input_ids", "attention_mask")}
        with tempfile.TemporaryDirectory(dir=folder) as room:
            torch.onnx.export(
                model,
                (ids, ids),
                f"{room}/model.onnx",
                input_names=list(axes),
                output_names=["logits"],
                dynamic_axes=axes | {"logits": {0: "batch"}},
                opset_version=17,
                dynamo=False,
            )
            os.replace(f"{room}/model.onnx", plain)
    if int8 and not small.exists():
        with tempfile.TemporaryDirectory(dir=folder) as room:
            quantize_dynamic(plain, f"{room}/model.onnx", weight_type=QuantType.QInt8)
            os.replace(f"{room}/model.onnx", small)
    return small if int8 else plain


def onnx(folder: Path, int8: bool) -> Callable[[list[str]], list[str]]:
    """The model in onnxruntime."""
    session = onnxruntime.InferenceSession(
        str(exported(folder, int8)), providers=["CPUExecutionProvider"]
    )

    def logits(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        found: np.ndarray = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return found

    return Sorted(folder, logits)


ENGINES: dict[str, Callable[[Path], Callable[[list[str]], list[str]]]] = {
    "pipeline": pipeline,
    "pipeline, 32": lambda folder: pipeline(folder, batch_size=BATCH),
    "PyTorch": lambda folder: plain_torch(folder, False),
    "PyTorch, bfloat16": lambda folder: plain_torch(folder, True),
    "onnxruntime": lambda folder: onnx(folder, False),
    "onnxruntime, int8": lambda folder: onnx(folder, True),
}


class BertRuntimes:
    model: Callable[[list[str]], list[str]] | None = None

    def take(self, data: DataSet) -> None:
        self.texts = data.test.texts

    def fit(self, setting: Facts) -> Facts:
        """setting: folder of a model, engine. Reads it, and tries it on a few texts."""
        transformers.logging.set_verbosity_error()
        self.model = ENGINES[setting["engine"]](Path(setting["folder"]))
        self.model(self.texts[:BATCH])
        return {}

    def predict(self, texts: list[str]) -> list[str]:
        assert self.model is not None
        return self.model(texts)

    def save(self, folder: Path) -> None:
        raise NotImplementedError("the model is there already")

    def features(self, setting: Facts) -> Facts:
        raise NotImplementedError("an encoder makes no sparse matrix")


if __name__ == "__main__":
    serve(Desk(BertRuntimes()))
