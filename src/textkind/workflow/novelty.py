"""Novelty of a classifier: fitted behind its training, told of texts, measured."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier, Model
from textkind.data.corpus import Corpus
from textkind.decision.novelty import (
    LEAST_ROWS,
    Novelty,
    fit_novelty,
    novelty_scores,
    rejection_threshold,
    scores_of,
)
from textkind.decision.novelty_scores import OF_VECTORS, Signs
from textkind.errors import SettingsError
from textkind.evaluation.ranking import area_under_roc, average_precision, rank
from textkind.progress import Talk
from textkind.workflow.learn import Learned
from textkind.workflow.scope import OutOfScope

KEPT = 0.95  # of the texts in scope, in the figures


def with_novelty(
    learned: Learned,
    train: Corpus,
    validation: Corpus,
    choice: str,
    *,
    outside: OutOfScope | None = None,
    threads: int | None = None,
    talk: Talk,
) -> Learned:
    """The same with a fitted score of novelty; texts out of scope weigh several of them.

    Told, and left without, where validation has fewer than 50 rows. SettingsError for a score that
    the model cannot give, and for texts out of scope without any.
    """
    model = learned.classifier.model
    names = scores_of(
        choice,
        vectors=hasattr(model, "vectors"),
        unseen=hasattr(model, "unseen"),
        several=train.labels.several,
    )
    if outside is not None and not names:
        raise SettingsError(
            "texts out of scope are known by a score of novelty", found=choice,
            hint="pass --novelty auto, or leave it out",
        )  # fmt: skip
    if outside is not None and len(names) < 2:
        talk.note(
            f"novelty is told by {names[0]} alone, so there is nothing that texts out of scope "
            "could weigh: they only measure it"
        )
        outside = None
    logits = learned.validation_logits
    if logits is None or len(validation) < LEAST_ROWS:
        if names:
            talk.note(f"novelty needs {LEAST_ROWS} validation texts: it will not be told")
        return learned
    with talk.task("fitting the score of novelty"):
        novelty = fit_novelty(
            names,
            vectors_of(model, train.texts, names, threads),
            train.targets,
            signs_of(model, validation.texts, names, threads, logits),
            validation.targets,
            None if outside is None else signs_of(model, outside.known, names, threads),
        )
    if novelty is not None and novelty.reference.nearest.size:
        talk.note(
            f"{len(novelty.reference.nearest):,} training texts are kept as vectors for knn: "
            f"{novelty.reference.nearest.nbytes / 1e6:.1f} MB"
        )
    return replace(learned, classifier=replace(learned.classifier, novelty=novelty))


def signs_of(
    model: Model,
    texts: pa.LargeStringArray,
    names: tuple[str, ...],
    threads: int | None,
    logits: np.ndarray | None = None,
) -> Signs:
    """What the scores of these names look at, of one reading; logits where they are known."""
    reads: Any = model
    vectors = None
    if logits is None and set(names) & set(OF_VECTORS):
        logits, vectors = reads.logits_and_vectors(texts, threads)
    elif logits is None:
        logits = model.logits(texts, threads)
    else:
        vectors = vectors_of(model, texts, names, threads)
    unseen = reads.unseen(texts, threads) if "unseen" in names else None
    return Signs(logits, vectors, unseen)


def vectors_of(
    model: Model, texts: pa.LargeStringArray, names: tuple[str, ...], threads: int | None
) -> np.ndarray | None:
    """(N, D) float32, or None where no score of these names looks at vectors."""
    reads: Any = model
    return reads.vectors(texts, threads) if set(names) & set(OF_VECTORS) else None


def fitted_novelty(classifier: Classifier) -> Novelty:
    """That of a classifier; SettingsError where it was trained without."""
    if classifier.novelty is None:
        raise SettingsError(
            "this model was trained without a score of novelty",
            hint=f"train with --novelty, and {LEAST_ROWS} validation texts or more",
        )
    return classifier.novelty


def read_signs(
    classifier: Classifier,
    texts: pa.LargeStringArray,
    threads: int | None,
    logits: np.ndarray | None = None,
    *,
    novelty: bool,
) -> Signs:
    """The logits of texts, read where they are not known, and what novelty looks at where asked."""
    names = tuple(fitted_novelty(classifier).seen) if novelty else ()
    return signs_of(classifier.model, texts, names, threads, logits)


def text_novelty(
    classifier: Classifier,
    texts: pa.LargeStringArray,
    threads: int | None = None,
    logits: np.ndarray | None = None,
) -> np.ndarray:
    """(N,) float64: how unlike all that was learned each text looks; SettingsError without it."""
    signs = read_signs(classifier, texts, threads, logits, novelty=True)
    return novelty_scores(fitted_novelty(classifier), signs)


def novelty_figures(novelty: Novelty, inside: np.ndarray, outside: np.ndarray) -> dict[str, Any]:
    """How well novelty tells texts out of scope, by its scores (N,) and (M,); None of no texts.

    scores has the weights of those used. roc_auc and pr_auc are with those out of scope as
    positive; fpr_95 is the share of them that passes where 95 % of those in scope do; kept and
    rejected are by the threshold that validation sets.
    """
    is_outside = np.repeat([0, 1], [len(inside), len(outside)])
    told: dict[str, Any] = {
        "scores": novelty.weights,
        "in_scope": len(inside),
        "out_of_scope": len(outside),
        **dict.fromkeys(("roc_auc", "pr_auc", "fpr_95", "threshold", "kept", "rejected")),
    }
    told["threshold"] = threshold = rejection_threshold(novelty, KEPT)
    if len(inside):
        told["kept"] = float((inside <= threshold).mean())
    if len(outside):
        told["rejected"] = float((outside > threshold).mean())
    if len(inside) and len(outside):
        ranking = rank(np.concatenate([inside, outside]), is_outside)
        border = np.sort(inside)[int(np.ceil(len(inside) * KEPT)) - 1]
        told["roc_auc"], told["pr_auc"] = area_under_roc(ranking), average_precision(ranking)
        told["fpr_95"] = float((outside <= border).mean())
    return told


def novelty_facts(
    classifier: Classifier, test: Signs | None, outside: OutOfScope | None, threads: int | None
) -> dict[str, Any] | None:
    """The entry "novelty" of metrics.json: as novelty_figures; None without a score.

    test is what was seen of the test part; where there is none the validation texts are those in
    scope. All texts out of scope measure where none of them weighed.
    """
    novelty = classifier.novelty
    if novelty is None:
        return None
    texts = pa.array([], pa.large_string())
    if outside is not None:
        is_single = len(novelty.seen) < 2
        texts = pa.concat_arrays([outside.known, outside.aside]) if is_single else outside.aside
    scores = text_novelty(classifier, texts, threads) if len(texts) else np.empty(0)
    weighed = 0 if outside is None or len(novelty.seen) < 2 else len(outside.known)
    inside = novelty.validation if test is None else novelty_scores(novelty, test)
    return {"weighed_by": weighed} | novelty_figures(novelty, inside, scores)
