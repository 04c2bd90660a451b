"""Judge: what the rungs predicted, and now the test labels, to figures, verdict and gains."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.data.corpus import Corpus
from textkind.data.split import Parts
from textkind.errors import DataError
from textkind.evaluation.scorecard import majority_baseline
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
from textkind.workflow.wording import unseen_words


def judged(
    way: Climb, failures: Mapping[str, Failure], folds: list[Parts], limits: Limits
) -> dict[str, Any]:
    """The entries headline, rungs, simplest, verdict, gains and baseline of compare.json.

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
    test = _joined(opened)
    if not test.targets.any() and test.labels.several:
        raise DataError("no test text has a label, so nothing can be compared")
    compared = Compared(answers, test.targets, seed)
    records = rung_records(
        answers,
        test,
        validation=[parts.validation.targets for parts in folds],
        sizes=[len(part) for part in opened],
        compared=compared,
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
    }


def _joined(parts: list[Corpus]) -> Corpus:
    """The test parts of all folds as one."""
    if len(parts) == 1:
        return parts[0]
    return Corpus(
        pa.concat_arrays([part.texts for part in parts]),
        np.concatenate([part.targets for part in parts]),
        parts[0].labels,
        np.concatenate([part.rows for part in parts]),
    )


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
