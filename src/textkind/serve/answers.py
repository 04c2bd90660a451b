"""Texts to answers, each a line of JSON: what a worker does with a batch.

    answers = batch_answers(served, texts, parts)

A batch holds the texts of several requests. The model reads all of them at once; then each request
gets what it asked for. What `textkind predict` says of the same texts is the same.
"""

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from textkind.decision.decision import probabilities
from textkind.errors import TextkindError
from textkind.serve.fields import Served, lines_of
from textkind.serve.refusals import RefusalError, refusal_of

CANNOT = 409  # the request is well formed, and this model cannot do it
FAILED = 500


@dataclass(frozen=True)
class Part:
    """Some texts of one request: how many, and its options as canonical JSON."""

    options: str
    texts: int


@dataclass(frozen=True)
class Answer:
    """What a part gets: status 200 and a line for each text, or another and one error."""

    status: int
    lines: list[str]


def batch_answers(served: Served, texts: pa.LargeStringArray, parts: list[Part]) -> list[Answer]:
    """An answer for each part; the texts stand in the order of the parts.

    A text that the model fails on fails alone, with an error for its line: where a batch fails,
    every text is read by itself.
    """
    errors: dict[int, str] = {}
    try:
        logits = _finite_logits(served, texts)
    except Exception:
        logits, errors = _one_by_one(served, texts)
    given = probabilities(served.classifier.decision, logits)
    answers, begin = [], 0
    for part in parts:
        rows = slice(begin, begin + part.texts)
        own = texts.slice(begin, part.texts)
        answer = _part_answer(served, own, logits[rows], given[rows], part.options)
        for row in errors.keys() & set(range(rows.start, rows.stop)):
            if answer.status == 200:
                answer.lines[row - begin] = errors[row]
        answers.append(answer)
        begin += part.texts
    return answers


def _part_answer(
    served: Served,
    texts: pa.LargeStringArray,
    logits: np.ndarray,
    given: np.ndarray,
    options: str,
) -> Answer:
    try:
        return Answer(200, lines_of(served, texts, logits, given, options))
    except TextkindError as error:
        return Answer(CANNOT, [json.dumps(refusal_of(CANNOT, error).error)])
    except Exception as error:  # ours to mend, and no reason to end the worker
        return Answer(FAILED, [json.dumps(_failure(error).error)])


def _one_by_one(served: Served, texts: pa.LargeStringArray) -> tuple[np.ndarray, dict[int, str]]:
    """Logits, zeros for a text that fails, and the lines of those that do by their rows."""
    logits = np.zeros((len(texts), len(served.names)), np.float32)
    errors = {}
    for row in range(len(texts)):
        try:
            logits[row] = _finite_logits(served, texts.slice(row, 1))[0]
        except Exception as error:
            errors[row] = json.dumps({"error": _failure(error).error})
    return logits, errors


def _finite_logits(served: Served, texts: pa.LargeStringArray) -> np.ndarray:
    logits = served.classifier.model.logits(texts, served.threads)
    if not np.isfinite(logits).all():
        raise ArithmeticError("the model gave logits that are no numbers")
    return logits


def _failure(error: Exception) -> RefusalError:
    """Of a fault that is not the client's: its kind, and nothing that might hold a text."""
    return RefusalError(
        FAILED,
        "the model failed on this text",
        found=type(error).__name__,
        hint="other texts are not concerned",
    )
