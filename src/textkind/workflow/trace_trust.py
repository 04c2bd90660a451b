"""The last steps of a trace: how far to trust the answer, and the training texts nearest to it."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier
from textkind.decision.evidence import Evidence, answers
from textkind.decision.novelty import Novelty, novelty_scores, rejection_threshold, tail_logs
from textkind.decision.novelty_scores import raw_scores
from textkind.decision.promises import LEAST_ROWS, promised_error
from textkind.errors import SettingsError
from textkind.explain.steps.decision import percent
from textkind.explain.trace import SUM, Columns, Quantity, Step, Table, table
from textkind.workflow.novelty import KEPT, signs_of
from textkind.workflow.similar import KnownTexts, nearest_texts

MOST_NEAREST = 100  # training texts that are told, also where nothing is cut
PROMISED = (0.01, 0.02, 0.05, 0.1)  # shares of wrong answers


def trust_step(
    classifier: Classifier,
    texts: pa.LargeStringArray,
    logits: np.ndarray,
    probabilities: np.ndarray,
    given: Quantity,
    threads: int | None = None,
) -> Step | None:
    """How sure the answer is beside those of validation, and how novel the text looks.

    logits and probabilities are (1, K). None of a classifier that knows neither.
    """
    told, tables = [], []
    evidence, novelty = classifier.evidence, classifier.novelty
    if evidence is not None and len(evidence) >= LEAST_ROWS:
        confidence = float(answers(classifier.decision, probabilities)[0][0])
        sentence, found = answer_table(evidence, confidence)
        told.append(sentence)
        tables.append(found)
    if novelty is not None:
        sentence, found = novelty_table(classifier, novelty, texts, logits, threads)
        told.append(sentence)
        tables.append(found)
    if not told:
        return None
    return Step("trust", " ".join(told), given, given, tuple(tables))


def answer_table(evidence: Evidence, confidence: float) -> tuple[str, Table]:
    """From which confidence answers are wrong in so few cases, and whether this is one of them."""
    least: list[float | None] = []
    for most in PROMISED:
        try:
            least.append(promised_error(evidence, most).confidence)
        except SettingsError:  # it cannot be promised
            least.append(None)
    answered = [None if one is None else bool(confidence >= one) for one in least]
    kept = [most for most, is_answered in zip(PROMISED, answered, strict=True) if is_answered]
    told = f"The confidence is {percent(confidence)}. "
    told += (
        f"Of answers so sure at most {percent(kept[0])} are wrong, as validation shows."
        if kept
        else f"Of answers so unsure not even {percent(PROMISED[-1])} wrong can be promised."
    )
    columns: Columns = [
        ("at most wrong", "share", PROMISED),
        ("least confidence", "share", least),
        ("answered", "mark", answered),
    ]
    return told, table("answers", columns, None)


def novelty_table(
    classifier: Classifier,
    novelty: Novelty,
    texts: pa.LargeStringArray,
    logits: np.ndarray,
    threads: int | None,
) -> tuple[str, Table]:
    """Each score of novelty, what it comes to, and their sum."""
    names = tuple(novelty.seen)
    signs = signs_of(classifier.model, texts, names, threads, logits)
    raw = raw_scores(names, novelty.reference, signs)
    logs = tail_logs(novelty.seen, raw)
    total = float(novelty_scores(novelty, signs)[0])
    above = float((novelty.validation >= total).mean())
    highest = rejection_threshold(novelty, KEPT)
    is_novel = "is turned away" if total > highest else "stays"
    told = (
        f"Of the validation texts {percent(above)} look as novel or more; where {percent(KEPT)} "
        f"are to stay, those up to {highest:.4g} do, and this text {is_novel}."
    )
    columns: Columns = [
        ("score", "text", names),
        ("raw", "signed", [float(raw[name][0]) for name in names]),
        ("novelty", "number", [float(logs[name][0]) for name in names]),
        ("weight", "number", [novelty.weights[name] for name in names]),
    ]
    return told, table("novelty", columns, None, [(SUM, None, total, None)])


def nearest_step(
    known: KnownTexts,
    texts: pa.LargeStringArray,
    decided: np.ndarray,
    top: int | None,
    given: Quantity,
) -> Step:
    """The training texts nearest to the text, with their labels.

    decided (1,) or (1, K) is what the text is given, as `decide` tells it.
    """
    most = MOST_NEAREST if top is None else top
    (found,) = nearest_texts(known, texts, most, answers=decided)
    near = found.nearest if found.nearest is not None else ()
    agree = sum(not one.differs for one in near)
    told = (
        f"Nearest by {known.space.name}. Of these {len(near):,} texts {agree:,} have the label "
        "that it is given."
    )
    if found.nearest is None:
        told = "Nothing in it is known: it is similar to no training text."
    columns: Columns = [
        ("cosine", "signed", [one.similarity for one in near]),
        ("label", "text", [", ".join(one.labels or ()) for one in near]),
        ("text", "text", [one.text for one in near]),
    ]
    tables = (replace(table("texts", columns, None), of=len(known.texts)),) if near else ()
    return Step("nearest training texts", told, given, given, tables)
