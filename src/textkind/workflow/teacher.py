"""The teacher of a distillation: a model of any kind, and how the data it learned from was split.

A run folder and a comparison folder tell the split of their data; a model folder alone tells the
seed and the checksum of the file.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.data.read import CorpusReading, Reading, read_corpus, texts_of
from textkind.data.settings import SplitSettings
from textkind.data.split import Parts, split_corpus
from textkind.data.text_keys import text_keys
from textkind.errors import DataError
from textkind.progress import Talk
from textkind.storage.comparison_folder import FIGURES
from textkind.storage.documents import parse_document
from textkind.storage.manifest import find_model_folder
from textkind.storage.model_folder import Provenance, load_with_provenance
from textkind.storage.run_folder import METRICS
from textkind.workflow.origin import learned_from
from textkind.workflow.parts import Sources

UNKNOWN_LABEL = "unknown label: "
MOST_NAMED = 8  # labels named in an error


@dataclass(frozen=True, eq=False)
class Teacher:
    """A loaded teacher.

    folder  its model folder
    data    the entry "data" of its metrics.json or compare.json; None where there is neither
    """

    classifier: Classifier
    origin: Provenance
    folder: Path
    data: dict[str, Any] | None


def open_teacher(model: str | Path) -> Teacher:
    """The teacher of a run folder or model folder; ModelFolderError where it cannot be opened."""
    path = Path(model)
    classifier, origin = load_with_provenance(path)
    folder = find_model_folder(path)
    return Teacher(classifier, origin, folder, _account(folder))


def split_of(teacher: Teacher) -> SplitSettings:
    """The settings that split the teacher's data: as its run tells, else the defaults; its seed."""
    if teacher.data is None:
        return SplitSettings(seed=teacher.origin.seed)
    told = teacher.data["split"]
    # a share of 0 is of a part that was a file of its own, too small, or not wanted: a student
    # needs both
    shares = {name: told[name] for name in ("test_share", "validation_share") if told[name] > 0}
    return SplitSettings(
        method=None if told["method"] == "given" else told["method"],
        seed=told["seed"],
        duplicates_on_one_side=teacher.data["duplicates"]["kept_on_one_side"],
        **shares,
    )


def told_of_split(
    teacher: Teacher, source: object, settings: Sources, corpus: Corpus, parts: Parts
) -> str | None:
    """A note where the teacher may have learned from test or validation; None where it has not.

    corpus is what was read of the source, parts what it was split into.
    """
    told = teacher.data
    if not learned_from(teacher.origin, source):
        return (
            "this is not the file that the teacher learned from, or that cannot be known: nor can "
            "be whether it has seen test texts"
        )
    if told is None:
        return (
            "the teacher's folder does not tell how this file was split, only the seed: it has not "
            "seen the test texts if its run had the same options of splitting"
        )
    if _same_rows(told, parts.facts):
        return None
    if settings.test is not None or _is_tested_as_before(teacher, corpus, parts):
        if len(parts.validation) == 0:
            return None
        return "the validation part is not the teacher's, which may have learned from it"
    if told["split"]["method"] == "given" and told["test_source"] is None:
        return (
            "the teacher is of a comparison by folds, whose folder does not tell the rows that it "
            "learned from: this file is split anew, the teacher has seen most of the test texts, "
            "and its figures flatter it; pass texts that it has not seen with --test"
        )
    if told["split"]["method"] == "given":
        return (
            f"the teacher learned from this file and was tested on {told['test_source']}: it has "
            "seen the test texts that are split off here, and its figures flatter it; pass its "
            "test file with --test"
        )
    return (
        "this file is not split as it was for the teacher, which may have learned from the test "
        "texts: its figures flatter it"
    )


def read_for(
    teacher: Teacher, source: object, settings: Sources, talk: Talk
) -> dict[str, CorpusReading]:
    """The labelled sources, with the label set and the columns of the teacher.

    DataError where the source has labels that the teacher does not have, naming them.
    """
    labels, trained = teacher.classifier.labels, teacher.origin.columns
    readings = {}
    for name, given in (
        ("train", source),
        ("validation", settings.validation),
        ("test", settings.test),
    ):
        if given is not None:
            readings[name] = read_corpus(
                given, settings.reading, labels=labels, trained=trained, talk=talk
            )
    _check_labels(readings["train"], teacher)
    return readings


def fresh_texts(reading: Reading, known: list[pa.LargeStringArray]) -> pa.LargeStringArray:
    """The texts of a reading, each once, that are not empty and stand in none of the parts `known`.

    A test text would be learned from, if without its label, and a training text is there already.
    """
    texts = texts_of(reading, reading.columns)
    keys = text_keys(texts)
    nothing = text_keys(pa.array([""], pa.large_string()))
    seen = np.concatenate([nothing, *map(text_keys, known)])
    keep = np.zeros(len(keys), bool)
    keep[np.unique(keys, return_index=True)[1]] = True
    keep &= ~np.isin(keys, seen)
    return texts.take(pa.array(np.flatnonzero(keep)))


def _same_rows(told: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Whether two splits of one file agree in all that says which row goes where."""
    counts = [
        {name: part["labels"] for name, part in one["parts"].items()} for one in (told, facts)
    ]
    return told["split"] == facts["split"] and counts[0] == counts[1]


def _is_tested_as_before(teacher: Teacher, corpus: Corpus, parts: Parts) -> bool:
    """Whether the test rows are among those that the teacher was tested on.

    The teacher's split is drawn once more; where it was another, by the counts of its labels, that
    cannot be said.
    """
    told = teacher.data
    assert told is not None
    if told["split"]["method"] == "given" or "test" not in told["parts"]:
        return False
    shares = {name: told["split"][name] for name in ("test_share", "validation_share")}
    own = split_corpus(corpus, replace(split_of(teacher), **shares))
    if own.test is None or own.facts["parts"]["test"] != told["parts"]["test"]:
        return False
    assert parts.test is not None
    return bool(np.isin(parts.test.rows, own.test.rows).all())


def _check_labels(reading: CorpusReading, teacher: Teacher) -> None:
    unknown = {
        one.reason.removeprefix(UNKNOWN_LABEL)
        for one in reading.rejected
        if one.reason.startswith(UNKNOWN_LABEL)
    }
    if not unknown:
        return
    names = sorted(unknown)
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    raise DataError(
        "labels that the teacher does not have: " + ", ".join(names[:MOST_NAMED]) + more,
        found=f"the teacher has {', '.join(teacher.classifier.labels.names[:MOST_NAMED])}",
        where=reading.source,
        hint="a student has its teacher's labels: train a teacher on these, or leave the rows out",
    )


def _account(folder: Path) -> dict[str, Any] | None:
    """The entry "data" of what stands beside a model folder: a run's figures, or a comparison's."""
    places = (folder.parent / METRICS, folder.parent.parent / FIGURES)
    for path in places:
        if path.is_file():
            data = parse_document(path.read_bytes(), str(path)).get("data")
            return data if isinstance(data, dict) else None
    return None
