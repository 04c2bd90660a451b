"""Train: read -> split -> learn -> evaluate -> explain -> write.

The run folder is put in its place when everything in it is done; until then, and after an error
or Ctrl-C at any moment, there is the old one or none.
"""

from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import textkind
from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.data.read import CorpusReading, Reading
from textkind.data.rejected import write_rejected
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.split import Parts
from textkind.decision.calibrate import CalibrationSettings
from textkind.decision.rule_settings import RuleSettings
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
    LOG,
    METRICS,
    MISTAKES,
    MODEL,
    PULL_REQUEST,
    REJECTED,
    REPORT,
    TUNING,
    new_run_folder,
)
from textkind.workflow.auto import AutoSettings, climb_to_model
from textkind.workflow.corpus_map import NONE, PCA, check_method
from textkind.workflow.environment import environment_facts
from textkind.workflow.kept_texts import (
    MOST_KEPT,
    Part,
    check_number,
    kept_files,
    part_of,
    seen_in_stream,
)
from textkind.workflow.learn import Learned, ModelSettings, learn
from textkind.workflow.material import Material, read_material, stream_material
from textkind.workflow.novelty import with_novelty
from textkind.workflow.origin import origin_of, run_folder_for, source_name
from textkind.workflow.parts import Sources
from textkind.workflow.scored_parts import Evaluated, evaluate_parts
from textkind.workflow.streaming import cache_folder, caching, is_streamed
from textkind.workflow.told import Account
from textkind.workflow.unread import unread_tokens

if TYPE_CHECKING:
    from textkind.models.pretrained import Trainer

METRICS_FORMAT = 1
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
    stream: bool | None = None  # learn from disk what does not fit memory; None: by its size
    cache: Path | None = None  # where a stream is cached; None: beside the run folder
    threads: int | None = None  # None: all cores
    command: str | None = None  # the command line that asked for the run, to be kept with it

    def __post_init__(self) -> None:
        check_number(self.keep_texts)
        check_method(self.map, NONE)


@dataclass(frozen=True, eq=False)
class RunResult:
    """Where the run is, what metrics.json holds, and the classifier."""

    folder: Path
    metrics: dict[str, Any]
    classifier: Classifier


def train(
    source: object,
    settings: TrainSettings = TrainSettings(),
    talk: Talk = SILENT,
    trainer: "Trainer | None" = None,
) -> RunResult:
    """Learn from labelled text and write a run folder.

    source is a path, "-" for standard input, a frame, an Arrow table, a mapping or a list of
    dicts. trainer trains a network; None: this process does. Raises DataError, ColumnError,
    SettingsError or OutputError.
    """
    account = Account(talk)
    out = run_folder_for(source) if settings.out is None else Path(settings.out)
    with new_run_folder(out, overwrite=settings.overwrite) as folder, ExitStack() as until_done:
        if is_streamed(source, settings.reading, settings.model, settings.stream, account):
            place = folder.parent if settings.cache is None else Path(settings.cache)
            cache = until_done.enter_context(cache_folder(place))
            material = stream_material(source, settings, cache, folder, account)
        else:
            material = read_material(source, settings, account)
        metrics, classifier = fill_run(folder, material, settings, account, trainer=trainer)
    talk.note(f"written to {out}")
    return RunResult(out, metrics, classifier)


