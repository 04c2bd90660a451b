"""Which texts a run keeps: of training to search and to replay, of the others to judge updates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.data.sampling import Sample, draw_sample, draws_of, seen_counts
from textkind.errors import SettingsError
from textkind.progress import Talk
from textkind.storage.held_out import HeldOutTexts, held_out_bytes, held_out_facts
from textkind.storage.kept_texts import KeptTexts, kept_bytes, kept_facts
from textkind.storage.run_folder import HELD_OUT, KEPT
from textkind.workflow.learn import Learned
from textkind.workflow.spaces import MODEL_SPACE, text_space

MOST_KEPT = 10_000  # unless asked otherwise
MOST_LOGIT = float(np.finfo(np.float16).max)


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a run: its texts, and (N,) the names of the sources that they came from."""

    corpus: Corpus
    sources: pa.StringArray


@dataclass(frozen=True, eq=False)
class Kept:
    """The entries "kept" and "held_out" of metrics.json, and the files by name."""

    facts: dict[str, dict[str, Any] | None]
    files: dict[str, bytes]


def check_number(number: int) -> None:
    """SettingsError unless so many texts can be kept."""
    if type(number) is not int or number < 0:
        raise SettingsError("the texts to keep must be 0 or more", found=number)


def part_of(corpus: Corpus, source: str) -> Part:
    """A part whose texts all came from one source."""
    return Part(corpus, pa.array([source], pa.string()).take(pa.array(np.zeros(len(corpus), int))))


def seen_in_stream(some: Corpus, counts: np.ndarray, rows: int) -> Sample:
    """Of what the training texts of a stream are, of which some are in memory.

    counts (K,) of all its rows have each label; how many have none is estimated.
    """
    without = seen_counts(some.targets, len(some.labels))[-1] * rows / max(len(some), 1)
    return Sample(np.append(counts, round(without)).astype(np.int64))


def kept_files(
    learned: Learned,
    parts: Mapping[str, Part],
    most: int,
    *,
    seen: Sample | None = None,
    of: Mapping[str, int] | None = None,
    threads: int | None,
    talk: Talk,
) -> Kept:
    """What a run keeps of its parts train, validation and test: at most so many texts of each.

    Of train about as many of each label, of the others any alike; which is drawn by the texts
    themselves. `seen` and `of` are given where the parts are what is left of more: the sample that
    train is of, and how many texts of each part there were. Vectors are kept of a model that has
    some: a network takes far longer to read thousands of texts than a file does.
    """
    train = parts["train"]
    if not most or not len(train.corpus):
        return Kept({"kept": None, "held_out": None}, {})
    if of is None:
        of = {name: len(part.corpus) for name, part in parts.items()}
    kept = _kept(learned.classifier, train, most, of["train"], seen, threads, talk)
    talk.note(
        f"{len(kept.texts):,} of {kept.total:,} training texts are kept in {KEPT} "
        "(--keep-texts 0 keeps none)"
    )
    files = {KEPT: kept_bytes(kept)}
    facts: dict[str, dict[str, Any] | None] = {"kept": kept_facts(kept, files[KEPT])}
    facts["held_out"] = None
    held = _held_out(learned, parts, most)
    if len(held.texts):
        files[HELD_OUT] = held_out_bytes(held)
        told = {name: of.get(name, 0) for name in ("validation", "test")}
        facts["held_out"] = held_out_facts(held, told, files[HELD_OUT])
    return Kept(facts, files)


def _kept(
    classifier: Classifier,
    train: Part,
    most: int,
    total: int,
    seen: Sample | None,
    threads: int | None,
    talk: Talk,
) -> KeptTexts:
    corpus, vectors = train.corpus, None
    if seen is None:
        seen = Sample(seen_counts(corpus.targets, len(corpus.labels)))
    sample, places = draw_sample(corpus.texts, corpus.targets, most, seen)
    some = corpus.take(places)
    space: Any = text_space(classifier, some.texts.slice(0, 0), threads=threads)
    if space.name == MODEL_SPACE:
        with talk.task("making vectors of the texts to keep"):
            vectors = space.vectors(some.texts).astype(np.float16)
    sources = train.sources.take(pa.array(places))
    return KeptTexts(some.texts, some.targets, some.rows, sources, vectors, total, sample)


def _held_out(learned: Learned, parts: Mapping[str, Part], most: int) -> HeldOutTexts:
    """Some of validation, where there are logits of it, and some of test."""
    labels, logits = learned.classifier.labels, learned.validation_logits
    chosen, given = [], []
    for name in ("validation", "test"):
        part = parts.get(name)
        if part is None or (name == "validation" and logits is None):
            continue
        draws = draws_of(part.corpus.texts)
        rows = np.sort(np.argsort(draws, kind="stable")[:most])
        chosen.append((part, rows, name == "test"))
        zeros = np.zeros((len(rows), len(labels)), np.float32)
        own = logits[rows] if name == "validation" and logits is not None else zeros
        given.append(np.clip(own, -MOST_LOGIT, MOST_LOGIT))
    corpora = [part.corpus.take(rows) for part, rows, _ in chosen]
    if not corpora:
        corpora, given = (
            [parts["train"].corpus.take(np.empty(0, int))],
            [np.empty((0, len(labels)))],
        )
    sources = [part.sources.take(pa.array(rows)) for part, rows, _ in chosen]
    tested = [np.full(len(rows), is_test) for _, rows, is_test in chosen]
    return HeldOutTexts(
        pa.concat_arrays([one.texts for one in corpora]),
        np.concatenate([one.targets for one in corpora]),
        np.concatenate([one.rows for one in corpora]),
        pa.concat_arrays(sources) if sources else pa.array([], pa.string()),
        np.concatenate(tested) if tested else np.empty(0, bool),
        np.concatenate(given).astype(np.float16),
    )
