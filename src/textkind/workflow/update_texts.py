"""All texts of an update, the run's and the new ones, numbered through, and the parts they make."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textkind.data.columns import Columns
from textkind.data.corpus import Corpus, joined
from textkind.data.read import CorpusReading
from textkind.data.sealed import SealedCorpus
from textkind.data.settings import SplitSettings
from textkind.data.split import Parts, corpus_profile
from textkind.workflow.fresh_rows import FreshRows
from textkind.workflow.kept_texts import Part

OLD_PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class UpdateTexts:
    """All texts of an update, the run's and the new ones, numbered through.

    whole    their corpus; its rows count from 1, its ids tell source and place
    rows     (N,) int64 the place of each in its source
    sources  (N,) the names of these
    parts    train, validation and test as (n,) int64 places in it; of test the old ones first
    old_test how many test texts are the run's
    """

    whole: Corpus
    rows: np.ndarray
    sources: pa.StringArray
    parts: dict[str, np.ndarray]
    old_test: int

    def part(self, name: str) -> Corpus:
        """The texts of a part, by their numbers."""
        return self.whole.take(self.parts[name])

    def named(self, name: str) -> Part:
        """The texts of a part, by source and place there."""
        places = self.parts[name]
        corpus = replace(self.part(name), rows=self.rows[places], ids=None)
        return Part(corpus, self.sources.take(pa.array(places)))


def update_texts(old: Mapping[str, Part], new: Part, fresh: FreshRows) -> UpdateTexts:
    """The old parts train, validation and test with the new rows; relabelled old texts go."""
    every = [*(old[name] for name in OLD_PARTS), new]
    whole = joined(*(part.corpus for part in every))
    sources = pa.concat_arrays([part.sources for part in every])
    places = pc.cast(pa.array(whole.rows), pa.string())
    ids = pc.binary_join_element_wise(sources, places, ":").cast(pa.large_string())
    begins = np.cumsum([0, *(len(part.corpus) for part in every)])
    own = {
        name: np.arange(begins[place], begins[place + 1]) for place, name in enumerate(OLD_PARTS)
    }
    own["train"] = own["train"][~fresh.relabelled]
    parts = {
        name: np.concatenate([places, begins[3] + getattr(fresh, name)])
        for name, places in own.items()
    }
    numbers = np.arange(1, len(whole) + 1)
    return UpdateTexts(
        replace(whole, rows=numbers, ids=ids), whole.rows, sources, parts, len(own["test"])
    )


def update_parts(texts: UpdateTexts, fresh: FreshRows, split: SplitSettings) -> Parts:
    """The parts of the updated run, with what metrics.json says of them."""
    corpora = {name: texts.part(name) for name in texts.parts}
    test = corpora["test"] if len(corpora["test"]) else None
    named = {name: part for name, part in corpora.items() if name != "test" or test is not None}
    without = {
        "duplicates": {
            "rows": 0,
            "groups": 0,
            "conflicting": 0,
            "kept_on_one_side": split.duplicates_on_one_side,
            "across_given_files": 0,
        },
        "split": {
            "method": "stratified" if split.method is None else split.method,
            "seed": split.seed,
            "test_share": 0.0,
            "validation_share": 0.0,
        },
    }
    facts = {"parts": {name: corpus_profile(part) for name, part in named.items()}}
    return Parts(
        corpora["train"],
        corpora["validation"],
        None if test is None else SealedCorpus(test),
        facts | without | fresh.facts,
    )


def reading_of_all(texts: UpdateTexts, reading: CorpusReading) -> CorpusReading:
    """All texts of the update as if they came from one source without further columns."""
    return replace(
        reading,
        corpus=texts.whole,
        table=pa.table({"text": texts.whole.texts}),
        columns=Columns(text=("text",), label="label"),
    )
