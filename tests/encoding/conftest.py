"""A small WordPiece tokenizer of the library's own making, and what holds tokens against it."""

from functools import cache

import numpy as np
import pyarrow as pa
import pytest


@pytest.fixture(scope="session")
def trained():
    """Train a small vocabulary on texts; gives a tokenizer.json as BertWordPieceTokenizer does."""
    tokenizers = pytest.importorskip("tokenizers")

    def train(texts: list[str], size: int = 400, **normalizer) -> bytes:
        tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = tokenizers.normalizers.BertNormalizer(**normalizer)
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
        trainer = tokenizers.trainers.WordPieceTrainer(
            vocab_size=size,
            special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return tokenizer.to_str().encode()

    return train


@pytest.fixture(scope="session")
def same():
    """Hold an encoder's tokens against those of the library with the same tokenizer.json."""
    tokenizers = pytest.importorskip("tokenizers")

    @cache
    def library_of(tokenizer_json: bytes):
        library = tokenizers.Tokenizer.from_str(tokenizer_json.decode())  # cuts and pads nothing
        library.no_truncation()
        library.no_padding()
        return library

    def compare(encoder, tokenizer_json: bytes, texts: pa.LargeStringArray, threads=1):
        library = library_of(tokenizer_json)
        tokens = encoder.encode(texts, threads)
        assert (tokens.ids.dtype, tokens.offsets.dtype) == (np.int32, np.int64)
        assert len(tokens) == len(texts)
        assert tokens.offsets[0] == 0
        assert tokens.offsets[-1] == tokens.ids.size
        for start in range(0, len(texts), 4096):
            strings = texts.slice(start, 4096).to_pylist()
            encodings = library.encode_batch(strings, add_special_tokens=False)
            for row, (string, encoding) in enumerate(zip(strings, encodings, strict=True), start):
                ours = tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]].tolist()
                assert ours == encoding.ids, repr(string[:300])

    return compare
