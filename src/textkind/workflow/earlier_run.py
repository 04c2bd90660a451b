"""The run that an update goes on from: its classifier, and what is left of its texts.

They are those that the run keeps or, where it keeps none, those of the file that it learned from,
split once more as it was then.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier, update_function
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.data.read import read_corpus
from textkind.data.sampling import Sample, sample_weights, seen_counts
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.split import split_corpus
from textkind.errors import DataError, SettingsError
from textkind.progress import SILENT, Talk
from textkind.storage.held_out import read_held_out
from textkind.storage.kept_texts import read_kept
from textkind.storage.model_folder import Provenance, load_with_provenance
from textkind.storage.run_folder import read_metrics
from textkind.workflow.kept_texts import Part, part_of
from textkind.workflow.origin import learned_from, source_name

NO_TEXTS = (
    "an update needs the texts that the run keeps (--keep-texts of train), or the file that it "
    "learned from: --old FILE"
)


@dataclass(frozen=True, eq=False)
class EarlierRun:
    """A run, and what is left of its texts, in its own label set.

    parts     train, validation and test; the last only where there are test texts
    logits    (M, K) float32 of the validation texts, by a fit that had not seen them
    seen      of what the training texts are a sample
    of        how many texts each part had
    learned   whether the model has learned from the validation texts as well
    complete  whether all texts that the model has learned from are here
    """

    folder: Path
    classifier: Classifier
    origin: Provenance
    metrics: dict[str, Any]
    parts: dict[str, Part]
    logits: np.ndarray
    seen: Sample
    of: dict[str, int]
    learned: bool
    complete: bool

    @property
    def labels(self) -> LabelSet:
        """The label set of the model."""
        return self.classifier.labels

    @property
    def weights(self) -> np.ndarray:
        """(N,) float64: for how many texts that were learned from each training text stands."""
        targets = self.parts["train"].corpus.targets
        weights = sample_weights(targets, self.seen, self.of["train"])
        if self.learned and not self.complete:
            # they stand for the validation texts too, which the model has learned from
            weights = weights * (1 + self.of["validation"] / max(self.of["train"], 1))
        return weights


def open_run(
    model: str | Path, old: object, reading: ReadSettings, talk: Talk = SILENT
) -> EarlierRun:
    """The run in a folder, with its texts: those that it keeps, or those of the source `old`.

    Raises ModelFolderError, DataError, ColumnError, or SettingsError where it cannot be updated.
    """
    folder = Path(model)
    classifier, origin = load_with_provenance(folder)
    metrics = read_metrics(folder)
    if metrics is None:
        raise SettingsError(
            "a model folder by itself holds no texts and no figures: they stand in its run",
            where=str(folder),
            hint="name the run folder that `textkind train` wrote",
        )
    update_function(classifier.model.name)  # raises where that model learns no further
    if old is None:
        return _of_kept(folder, classifier, origin, metrics)
    return _of_source(folder, classifier, origin, metrics, old, reading, talk)


def _of_kept(
    folder: Path, classifier: Classifier, origin: Provenance, metrics: dict[str, Any]
) -> EarlierRun:
    if metrics.get("kept") is None:
        raise SettingsError("this run keeps no texts", where=str(folder), hint=NO_TEXTS)
    kept = read_kept(folder, classifier.labels)
    train = Corpus(kept.texts, kept.targets, classifier.labels, kept.rows)
    parts = {"train": Part(train, kept.sources)}
    of = {"train": kept.total, "validation": 0, "test": 0}
    validation, logits = part_of(train.take(np.empty(0, int)), ""), np.empty((0, 1), np.float32)
    if metrics.get("held_out") is not None:
        held = read_held_out(folder, classifier.labels)
        of |= metrics["held_out"]["of"]
        whole = Corpus(held.texts, held.targets, classifier.labels, held.rows)
        rows = {"validation": np.flatnonzero(~held.tested), "test": np.flatnonzero(held.tested)}
        drawn = {
            name: Part(whole.take(places), held.sources.take(pa.array(places)))
            for name, places in rows.items()
        }
        validation, logits = drawn["validation"], held.logits[~held.tested].astype(np.float32)
        if held.tested.any():
            parts["test"] = drawn["test"]
    parts["validation"] = validation
    learned = _has_learned_validation(metrics)
    all_validation = not learned or len(validation.corpus) == of["validation"]
    # a student has learned more than labels: what its teacher said is in its weights alone
    is_whole = len(kept.texts) == kept.total
    complete = is_whole and all_validation and "distil" not in metrics
    return EarlierRun(
        folder, classifier, origin, metrics, parts, logits, kept.sample, of, learned, complete
    )


def _of_source(
    folder: Path,
    classifier: Classifier,
    origin: Provenance,
    metrics: dict[str, Any],
    old: object,
    reading: ReadSettings,
    talk: Talk,
) -> EarlierRun:
    """From the file that the run learned from, split as it was then."""
    told = metrics["data"]
    if metrics.get("update") is not None or not learned_from(origin, old):
        raise DataError(
            "this is not the file, to the byte, that the run learned from",
            found=source_name(old, str(old)),
            where=str(folder),
            hint=f"the run learned from {origin.source}"
            + (", and more before" if metrics.get("update") is not None else ""),
        )
    found = read_corpus(old, reading, labels=classifier.labels, trained=origin.columns, talk=talk)
    split = told["split"]
    again = split_corpus(
        found.corpus,
        SplitSettings(
            method=None if split["method"] == "given" else split["method"],
            test_share=split["test_share"],
            validation_share=split["validation_share"],
            seed=split["seed"],
            duplicates_on_one_side=told["duplicates"]["kept_on_one_side"],
        ),
    )
    name = source_name(old, found.source)
    corpora = {"train": again.train, "validation": again.validation}
    if again.test is not None:
        corpora["test"] = again.test.open("update of the run that was tested on it")
    for part, corpus in corpora.items():
        if seen_counts(corpus.targets, len(corpus.labels))[:-1].tolist() != [
            *told["parts"][part]["labels"].values()
        ]:
            raise DataError(
                f"the file is not split as it was for the run: other {part} texts",
                where=str(folder),
                hint="was it trained with other options of reading, or with files of its own for "
                "validation? Train on old and new texts together instead",
            )
    counts = seen_counts(again.train.targets, len(classifier.labels))
    of = {part: len(corpus) for part, corpus in corpora.items()}
    learned = _has_learned_validation(metrics)
    logits = np.zeros((of["validation"], len(classifier.labels)), np.float32)
    return EarlierRun(
        folder, classifier, origin, metrics,
        {part: part_of(corpus, name) for part, corpus in corpora.items()},
        logits, Sample(counts), {"test": 0} | of, learned, "distil" not in metrics,
    )  # fmt: skip


def _has_learned_validation(metrics: dict[str, Any]) -> bool:
    told = metrics.get("update")
    if told is not None:
        return bool(told["learned_validation"])
    texts = metrics["fit"].get("texts", 0)
    return bool(texts > metrics["data"]["parts"]["train"]["rows"])


def with_labels(part: Part, labels: LabelSet) -> Part:
    """The part with its targets in a wider label set."""
    corpus = part.corpus
    places = labels.ids_of(corpus.labels)
    if labels.several:
        targets = np.zeros((len(corpus), len(labels)), np.uint8)
        targets[:, places] = corpus.targets
    else:
        targets = places[corpus.targets].astype(np.int32)
    return replace(part, corpus=replace(corpus, targets=targets, labels=labels))
