"""Texts that have none of the labels: by a label of their own in the data, or in a file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pyarrow as pa

from textkind.data.labels import LabelSet
from textkind.data.read import CorpusReading, texts_of
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.errors import DataError, SettingsError
from textkind.progress import Talk
from textkind.seeds import generator
from textkind.workflow.parts import read_unlabelled


class Scope(Protocol):
    """What the settings of a recipe say about texts out of scope."""

    @property
    def out_of_scope(self) -> object:
        """A source of them; None: there is none."""

    @property
    def out_of_scope_label(self) -> str | None:
        """The label that says so; None: there is none."""

    @property
    def reading(self) -> ReadSettings:
        """How sources are read."""

    @property
    def split(self) -> SplitSettings:
        """Its test share and seed draw those that are measured by."""


@dataclass(frozen=True, eq=False)
class OutOfScope:
    """Texts that have none of the labels: known while training, and put aside to measure by."""

    known: pa.LargeStringArray
    aside: pa.LargeStringArray

    def __len__(self) -> int:
        return len(self.known) + len(self.aside)


def scoped(
    readings: Mapping[str, CorpusReading], settings: Scope, talk: Talk
) -> tuple[Mapping[str, CorpusReading], OutOfScope | None]:
    """The sources without the texts out of scope, and these; None where none are told of.

    Those of a test file are put aside, else as large a part as the test part, drawn by the seed.
    DataError for a label that the training source does not have, or beside which there are not two.
    """
    label = settings.out_of_scope_label
    if label is None and settings.out_of_scope is None:
        return readings, None
    found: dict[str, pa.LargeStringArray] = {}
    if label is not None:
        parted = {name: without_label(reading, label) for name, reading in readings.items()}
        readings = {name: reading for name, (reading, _) in parted.items()}
        found = {name: texts for name, (_, texts) in parted.items()}
        talk.note(
            f"{sum(map(len, found.values())):,} texts with the label {label!r} are out of scope: "
            "it is not learned"
        )
    texts = [one for name, one in found.items() if name != "test"]
    if settings.out_of_scope is not None:
        columns = readings["train"].columns
        given = read_unlabelled(settings.out_of_scope, settings.reading, columns, talk)
        texts.append(texts_of(given, given.columns))
    known, aside = pa.concat_arrays(texts), found.get("test", pa.array([], pa.large_string()))
    if not len(aside):
        order = generator(settings.split.seed, "out of scope").permutation(len(known))
        number = round(len(known) * settings.split.test_share)
        known, aside = (known.take(pa.array(np.sort(part))) for part in
                        (order[number:], order[:number]))  # fmt: skip
    return readings, OutOfScope(known, aside)


def with_label(labels: LabelSet, label: str) -> LabelSet:
    """The label set of a model and one label more, as its file may have it.

    SettingsError where the model has learned that label.
    """
    if label in labels.names:
        raise SettingsError(
            "the model gives this label: texts that have it are in its scope", found=label
        )
    return LabelSet((*labels.names, label), labels.several)


def without_label(reading: CorpusReading, label: str) -> tuple[CorpusReading, pa.LargeStringArray]:
    """The same without the texts that have the label, and without the label; and their texts."""
    corpus = reading.corpus
    place, several = corpus.labels.id_of(label), corpus.labels.several
    names = tuple(name for name in corpus.labels.names if name != label)
    if len(names) < 2:
        raise DataError(
            f"beside {label!r} there are not two labels to tell apart", found=list(names)
        )
    targets = corpus.targets
    is_outside = targets[:, place] != 0 if several else targets == place
    inside = corpus.take(np.flatnonzero(~is_outside))
    targets = inside.targets
    left = (
        np.delete(targets, place, axis=1)
        if several
        else np.where(targets > place, targets - 1, targets).astype(targets.dtype)
    )
    inside = replace(inside, targets=left, labels=LabelSet(names, several))
    table = reading.table.filter(pa.array(~is_outside))
    return replace(reading, corpus=inside, table=table), corpus.texts.filter(pa.array(is_outside))
