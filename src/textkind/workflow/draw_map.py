"""Draw a map: load -> read -> predict -> place the texts in a plane -> write a page or a table."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

import textkind
from textkind.classifier import Classifier, predict_ids
from textkind.data.corpus import Corpus
from textkind.data.settings import ReadSettings
from textkind.errors import DataError, SettingsError
from textkind.progress import SILENT, Talk
from textkind.report.corpus_map import render_map
from textkind.storage.place import whole_file, writing
from textkind.workflow.corpus_map import PCA, check_method, corpus_map
from textkind.workflow.origin import classifier_of
from textkind.workflow.perhaps_labelled import read_perhaps_labelled
from textkind.workflow.writers import SUFFIXES, check_different, open_writer

PAGE = ".html"


@dataclass(frozen=True)
class MapSettings:
    """How texts are read and placed."""

    method: str = PCA  # or umap
    reading: ReadSettings = field(default_factory=ReadSettings)
    overwrite: bool = False
    seed: int = 0  # of the texts that are drawn, and of UMAP
    threads: int | None = None

    def __post_init__(self) -> None:
        check_method(self.method)


@dataclass(frozen=True, eq=False)
class MapResult:
    """figures is the entry "map" of metrics.json (docs/metrics.md); points were drawn to output."""

    source: str
    read: int
    rejected: int
    points: int
    figures: dict[str, Any]
    output: str


def draw_map(
    model: str | Path | Classifier,
    source: object,
    output: str | Path,
    settings: MapSettings = MapSettings(),
    talk: Talk = SILENT,
) -> MapResult:
    """Place texts in a plane by what a model finds alike, and write the map.

    model is a run folder, a model folder or a classifier in memory. source is as for prediction;
    where it has the labels that the model learned, they color the points and mistakes are marked,
    else the predicted ones do. output is a page, .html, or a table of the points: .csv, .tsv,
    .jsonl or .parquet. Raises ModelFolderError, DataError, ColumnError, SettingsError,
    MissingPackageError or OutputError.
    """
    place = Path(output)
    suffix = place.suffix.lower()
    if suffix != PAGE and suffix not in SUFFIXES:
        raise SettingsError(
            "a map is a page or a table of points", found=place.name,
            hint="a name that ends in .html, .csv, .tsv, .jsonl or .parquet",
        )  # fmt: skip
    check_different(source, output)
    classifier, origin = classifier_of(model)
    columns = None if origin is None else origin.columns
    given = read_perhaps_labelled(source, settings.reading, classifier.labels, columns, talk)
    if not len(given.texts):
        raise DataError("there is no text to draw", where=given.source)
    with talk.task("predicting"):
        predicted = predict_ids(classifier, given.texts, settings.threads)
    labelled = given.targets is not None
    targets = predicted if given.targets is None else given.targets
    found = corpus_map(
        classifier,
        Corpus(given.texts, targets, classifier.labels, given.rows),
        predicted,
        settings.method,
        labelled=labelled,
        seed=settings.seed,
        threads=settings.threads,
        talk=talk,
    )
    with (
        whole_file(place, overwrite=settings.overwrite) as part,
        writing(place),
        part.open("wb") as file,
    ):
        if suffix == PAGE:
            page = render_map(
                found.figures, found.points, source=given.source, version=textkind.__version__
            )
            file.write(page.encode())
        else:
            with open_writer(SUFFIXES[suffix], file, "|") as writer:
                writer.write(_table(found.points))
    return MapResult(
        given.source, given.read, given.rejected, len(found.points), found.figures, str(output)
    )


def _table(points: list[dict[str, Any]]) -> pa.Table:
    lists = pa.large_list(pa.large_string())
    types = {"row": pa.int64(), "x": pa.float64(), "y": pa.float64(), "labels": lists,
             "predicted": lists, "wrong": pa.bool_(), "text": pa.large_string()}  # fmt: skip
    return pa.table(
        {name: pa.array([one[name] for one in points], kind) for name, kind in types.items()}
    )
