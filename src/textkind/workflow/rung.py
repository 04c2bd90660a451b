"""One rung of a comparison, in a process of its own: fit or mix, measure, write; then the end.

    python -m textkind.workflow.rung JOB.json

What it needs it reads from files that the comparison wrote, and the test part is there without its
labels: a rung cannot see them.
"""

import json
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np

from textkind.classifier import Classifier, Model, fit_function
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.data.targets import label_counts
from textkind.decision.decision import decision_to_json, fit_decision
from textkind.decision.evidence import evidence_of
from textkind.decision.fit_rule import fit_rule
from textkind.decision.rule_choice import label_shares
from textkind.decision.rule_settings import RuleSettings
from textkind.errors import SettingsError
from textkind.progress import Talk
from textkind.stack import StackModel, added_logits, fit_weights
from textkind.storage.documents import document_bytes
from textkind.storage.model_folder import (
    load_model,
    provenance_of_json,
    write_model_files,
)
from textkind.storage.part_files import read_part, read_texts
from textkind.storage.place import write_bytes
from textkind.storage.tensors import parse_tensors, tensor_bytes
from textkind.workflow.child import done_as_child
from textkind.workflow.costs import measured_speed, peak_mb
from textkind.workflow.ladder import STACK, rung_settings, with_budget
from textkind.workflow.learn import learn
from textkind.workflow.unread import unread_tokens

OUTCOME, PREDICTIONS, MODEL = "outcome.json", "predictions.safetensors", "model"
TRAIN, VALIDATION, TEST = "train.arrow", "validation.arrow", "test.arrow"
TOLD = ("texts", "epochs", "ended", "parameters")  # of a fit, beside its costs
BEST = 4  # members of a stack at most


@dataclass(frozen=True)
class Job:
    """What one process does.

    parts     folder of the Arrow files of this fold
    out       folder to fill, empty
    seconds   that the rung should take in all; None: as long as it needs
    members   folders of finished rungs, for a stack
    origin    provenance as JSON; its rows are those learned from
    encoder   that a model starts from which starts from one, and its revision; None: the usual one
    """

    module: ClassVar[str] = "textkind.workflow.rung"

    rung: str
    parts: str
    out: str
    labels: tuple[str, ...]
    several: bool
    seed: int
    threads: int | None
    seconds: float | None
    members: tuple[str, ...]
    origin: dict[str, Any]
    encoder: str | None = None
    revision: str | None = None


@dataclass(frozen=True, eq=False)
class Made:
    """A classifier; validation probabilities (N, K) or None; JSON-able facts; what the fit took."""

    classifier: Classifier
    validation_probabilities: np.ndarray | None
    facts: dict[str, Any]
    seconds: float


def main(arguments: list[str]) -> int:
    """Do the job of the file named; 0 where it is done, 1 where failure.json tells why not."""

    def do(told: dict[str, Any], talk: Talk) -> None:
        run(
            Job(**told | {"labels": tuple(told["labels"]), "members": tuple(told["members"])}), talk
        )

    return done_as_child(Path(arguments[0]), do)


def run(job: Job, talk: Talk) -> None:
    """Make the classifier of the rung, measure it on the test texts, and fill the folder."""
    started = time.perf_counter()
    labels = LabelSet(job.labels, job.several)
    parts, out = Path(job.parts), Path(job.out)
    validation = None
    if (parts / VALIDATION).exists():
        validation = read_part(parts / VALIDATION, labels)
    texts = read_texts(parts / TEST)
    if job.rung == STACK:
        targets = read_part(parts / TRAIN, labels).targets
        shares = label_shares(label_counts(targets, len(labels)), len(targets))
        made = _stack(job, labels, shares, validation, talk)
    else:
        made = _fit(job, read_part(parts / TRAIN, labels), validation, talk)
    classifier = made.classifier
    given, speed = measured_speed(classifier, texts, job.threads)
    folder = out / MODEL
    folder.mkdir()
    origin = job.origin | {"rows": classifier.model.facts.get("texts", job.origin["rows"])}
    write_model_files(classifier, folder, provenance_of_json(origin))
    arrays = {"test": given}
    if made.validation_probabilities is not None:
        arrays["validation"] = made.validation_probabilities
    write_bytes(out / PREDICTIONS, tensor_bytes(arrays))
    size = sum(file.stat().st_size for file in folder.iterdir())
    cost = {"fit_seconds": made.seconds, **speed, "peak_mb": peak_mb(), "disk_mb": size / 1e6}
    outcome = {
        "rung": job.rung,
        "kind": classifier.model.name,
        "decision": decision_to_json(classifier.decision),
        "cost": cost,
        "fit": made.facts,
        "unread": unread_tokens(classifier.model, texts, job.threads, talk, "test texts"),
        "offered": [Path(member).name for member in job.members],
        "seconds": time.perf_counter() - started,
    }
    write_bytes(out / OUTCOME, document_bytes(outcome))


