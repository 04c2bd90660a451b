"""What a finished classifier comes to on the parts of its run: figures, findings, mistakes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from textkind.data.corpus import Corpus
from textkind.data.read import CorpusReading
from textkind.data.settings import SplitSettings
from textkind.data.split import Parts
from textkind.decision.decision import decide, probabilities
from textkind.decision.rule_settings import RuleSettings
from textkind.evaluation.intervals import VERY_FEW_ROWS
from textkind.evaluation.scorecard import majority_baseline, score_part
from textkind.progress import Talk
from textkind.workflow.corpus_map import NONE, corpus_map
from textkind.workflow.effect import effect_facts
from textkind.workflow.error_groups import error_groups
from textkind.workflow.leaks import audited_parts, clean_figures, findings, language_counts
from textkind.workflow.learn import Learned
from textkind.workflow.mistakes import mistake_records
from textkind.workflow.novelty import novelty_facts, read_signs
from textkind.workflow.scope import OutOfScope
from textkind.workflow.slices import slice_facts, test_columns
from textkind.workflow.threshold_curves import curve_facts
from textkind.workflow.traced_example import traced_example
from textkind.workflow.trust import trust_facts, uncalibrated_facts


class Judging(Protocol):
    """What the settings of a recipe say about judging what it made."""

    @property
    def split(self) -> SplitSettings:
        """Its seed is that of all that is random."""

    @property
    def rule(self) -> RuleSettings:
        """How labels were to be given, to tell what that changed."""

    @property
    def map(self) -> str:
        """The map of the report: pca, umap or none."""

    @property
    def threads(self) -> int | None:
        """None: all cores."""


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The figures of metrics.json, and records: mistakes to read, and the points of the map.

    test is the test part, open by then; None where there is none.
    """

    figures: dict[str, Any]
    mistakes: list[dict[str, Any]]
    points: list[dict[str, Any]]
    test: Corpus | None


def evaluate_parts(
    learned: Learned,
    parts: Parts,
    readings: Mapping[str, CorpusReading],
    settings: Judging,
    talk: Talk,
    outside: OutOfScope | None = None,
) -> Evaluated:
    """The figures of validation and test, the baseline's, the findings, mistakes and the map.

    The test labels are opened here, once, after everything is chosen.
    """
    classifier, logits = learned.classifier, learned.validation_logits
    part, tested, signs = parts.validation, None, None
    if parts.test is not None:
        with talk.task("evaluating on test"):
            looks = classifier.novelty is not None
            signs = read_signs(classifier, parts.test.texts, settings.threads, novelty=looks)
            logits = signs.logits
        part = parts.test.open("evaluation of the finished classifier")
        tested = part, probabilities(classifier.decision, logits)
    found = scored_parts(learned, parts, readings, tested, settings, talk)
    if logits is not None:
        found.figures["uncalibrated"] = uncalibrated_facts(classifier, part, logits)
    found.figures["novelty"] = novelty_facts(classifier, signs, outside, settings.threads)
    return found


def scored_parts(
    learned: Learned,
    parts: Parts,
    readings: Mapping[str, CorpusReading],
    tested: tuple[Corpus, np.ndarray] | None,
    settings: Judging,
    talk: Talk,
) -> Evaluated:
    """As evaluate_parts, of a test part that is open with its (N, K) probabilities, or of none."""
    seed = settings.split.seed
    names = ("test", "uncalibrated", "clean", "slices", "validation", "trust", "effect", "baseline")
    keys = (*names, "novelty", "errors", "curves", "map", "traced")
    figures: dict[str, Any] = dict.fromkeys(keys)
    mistakes: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    shown = tested
    audited = audited_parts(
        readings, parts, None if tested is None else tested[0], settings.threads
    )
    with talk.task("looking for what makes figures lie"):
        figures["findings"] = findings(audited, talk)
        figures["languages"] = language_counts(audited)
    if learned.validation_probabilities is not None:
        with talk.task("evaluating on validation"):
            given = learned.validation_probabilities
            figures["validation"] = score_part(
                given,
                decide(learned.classifier.decision, given),
                parts.validation.targets,
                parts.validation.labels,
                seed,
            )
        figures["trust"] = trust_facts(learned.classifier, tested)
        if tested is None:
            shown = parts.validation, learned.validation_probabilities
    if tested is not None:
        test, given = tested
        with talk.task("scoring test"):
            if 0 < len(test) < VERY_FEW_ROWS:
                talk.note(
                    f"only {len(test):,} test texts: the intervals are wide, and the figures "
                    "mean little"
                )
            predicted = decide(learned.classifier.decision, given)
            figures["test"] = score_part(given, predicted, test.targets, test.labels, seed)
            figures["baseline"] = majority_baseline(parts.train.targets, test.targets, test.labels)
        figures["clean"] = clean_figures(audited, given, predicted, seed, talk)
        with talk.task("slicing"):
            beside = test_columns(readings, test)
            figures["slices"] = slice_facts(test, beside, given, predicted, seed=seed)
    if shown is not None:
        figures["effect"] = effect_facts(
            learned, parts.train, parts.validation, parts.facts["parts"]["train"]["labels"],
            shown, settings.rule,
            is_test=shown is tested, seed=seed, threads=settings.threads, talk=talk,
        )  # fmt: skip
    if shown is not None and len(shown[0]):
        part, given = shown
        figures["curves"] = curve_facts(learned.classifier.decision, part, given)
        found = error_groups(
            learned.classifier, part, given, parts.train,
            seed=seed, threads=settings.threads, talk=talk,
        )  # fmt: skip
        figures["errors"] = found.figures
        with talk.task("explaining the mistakes"):
            mistakes = mistake_records(learned.classifier, part, given, found=found)
            figures["traced"] = traced_example(learned.classifier, part, given)
        if settings.map != NONE:
            drawn = corpus_map(
                learned.classifier, part, decide(learned.classifier.decision, given), settings.map,
                seed=seed, threads=settings.threads, talk=talk,
            )  # fmt: skip
            figures["map"], points = drawn.figures, drawn.points
    return Evaluated(figures, mistakes, points, None if tested is None else tested[0])
