"""Update: open the run -> read -> share out -> go on -> compare -> evaluate -> write.

A run learns on from new labelled texts without forgetting: from its parameters, on the texts that
it keeps and the new ones. Both models are compared on the old test texts and on new ones; where the
updated one is significantly worse, nothing is written. What comes out is a run folder like any
other, which can be updated again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from textkind.classifier import Classifier, predict_probabilities, update_function
from textkind.data.corpus import Corpus, joined
from textkind.data.read import read_corpus
from textkind.data.sampling import Sample, seen_counts
from textkind.data.settings import ReadSettings
from textkind.data.split import Parts
from textkind.decision.rule_choice import label_shares
from textkind.decision.rule_settings import RuleSettings
from textkind.errors import RegressionError, SettingsError, did_you_mean
from textkind.evaluation.scorecard import HEADLINE, HEADLINE_SEVERAL
from textkind.evaluation.slices import compared_figure
from textkind.models.replay import Replay
from textkind.progress import SILENT, Talk
from textkind.storage.run_folder import RUNS, free_run_folder, new_run_folder
from textkind.workflow.corpus_map import NONE, PCA, check_method
from textkind.workflow.earlier_run import EarlierRun, open_run, with_labels
from textkind.workflow.fresh_rows import FreshRows, alike_labels, share_out
from textkind.workflow.kept_texts import MOST_KEPT, Part, check_number, kept_files, part_of
from textkind.workflow.learn import Learned, decided, keys_of
from textkind.workflow.novelty import with_novelty
from textkind.workflow.origin import file_digest, origin_of, source_name
from textkind.workflow.parts import data_facts
from textkind.workflow.scored_parts import evaluate_parts
from textkind.workflow.told import Account
from textkind.workflow.train import (
    RunResult,
    TrainSettings,
    fit_facts,
    run_facts,
    unread_of_test,
    write_run,
)
from textkind.workflow.update_changes import compared_part, refusal
from textkind.workflow.update_texts import (
    UpdateTexts,
    reading_of_all,
    update_parts,
    update_texts,
)
from textkind.workflow.updated_settings import (
    calibration_of,
    model_settings_of,
    novelty_of,
    rule_of,
    split_of,
)

UPDATED = "-update"


@dataclass(frozen=True)
class UpdateSettings:
    """Everything an update needs beside its run and the new data."""

    old: object = None  # the source that the run learned from; None: the texts that it keeps
    out: Path | None = None  # the run folder; None: runs/NAME-update-1, or the next free number
    overwrite: bool = False
    force: bool = False  # write the updated model though it is significantly worse
    figure: str | None = None  # that must not get worse; None: accuracy, or micro F1 of several
    level: float = 0.05  # a difference for the worse is significant where p is below
    reading: ReadSettings = field(default_factory=ReadSettings)
    split: Mapping[str, Any] = field(default_factory=dict)  # where not as the run's data was
    rule: RuleSettings | None = None  # None: as the run chooses labels
    keep_texts: int = MOST_KEPT  # texts of each part that the run keeps at most; 0: none
    map: str = PCA  # the map of the report: pca, umap or none
    threads: int | None = None  # None: all cores
    command: str | None = None  # the command line that asked for the update, to be kept with it

    def __post_init__(self) -> None:
        check_number(self.keep_texts)
        check_method(self.map, NONE)
        known = (*HEADLINE, *HEADLINE_SEVERAL)
        if self.figure is not None and self.figure not in known:
            raise SettingsError(
                "there is no such figure", found=self.figure, hint=did_you_mean(self.figure, known)
            )
        if not 0 < self.level < 1:
            raise SettingsError("the level must be above 0 and below 1", found=self.level)


def update(
    model: str | Path,
    source: object,
    settings: UpdateSettings = UpdateSettings(),
    talk: Talk = SILENT,
) -> RunResult:
    """Let a run learn on from new labelled texts, and write a new run folder.

    model is a run folder; source is labelled text, as for train, with old labels or new ones. The
    entry `update` of the figures tells where the run comes from and what changed. Raises
    RegressionError where the updated model is significantly worse, unless forced; ModelFolderError,
    DataError, ColumnError, SettingsError, TrainingError or OutputError.
    """
    account = Account(talk)
    with account.step("open"), account.task("opening the run"):
        run = open_run(model, settings.old, settings.reading, account)
    asked = _train_settings(settings, run)
    out = _folder_for(run) if settings.out is None else Path(settings.out)
    with new_run_folder(out, overwrite=settings.overwrite) as folder:
        with account.step("read"):
            reading = read_corpus(
                source, settings.reading, labels=run.labels, trained=run.origin.columns,
                more_labels=True, talk=account,
            )  # fmt: skip
            labels = reading.corpus.labels
            asked.rule.check_labels(labels)
            figure = _figure(settings, labels.several)
            fresh_labels = [name for name in labels.names if name not in run.labels.names]
            _tell_labels(fresh_labels, reading.corpus, run, account)
        with account.step("split"), account.task("sharing out the new rows"):
            old = {name: with_labels(part, labels) for name, part in run.parts.items()}
            nothing = part_of(reading.corpus.take(np.empty(0, int)), "")
            old = {"test": nothing} | old
            fresh = share_out(
                reading.corpus, old["train"].corpus,
                joined(old["validation"].corpus, old["test"].corpus), run.classifier.seen,
                asked.split, settings.threads, account,
            )  # fmt: skip
            named, digest = source_name(source, reading.source), file_digest(source)
            texts = update_texts(
                old, Part(reading.corpus, part_of(reading.corpus, named).sources), fresh
            )
            parts = update_parts(texts, fresh, asked.split)
        with account.step("fit"):
            seen = _seen(run, old["train"].corpus, fresh, reading.corpus)
            learned = _learned(run, old, fresh, reading.corpus, seen, parts, asked, account)
            of = {name: run.of[name] + len(getattr(fresh, name)) for name in run.of}
            of["train"] -= int(fresh.relabelled.sum())
        with account.step("compare"), account.task("comparing with the model before"):
            compared = _compared(run.classifier, learned.classifier, texts, figure, settings, asked)
        refused = refusal(compared, figure)
        if refused is not None and not settings.force:
            raise RegressionError(
                refused, where=str(model),
                hint="nothing is written; look at the new file with `textkind audit`, or pass "
                "--force to write the run all the same",
            )  # fmt: skip
        if refused is not None:
            account.note(f"written all the same: {refused}")
        with account.step("evaluate"):
            judged = evaluate_parts(
                learned, parts, {"train": reading_of_all(texts, reading)}, asked, account
            )
            unread = unread_of_test(learned, parts, asked, account)
        kept = kept_files(
            learned, {name: texts.named(name) for name in texts.parts}, settings.keep_texts,
            seen=seen, of=of, threads=settings.threads, talk=account,
        )  # fmt: skip
        fit = fit_facts(learned, asked, account) | unread
        told = {
            "number": _number(run) + 1,
            "run": run.folder.absolute().name,
            "source": named,
            "sha256": digest,
            "rows": {name: len(getattr(fresh, name)) for name in texts.parts} | fresh.counts,
            "replay": {
                "texts": len(old["train"].corpus),
                "of": run.of["train"],
                "complete": run.complete,
            },
            "new_labels": fresh_labels,
            "learned_validation": run.learned or _learned_validation(learned, texts),
            "figure": figure,
            "level": settings.level,
            "forced": refused is not None,
            **compared,
            "history": [*_history(run), _step_of(named, digest, fresh)],
        }
        readings = {"train": reading}
        metrics = run_facts(
            judged.figures,
            fit,
            data_facts(readings, parts),
            labels,
            asked,
            account,
            update=told,
            **kept.facts,
        )
        with account.task("writing the run folder"):
            origin = origin_of(source, named, reading.columns, of["train"], asked.split.seed)
            write_run(
                folder, learned.classifier, origin, metrics, judged, kept.files, readings, account
            )
    talk.note(f"written to {out}")
    return RunResult(out, metrics, learned.classifier)


def _train_settings(settings: UpdateSettings, run: EarlierRun) -> TrainSettings:
    """The settings of a run as the earlier one's, but where others are asked for."""
    return TrainSettings(
        out=settings.out,
        overwrite=settings.overwrite,
        reading=settings.reading,
        split=split_of(run, settings.split),
        model=model_settings_of(run.classifier.model),
        calibration=calibration_of(run.metrics),
        rule=rule_of(run) if settings.rule is None else settings.rule,
        keep_texts=settings.keep_texts,
        map=settings.map,
        threads=settings.threads,
        command=settings.command,
    )


