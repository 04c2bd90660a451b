"""Compare: read -> split -> climb -> judge -> write.

Until the comparison folder is put in its place, whole, there is NAME.unfinished beside it, in which
every finished rung is kept: the same call goes on from there.
"""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import textkind
from textkind.data.folds import fold_parts
from textkind.data.read import CorpusReading
from textkind.data.rejected import write_rejected
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.split import Parts
from textkind.errors import DataError, SettingsError, TrainingError
from textkind.optional import need
from textkind.progress import SILENT, Talk
from textkind.report.compare_page import write_comparison
from textkind.report.pull_request import render_comparison_request
from textkind.storage.comparison_folder import (
    FIGURES,
    copy_model,
    finished_folder,
    not_a_comparison,
)
from textkind.storage.documents import document_bytes, parse_document
from textkind.storage.place import check_folder_target, write_bytes
from textkind.storage.run_folder import LOG, PULL_REQUEST, REJECTED, REPORT
from textkind.storage.unfinished import COMPARISON, open_unfinished
from textkind.workflow.climb import Climb, climb, write_parts
from textkind.workflow.environment import environment_facts
from textkind.workflow.isolated import Failure, check_budget
from textkind.workflow.job_runner import JobRunner
from textkind.workflow.judged import judged
from textkind.workflow.ladder import RUNGS, chosen_rungs, starts_from_encoder
from textkind.workflow.ladder_verdict import Limits
from textkind.workflow.origin import origin_of, run_folder_for
from textkind.workflow.parts import (
    data_facts,
    read_sources,
    readings_digest,
    split_readings,
    worthwhile_split,
)
from textkind.workflow.rung import MODEL
from textkind.workflow.told import Account

FORMAT = 1


@dataclass(frozen=True)
class CompareSettings:
    """Everything a comparison needs beside its data."""

    models: tuple[str, ...] = RUNGS
    encoder: str | None = None  # a folder or name, of the rungs that start from one; None: MiniLM
    revision: str | None = None  # of a name
    budget: float | None = 1200.0  # seconds for all fits together; None: as long as they need
    folds: int | None = None  # None: one test part; else so many, which are all rows together
    limits: Limits = field(default_factory=Limits)  # of the model that is to be chosen
    test: object = None  # a source of its own; None: split off
    validation: object = None  # a source of its own; None: split off
    out: Path | None = None  # None: runs/NAME-ladder-1, or the next free number
    overwrite: bool = False
    reading: ReadSettings = field(default_factory=ReadSettings)
    split: SplitSettings = field(default_factory=SplitSettings)  # its seed is the comparison's
    threads: int | None = None  # None: all cores
    command: str | None = None  # the command line that asked, to be kept with it

    def __post_init__(self) -> None:
        rungs = chosen_rungs(self.models)
        if self.encoder is not None and not any(map(starts_from_encoder, rungs)):
            raise SettingsError(
                "no model that is compared starts from a pretrained encoder",
                found=", ".join(rungs),
                hint="leave out --encoder, or add pretrained, frozen or static to --models",
            )
        if self.revision is not None and self.encoder is None:
            raise SettingsError(
                "a revision is of an encoder by its name",
                found=self.revision,
                hint="pass --encoder too",
            )
        check_budget(self.budget)
        if self.folds is not None and self.test is not None:
            raise SettingsError(
                "folds test every row once, so a test file has no place beside them",
                hint="leave out --test or --folds",
            )
        if self.folds is None and self.test is None and self.split.test_share == 0:
            raise SettingsError(
                "a comparison needs a test part", hint="leave out --test-share 0, or give --test"
            )


@dataclass(frozen=True, eq=False)
class CompareResult:
    """Where the comparison is, and what compare.json holds."""

    folder: Path
    facts: dict[str, Any]


def compare(
    source: object,
    settings: CompareSettings = CompareSettings(),
    talk: Talk = SILENT,
    runner: JobRunner | None = None,
) -> CompareResult:
    """Fit every model of the ladder on one split and write a comparison folder.

    source is as for train; a runner fits the models elsewhere than here. Raises DataError,
    ColumnError, SettingsError or OutputError, and TrainingError with the reason of each where no
    model could be fitted; one that fails beside others is a row with its reason.
    """
    account = Account(talk)
    out = run_folder_for(source, "ladder") if settings.out is None else Path(settings.out)
    check_folder_target(out, settings.overwrite, not_a_comparison)
    rungs = chosen_rungs(settings.models)
    with account.step("read"):
        readings = read_sources(source, settings, account)
    with account.step("split"):
        folds = _folds(readings, settings, account)
    encoder = _encoder_facts(settings)
    plan = _plan(readings, settings, encoder)
    first = readings["train"]
    origin = origin_of(
        source, first.source, first.columns, len(folds[0].train), settings.split.seed
    )
    with open_unfinished(COMPARISON, out, plan, overwrite=settings.overwrite) as (folder, goes_on):
        if goes_on:
            account.note(f"going on with the unfinished comparison in {folder}")
        way = Climb(
            folder, rungs, settings.budget, settings.split.seed, settings.threads, asdict(origin),
            _found_from_anywhere(settings.encoder), (encoder or {}).get("revision"),
        )  # fmt: skip
        with account.step("fit"):
            write_parts(folder, folds)
            failures = climb(way, folds, account, runner)
        _check_any(way, failures)
        with account.step("evaluate"), account.task("evaluating"):
            figures = judged(way, failures, folds, readings, settings.limits, account)
        facts = _facts(rungs, figures, readings, folds, settings, encoder, account)
        with finished_folder(out, folder, overwrite=settings.overwrite) as part:
            _fill(part, way, facts, readings, account)
    talk.note(f"written to {out}")
    return CompareResult(out, facts)


