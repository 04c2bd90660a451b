"""What is wrong with the answers of a classifier on labelled texts: groups, clusters, n-grams."""

from typing import Any

import numpy as np
import pyarrow as pa

from textkind.checks.finding import label_names_of, names_of, shown
from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.decision.decision import decide
from textkind.encoding.ngrams import canonical_order
from textkind.mistakes.causes import Judged
from textkind.mistakes.familiarity import MOST_TEXTS, Familiarity, familiarity
from textkind.mistakes.groups import Grouped, grouped
from textkind.mistakes.neighbours import clusters, support
from textkind.mistakes.overrepresented import text_ngrams
from textkind.progress import SILENT, Talk
from textkind.workflow.spaces import text_space

MOST_KNOWN = 10_000  # training texts whose neighbours are looked at
MOST_COUNTED = 1_000_000  # training texts whose words are counted
EXAMPLE = 160  # characters


def error_groups(
    classifier: Classifier,
    corpus: Corpus,
    given: np.ndarray,
    train: Corpus | None = None,
    *,
    own_vectors: bool = False,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> Grouped:
    """Group the mistakes on a corpus with its (N, K) probabilities.

    train is what was learned from; without it some groups are not looked for. own_vectors: texts
    lie together by the vectors of the model where it has some, which reads all texts once more;
    else, and without any, by their words. The order of the rows changes nothing.
    """
    order = canonical_order(corpus.texts, corpus.targets)
    ordered, given = corpus.take(order), given[order]
    known, counted = _sample(train, MOST_KNOWN), _sample(train, MOST_COUNTED)
    with talk.task("looking for texts that lie together"):
        parts = [ordered.texts] if known is None else [known.texts, ordered.texts]
        space = text_space(
            classifier, pa.concat_arrays(parts), own=own_vectors, seed=seed, threads=threads
        )
        vectors = space.vectors(ordered.texts)
        near = None if known is None else space.vectors(known.texts)
        predicted = decide(classifier.decision, given)
        supported = None
        if known is not None and near is not None and not known.labels.several:
            supported = support(near, known.targets, vectors, predicted)
        together = clusters(vectors, seed)
    with talk.task("grouping the mistakes"):
        judged = Judged(
            ordered.texts,
            ordered.targets,
            given,
            predicted,
            _familiarity(counted, ordered, threads),
            supported,
            classifier.model.token_counts(ordered.texts, threads),
        )
        ngrams = text_ngrams(ordered.texts, threads=threads)
        found = grouped(judged, ngrams, together)
    figures = found.figures | {"space": space.name}
    for group in [*figures["groups"], *(figures["clusters"] or [])]:
        group["examples"] = [_example(ordered, judged, row) for row in group["examples"]]
    back = np.argsort(order)
    return Grouped(
        figures,
        {name: rows[back] for name, rows in found.members.items()},
        None if found.clusters is None else found.clusters[back],
    )


def _sample(train: Corpus | None, most: int) -> Corpus | None:
    """At most so many of the texts, the same ones whatever their order."""
    if train is None or len(train) <= most:
        return train
    return train.take(canonical_order(train.texts, train.targets)[:most])


def _familiarity(train: Corpus | None, corpus: Corpus, threads: int | None) -> Familiarity | None:
    if train is None or len(train) + len(corpus) > MOST_TEXTS:
        return None
    return familiarity(train.texts, corpus.texts, threads)


def _example(corpus: Corpus, judged: Judged, row: int) -> dict[str, Any]:
    """Where a mistake stands, what it says, what is right and what was answered."""
    return {
        "row": int(corpus.rows[row]),
        "text": shown(corpus.texts[row].as_py(), EXAMPLE),
        "gold": label_names_of(corpus, row),
        "predicted": names_of(corpus.labels, judged.predicted[row]),
    }