def _figure(settings: UpdateSettings, several: bool) -> str:
    figure = compared_figure(several) if settings.figure is None else settings.figure
    if figure in HEADLINE_SEVERAL and not several and figure not in HEADLINE:
        raise SettingsError(
            "a figure of texts with several labels, where these have one", found=figure
        )
    return figure


def _tell_labels(fresh: list[str], new: Corpus, run: EarlierRun, talk: Talk) -> None:
    """Notes on labels that the run does not have, and on a file of one label."""
    if fresh:
        shown = ", ".join(repr(name) for name in fresh[:8])
        more = f" and {len(fresh) - 8:,} more" if len(fresh) > 8 else ""
        many = "1 label is" if len(fresh) == 1 else f"{len(fresh):,} labels are"
        talk.note(f"{many} new: {shown}{more}")
    for name, known in alike_labels(fresh, run.labels.names):
        talk.note(
            f"the new label {name!r} differs from {known!r} in case or separators alone: did you "
            "mean that? They are two labels as long as they are written in two ways"
        )
    present = seen_counts(new.targets, len(new.labels))[:-1] > 0
    if present.sum() == 1:
        only = new.labels.names[int(np.flatnonzero(present)[0])]
        talk.note(f"all new texts have one label, {only!r}: the texts kept hold the others")


