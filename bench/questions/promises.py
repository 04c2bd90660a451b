"""Are the promises kept? 5 % wrong at most among the answered, and sets that hold the true label.

A model learns the training part once; its logits of the test part are parted in two at random, 100
times. One half stands for validation: calibration and thresholds are fitted on it. The other half
shows what they came to. Errors are counted there, and among all test rows above the threshold, of
which the fitted half is a random draw: those are what the promise speaks of, since the other half
wavers by itself. The covered rows of a half follow a beta-binomial distribution (Vovk 2012), and
the splits outside its 95 % interval are counted.

    python -m bench.trust promises                 both models on both sets
    python -m bench.trust promises:sst2,frozen     one of them on one
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from bench.data import load
from bench.results import Answer, Goal, Row, at_least, at_most

SETS = ("banking77", "sst2")
MODELS = ("linear", "frozen")
SPLITS, MAX_ERROR, COVERAGE = 100, 0.05, 0.9
MOST_BROKEN = 5  # splits of 100, at 95 % confidence
MOST_OUTSIDE = 9  # of 100 where 5 are expected: the 95th percentile of the binomial


@dataclass(frozen=True, eq=False)
class Half:
    """Logits (N, K), ids (N,) and texts."""

    logits: np.ndarray
    targets: np.ndarray
    texts: pa.LargeStringArray


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of both halves, the decision, probabilities of the fitted half and of all rows."""

    fitted: np.ndarray
    other: np.ndarray
    decision: Any
    shown: np.ndarray
    given: np.ndarray


def ask(runs: int, sets: tuple[str, ...] = (*SETS, *MODELS)) -> Answer:
    """sets are names of sets and of models; where it has none of either, all of these."""
    del runs  # there is nothing to time
    models = tuple(name for name in sets if name in MODELS)
    models = models if models else MODELS
    sets = tuple(name for name in sets if name in SETS)
    sets = sets if sets else SETS
    rows: list[Row] = []
    goals: list[Goal] = []
    for name in sets:
        for model in models:
            tested = logits_of_test(name, model)
            splits = splits_of(tested)
            told = [answered(tested, splits), *sets_of(tested, splits)]
            rows += [{"set": name, "model": model, **one} for one in told]
    for row in rows:
        what = f"{row['set']}, {row['model']}"
        if row["promise"] == "max error":
            for key, rows_of in (("broken", "the other half"), ("broken, all rows", "all rows")):
                told = f"splits with errors above 5 % in {rows_of}, {what}"
                goals.append(at_most(told, float(str(row[key])), MOST_BROKEN, " of 100"))
        else:
            outside = float(str(row["outside"]))
            told = f"splits outside the interval, {what}, {row['promise']}"
            goals.append(at_most(told, outside, MOST_OUTSIDE, " of 100"))
            mean = float(str(row["coverage %"]))
            goals.append(at_least(f"mean coverage, {what}, {row['promise']}", mean, 89.5, " %"))
    return Answer(rows, goals)


def logits_of_test(name: str, model: str) -> Half:
    """Of a model that learned the training part, with the defaults of TextClassifier."""
    from textkind import TextClassifier
    from textkind.data.texts import as_texts

    data = load([name])
    learned = TextClassifier(model).fit(data.train.texts, data.train.labels)
    texts = as_texts(data.test.texts)
    ids = {label: place for place, label in enumerate(learned.classes_.tolist())}
    targets = np.array([ids[label] for label in data.test.labels], np.int32)
    return Half(learned.classifier_.model.logits(texts), targets, texts)


def splits_of(tested: Half) -> list[Split]:
    """Random halves, the first calibrated and shown by fits that did not see the row."""
    from textkind.decision.calibrate import CalibrationSettings
    from textkind.decision.decision import fit_decision, probabilities

    number, splits = len(tested.targets), []
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(number)
        fitted, other = order[: number // 2], order[number // 2 :]
        found = fit_decision(
            tested.logits[fitted],
            tested.targets[fitted],
            False,
            CalibrationSettings("temperature"),
        )
        given = probabilities(found.decision, tested.logits)
        splits.append(Split(fitted, other, found.decision, found.probabilities, given))
    return splits


def answered(tested: Half, splits: list[Split]) -> Row:
    from textkind.decision.abstention import fit_abstention
    from textkind.decision.evidence import answers

    shares, errors, all_errors, never = [], [], [], 0
    for split in splits:
        other = split.other
        confidence, predicted = answers(split.decision, split.given)
        right = predicted == tested.targets
        seen, _ = answers(split.decision, split.shown)
        least = fit_abstention(seen, right[split.fitted], MAX_ERROR).confidence
        sure = confidence >= least
        never += not np.isfinite(least)
        shares.append(sure[other].mean())
        if sure[other].any():
            errors.append(float((~right)[other][sure[other]].mean()))
            all_errors.append(float((~right)[sure].mean()))
    return {
        "promise": "max error",
        "accuracy %": 100 * float(right.mean()),
        "answered %": 100 * float(np.mean(shares)),
        "refused": never,
        "mean error %": 100 * float(np.mean(errors)) if errors else None,
        "broken": sum(error > MAX_ERROR for error in errors),
        "broken, all rows": sum(error > MAX_ERROR for error in all_errors),
    }


def sets_of(tested: Half, splits: list[Split]) -> Iterator[Row]:
    from scipy.stats import betabinom

    from textkind.decision.conformal import (
        METHODS,
        ConformalSettings,
        fit_conformal,
        label_sets,
        strangeness,
    )
    from textkind.decision.evidence import evidence_of, text_shares

    shares = text_shares(tested.texts)
    for method in METHODS:
        covered, sizes, outside = [], [], 0
        for split in splits:
            fitted, other, given = split.fitted, split.other, split.given
            known, new = (
                evidence_of(
                    split.decision, probabilities, tested.targets[part], tested.texts.take(part)
                )
                for probabilities, part in ((split.shown, fitted), (given[other], other))
            )
            made = fit_conformal(known, ConformalSettings(method, COVERAGE))
            member = label_sets(made, given[other], shares[other])
            covered.append(member[np.arange(len(other)), tested.targets[other]].mean())
            sizes.append(member.sum(axis=1).mean())
            # what the theorem speaks of, before the likeliest label is put into every set
            held = strangeness(new.standing, made.settings, new.shares) <= made.thresholds[0]
            missed = int((len(fitted) + 1) * (1 - COVERAGE))
            low, high = betabinom.interval(0.95, len(other), len(fitted) + 1 - missed, missed)
            outside += not low <= held.sum() <= high
        yield {
            "promise": f"sets by {method}",
            "coverage %": 100 * float(np.mean(covered)),
            "mean size": float(np.mean(sizes)),
            "outside": outside,
        }
