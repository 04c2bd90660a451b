"""Labels with too few texts, or too unequal numbers of them; labels that one part lacks."""

import numpy as np

from textkind.checks.finding import MOST_SHOWN, Audited, Finding
from textkind.evaluation.counts import rows_by_label

FEW = 10  # texts of a label, below which its figures mean little
UNEQUAL = 20.0  # times as many texts of the commonest label as of the median one


def rare_labels(audited: Audited) -> list[Finding]:
    """Labels with fewer than FEW texts in a part, those with none among them."""
    found = []
    for name, part in audited.parts.items():
        counts = rows_by_label(part.targets, len(part.labels)).counts
        rare = np.flatnonzero(counts < FEW)
        if not rare.size:
            continue
        rare = rare[np.argsort(counts[rare], kind="stable")]
        none = int((counts == 0).sum())
        rows = int(counts[rare].sum())
        found.append(
            Finding(
                "rare_labels",
                "warning",
                f"{rare.size:,} of {len(counts):,} labels have fewer than {FEW} {name} texts"
                + (f", {none:,} of them none" if none else ""),
                "collect more of them, join them with a neighbour, or leave them out",
                name,
                rows,
                len(part),
                [{"label": part.labels.names[label], "texts": int(counts[label])}
                 for label in rare[:MOST_SHOWN]],
                {"labels": int(rare.size), "without_text": none},
            )
        )  # fmt: skip
    return found


def unequal_labels(audited: Audited) -> list[Finding]:
    """One label far commoner than the median one: accuracy then says little."""
    train = audited.train
    counts = rows_by_label(train.targets, len(train.labels)).counts
    usual = float(np.median(counts))
    most = int(counts.argmax())
    share = counts[most] / max(len(train), 1)
    if counts[most] < UNEQUAL * max(usual, 1) and share < 0.9:
        return []
    return [
        Finding(
            "unequal_labels",
            "note",
            f"{share:.0%} of the train texts have the label {train.labels.names[most]!r}; the "
            f"median label has {usual:,.0f}",
            "look at macro F1 rather than accuracy; `--imbalance auto` helps rare labels",
            "train",
            int(counts[most]),
            len(train),
            facts={"label": train.labels.names[most], "median": usual},
        )
    ]
