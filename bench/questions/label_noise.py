"""Are labels that were changed on purpose found, and as well as cleanlab finds them?

5 and 10 % of the training labels are changed to another at random. Average precision is that of
all rows by rising quality of their label; cleanlab ranks by the same out-of-fold probabilities, by
its default, self-confidence, and by the best of its three scores. Found are the rows named as
likely wrong; the labels of the sets are not clean themselves, so precision has a ceiling.
"""

import json
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

from bench.places import DATA, ROOT, environment_python
from bench.results import Answer, Row, at_least
from textkind.checks.label_noise import label_noise
from textkind.data.corpus import Corpus
from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings
from textkind.seeds import generator
from textkind.workflow.out_of_fold import out_of_fold

SETS = ("trec", "banking77")
SHARES = (0.05, 0.1)
MARGIN = 1e-6  # average precision is told to more digits than it has


def ask(runs: int, sets: tuple[str, ...] = (*SETS, "sst2", "tweeteval_emotion")) -> Answer:
    del runs  # nothing is timed
    rows: list[Row] = []
    goals = []
    for name in sets:
        corpus = read_corpus(DATA / name / "train.csv", ReadSettings()).corpus
        for share in SHARES:
            row, ours, theirs = asked(corpus, share)
            rows.append({"set": name, "changed": f"{share:.0%}", **row})
            if name in SETS:
                what = f"average precision, {name}, {share:.0%} changed"
                goals.append(at_least(what, ours, theirs - MARGIN, ""))
    return Answer(rows, goals)


def asked(corpus: Corpus, share: float) -> tuple[Row, float, float]:
    """A row of the table, our average precision, and cleanlab's by its default."""
    wrong, changed = with_wrong_labels(corpus, share)
    probabilities, _ = out_of_fold(wrong)
    ours = label_noise(wrong.targets, probabilities)
    theirs = cleanlab_says(wrong.targets, probabilities)
    precisions = {
        name: average_precision_score(changed, -np.array(quality))
        for name, quality in theirs["quality"].items()
    }
    own = float(average_precision_score(changed, -ours.quality))
    default = float(precisions["self_confidence"])
    row: Row = {
        "average precision": own,
        "cleanlab": default,
        "cleanlab, best": max(precisions.values()),
        **found("", changed, ours.rows),
        **found("cleanlab ", changed, np.array(theirs["found"], np.int64)),
    }
    return row, own, default


def with_wrong_labels(corpus: Corpus, share: float) -> tuple[Corpus, np.ndarray]:
    """The corpus with that share of its labels changed, and (N,) bool which."""
    random = generator(0, "wrong labels")
    rows = random.permutation(len(corpus))[: round(share * len(corpus))]
    targets = corpus.targets.copy()
    classes = len(corpus.labels)
    targets[rows] = (targets[rows] + random.integers(1, classes, len(rows))) % classes
    return replace(corpus, targets=targets), np.isin(np.arange(len(corpus)), rows)


def found(whose: str, changed: np.ndarray, rows: np.ndarray) -> Row:
    """How many rows are named, which share of them was changed, and which of the changed named."""
    right = int(changed[rows].sum())
    return {
        f"{whose}named": rows.size,
        f"{whose}precision": right / max(rows.size, 1),
        f"{whose}recall": right / max(int(changed.sum()), 1),
    }


def cleanlab_says(targets: np.ndarray, probabilities: np.ndarray) -> dict[str, dict]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.npz"
        np.savez(path, targets=targets, probabilities=probabilities)
        command = [str(environment_python("cleanlab")), "-m", "bench.peers.cleanlab_scores"]
        ended = subprocess.run(
            [*command, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
        )
    if ended.returncode:
        raise RuntimeError(f"cleanlab failed:\n{ended.stderr[-2000:]}")
    told: dict[str, dict] = json.loads(ended.stdout)
    return told
