"""Whether texts that lie together have one label, and which labels lie among one another."""

from typing import Any

import numpy as np

MOST_OVERLAPS, MOST_CLASSES = 5, 20


def neighbourhood_figures(
    near: np.ndarray, classes: np.ndarray, names: list[list[str]]
) -> dict[str, Any]:
    """Figures of N texts by their (N, k) nearest, places among the N; JSON-able.

    classes (N,) are ids; names are the labels of each class. same_label is the share of the nearest
    that have a text's own class, by_chance what it would be of any k others; both are null of texts
    without neighbours. labels has the commonest of the `classes` that occur; overlaps are pairs of
    them, most often neighbours first: `share` of the nearest of either's texts have the other one.
    """
    numbers = len(names)
    counts = np.bincount(classes, minlength=numbers)
    links = np.zeros((numbers, numbers), np.int64)
    np.add.at(links, (np.repeat(classes, near.shape[1]), classes[near].ravel()), 1)
    of_class = links.sum(axis=1)
    same = np.diag(links)
    total = len(classes)
    by_chance = None
    if links.sum():
        by_chance = float((counts * (counts - 1)).sum() / (total * (total - 1)))
    between = np.triu(links + links.T, 1)
    order = np.argsort(-between, axis=None, kind="stable")[:MOST_OVERLAPS]
    pairs = [divmod(int(place), numbers) for place in order]
    return {
        "neighbours": near.shape[1],
        "same_label": _share(int(same.sum()), int(links.sum())),
        "by_chance": by_chance,
        "classes": int((counts > 0).sum()),
        "labels": [
            {
                "labels": names[place],
                "texts": int(counts[place]),
                "same_label": _share(int(same[place]), int(of_class[place])),
            }
            for place in np.argsort(-counts, kind="stable")[:MOST_CLASSES].tolist()
            if counts[place]
        ],
        "overlaps": [
            {
                "labels": [names[one], names[other]],
                "share": _share(int(between[one, other]), int(of_class[one] + of_class[other])),
            }
            for one, other in pairs
            if between[one, other]
        ],
    }


def kept_share(near: np.ndarray, drawn: np.ndarray) -> float | None:
    """The share of the (N, k) nearest that are also among the (N, k) nearest in a picture."""
    if not near.size:
        return None
    return float((near[:, :, None] == drawn[:, None, :]).any(axis=2).mean())


def _share(hits: int, all_of_them: int) -> float | None:
    return hits / all_of_them if all_of_them else None
