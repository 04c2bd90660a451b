"""Similar texts: how near texts lie to one another, and the training texts nearest to each.

    known = known_texts(classifier, "runs/reviews")          once
    found = nearest_texts(known, ["late again"], top=5)      as often as asked

Near is what a model finds alike: by the vectors that a network's last layer reads, by the n-grams
that a linear model decides by, by words where a model has neither (workflow/spaces.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.checks.finding import names_of
from textkind.classifier import Classifier, predict_ids
from textkind.data.settings import ReadSettings
from textkind.data.texts import as_texts
from textkind.encoding.similarity import cosines, has_direction, most_similar, unit_length
from textkind.errors import DataError, ModelFolderError, SettingsError
from textkind.progress import SILENT, Talk
from textkind.storage.kept_texts import KeptTexts, read_kept
from textkind.workflow.origin import classifier_of
from textkind.workflow.perhaps_labelled import read_perhaps_labelled
from textkind.workflow.spaces import MODEL_SPACE, Space, text_space

TOP = 5
MOST_COMPARED = 50  # texts told with one another: 2,500 figures
LEAST_AGREEMENT = 0.98  # cosine of a stored vector and the same made again


@dataclass(frozen=True)
class SimilarSettings:
    """What is searched, and how many of the nearest are told.

    source: texts to search instead of those that the run keeps, read by `reading`.
    """

    top: int = TOP
    source: object = None
    reading: ReadSettings = field(default_factory=ReadSettings)
    threads: int | None = None

    def __post_init__(self) -> None:
        if type(self.top) is not int or self.top < 1:
            raise SettingsError("the texts to tell must be 1 or more", found=self.top)


@dataclass(frozen=True)
class Neighbour:
    """A text that lies near another.

    row         its place in the source
    labels      its own; None where it has none
    similarity  the cosine of the two
    differs     whether its labels are others than those predicted for the other; None without
    """

    row: int
    text: str
    labels: tuple[str, ...] | None
    similarity: float
    differs: bool | None


@dataclass(frozen=True)
class NearTexts:
    """A text, the labels predicted for it, and its nearest texts, the nearest first.

    nearest is None where nothing in the text is known: it is similar to no text.
    """

    text: str
    predicted: tuple[str, ...]
    nearest: tuple[Neighbour, ...] | None


@dataclass(frozen=True)
class SimilarResult:
    """What was found; asdict gives its JSON form.

    space         what the vectors are made of
    searched      the name of what was searched: kept.arrow of the run, or a source
    known         texts searched, of so many that they were drawn from
    similarities  the cosine of every two texts; None within where one of them has nothing known,
                  None as a whole of one text and of more than MOST_COMPARED
    """

    space: str
    searched: str
    known: int
    of: int
    similarities: list[list[float | None]] | None
    texts: tuple[NearTexts, ...]


@dataclass(frozen=True, eq=False)
class KnownTexts:
    """Texts made ready to be searched: N of them that have a direction.

    targets as in a corpus, or None; vectors (N, D) of unit length, in `space`. total is how many
    there were, here or where they were drawn from.
    """

    classifier: Classifier
    space: Space
    texts: pa.LargeStringArray
    targets: np.ndarray | None
    rows: np.ndarray
    vectors: Any
    total: int


def known_texts(classifier: Classifier, run: str | Path, threads: int | None = None) -> KnownTexts:
    """The texts that a run folder keeps, ready to be searched by its classifier.

    SettingsError where it keeps none, ModelFolderError where they are damaged.
    """
    kept = read_kept(Path(run), classifier.labels)
    space = text_space(classifier, kept.texts, ngrams=True, threads=threads)
    if space.name != MODEL_SPACE:
        vectors = space.vectors(kept.texts)
    else:
        vectors = _checked(kept, space, str(run))
    return _searchable(classifier, space, kept.texts, kept.targets, kept.rows, vectors, kept.total)


def nearest_texts(
    known: KnownTexts,
    texts: Sequence[str] | pa.LargeStringArray,
    top: int = TOP,
    *,
    answers: np.ndarray | None = None,
    threads: int | None = None,
) -> tuple[NearTexts, ...]:
    """The `top` known texts nearest to each text, exactly; DataError for what is no text.

    answers (N,) ids, or (N, K) 0/1 for several labels, are those predicted, where they are known
    already.
    """
    given = as_texts(texts)
    if answers is None:
        answers = predict_ids(known.classifier, given, threads)
    return _near_texts(known, given, known.space.vectors(given), answers, top)


def similar_texts(
    model: str | Path | Classifier,
    texts: Sequence[str],
    settings: SimilarSettings = SimilarSettings(),
    talk: Talk = SILENT,
) -> SimilarResult:
    """How near texts lie to one another, and which known texts lie nearest to each.

    model is a run folder, or with settings.source also a model folder or a classifier in memory.
    texts are one or more. Raises ModelFolderError, DataError, ColumnError or SettingsError.
    """
    if not len(texts):
        raise DataError("there is no text to compare")
    classifier, origin = classifier_of(model)
    given, threads = as_texts(texts), settings.threads
    if settings.source is None:
        if isinstance(model, Classifier):
            raise SettingsError(
                "a classifier in memory keeps no training texts",
                hint="pass the run folder, or texts to search as source",
            )
        with talk.task("making the kept texts ready"):
            known, searched = known_texts(classifier, model, threads), "the training texts"
    else:
        columns = None if origin is None else origin.columns
        found = read_perhaps_labelled(
            settings.source, settings.reading, classifier.labels, columns, talk
        )
        with talk.task("making vectors of the texts to search"):
            space = text_space(classifier, found.texts, ngrams=True, threads=threads)
            known = _searchable(
                classifier, space, found.texts, found.targets, found.rows,
                space.vectors(found.texts), len(found.texts),
            )  # fmt: skip
        searched = found.source
    vectors = known.space.vectors(given)
    return SimilarResult(
        known.space.name,
        searched,
        len(known.texts),
        known.total,
        _similarities(vectors) if 1 < len(given) <= MOST_COMPARED else None,
        _near_texts(known, given, vectors, predict_ids(classifier, given, threads), settings.top),
    )


def _checked(kept: KeptTexts, space: Space, where: str) -> np.ndarray:
    """The kept vectors in float32, once the first text still has the one that it had."""
    vectors = None if kept.vectors is None else unit_length(kept.vectors.astype(np.float32))
    again = space.vectors(kept.texts.slice(0, 1))
    if vectors is None or vectors.shape[1] != again.shape[1] or (
        again.any() and float(vectors[0] @ again[0]) < LEAST_AGREEMENT
    ):  # fmt: skip
        raise ModelFolderError(
            "the kept texts are those of another model", where=where, hint="train the model again"
        )
    return vectors


def _searchable(
    classifier: Classifier,
    space: Space,
    texts: pa.LargeStringArray,
    targets: np.ndarray | None,
    rows: np.ndarray,
    vectors: Any,
    total: int,
) -> KnownTexts:
    """Without the texts in which nothing is known: they are similar to none."""
    places = np.flatnonzero(has_direction(vectors))
    return KnownTexts(
        classifier, space, texts.take(pa.array(places)),
        None if targets is None else targets[places], rows[places], vectors[places], total,
    )  # fmt: skip


def _similarities(vectors: Any) -> list[list[float | None]]:
    defined = has_direction(vectors)
    found = np.clip(cosines(vectors, vectors), -1, 1).astype(float)
    return [
        [value if defined[row] and defined[place] else None for place, value in enumerate(values)]
        for row, values in enumerate(found.tolist())
    ]


def _near_texts(
    known: KnownTexts, texts: pa.LargeStringArray, vectors: Any, answers: np.ndarray, top: int
) -> tuple[NearTexts, ...]:
    places, similarities = most_similar(vectors, known.vectors, top)
    defined = has_direction(vectors)
    found = []
    for row, text in enumerate(texts.to_pylist()):
        predicted = tuple(names_of(known.classifier.labels, answers[row]))
        nearest = None
        if defined[row]:
            nearest = tuple(
                _neighbour(known, int(place), float(similarity), predicted)
                for place, similarity in zip(places[row], similarities[row], strict=True)
            )
        found.append(NearTexts(text, predicted, nearest))
    return tuple(found)


def _neighbour(
    known: KnownTexts, place: int, similarity: float, predicted: tuple[str, ...]
) -> Neighbour:
    own = None
    if known.targets is not None:
        own = tuple(names_of(known.classifier.labels, known.targets[place]))
    return Neighbour(
        int(known.rows[place]),
        known.texts[place].as_py(),
        own,
        max(-1.0, min(1.0, similarity)),
        None if own is None else own != predicted,
    )
