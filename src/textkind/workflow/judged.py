"""Judge: what the rungs predicted, and now the test labels, to figures, verdict and gains."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from textkind.data.corpus import Corpus
from textkind.data.read import CorpusReading
from textkind.data.split import Parts
from textkind.errors import DataError
from textkind.evaluation.scorecard import majority_baseline
from textkind.progress import Talk
from textkind.workflow.climb import Climb
from textkind.workflow.gains import gain_facts
from textkind.workflow.isolated import Failure
from textkind.workflow.ladder import PRIOR, STACK
from textkind.workflow.ladder_figures import (
    Answers,
    Compared,
    read_answers,
    rung_records,
    simplest,
)
from textkind.workflow.ladder_verdict import Limits, verdict
from textkind.workflow.leaks import (
    audited_parts,
    audited_whole,
    crossing_rows,
    findings,
    joined_corpora,
    leaked_rows,
)
from textkind.workflow.wording import unseen_words


def judged(
    way: Climb,
    failures: Mapping[str, Failure],
    folds: list[Parts],
    readings: Mapping[str, CorpusReading],
    limits: Limits,
    talk: Talk,
) -> dict[str, Any]:
    """The entries of compare.json from headline to findings.

    At least one rung is finished. The test labels are opened here, once.
    """
    rungs, seed = way.rungs, way.seed
    finished = [name for name in rungs if name not in failures]
    answers = [
        read_answers(name, [way.place(fold) / name for fold in range(1, len(folds) + 1)])
        for name in finished
    ]
    reason = "comparison of the finished models"
    opened = [parts.test.open(reason) for parts in folds if parts.test is not None]
    test = joined_corpora(opened)
    if not test.targets.any() and test.labels.several:
        raise DataError("no test text has a label, so nothing can be compared")
    compared = Compared(answers, test.targets, seed)
    if len(folds) == 1:
        audited = audited_parts(readings, folds[0], test, way.threads)
        same, near = leaked_rows(audited)
    else:
        audited = audited_whole(readings, way.threads)
        same, near = crossing_rows(audited, opened)
    clean = ~(same | near)
    records = rung_records(
        answers,
        test,
        validation=[parts.validation.targets for parts in folds],
        sizes=[len(part) for part in opened],
        compared=compared,
        clean=clean,
        seed=seed,
    )
    by_name = {record["name"]: record for record in records} | {
        name: {"name": name, "status": "failed", "reason": failure.reason, "hint": failure.hint}
        for name, failure in failures.items()
    }
    unseen = np.concatenate(
        [
            unseen_words(part.texts, parts.train.texts)
            for part, parts in zip(opened, folds, strict=True)
        ]
    )
    return {
        "headline": compared.headline,
        "rungs": [by_name[name] for name in rungs],
        "simplest": simplest(finished),
        "verdict": verdict(records, compared.headline, len(test), limits, compared.pair),
        "gains": _gains(answers, records, compared.headline, test, unseen),
        "baseline": majority_baseline(folds[0].train.targets, test.targets, test.labels),
        "clean": None if clean.all() or not clean.any() else {
            "left_out": {"same": int(same.sum()), "near": int(near.sum())},
            "similarity": audited.near,
            "rows": int(clean.sum()),
        },
        "findings": findings(audited, talk),
    }  # fmt: skip


def _gains(
    answers: list[Answers],
    records: list[dict[str, Any]],
    headline: str,
    test: Corpus,
    unseen: np.ndarray,
) -> dict[str, Any] | None:
    """Where the best other model is right and the simplest wrong; None where there are not two."""
    reference = simplest([one.name for one in answers])
    others = [record for record in records if record["name"] not in (PRIOR, STACK, reference)]
    if reference == PRIOR or not others:
        return None
    other = max(others, key=lambda record: record["test"][headline]["value"])["name"]
    reading = [one for one in answers if one.name != PRIOR]
    return gain_facts(
        test,
        unseen,
        reference,
        other,
        {one.name: one.predicted for one in reading},
        {one.name: one.probabilities for one in reading},
    )
