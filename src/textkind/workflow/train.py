"""Train: read -> split -> learn -> evaluate -> explain -> write.

The run folder is put in its place when everything in it is done; until then, and after an error
or Ctrl-C at any moment, there is the old one or none.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import textkind
from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.data.read import CorpusReading, Reading
from textkind.data.rejected import write_rejected
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.split import Parts
from textkind.decision.calibrate import CalibrationSettings
from textkind.decision.decision import decide, probabilities
from textkind.decision.rule_settings import RuleSettings
from textkind.evaluation.intervals import VERY_FEW_ROWS
from textkind.evaluation.scorecard import majority_baseline, score_part
from textkind.models.neural_settings import NeuralSettings, settings_to_json
from textkind.models.settings import LinearSettings
from textkind.progress import SILENT, Talk
from textkind.report.card import render_card
from textkind.report.page import write_report
from textkind.report.pull_request import render_pull_request
from textkind.storage.documents import document_bytes, parse_document, write_lines
from textkind.storage.model_folder import Provenance, write_model_files
from textkind.storage.place import write_bytes
from textkind.storage.run_folder import (
    CARD,
    KEPT,
    LOG,
    METRICS,
    MISTAKES,
    MODEL,
    PULL_REQUEST,
    REJECTED,
    REPORT,
    free_run_folder,
    new_run_folder,
)
from textkind.workflow.auto import AutoSettings, climb_to_model
from textkind.workflow.corpus_map import NONE, PCA, check_method, corpus_map
from textkind.workflow.effect import effect_facts
from textkind.workflow.environment import environment_facts
from textkind.workflow.error_groups import MOST_KNOWN, error_groups
from textkind.workflow.kept_texts import MOST_KEPT, check_number, kept_file
from textkind.workflow.leaks import audited_parts, clean_figures, findings, language_counts
from textkind.workflow.learn import Learned, ModelSettings, learn
from textkind.workflow.mistakes import mistake_records
from textkind.workflow.novelty import novelty_facts, read_signs, with_novelty
from textkind.workflow.origin import origin_of
from textkind.workflow.parts import data_facts, read_sources, split_readings
from textkind.workflow.scope import OutOfScope, scoped
from textkind.workflow.slices import slice_facts, test_columns
from textkind.workflow.threshold_curves import curve_facts
from textkind.workflow.told import Account
from textkind.workflow.traced_example import traced_example
from textkind.workflow.trust import trust_facts, uncalibrated_facts
from textkind.workflow.unread import unread_tokens

METRICS_FORMAT = 1
RUNS = Path("runs")
READ_IN_ORDER = ("rnn", "transformer")  # networks whose gradients are looked at step by step


@dataclass(frozen=True)
class TrainSettings:
    """Everything a run needs beside its data."""

    test: object = None  # a source of its own; None: split off
    validation: object = None  # a source of its own; None: split off
    out: Path | None = None  # the run folder; None: runs/NAME-1, or the next free number
    overwrite: bool = False
    reading: ReadSettings = field(default_factory=ReadSettings)
    split: SplitSettings = field(default_factory=SplitSettings)  # its seed is the run's
    model: ModelSettings | AutoSettings = field(default_factory=LinearSettings)
    calibration: CalibrationSettings = field(default_factory=CalibrationSettings)
    rule: RuleSettings = field(default_factory=RuleSettings)
    novelty: str = "energy"  # a score of decision/novelty.py, auto for all the model can give, none
    out_of_scope: object = None  # a source of texts that have none of the labels
    out_of_scope_label: str | None = None  # the label that such texts have in the data
    keep_texts: int = MOST_KEPT  # training texts that the run keeps at most; 0: none
    map: str = PCA  # the map of the report: pca, umap or none
    threads: int | None = None  # None: all cores
    command: str | None = None  # the command line that asked for the run, to be kept with it

    def __post_init__(self) -> None:
        check_number(self.keep_texts)
        check_method(self.map, NONE)


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The figures of metrics.json, and records: mistakes to read, and the points of the map."""

    figures: dict[str, Any]
    mistakes: list[dict[str, Any]]
    points: list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class RunResult:
    """Where the run is, what metrics.json holds, and the classifier."""

    folder: Path
    metrics: dict[str, Any]
    classifier: Classifier


