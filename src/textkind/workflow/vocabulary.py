"""The words of a ready-made vocabulary: a list, word vectors as text, or a tokenizer.json."""

import gzip
import json
from pathlib import Path

import pyarrow as pa

from textkind.errors import DataError

MARKS = "Ġ▁"  # what tokenizers write for the space before a word
PIECE = "##"  # what WordPiece writes before a piece that is no word's beginning


def read_vocabulary(path: str | Path) -> pa.LargeStringArray:
    """The words of the first column of a file of lines, or those of a tokenizer; packed or not.

    Raises DataError where the file holds no words.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode()
        words = _of_tokenizer(text) if ".json" in path.suffixes else _of_lines(text)
    except OSError as error:
        raise DataError(
            "the vocabulary cannot be read", found=str(error), where=str(path)
        ) from None
    except (ValueError, KeyError, TypeError, EOFError):
        words = []
    if not words:
        raise DataError(
            "no vocabulary",
            where=str(path),
            hint="wanted: a word a line, word vectors as text, or a tokenizer.json",
        )
    return pa.array(words, pa.large_string())


def _of_lines(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines() if line.strip()]


def _of_tokenizer(text: str) -> list[str]:
    """The tokens that are whole words; unigram models pair each with its score."""
    tokens = json.loads(text)["model"]["vocab"]
    names = [token if isinstance(token, str) else token[0] for token in tokens]
    return [name.lstrip(MARKS) for name in names if not name.startswith(PIECE)]