def _check_any(way: Climb, failures: Mapping[str, Failure]) -> None:
    """TrainingError with the reason of each where no rung is finished; nothing is kept then."""
    if len(failures) < len(way.rungs):
        return
    shutil.rmtree(way.folder, ignore_errors=True)
    told = "; ".join(f"{name}: {failure.reason}" for name, failure in failures.items())
    hint = next((failure.hint for failure in failures.values() if failure.hint), "")
    raise TrainingError(f"no model could be fitted: {told}", hint=hint)


def _facts(
    rungs: tuple[str, ...],
    figures: dict[str, Any],
    readings: Mapping[str, CorpusReading],
    folds: list[Parts],
    settings: CompareSettings,
    encoder: dict[str, Any] | None,
    account: Account,
) -> dict[str, Any]:
    """What compare.json holds."""
    labels = readings["train"].corpus.labels
    facts = {
        "format": FORMAT,
        "textkind": textkind.__version__,
        "command": settings.command,
        "task": "several labels" if labels.several else "one label",
        "labels": list(labels.names),
        "settings": {
            "models": list(rungs),
            "encoder": encoder,
            "budget": settings.budget,
            "folds": settings.folds,
            "threads": settings.threads,
            "limits": asdict(settings.limits),
        },
        **figures,
        "data": data_facts(readings, folds[0]),
        "environment": environment_facts(),
        "seconds": account.step_seconds | {"total": round(account.seconds, 3)},
        "notes": account.notes,
    }
    return parse_document(document_bytes(facts), FIGURES)  # tuples become lists


def _fill(
    part: Path,
    way: Climb,
    facts: dict[str, Any],
    readings: Mapping[str, CorpusReading],
    account: Account,
) -> None:
    """Fill a comparison folder that is being assembled; of folds the models are the first's."""
    for rung in facts["rungs"]:
        if rung["status"] == "finished":
            copy_model(way.place(1) / rung["name"] / MODEL, part, rung["name"])
    write_bytes(part / FIGURES, document_bytes(facts))
    for name, reading in readings.items():
        if reading.rejected:
            write_rejected(part / REJECTED[name], reading.rejected)
    write_comparison(part / REPORT, facts)
    write_bytes(part / PULL_REQUEST, render_comparison_request(facts).encode())
    write_bytes(part / LOG, account.log().encode())


def _folds(
    readings: Mapping[str, CorpusReading], settings: CompareSettings, talk: Talk
) -> list[Parts]:
    """One split, or one a fold; DataError where a label set cannot be learned from so few texts."""
    corpus = readings["train"].corpus
    if settings.folds is None:
        folds = [split_readings(readings, settings, talk)]
    else:
        given = readings.get("validation")
        folds = fold_parts(
            corpus,
            worthwhile_split(corpus, settings.split),
            settings.folds,
            None if given is None else given.corpus,
            talk,
        )
    for parts in folds:
        if len(parts.train) < len(corpus.labels):
            raise DataError(
                f"fewer training texts than labels: {len(parts.train):,} for "
                f"{len(corpus.labels):,} labels",
                hint="give more texts, or join labels that are rare",
            )
        if parts.test is None or len(parts.test) == 0:
            raise DataError("no test text, so nothing can be compared", hint="give a test file")
    return folds


def _encoder_facts(settings: CompareSettings) -> dict[str, Any] | None:
    """Name, checksum and revision of the encoder that was asked for; raises as open_encoder."""
    if settings.encoder is None:
        return None
    need("torch", "a pretrained encoder")
    from textkind.models.encoder_folder import open_encoder  # brings PyTorch with it

    folder = open_encoder(settings.encoder, settings.revision)
    return {"name": folder.name, "sha256": folder.sha256, "revision": folder.revision}


def _found_from_anywhere(encoder: str | None) -> str | None:
    """A folder by its whole path: on a cluster a rung is fitted in another folder than here."""
    if encoder is None or not Path(encoder).is_dir():
        return encoder
    return str(Path(encoder).resolve())


def _plan(
    readings: Mapping[str, CorpusReading],
    settings: CompareSettings,
    encoder: dict[str, Any] | None,
) -> dict[str, Any]:
    """What decides whether an unfinished comparison is the same: its data and its settings.

    The models asked for are not in it: those that are finished are kept whatever is added.
    """
    return {
        "format": FORMAT,
        "textkind": textkind.__version__,
        "data": readings_digest(readings),
        "split": asdict(settings.split),
        "folds": settings.folds,
        "budget": settings.budget,
        "threads": settings.threads,
        "encoder": encoder,
    }