def train(
    source: object, settings: TrainSettings = TrainSettings(), talk: Talk = SILENT
) -> RunResult:
    """Learn from labelled text and write a run folder.

    source is a path, "-" for standard input, a frame, an Arrow table, a mapping or a list of
    dicts. Raises DataError, ColumnError, SettingsError or OutputError.
    """
    account = Account(talk)
    out = run_folder_for(source) if settings.out is None else Path(settings.out)
    with new_run_folder(out, overwrite=settings.overwrite) as folder:
        with account.step("read"):
            readings = read_sources(source, settings, account)
            readings, outside = scoped(readings, settings, account)
        with account.step("split"):
            parts = split_readings(readings, settings, account)
        with account.step("fit"):
            learned, chosen, climb = learned_model(parts, settings, account)
            learned = with_novelty(
                learned, parts.train, parts.validation, settings.novelty,
                outside=outside, threads=settings.threads, talk=account,
            )  # fmt: skip
        settings = replace(settings, model=chosen)
        with account.step("evaluate"):
            judged = evaluate_parts(learned, parts, readings, settings, account, outside)
            unread = unread_of_test(learned, parts, settings, account)
        fit = fit_facts(learned, settings, account) | unread
        fit |= gradients_by_step(learned, parts, settings)
        fit |= climb
        told, kept = kept_file(
            learned.classifier, parts.train, settings.keep_texts,
            seed=settings.split.seed, threads=settings.threads, talk=account,
        )  # fmt: skip
        metrics = run_facts(judged.figures, fit, readings, parts, settings, account, kept=told)
        with account.task("writing the run folder"):
            first = readings["train"]
            rows = learned.classifier.model.facts.get("texts", len(parts.train))
            seed = settings.split.seed
            origin = origin_of(source, first.source, first.columns, rows, seed)
            write_run(folder, learned.classifier, origin, metrics, judged, kept, readings, account)
    talk.note(f"written to {out}")
    return RunResult(out, metrics, learned.classifier)


def run_folder_for(source: object) -> Path:
    """runs/NAME-1 by the name of the file or folder, or the next free number."""
    name = "run"
    if isinstance(source, str | Path):
        path = Path(source)
        name = "pipe" if str(source) == "-" else path.absolute().name.split(".")[0]
    return free_run_folder(RUNS, name if name else "run")


def learned_model(
    parts: Parts, settings: TrainSettings, talk: Talk
) -> tuple[Learned, ModelSettings, dict[str, Any]]:
    """The model asked for or, with AutoSettings, the one chosen; its settings; fit.auto if so."""
    common: dict[str, Any] = {
        "calibration": settings.calibration,
        "rule": settings.rule,
        "seed": settings.split.seed,
        "threads": settings.threads,
        "talk": talk,
    }
    if isinstance(settings.model, AutoSettings):
        found = climb_to_model(parts.train, parts.validation, settings.model, **common)
        return found.learned, found.settings, {"auto": found.facts}
    return learn(parts.train, parts.validation, settings.model, **common), settings.model, {}


def run_facts(
    figures: dict[str, Any],
    fit: dict[str, Any],
    readings: Mapping[str, CorpusReading],
    parts: Parts,
    settings: TrainSettings,
    account: Account,
    **more: Any,
) -> dict[str, Any]:
    """What metrics.json holds, with more entries where a recipe has some."""
    facts = {
        "format": METRICS_FORMAT,
        "textkind": textkind.__version__,
        "command": settings.command,
        "task": "several labels" if parts.train.labels.several else "one label",
        "labels": list(parts.train.labels.names),
        **figures,
        "data": data_facts(readings, parts),
        "fit": fit,
        "environment": environment_facts(),
        **more,
        "notes": account.notes,
    }
    return parse_document(document_bytes(facts), METRICS)  # tuples become lists


