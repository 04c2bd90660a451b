"""What a run learns from and is measured by: read and split, in memory or from a stream."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from textkind.data.read import CorpusReading, read_corpus
from textkind.data.sealed import SealedCorpus
from textkind.data.split import Parts, corpus_profile, part_profile, split_notes
from textkind.data.text_keys import text_keys
from textkind.data.text_stream import TextStream
from textkind.errors import SettingsError
from textkind.storage.run_folder import REJECTED
from textkind.workflow.origin import file_digest
from textkind.workflow.parts import Sources, data_facts, read_sources, split_readings
from textkind.workflow.profile import (
    added,
    column_profile,
    corpus_digest,
    text_bytes,
    word_histogram,
    word_profile,
)
from textkind.workflow.scope import OutOfScope, Scope, scoped
from textkind.workflow.spooled import MOST, Spooled, spool_source
from textkind.workflow.streaming import caching
from textkind.workflow.told import Account


class Learning(Sources, Scope, Protocol):
    """What the settings of a recipe say about its data."""


@dataclass(frozen=True, eq=False)
class Material:
    """What a run learns from and is measured by.

    source is what was read, data the entry "data" of metrics.json. With a stream parts.train is a
    sample of its texts, and readings["train"] holds only the rows that are in memory.
    """

    source: object
    readings: Mapping[str, CorpusReading]
    parts: Parts
    outside: OutOfScope | None
    data: dict[str, Any]
    stream: TextStream | None = None


def read_material(source: object, settings: Learning, account: Account) -> Material:
    """All rows in memory."""
    with account.step("read"):
        readings = read_sources(source, settings, account)
        readings, outside = scoped(readings, settings, account)
    with account.step("split"):
        parts = split_readings(readings, settings, account)
    return Material(source, readings, parts, outside, data_facts(readings, parts))


def stream_material(
    source: object, settings: Learning, cache: Path, folder: Path, account: Account
) -> Material:
    """A source read once: the parts to be measured in memory, the training texts in the cache.

    Rejected rows go to their file in the run folder as they come. SettingsError for what needs all
    rows at once; the rest as read_corpus and spool_source.
    """
    if settings.out_of_scope_label is not None:
        raise SettingsError(
            "a label that is not learned is taken out of all rows at once, which is not streamed",
            found=settings.out_of_scope_label,
            hint="put these texts into a file of their own: --out-of-scope",
        )
    named = {"validation": settings.validation, "test": settings.test}
    given = {name: one for name, one in named.items() if one is not None}
    with account.step("read"), caching(cache.parent):
        spooled = spool_source(
            source, settings.reading, settings.split, cache, folder / REJECTED["train"],
            given=given, talk=account,
        )  # fmt: skip
        readings: Mapping[str, CorpusReading] = {"train": spooled.reading}
        for name, one in given.items():
            reading = read_corpus(
                one, settings.reading, labels=spooled.labels, trained=spooled.reading.columns,
                told=True, talk=account,
            )  # fmt: skip
            readings = {**readings, name: reading}
        readings, outside = scoped(readings, settings, account)
    with account.step("split"):
        parts = _parts(spooled, readings, settings, account)
    stream = TextStream(
        spooled.labels, spooled.rows, spooled.text_bytes, spooled.counts, spooled.keys,
        spooled.blocks, cache,
    )  # fmt: skip
    account.note(
        f"streamed: {spooled.rows:,} texts to learn from lie on disk; what looks at texts, such as "
        f"the choice of features, the findings and the texts kept, sees {len(parts.train):,} of "
        "them"
    )
    return Material(source, readings, parts, outside, _data(spooled, readings, parts), stream)


def _parts(
    spooled: Spooled,
    readings: Mapping[str, CorpusReading],
    settings: Learning,
    account: Account,
) -> Parts:
    """Sample, validation and sealed test, with the facts of all rows."""
    sample, labels = spooled.parts["train"], spooled.labels
    none = sample.take(np.empty(0, np.int64))
    drawn = {name: spooled.parts.get(name) for name in ("validation", "test")}
    held = {
        name: readings[name].corpus if name in readings else part for name, part in drawn.items()
    }
    validation, test = held["validation"], held["test"]
    profiles = {
        "train": part_profile(labels, spooled.counts, spooled.rows),
        "validation": corpus_profile(none if validation is None else validation),
    }
    if test is not None:
        profiles["test"] = corpus_profile(test)
    across = [
        int(np.isin(text_keys(readings[name].corpus.texts), spooled.keys).sum())
        for name in held
        if name in readings and spooled.keys is not None
    ]
    split = settings.split
    given = "test" in readings
    shares = {
        "test_share": 0.0 if given else split.test_share,
        "validation_share": 0.0 if "validation" in readings else split.validation_share,
    }
    facts = {
        "parts": profiles,
        "duplicates": spooled.repeated
        | {"kept_on_one_side": split.duplicates_on_one_side and settings.reading.group is None}
        | {"across_given_files": sum(across)},
        "split": {
            "method": "given" if given else "hash",
            "seed": split.seed,
            **shares,
        },
    }
    for note in split_notes(facts, 0, True, "hash"):
        account.note(note)
    for name, part in drawn.items():
        most, most_bytes = MOST[name]
        if part is not None and len(part) < 0.9 * shares[f"{name}_share"] * spooled.accepted:
            account.note(
                f"the {name} part is held in memory, so it ends at {len(part):,} texts ({most:,} "
                f"texts or {most_bytes >> 20} MB are the most); the others of its share are "
                "learned from"
            )
    return Parts(
        sample,
        none if validation is None else validation,
        None if test is None else SealedCorpus(test),
        facts,
    )


def _data(spooled: Spooled, readings: Mapping[str, CorpusReading], parts: Parts) -> dict[str, Any]:
    """The entry "data" of metrics.json, as data_facts tells it of rows in memory."""
    first = readings["train"]
    others = {name: reading for name, reading in readings.items() if name != "train"}
    texts: list[pa.LargeStringArray] = [reading.corpus.texts for reading in others.values()]
    words = spooled.words
    for part in texts:
        words = added(words, word_histogram(part))
    return {
        "source": first.source,
        "test_source": others["test"].source if "test" in others else None,
        "read": spooled.read + sum(reading.read for reading in others.values()),
        "accepted": spooled.accepted + sum(len(reading.corpus) for reading in others.values()),
        "rejected": spooled.rejected + sum(len(reading.rejected) for reading in others.values()),
        "out_of_scope": 0,
        **parts.facts,
        "words": word_profile(words),
        "bytes": spooled.bytes + text_bytes(texts),
        "sha256": {"train": {"rows": None, "file": file_digest(first.source)}}
        | {
            name: {"rows": corpus_digest(reading.corpus), "file": file_digest(reading.source)}
            for name, reading in others.items()
        },
        "columns": column_profile(first.columns),
        "stream": {"sample": len(parts.train), "sample_bytes": text_bytes([parts.train.texts])},
        "notes": [note for reading in readings.values() for note in reading.notes],
    }
