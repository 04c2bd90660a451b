"""Next steps: would more texts help, which labels to read again, which texts to label."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.checks.finding import example, names_of
from textkind.checks.label_noise import label_noise
from textkind.classifier import Classifier, predict_probabilities
from textkind.data.columns import Columns
from textkind.data.corpus import Corpus
from textkind.data.read import Reading, read_corpus, read_table, texts_of
from textkind.data.settings import ReadSettings
from textkind.data.text_keys import text_keys
from textkind.decision.decision import decide
from textkind.errors import SettingsError
from textkind.evaluation.counts import count_labels, f1
from textkind.mistakes.worth_labelling import uncertainty, worth_labelling
from textkind.progress import SILENT, Talk
from textkind.storage.place import whole_file, writing
from textkind.workflow.origin import classifier_of
from textkind.workflow.out_of_fold import out_of_fold
from textkind.workflow.own_curve import own_curve
from textkind.workflow.spaces import text_space
from textkind.workflow.writers import format_of_output, open_writer

MOST_WRONG = 20  # rows told whose label is likely wrong
MOST_LABELS = 10  # told that need texts most
GUESSES = ("guess", "guess_probability", "uncertainty")  # columns beside the chosen texts


@dataclass(frozen=True)
class NextSettings:
    """How both files are read, how many texts are chosen, and what a learning curve may take."""

    number: int = 50
    budget: float | None = 120.0  # seconds for the learning curve of a network; None: no end
    reading: ReadSettings = field(default_factory=ReadSettings)
    overwrite: bool = False
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.number < 1:
            raise SettingsError("there must be 1 text or more to choose", found=self.number)
        if self.budget is not None and not 0 < self.budget < float("inf"):
            raise SettingsError("budget must be a number of seconds above 0", found=self.budget)


@dataclass(frozen=True, eq=False)
class NextResult:
    """All JSON-able.

    curve         points and forecast, and the model they are of (workflow/own_curve.py)
    wrong_labels  how many labels are likely wrong, and the likeliest
    labels        those that need texts most, lowest F1 first
    texts         the unlabelled texts most worth a label; None where no file of them was given
    output        where these texts stand
    """

    source: str
    accepted: int
    curve: dict[str, Any]
    wrong_labels: dict[str, Any]
    labels: list[dict[str, Any]]
    texts: list[dict[str, Any]] | None
    output: str | None


def next_steps(
    model: str | Path | Classifier,
    source: object,
    unlabelled: object = None,
    output: str | Path | None = None,
    settings: NextSettings = NextSettings(),
    talk: Talk = SILENT,
) -> NextResult:
    """What to do next for a model and the labelled texts it learned from.

    model is a run folder, a model folder or a classifier in memory, source as for training,
    unlabelled as for prediction. With `output` the texts chosen are written there, with all columns
    of theirs and the model's guess. Raises ModelFolderError, DataError, ColumnError, SettingsError
    or OutputError.
    """
    if output is not None and unlabelled is None:
        raise SettingsError(
            "there are no texts to write", hint="give a file of unlabelled ones: --unlabelled FILE"
        )
    if output is not None:
        format_of_output(Path(output))
    classifier, origin = classifier_of(model)
    columns = None if origin is None else origin.columns
    reading = read_corpus(
        source, settings.reading, labels=classifier.labels, trained=columns, talk=talk
    )
    corpus, seed, threads = reading.corpus, settings.seed, settings.threads
    with talk.task("fitting a learning curve"):
        curve = own_curve(
            classifier, corpus, settings.budget, seed=seed, threads=threads, talk=talk
        )
    with talk.task("reading every label as if it were new"):
        given, _ = out_of_fold(corpus, seed=seed, threads=threads, talk=talk)
    texts = None
    if unlabelled is not None:
        texts = _chosen_texts(classifier, corpus, unlabelled, output, columns, settings, talk)
    return NextResult(
        reading.source,
        len(corpus),
        curve,
        _wrong_labels(corpus, given),
        needy_labels(corpus, given),
        texts,
        None if output is None else str(output),
    )


def _wrong_labels(corpus: Corpus, given: np.ndarray) -> dict[str, Any]:
    noise = label_noise(corpus.targets, given)
    return {
        "rows": len(noise.rows),
        "estimated_share": noise.share,
        "first": [
            example(corpus, row, "train")
            | {"suggested": names_of(corpus.labels, noise.suggested[row])}
            for row in noise.rows[:MOST_WRONG]
        ],
    }


def needy_labels(corpus: Corpus, given: np.ndarray) -> list[dict[str, Any]]:
    """At most MOST_LABELS labels that occur, lowest F1 first, fewest rows first among equals."""
    several = corpus.labels.several
    answers = (given >= 0.5).astype(np.uint8) if several else given.argmax(axis=1)
    counts = count_labels(answers, corpus.targets, len(corpus.labels))
    scores = f1(counts)
    occurring = np.flatnonzero(counts.gold)
    order = occurring[np.lexsort((counts.gold[occurring], scores[occurring]))][:MOST_LABELS]
    return [
        {
            "label": corpus.labels.names[label],
            "rows": int(counts.gold[label]),
            "f1": float(scores[label]),
        }
        for label in order
    ]


def _chosen_texts(
    classifier: Classifier,
    corpus: Corpus,
    unlabelled: object,
    output: str | Path | None,
    columns: Columns | None,
    settings: NextSettings,
    talk: Talk,
) -> list[dict[str, Any]]:
    """The texts most worth a label, none of them labelled already or twice; written if asked."""
    reading = read_table(unlabelled, settings.reading, trained=columns, talk=talk)
    texts = texts_of(reading, reading.columns)
    keys = text_keys(texts)
    first = np.zeros(len(texts), bool)
    first[np.unique(keys, return_index=True)[1]] = True
    new = np.flatnonzero(first & ~np.isin(keys, text_keys(corpus.texts)))
    left_out = len(texts) - len(new)
    if left_out:
        talk.note(f"{left_out:,} of {len(texts):,} unlabelled texts repeat another or are labelled")
    if len(new) <= settings.number:
        talk.note(f"there are {len(new):,} texts to choose from, so all are chosen")
    some = texts.take(pa.array(new))
    with talk.task("choosing texts to label"):
        given = predict_probabilities(classifier, some, settings.threads)
        unsure = uncertainty(given, several=classifier.labels.several)
        space = text_space(classifier, some, seed=settings.seed, threads=settings.threads)
        vectors = space.vectors(some)
        chosen = worth_labelling(unsure, vectors, settings.number, settings.seed)
    answers = decide(classifier.decision, given)
    guesses = {
        "guess": ["|".join(names_of(classifier.labels, answers[place])) for place in chosen],
        "guess_probability": given[chosen].max(axis=1, initial=0).astype(float).tolist(),
        "uncertainty": unsure[chosen].astype(float).tolist(),
    }
    if output is not None:
        _write(reading, new[chosen], guesses, Path(output), settings)
        talk.note(f"{len(chosen):,} texts to label written to {output}")
    return [
        {"row": int(reading.rows[new[place]]), "text": some[int(place)].as_py()}
        | {name: values[n] for name, values in guesses.items()}
        for n, place in enumerate(chosen)
    ]


def _write(
    reading: Reading,
    rows: np.ndarray,
    guesses: dict[str, list],
    output: Path,
    settings: NextSettings,
) -> None:
    table = reading.table.take(pa.array(rows))
    taken = set(table.column_names) & set(GUESSES)
    for name, values in guesses.items():
        column = pa.array(values, pa.large_string() if name == "guess" else pa.float64())
        table = table.append_column(f"predicted_{name}" if taken else name, column)
    with (
        whole_file(output, overwrite=settings.overwrite) as part,
        writing(output),
        part.open("wb") as file,
        open_writer(format_of_output(output), file, "|") as writer,
    ):
        writer.write(table)
