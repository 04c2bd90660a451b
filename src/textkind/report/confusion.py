"""Confusions: the counts of metrics.json in, the most confused pairs and a heat map out.

The heat map is an HTML table, so that a screen reader can walk it and a number stands in each cell;
the shade says the share of the gold label's texts. It shows all labels where they are few, and
otherwise those that take part in most mistakes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from textkind.report.wording import LABEL_LENGTH, clip, known, name, number, visible

LARGEST_MAP = 30  # labels; beyond it only the labels with most mistakes are drawn
COMPACT_MAP = 20  # labels drawn then
HEAD_LENGTH = 24  # characters of a label at the head of a column
SHADES = (0.02, 0.1, 0.3, 0.7)  # shares of the gold label's texts between five shades


@dataclass(frozen=True)
class Confusions:
    """What was taken for what.

    pairs    (gold id, predicted id, count) of mistakes, most frequent first
    right    (K,) int64, texts given their gold label
    support  (K,) int64, texts of each gold label
    """

    pairs: list[tuple[int, int, int]]
    right: np.ndarray
    support: np.ndarray


def confusions(part: dict[str, Any], labels: list[str]) -> Confusions | None:
    """Read a part's confusion, full counts or most frequent pairs; None where it has neither."""
    confusion = part.get("confusion")
    if not confusion:
        return None
    id_of = {label: i for i, label in enumerate(labels)}
    if "counts" in confusion:
        counts = np.asarray(confusion["counts"], np.int64).reshape(len(labels), len(labels))
        gold, predicted = np.nonzero(counts * (1 - np.eye(len(labels), dtype=np.int64)))
        found = [(int(g), int(p), int(counts[g, p])) for g, p in zip(gold, predicted, strict=True)]
        right, support = np.diag(counts), counts.sum(axis=1)
    else:
        found = [
            (id_of[pair["gold"]], id_of[pair["predicted"]], int(pair["count"]))
            for pair in confusion["pairs"]
            if pair["gold"] != pair["predicted"] and pair["count"] > 0
        ]
        support, right = np.zeros((2, len(labels)), np.int64)
        for row in part.get("per_label", []):
            support[id_of[row["label"]]] = row["support"]
            right[id_of[row["label"]]] = round((known(row["recall"]) or 0) * row["support"])
    return Confusions(sorted(found, key=lambda pair: (-pair[2], pair)), right, support)


def drawn_labels(found: Confusions) -> np.ndarray:
    """The ids of the labels of the map, in label order: all, or those with most mistakes."""
    k = len(found.support)
    if k <= LARGEST_MAP:
        return np.arange(k)
    mistakes = np.zeros(k, np.int64)
    for gold, predicted, count in found.pairs:
        mistakes[[gold, predicted]] += count
    order = np.argsort(-mistakes, kind="stable")[:COMPACT_MAP]
    return np.sort(order[mistakes[order] > 0])


def shade(share: float) -> int:
    """One of five shades, 1 to 5, for a share of the gold label's texts."""
    return 1 + sum(share >= border for border in SHADES)


def _column_head(label: str) -> Markup:
    short = clip(label, HEAD_LENGTH) if label.strip() else "(blank)"
    title = Markup("")
    if short != visible(label):
        title = Markup(' title="{}"').format(clip(label, LABEL_LENGTH))
    return Markup('<th scope="col"{}><bdi>{}</bdi></th>').format(title, short)


def heat_map(found: Confusions, labels: list[str], caption: str) -> Markup:
    """The table of gold labels by predicted labels, empty where no label was ever confused."""
    ids = drawn_labels(found)
    if not len(ids):
        return Markup("")
    place = {int(label): i for i, label in enumerate(ids)}
    counts = np.zeros((len(ids), len(ids)), np.int64)
    for gold, predicted, count in found.pairs:
        if gold in place and predicted in place:
            counts[place[gold], place[predicted]] = count
    np.fill_diagonal(counts, found.right[ids])
    head = Markup("").join(_column_head(labels[i]) for i in ids)
    body = Markup("")
    for row, label in enumerate(ids):
        support = max(int(found.support[label]), 1)
        cells = Markup("").join(
            Markup('<td class="{}{}">{}</td>').format(
                "right" if row == column else "wrong", shade(count / support), f"{count:,}"
            )
            if count
            else Markup("<td></td>")
            for column, count in enumerate(counts[row].tolist())
        )
        body += Markup('<tr><th scope="row">{}</th>{}</tr>\n').format(name(labels[label]), cells)
    return Markup(
        '<table class="heat"><caption>{}</caption><thead><tr><td class="corner">'
        "gold, down; predicted, across</td>{}</tr></thead><tbody>\n{}</tbody></table>"
    ).format(caption, head, body)


def pair_rows(found: Confusions, labels: list[str], limit: int) -> list[dict[str, Markup]]:
    """The most frequent confusions, as a table shows them."""
    return [
        {
            "gold": name(labels[gold]),
            "predicted": name(labels[predicted]),
            "count": number(count, "count"),
            "share": number(count / max(int(found.support[gold]), count), "percent"),
        }
        for gold, predicted, count in found.pairs[:limit]
    ]
