"""A trial of a search for settings, in a process for trials: fit, and measure on validation.

    python -m textkind.workflow.trial            the names of jobs' files on standard input

It reads the training and the validation part from files; the test part is nowhere near it. A model
that does not look at validation while it is trained is fitted to growing shares of the training
part first, and tells how it does by each, so that what is hopeless need not be fitted to all of it.
"""

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.calibrate import CalibrationSettings
from textkind.decision.decision import decide
from textkind.decision.rule_settings import RuleSettings
from textkind.decision.temperature import fit_temperature, plain_probabilities
from textkind.encoding.ngrams import canonical_order
from textkind.errors import TrainingError
from textkind.evaluation.metrics import row_log_loss
from textkind.evaluation.paired import figure_of, row_parts
from textkind.models.prior import PriorSettings
from textkind.models.settings import LinearSettings, ngram_settings
from textkind.progress import SILENT, Talk
from textkind.seeds import generator
from textkind.storage.documents import document_bytes
from textkind.storage.part_files import read_part
from textkind.storage.place import write_bytes
from textkind.storage.tensors import tensor_bytes
from textkind.training.validation import validation_figures
from textkind.workflow.child import jobs_done_as_child
from textkind.workflow.learn import Learned, ModelSettings, learn
from textkind.workflow.rung import TRAIN, VALIDATION
from textkind.workflow.settings_as_json import model_of_json, model_to_json

OUTCOME, JUDGED = "outcome.json", "judged.safetensors"
RUNGS = (0.25, 0.5)  # shares of a training, or of its texts, at which a trial may be ended
FEWEST = 500  # training texts of the smallest share that tells settings apart
CALIBRATION = CalibrationSettings("temperature")  # of every trial: what is compared is the logits


@dataclass(frozen=True)
class TrialJob:
    """What one process does.

    parts   folder of the Arrow files of train and validation
    out     folder to fill, empty
    model   as model_to_json tells it
    rule    as rule_to_json tells it
    """

    module: ClassVar[str] = "textkind.workflow.trial"

    number: int
    parts: str
    out: str
    labels: tuple[str, ...]
    several: bool
    model: dict[str, Any]
    rule: dict[str, Any]
    seed: int
    threads: int


def run(told: dict[str, Any], talk: Talk) -> None:
    """Fit, and fill the folder of the job."""
    job = TrialJob(**told | {"labels": tuple(told["labels"])})
    began = time.monotonic()
    labels, parts, out = LabelSet(job.labels, job.several), Path(job.parts), Path(job.out)
    train = read_part(parts / TRAIN, labels)
    validation = read_part(parts / VALIDATION, labels)
    settings = without_refit(model_of_json(job.model))
    rule = RuleSettings(**job.rule)
    for share in shares_of(settings, len(train)):
        some = train.take(nested_rows(train, share, job.seed))
        learned = _learned(some, validation, settings, rule, job, SILENT)
        assert learned.validation_logits is not None
        talk.look(share, validation_figures(learned.validation_logits, validation.targets))
    learned = _learned(train, validation, settings, rule, job, talk)
    logits, given = learned.validation_logits, learned.validation_probabilities
    assert logits is not None
    assert given is not None
    if not np.isfinite(logits).all():
        raise TrainingError("its validation logits are no numbers")
    targets = validation.targets
    sharp = plain_probabilities(logits, fit_temperature(logits, targets).temperature, job.several)
    losses = row_log_loss(sharp, targets)
    predicted = decide(learned.classifier.decision, given)
    headline = figure_of(row_parts(predicted, targets).sum(axis=0))
    facts = learned.classifier.model.facts
    outcome = {
        "figures": {"log_loss": float(losses.mean()), "headline": float(headline)},
        "model": model_to_json(closed_by(settings, facts, len(train))),
        "epochs": facts.get("epochs"),
        "seconds": time.monotonic() - began,
    }
    arrays = {"losses": losses, "predicted": predicted}
    write_bytes(out / JUDGED, tensor_bytes(arrays))
    write_bytes(out / OUTCOME, document_bytes(outcome))


def _learned(
    train: Corpus,
    validation: Corpus,
    settings: ModelSettings,
    rule: RuleSettings,
    job: TrialJob,
    talk: Talk,
) -> Learned:
    return learn(
        train, validation, settings, calibration=CALIBRATION, rule=rule, seed=job.seed,
        threads=job.threads, talk=talk,
    )  # fmt: skip


def shares_of(settings: ModelSettings, rows: int) -> tuple[float, ...]:
    """The shares of `rows` training texts that a trial is fitted to before it is fitted to all.

    None of a network that looks at validation by itself, and none where there are few texts.
    """
    if settings.model not in BY_SHARES or rows * RUNGS[0] < FEWEST:
        return ()
    return RUNGS


def nested_rows(train: Corpus, share: float, seed: int) -> np.ndarray:
    """The rows of a share: the same for any order of the file, and among those of a larger share.

    Of texts with one label each label has its part, and one at least.
    """
    order = generator(seed, "shares").permutation(canonical_order(train.texts, train.targets))
    if not train.labels.several:
        targets = train.targets[order]
        counts = np.bincount(targets, minlength=len(train.labels))
        by_label = np.argsort(targets, kind="stable")
        firsts = np.cumsum(counts) - counts
        within = np.empty(len(order))
        within[by_label] = np.arange(len(order)) - firsts[targets[by_label]]
        order = order[np.argsort(within / counts[targets], kind="stable")]
    return np.sort(order[: max(1, int(np.ceil(share * len(order))))])


def without_refit(settings: ModelSettings) -> ModelSettings:
    """The settings of a fit to train alone: validation has to judge it."""
    return settings if isinstance(settings, PriorSettings) else replace(settings, refit=False)


def closed_by(settings: ModelSettings, facts: dict[str, Any], rows: int) -> ModelSettings:
    """The settings with what validation, and `rows` training texts, made of the open choices."""
    if not isinstance(settings, LinearSettings):
        return settings
    closed = replace(settings, **{name: facts["settings"][name] for name in settings.open_choices})
    frequency = ngram_settings(closed, closed.features, rows).minimum_document_frequency
    return replace(closed, minimum_document_frequency=frequency)


BY_SHARES = ("linear", "frozen")

if __name__ == "__main__":
    sys.exit(jobs_done_as_child(run))