def _fit(job: Job, train: Corpus, validation: Corpus | None, talk: Talk) -> Made:
    settings = rung_settings(job.rung, job.encoder, job.revision)
    settings = with_budget(settings, job.seconds)
    fit_function(settings.model)  # to load what it imports is no part of the fit
    began = time.perf_counter()
    learned = learn(train, validation, settings, seed=job.seed, threads=job.threads, talk=talk)
    facts = learned.classifier.model.facts
    told = {name: facts[name] for name in TOLD if name in facts}
    return Made(
        learned.classifier, learned.validation_probabilities, told, time.perf_counter() - began
    )


def _stack(
    job: Job, labels: LabelSet, shares: np.ndarray, validation: Corpus | None, talk: Talk
) -> Made:
    """The best few by validation, mixed; SettingsError where there is nothing to mix.

    shares (K,) are those of the labels in train.
    """
    began = time.perf_counter()
    if validation is None:
        raise SettingsError("no validation part to mix by")
    folders = [Path(member) for member in job.members]
    given = [
        parse_tensors((folder / PREDICTIONS).read_bytes(), PREDICTIONS)["validation"]
        for folder in folders
    ]
    if len(given) < 2:
        raise SettingsError("fewer than two finished models to mix")
    losses = [float(_log_loss(one, validation.targets)) for one in given]
    best = np.argsort(losses, kind="stable")[:BEST]
    weights = fit_weights(np.stack([given[place] for place in best]), validation.targets)
    kept = [(best[place], weights[place]) for place in np.flatnonzero(weights)]
    if not kept:
        raise SettingsError("no mixture is better on validation than to know nothing")
    if len(kept) < 2:
        alone = folders[kept[0][0]].name
        raise SettingsError(f"no mixture is better on validation than {alone} alone")
    said = np.array([weight for _, weight in kept])
    logits = added_logits(np.stack([given[place] for place, _ in kept]), said, labels.several)
    fitted = fit_decision(logits, validation.targets, labels.several, seed=job.seed)
    mixed = fitted.probabilities
    rule, _ = fit_rule(
        RuleSettings(), labels, shares, mixed, validation.targets, job.seed,
        logits, fitted.decision.calibrator,
    )  # fmt: skip
    decision = replace(fitted.decision, rule=rule)
    evidence = evidence_of(decision, mixed, validation.targets, validation.texts)
    chosen = [folders[place] for place, _ in kept]
    outcomes = [json.loads((folder / OUTCOME).read_text(encoding="utf-8")) for folder in chosen]
    told = {folder.name: round(float(share), 4) for folder, share in zip(chosen, said, strict=True)}
    talk.note(
        "made of " + ", ".join(f"{name} (weight {weight:.2f})" for name, weight in told.items())
    )
    rows = max(outcome["fit"].get("texts", 0) for outcome in outcomes)
    facts: dict[str, Any] = {"texts": rows, "members": told}
    # what a stack costs to make is what its members cost, and the mixing
    seconds = sum(outcome["cost"]["fit_seconds"] for outcome in outcomes)
    seconds += time.perf_counter() - began
    members = tuple(load_model(folder / MODEL) for folder in chosen)
    model = StackModel(labels, members, said, facts)
    known = [one.seen for one in members if one.seen is not None]
    seen = np.unique(np.concatenate(known)) if known else None
    classifier = Classifier(cast(Model, model), decision, labels.names, evidence, seen)
    return Made(classifier, mixed, facts, seconds)


def _log_loss(given: np.ndarray, targets: np.ndarray) -> np.floating[Any]:
    from textkind.evaluation.metrics import row_log_loss

    return row_log_loss(given, targets).mean()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
