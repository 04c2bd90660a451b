"""Which training texts a run keeps, with the vectors that its model made of them."""

from typing import Any

import numpy as np

from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.errors import SettingsError
from textkind.progress import Talk
from textkind.seeds import generator
from textkind.storage.kept_texts import KeptTexts, kept_bytes, kept_facts
from textkind.storage.run_folder import KEPT
from textkind.workflow.spaces import MODEL_SPACE, text_space

MOST_KEPT = 10_000  # unless asked otherwise


def check_number(number: int) -> None:
    """SettingsError unless so many texts can be kept."""
    if type(number) is not int or number < 0:
        raise SettingsError("the texts to keep must be 0 or more", found=number)


def kept_file(
    classifier: Classifier,
    train: Corpus,
    most: int,
    *,
    seed: int,
    threads: int | None,
    talk: Talk,
    total: int | None = None,
) -> tuple[dict[str, Any] | None, bytes | None]:
    """The entry "kept" of metrics.json, and the file: at most so many texts, drawn by the seed.

    total are the training texts where train is a sample of them; None: it is all. None and None
    where there are none. Vectors are kept of a model that has some: a network takes
    far longer to read thousands of texts than a file does.
    """
    if not most or not len(train):
        return None, None
    total = len(train) if total is None else total
    places = np.arange(len(train))
    if len(train) > most:
        places = np.sort(generator(seed, "kept texts").choice(len(train), most, replace=False))
    some, vectors = train.take(places), None
    space: Any = text_space(classifier, some.texts.slice(0, 0), threads=threads)
    if space.name == MODEL_SPACE:
        with talk.task("making vectors of the texts to keep"):
            vectors = space.vectors(some.texts).astype(np.float16)
    talk.note(
        f"{len(some):,} of {total:,} training texts are kept in {KEPT} (--keep-texts 0 keeps none)"
    )
    kept = KeptTexts(some.texts, some.targets, some.rows, vectors, total)
    data = kept_bytes(kept)
    return kept_facts(kept, data), data
