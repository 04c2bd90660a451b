"""Mistakes by group: by cause, by cluster, by what they hold. JSON-able figures out."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from textkind.evaluation.lifts import lift_of, share_of
from textkind.evaluation.paired import holm
from textkind.mistakes.causes import CAUSES, Judged
from textkind.mistakes.overrepresented import TextNgrams, overrepresented, telling

EXAMPLES = 3  # rows told of a group
WORDS = 6  # that tell a cluster


@dataclass(frozen=True, eq=False)
class Grouped:
    """What was found, JSON-able, and which texts are in which group.

    members   name of a cause -> (N,) bool
    clusters  (N,) cluster of each text, numbered as in the figures, from 1; None without
    """

    figures: dict[str, Any]
    members: dict[str, np.ndarray]
    clusters: np.ndarray | None

    def groups_of(self, row: int) -> list[str]:
        """The causes that a text may have."""
        return [name for name, inside in self.members.items() if inside[row]]


def grouped(judged: Judged, ngrams: TextNgrams, clusters: np.ndarray | None) -> Grouped:
    """All figures of some texts; clusters (N,) ids from 0, or None.

    examples are places in the arrays of `judged`, the surest mistakes of each group.
    """
    wrong = judged.wrong
    confidence = judged.confidence
    found = {name: cause.rows(judged) for name, cause in CAUSES.items()}
    members = {name: rows for name, rows in found.items() if rows is not None}
    in_any = np.zeros(len(judged), bool)
    for rows in members.values():
        in_any |= rows
    groups = [
        {"group": name, "what": CAUSES[name].what}
        | _figures(rows, wrong, confidence, CAUSES[name].circular)
        | {"helps": CAUSES[name].helps}
        for name, rows in members.items()
    ]
    _adjust(groups)
    told, order = None, None
    if clusters is not None:
        told, order = _cluster_figures(clusters, wrong, confidence, ngrams)
    return Grouped(
        {
            "rows": len(judged),
            "mistakes": asdict(share_of(int(wrong.sum()), len(judged))),
            "groups": groups,
            "without_a_group": int((wrong & ~in_any).sum()),
            "not_looked_for": {
                name: CAUSES[name].needs for name, rows in found.items() if rows is None
            },
            "clusters": told,
            "ngrams": [asdict(one) for one in overrepresented(ngrams, wrong)],
        },
        members,
        None if clusters is None or order is None else order[clusters],
    )


def _figures(
    inside: np.ndarray, wrong: np.ndarray, confidence: np.ndarray, circular: bool
) -> dict[str, Any]:
    """Rate, lift and examples of one group; p is still to be adjusted for the others."""
    mistakes, rows = int((inside & wrong).sum()), int(inside.sum())
    total = int(wrong.sum())
    rate = share_of(mistakes, rows)
    lift = lift_of(mistakes, rows, total, len(wrong))
    chosen = np.flatnonzero(inside & wrong)
    chosen = chosen[np.argsort(-confidence[chosen], kind="stable")][:EXAMPLES]
    empty = {"value": None, "low": None, "high": None}
    return {
        "rows": rows,
        "mistakes": mistakes,
        "of_mistakes": mistakes / total if total else None,
        "rate": {name: getattr(rate, name) for name in empty},
        "lift": empty if circular else {name: getattr(lift, name) for name in empty},
        "p": None if circular or lift.value is None else lift.p,
        "examples": chosen.tolist(),
    }


def _adjust(groups: list[dict[str, Any]]) -> None:
    """Holm's correction over the groups that were compared, in place."""
    compared = [group for group in groups if group["p"] is not None]
    for group, p in zip(compared, holm(np.array([one["p"] for one in compared])), strict=True):
        group["p"] = float(p)


def _cluster_figures(
    clusters: np.ndarray, wrong: np.ndarray, confidence: np.ndarray, ngrams: TextNgrams
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Figures of each cluster, the one most often wrong first; and the new number of each."""
    made = []
    for cluster in range(int(clusters.max()) + 1):
        inside = clusters == cluster
        words = telling(ngrams, inside, WORDS)
        made.append({"words": words} | _figures(inside, wrong, confidence, circular=False))
    _adjust(made)
    rates = [-1 if one["rate"]["value"] is None else one["rate"]["value"] for one in made]
    falling = np.argsort(-np.array(rates), kind="stable")
    number = np.empty(len(made), np.int64)
    number[falling] = np.arange(1, len(made) + 1)
    return [{"cluster": n + 1} | made[place] for n, place in enumerate(falling)], number