def _seen(run: EarlierRun, old: Corpus, fresh: FreshRows, new: Corpus) -> Sample:
    """Of what the training texts are a sample now."""
    labels = len(new.labels)
    counts = np.zeros(labels + 1, np.int64)
    counts[[*new.labels.ids_of(run.labels), labels]] = run.seen.counts
    counts -= seen_counts(old.targets[fresh.relabelled], labels)
    counts += seen_counts(new.targets[fresh.train], labels)
    return Sample(counts, run.seen.level)


def _learned(
    run: EarlierRun,
    old: Mapping[str, Part],
    fresh: FreshRows,
    new: Corpus,
    seen: Sample,
    parts: Parts,
    asked: TrainSettings,
    talk: Talk,
) -> Learned:
    """The updated model with a decision and a score of novelty of its own."""
    stays = np.flatnonzero(~fresh.relabelled)
    replay = Replay(
        old["train"].corpus.take(stays), run.weights[stays], old["validation"].corpus,
        run.logits, run.learned, run.complete,
    )  # fmt: skip
    seed, threads = asked.split.seed, asked.threads
    fit = update_function(run.classifier.model.name)(
        run.classifier.model, replay, new.take(fresh.train), new.take(fresh.validation),
        seed=seed, threads=threads, talk=talk,
    )  # fmt: skip
    validation = parts.validation if len(parts.validation) else None
    keys = keys_of(parts.train, validation)
    if run.classifier.seen is not None:
        keys = np.union1d(keys, run.classifier.seen)
    # one label a text: the counts are of texts; several: of texts with each
    total = seen.counts.sum() if not new.labels.several else run.of["train"] + len(fresh.train)
    learned = decided(
        fit, validation, label_shares(seen.counts[:-1], int(total)), keys,
        calibration=asked.calibration, rule=asked.rule, seed=seed, talk=talk,
    )  # fmt: skip
    learned = replace(learned, imbalance_facts=run.metrics["fit"].get("imbalance"))
    choice = novelty_of(run.classifier)
    return with_novelty(learned, parts.train, parts.validation, choice, threads=threads, talk=talk)


def _compared(
    first: Classifier,
    second: Classifier,
    texts: UpdateTexts,
    figure: str,
    settings: UpdateSettings,
    asked: TrainSettings,
) -> dict[str, Any]:
    """The entries old_test and new_test of the update."""
    test = texts.part("test")
    given = [predict_probabilities(one, test.texts, settings.threads) for one in (first, second)]
    told = {}
    for name, rows in (
        ("old_test", slice(0, texts.old_test)),
        ("new_test", slice(texts.old_test, None)),
    ):
        part = test.take(np.arange(len(test))[rows])
        told[name] = compared_part(
            first, second, part, (given[0][rows], given[1][rows]), figure, settings.level,
            asked.split.seed,
        )  # fmt: skip
    return told


def _learned_validation(learned: Learned, texts: UpdateTexts) -> bool:
    return bool(learned.classifier.model.facts["texts"] > len(texts.parts["train"]))


def _number(run: EarlierRun) -> int:
    told = run.metrics.get("update")
    return 0 if told is None else int(told["number"])


def _history(run: EarlierRun) -> list[dict[str, Any]]:
    """The files that the run has learned from, the first first."""
    told = run.metrics.get("update")
    if told is not None:
        return list(told["history"])
    first = {"source": run.origin.source, "sha256": run.origin.sha256}
    return [first | {name: run.of[name] for name in ("train", "validation", "test")}]


def _step_of(name: str, digest: str | None, fresh: FreshRows) -> dict[str, Any]:
    rows = {part: len(getattr(fresh, part)) for part in ("train", "validation", "test")}
    return {"source": name, "sha256": digest} | rows


def _folder_for(run: EarlierRun) -> Path:
    """runs/NAME-update-1 by the name of the run that was first updated, or the next number."""
    name = run.folder.absolute().name.split(UPDATED)[0]
    return free_run_folder(RUNS, f"{name}{UPDATED}")
