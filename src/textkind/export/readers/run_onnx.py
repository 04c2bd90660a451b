"""Labels of texts by an exported model, without textkind and PyTorch.

    python run_onnx.py "a fine film" "never again"        one line of JSON a text
    python run_onnx.py - < texts.txt                      one text a line
    python run_onnx.py --verify                           the golden rows once more

    from run_onnx import OnnxModel
    model = OnnxModel("folder")
    labels = model.predict(["a fine film"])
    logits, probabilities, labels = model.answers(["a fine film"])

It needs numpy and onnxruntime, and tokenizers for a model that reads subwords. What it loads is
looked at first: the checksums of MANIFEST.json, then the answers of golden.json.
"""

import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

POSITIONS, TEXTS = 512, 512  # of a batch at most: states of more fit no cache
HERE = Path(__file__).resolve().parent


class DamagedError(ValueError):
    """The folder is not as it was written, or this onnxruntime cannot compute it."""


def beside(name: str) -> Any:
    """The module of that name that lies beside this file."""
    path = HERE / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class SubwordIds:
    """The ids of a tokenizer.json, without special tokens."""

    def __init__(self, path: Path) -> None:
        import tokenizers

        self.library = tokenizers.Tokenizer.from_file(str(path))
        self.library.no_truncation()
        self.library.no_padding()

    def ids(self, text: str) -> list[int]:
        """The ids of one text."""
        return self.every([text])[0]

    def every(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of many."""
        found = self.library.encode_batch(list(texts), add_special_tokens=False)
        return [one.ids for one in found]


class OnnxModel:
    """The model of an exported folder; `labels` are their names, `several` whether a text may have
    more than one.

    threads are those that batches are shared out to; None: one a core.
    """

    def __init__(
        self,
        folder: str | Path = HERE,
        threads: int | None = None,
        verify: bool = True,
        card: dict[str, Any] | None = None,
    ) -> None:
        self.folder = Path(folder)
        if verify:
            self.check_files()
        card = self.read("export.json") if card is None else card
        told = self.read("tokens.json")
        self.labels, self.several = tuple(card["labels"]), card["several"]
        self.encoder, self.reading = self.encoder_of(told["encoder"]), told["reading"]
        self.threads = (os.cpu_count() or 1) if threads is None else threads
        self.session = self.open_session()
        if verify:
            self.check_answers()

    def read(self, name: str) -> Any:
        """A JSON file of the folder."""
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DamagedError(f"{name} cannot be read: {error}") from None

    def check_files(self) -> None:
        """DamagedError where a file is missing or is not as the manifest says."""
        for name, facts in self.read("MANIFEST.json")["files"].items():
            try:
                data = (self.folder / name).read_bytes()
            except OSError as error:
                raise DamagedError(f"{name} cannot be read: {error.strerror}") from None
            if hashlib.sha256(data).hexdigest() != facts["sha256"]:
                raise DamagedError(f"{name} was altered: its checksum differs")

    def open_session(self) -> Any:
        """The graph, ready to be computed by one thread for each batch."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        # above, sums and norms are fused into an operator that takes several times as long
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        path = str(self.folder / "model.onnx")
        try:
            return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # of several kinds, none narrower than this
            told = str(error).splitlines()[0][:300]
            raise DamagedError(
                f"onnxruntime {onnxruntime.__version__} cannot compute model.onnx: {told}; "
                "a newer onnxruntime may, or export the model again"
            ) from None

    def encoder_of(self, told: dict[str, Any]) -> Any:
        """What makes ids of texts."""
        if told["kind"] == "subwords":
            return SubwordIds(self.folder / "tokenizer.json")
        words = beside("word_tokens")
        if told["kind"] == "words":
            return words.WordIds(told)
        return words.RunIds(told, self.encoder_of(told["tokens"]), told["first"])

    def ids(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The ids that are read of each text: a list of arrays of int64."""
        if isinstance(self.encoder, SubwordIds):
            found = self.encoder.every(texts)
        else:
            found = [self.encoder.ids(text) for text in texts]
        return [cut(np.array(one, np.int64), self.reading) for one in found]

    def answers(
        self, texts: Sequence[str], threads: int | None = None
    ) -> tuple[np.ndarray, np.ndarray, list[Any]]:
        """Logits and probabilities (N, K) float32, and the label of each text, or its labels."""
        threads = self.threads if threads is None else threads
        ids = self.ids(texts)
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        batches = list(by_length(order, [len(one) for one in ids]))
        logits, chances = (np.zeros((len(ids), len(self.labels)), np.float32) for _ in range(2))
        chosen: list[Any] = [None] * len(ids)

        def work(rows: list[int]) -> None:
            length = max(1, len(ids[rows[-1]]))
            batch = np.zeros((len(rows), length), np.int64)
            mask = np.zeros_like(batch)
            for place, row in enumerate(rows):
                batch[place, : len(ids[row])] = ids[row]
                mask[place, : len(ids[row])] = 1
            given = {"input_ids": batch, "attention_mask": mask}
            logits[rows], chances[rows], labels = self.session.run(None, given)
            for row, label in zip(rows, labels, strict=True):
                chosen[row] = self.named(label)

        if len(batches) < 2 or threads < 2:
            list(map(work, batches))
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(work, batches))
        return logits, chances, chosen

    def named(self, label: Any) -> str | list[str]:
        """The name of a label id, or the names of a row of 0 and 1."""
        if self.several:
            return [self.labels[place] for place in np.flatnonzero(label)]
        return self.labels[int(label)]

    def predict(self, texts: Sequence[str]) -> list[Any]:
        """The label of each text, or its labels where it may have several."""
        return self.answers(texts)[2]

    def check_answers(self) -> dict[str, float]:
        """The greatest differences from the golden rows; DamagedError where one is too great."""
        golden = self.read("golden.json")
        found = [
            self.answers([text]) for text in golden["texts"]
        ]  # alone: int8 hangs on neighbours
        gaps: dict[str, float] = {}
        for place, name in enumerate(("logits", "probabilities")):
            expected = np.array(golden[name])
            given = np.concatenate([one[place] for one in found])
            apart = np.abs(given - expected)
            if name == "logits":
                apart /= np.maximum(1, np.abs(expected))
            gaps[name], allowed = float(apart.max()), golden["allowed"][name]
            if not gaps[name] <= allowed:
                raise DamagedError(
                    f"the model gives other {name} than when it was exported: "
                    f"a difference of {gaps[name]:.2g}, where {allowed:g} is allowed"
                )
        for expected, one in zip(golden["labels"], found, strict=True):
            if expected is not None and one[2][0] != expected:
                raise DamagedError(f"the model gives {one[2][0]!r} where it gave {expected!r}")
        return gaps


def by_length(order: list[int], lengths: list[int]) -> Iterator[list[int]]:
    """Rows in batches of a limited number of positions; `order` is by rising length."""
    rows: list[int] = []
    for row in order:
        if rows and (len(rows) == TEXTS or (len(rows) + 1) * max(1, lengths[row]) > POSITIONS):
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def cut(ids: np.ndarray, reading: dict[str, Any]) -> np.ndarray:
    """What is read of a text's ids, by the entry "reading" of tokens.json."""
    most = reading["most"]
    if most is None or len(ids) <= most:
        return ids
    if reading["kind"] == "head":
        return ids[:most]
    if reading["kind"] == "head-tail":
        return np.concatenate([ids[: most - reading["tail"]], ids[len(ids) - reading["tail"] :]])
    passage = reading["passage"]  # those that tell most of the labels, in their order
    begins = np.arange(0, len(ids), passage)
    sums = np.add.reduceat(np.array(reading["scores"], np.int64)[ids], begins)
    kept = np.sort(np.argsort(-sums, kind="stable")[: most // passage])
    return np.concatenate([ids[begin : begin + passage] for begin in begins[kept]])


def main(arguments: list[str]) -> int:
    """Print the labels of the texts given; the exit status."""
    try:
        model = OnnxModel(verify=True)
        if arguments == ["--verify"]:
            print(json.dumps({"sound": True, "gaps": model.check_answers()}))
            return 0
        if not arguments:
            print(__doc__)
            return 2
        lines = (line.rstrip("\n") for line in sys.stdin)
        texts = list(lines) if arguments == ["-"] else arguments
        _, chances, labels = model.answers(texts)
        for label, row in zip(labels, chances, strict=True):
            each = {
                name: round(float(chance), 6)
                for name, chance in zip(model.labels, row, strict=True)
            }
            print(json.dumps({"label": label, "probabilities": each}, ensure_ascii=False))
        return 0
    except DamagedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