def evaluate_parts(
    learned: Learned,
    parts: Parts,
    readings: Mapping[str, CorpusReading],
    settings: TrainSettings,
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
    settings: TrainSettings,
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
            learned, parts.train, parts.validation, shown, settings.rule,
            is_test=shown is tested, seed=seed, threads=settings.threads, talk=talk,
        )  # fmt: skip
    if shown is not None and len(shown[0]):
        part, given = shown
        figures["curves"] = curve_facts(learned.classifier.decision, part, given)
        known = parts.train.take(np.arange(min(len(parts.train), MOST_KNOWN)))
        found = error_groups(
            learned.classifier, part, given, known, seed=seed, threads=settings.threads, talk=talk
        )
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
    return Evaluated(figures, mistakes, points)


def fit_facts(learned: Learned, settings: TrainSettings, account: Account) -> dict[str, Any]:
    """The entry "fit" of metrics.json: what was asked, what was chosen, how long it took."""
    return {
        "model": settings.model.model,
        "seconds": account.step_seconds | {"total": round(account.seconds, 3)},
        "asked": asked(settings.model),
        "decision": learned.decision_facts,
        "imbalance": learned.imbalance_facts,
        **learned.classifier.model.facts,
    }


def unread_of_test(
    learned: Learned, parts: Parts, settings: TrainSettings, talk: Talk
) -> dict[str, Any]:
    """The entry fit.long with the ledger of the test part; nothing of a model without one."""
    model = learned.classifier.model
    if parts.test is None:
        return {}
    account = unread_tokens(model, parts.test.texts, settings.threads, talk, "test texts")
    if account is None:
        return {}
    long = model.facts["long"]
    return {"long": long | {"parts": long["parts"] | {"test": account}}}


def gradients_by_step(learned: Learned, parts: Parts, settings: TrainSettings) -> dict[str, Any]:
    """The entry fit.gradients of a network that reads in order; nothing of any other model."""
    model = learned.classifier.model
    if model.name not in READ_IN_ORDER:
        return {}
    from textkind.models.neural import NeuralModel  # brings PyTorch with it
    from textkind.workflow.gradients import gradient_facts

    assert isinstance(model, NeuralModel)
    seed, threads = settings.split.seed, settings.threads
    return {"gradients": gradient_facts(model, parts.train, seed=seed, threads=threads)}


def asked(settings: ModelSettings | AutoSettings) -> dict[str, Any]:
    """The settings of a model as metrics.json tells them."""
    return settings_to_json(settings) if isinstance(settings, NeuralSettings) else asdict(settings)


def write_run(
    folder: Path,
    classifier: Classifier,
    origin: Provenance,
    metrics: dict[str, Any],
    found: Evaluated,
    kept: bytes | None,
    readings: Mapping[str, CorpusReading | Reading],
    account: Account,
) -> None:
    """Fill a run folder that is being assembled; kept is its file of kept texts, if any."""
    (folder / MODEL).mkdir()
    write_model_files(classifier, folder / MODEL, origin)
    write_bytes(folder / METRICS, document_bytes(metrics))
    write_lines(folder / MISTAKES, found.mistakes)
    if kept is not None:
        write_bytes(folder / KEPT, kept)
    for name, reading in readings.items():
        if reading.rejected:
            write_rejected(folder / REJECTED[name], reading.rejected)
    write_report(folder / REPORT, metrics, found.mistakes, found.points)
    write_bytes(folder / PULL_REQUEST, render_pull_request(metrics).encode())
    write_bytes(folder / CARD, render_card(metrics).encode())
    write_bytes(folder / LOG, account.log().encode())
