"""The map of a corpus: texts as points in a plane, near where a model finds them alike.

    found = corpus_map(classifier, corpus, predicted)       figures, and the points to draw

Directions and figures are of texts drawn by chance; mistakes beyond those are only drawn.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from textkind.checks.finding import names_of, shown
from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.encoding.principal import on_plane, principal_plane
from textkind.encoding.similarity import has_direction, most_similar
from textkind.errors import SettingsError, did_you_mean
from textkind.evaluation.metrics import correct_rows
from textkind.evaluation.neighbourhoods import kept_share, neighbourhood_figures
from textkind.optional import need
from textkind.progress import SILENT, Talk
from textkind.seeds import child_seed, generator
from textkind.workflow.spaces import text_space

PCA, UMAP, NONE = "pca", "umap", "none"
BY_CHANCE, WRONG = 1_500, 500  # texts drawn, and mistakes beyond them
NEIGHBOURS = 5
LEAST_UMAP = 20  # texts
EXCERPT = 60  # characters of a text that a point tells


@dataclass(frozen=True, eq=False)
class CorpusMap:
    """The entry "map" of metrics.json, and a JSON-able record of each point."""

    figures: dict[str, Any]
    points: list[dict[str, Any]]


def check_method(method: str, *others: str) -> None:
    """SettingsError for a map that there is not; MissingPackageError where its package is not."""
    known = (PCA, UMAP, *others)
    if method not in known:
        raise SettingsError("there is no such map", found=method, hint=did_you_mean(method, known))
    if method == UMAP:
        need("umap", "a map by UMAP")


def corpus_map(
    classifier: Classifier,
    corpus: Corpus,
    predicted: np.ndarray,
    method: str = PCA,
    *,
    labelled: bool = True,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> CorpusMap:
    """The map of a corpus of one text or more, with the ids (N,) or 0/1 (N, K) predicted.

    Not labelled: the targets are the predictions, and no mistake is marked. With several labels
    each set of them that occurs is a class.
    """
    wrong = (correct_rows(predicted, corpus.targets) == 0) & labelled
    places, number = drawn_places(wrong, seed)
    drawn, wrong, predicted = corpus.take(places), wrong[places], predicted[places]
    if method == UMAP and number < LEAST_UMAP:
        talk.note(f"UMAP needs {LEAST_UMAP} texts: the map is by PCA")
        method = PCA
    with talk.task("drawing the map"):
        space = text_space(classifier, drawn.texts, ngrams=True, seed=seed, threads=threads)
        vectors = space.vectors(drawn.texts)
        explained = None
        if method == UMAP:
            points = _umap(vectors, seed)
        else:
            plane = principal_plane(vectors[:number])
            points = on_plane(plane, vectors)
            explained = None if plane.explained is None else plane.explained.tolist()
        classes, names = _classes(drawn)
        known = np.flatnonzero(has_direction(vectors[:number]))
        near = nearest_others(vectors[known])
        figures = {
            "texts": len(corpus),
            "by_chance": number,
            "more_mistakes": len(drawn) - number,
            "without_direction": number - len(known),
            "space": space.name,
            "method": method,
            "explained": explained,
            "labelled": labelled,
            "neighbourhoods": neighbourhood_figures(near, classes[known], names)
            | {"kept": kept_share(near, _nearest_points(points[known], near.shape[1]))},
        }
    records = [
        {
            "row": int(drawn.rows[place]),
            "x": float(points[place, 0]),
            "y": float(points[place, 1]),
            "labels": names[classes[place]],
            "predicted": names_of(corpus.labels, predicted[place]),
            "wrong": bool(wrong[place]),
            "text": shown(text, EXCERPT),
        }
        for place, text in enumerate(drawn.texts.to_pylist())
    ]
    return CorpusMap(figures, records)


def drawn_places(wrong: np.ndarray, seed: int) -> tuple[np.ndarray, int]:
    """Places of N texts to draw: first those drawn by chance, how many, then more mistakes.

    All of BY_CHANCE + WRONG texts or fewer are drawn by chance.
    """
    if len(wrong) <= BY_CHANCE + WRONG:
        return np.arange(len(wrong)), len(wrong)
    order = generator(seed, "map").permutation(len(wrong))
    rest = order[BY_CHANCE:]
    more = rest[wrong[rest]][:WRONG]
    return np.concatenate([np.sort(order[:BY_CHANCE]), np.sort(more)]), BY_CHANCE


def nearest_others(vectors: Any) -> np.ndarray:
    """(N, k) places of each vector's NEIGHBOURS nearest others, or as many as there are."""
    number = min(NEIGHBOURS, vectors.shape[0] - 1)
    if number < 1:
        return np.empty((vectors.shape[0], 0), np.int64)
    return _without_itself(most_similar(vectors, vectors, number + 1)[0])


def _nearest_points(points: np.ndarray, number: int) -> np.ndarray:
    """(N, number) places of the nearest other points of a plane."""
    from scipy.spatial import KDTree

    if not number:
        return np.empty((len(points), 0), np.int64)
    return _without_itself(KDTree(points).query(points, number + 1)[1])


def _without_itself(near: np.ndarray) -> np.ndarray:
    """(N, k) of (N, k + 1) places, each row's own left out, or the last where equals hide it."""
    own = near == np.arange(len(near))[:, None]
    own[~own.any(axis=1), -1] = True
    return near[~own].reshape(len(near), -1)


def _classes(corpus: Corpus) -> tuple[np.ndarray, list[list[str]]]:
    """(N,) class of each text, and the labels of each."""
    targets = corpus.targets if corpus.labels.several else corpus.targets[:, None]
    sets, classes = np.unique(targets, axis=0, return_inverse=True)
    several = corpus.labels.several
    return classes.ravel(), [names_of(corpus.labels, one if several else one[0]) for one in sets]


def _umap(vectors: Any, seed: int) -> np.ndarray:
    umap = need("umap", "a map by UMAP")
    state = int(child_seed(seed, "map").generate_state(1)[0])
    neighbours = min(15, vectors.shape[0] - 1)
    fitted = umap.UMAP(n_neighbors=neighbours, metric="cosine", random_state=state, n_jobs=1)
    points: np.ndarray = fitted.fit_transform(vectors)
    return points