def fill_run(
    folder: Path,
    material: Material,
    settings: TrainSettings,
    account: Account,
    tuning: dict[str, Any] | None = None,
    trainer: "Trainer | None" = None,
) -> tuple[dict[str, Any], Classifier]:
    """Fit, evaluate, and fill a run folder that is being assembled: metrics and the classifier.

    tuning is what tune.json is to hold, of a run whose settings were searched for; trainer trains
    a network, as for train. The test labels are opened here.
    """
    parts, readings, outside = material.parts, material.readings, material.outside
    with account.step("fit"):
        learned, chosen, climb = learned_model(material, settings, account, trainer)
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
    stream = material.stream
    kept = kept_files(
        learned, named_parts(material.source, readings, parts, judged.test, settings),
        settings.keep_texts,
        seen=None if stream is None else seen_in_stream(parts.train, stream.counts, len(stream)),
        of={name: part["rows"] for name, part in parts.facts["parts"].items()},
        threads=settings.threads, talk=account,
    )  # fmt: skip
    labels = parts.train.labels
    metrics = run_facts(judged.figures, fit, material.data, labels, settings, account, **kept.facts)
    with account.task("writing the run folder"):
        first = readings["train"]
        rows = learned.classifier.model.facts.get("texts", len(parts.train))
        seed = settings.split.seed
        origin = origin_of(material.source, first.source, first.columns, rows, seed)
        write_run(
            folder, learned.classifier, origin, metrics, judged, kept.files, readings, account,
            tuning,
        )  # fmt: skip
    return metrics, learned.classifier


def named_parts(
    source: object,
    readings: Mapping[str, CorpusReading],
    parts: Parts,
    test: Corpus | None,
    settings: Sources,
) -> dict[str, Part]:
    """The parts of a run with the names of their sources; test is the open test part, if any."""
    names = {"train": source_name(source, readings["train"].source)}
    corpora = {"train": parts.train, "validation": parts.validation}
    if test is not None:
        corpora["test"] = test
    for name, given in (("validation", settings.validation), ("test", settings.test)):
        names[name] = names["train"] if given is None else source_name(given, readings[name].source)
    return {name: part_of(corpus, names[name]) for name, corpus in corpora.items()}


def learned_model(
    material: Material, settings: TrainSettings, talk: Talk, trainer: "Trainer | None" = None
) -> tuple[Learned, ModelSettings, dict[str, Any]]:
    """The model asked for or, with AutoSettings, the one chosen; its settings; fit.auto if so."""
    parts = material.parts
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
    stream = material.stream
    with nullcontext() if stream is None else caching(stream.folder.parent):
        learned = learn(
            parts.train, parts.validation, settings.model,
            stream=stream, trainer=trainer, **common,
        )  # fmt: skip
    return learned, settings.model, {}


def run_facts(
    figures: dict[str, Any],
    fit: dict[str, Any],
    data: dict[str, Any],
    labels: LabelSet,
    settings: TrainSettings,
    account: Account,
    **more: Any,
) -> dict[str, Any]:
    """What metrics.json holds, with more entries where a recipe has some."""
    facts = {
        "format": METRICS_FORMAT,
        "textkind": textkind.__version__,
        "command": settings.command,
        "task": "several labels" if labels.several else "one label",
        "labels": list(labels.names),
        **figures,
        "data": data,
        "fit": fit,
        "environment": environment_facts(),
        **more,
        "notes": account.notes,
    }
    return parse_document(document_bytes(facts), METRICS)  # tuples become lists


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
    kept: Mapping[str, bytes],
    readings: Mapping[str, CorpusReading | Reading],
    account: Account,
    tuning: dict[str, Any] | None = None,
) -> None:
    """Fill a run folder that is being assembled; kept are its files of kept texts, if any."""
    (folder / MODEL).mkdir()
    write_model_files(classifier, folder / MODEL, origin)
    write_bytes(folder / METRICS, document_bytes(metrics))
    write_lines(folder / MISTAKES, found.mistakes)
    for name, data in kept.items():
        write_bytes(folder / name, data)
    for name, reading in readings.items():
        if reading.rejected:
            write_rejected(folder / REJECTED[name], reading.rejected)
    if tuning is not None:
        write_bytes(folder / TUNING, document_bytes(tuning))
    write_report(folder / REPORT, metrics, found.mistakes, found.points, tuning)
    write_bytes(folder / PULL_REQUEST, render_pull_request(metrics).encode())
    write_bytes(folder / CARD, render_card(metrics).encode())
    write_bytes(folder / LOG, account.log().encode())
