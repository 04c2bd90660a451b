"""Whether a run streams its corpus, and the folder in which it caches what does not fit memory."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textkind.classifier import STREAMED, stream_function
from textkind.data.free_memory import available_memory
from textkind.data.settings import ReadSettings
from textkind.data.shard_folder import is_shard_folder
from textkind.data.shards import list_shards, names_shards
from textkind.encoding.cached_ngrams import BYTES_OF_CHARACTERS, BYTES_OF_WORDS
from textkind.errors import OutputError
from textkind.models.settings import LinearSettings
from textkind.progress import Talk
from textkind.storage.place import writing

SHARE = 0.8  # of the free memory that a corpus may take; the rest is for what is made of it
COMPRESSED = {".gz": 4, ".parquet": 4}  # bytes of text for a byte of the file, roughly
TEXTS = 2  # bytes in memory for a byte of text, while it is read and split
TOKENS = 2  # the same of token ids


def is_streamed(
    source: object, reading: ReadSettings, model: Any, stream: bool | None, talk: Talk
) -> bool:
    """Whether to learn from a stream: as asked, else where memory is too small, which is told.

    SettingsError where it is asked for and the model cannot.
    """
    name = getattr(model, "model", "auto")
    if stream is not None:
        if stream:
            stream_function(name)
        return stream
    needed, free = bytes_needed(source, reading, model), available_memory()
    if needed <= SHARE * free:
        return False
    told = (
        f"learning takes about {needed / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB of memory are free"
    )
    if name not in STREAMED:
        talk.note(f"{told}; {' and '.join(STREAMED)} could be streamed (--stream)")
        return False
    talk.note(f"{told}: the corpus is streamed (--no-stream keeps it in memory)")
    return True


def bytes_needed(source: object, reading: ReadSettings, model: Any) -> int:
    """About how many bytes a fit in memory takes; 0 of a source whose size is not known."""
    factor = TEXTS
    if isinstance(model, LinearSettings):
        factor += BYTES_OF_WORDS * (model.features != "characters")
        factor += BYTES_OF_CHARACTERS * (model.features != "words")
    else:
        factor += TOKENS
    return factor * sum(
        size * COMPRESSED.get(Path(name).suffix, 1) for name, size in _files(source, reading)
    )


def _files(source: object, reading: ReadSettings) -> list[tuple[str, int]]:
    """The names and sizes of the files of a source."""
    if not names_shards(source):
        if not isinstance(source, str | Path):
            return []
        path = Path(source)
        if path.is_file():
            return [(path.name, path.stat().st_size)]
        if not path.is_dir() or not is_shard_folder(str(path), reading):
            return []
    return [(shard.name, shard.size) for shard in list_shards(source)]


@contextmanager
def cache_folder(place: Path) -> Iterator[Path]:
    """A new folder in `place`, which is removed when the block ends; OutputError if refused."""
    with caching(place):
        place.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".textkind-", suffix=".cache", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def caching(place: Path) -> Iterator[None]:
    """Turn an operating-system error of the block into OutputError about the cache."""
    try:
        with writing(place):
            yield
    except OutputError as error:
        if error.where == str(place):
            error.hint = "name a folder with more room for what is cached: --cache"
        raise
