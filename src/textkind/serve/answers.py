"""Texts to answers, each a line of JSON: what a worker does with a batch.

    answers = batch_answers(served, texts, parts)

A batch holds the texts of several requests. The model reads all of them at once; then each request
gets what it asked for. What `textkind predict` says of the same texts is the same.
"""

import json
from dataclasses import dataclass
from itertools import accumulate, groupby

import numpy as np
import pyarrow as pa

from textkind.decision.decision import probabilities
from textkind.errors import TextkindError
from textkind.serve.counting import Counting
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


def batch_answers(
    served: Served,
    texts: pa.LargeStringArray,
    parts: list[Part],
    counting: Counting | None = None,
) -> list[Answer]:
    """An answer for each part; the texts stand in the order of the parts.

    A text that the model fails on fails alone, with an error for its line: where a batch fails,
    every text is read by itself. The texts that it has answered are counted.
    """
    errors: dict[int, str] = {}
    try:
        logits = _finite_logits(served, texts)
    except Exception:
        logits, errors = _one_by_one(served, texts)
    given = probabilities(served.classifier.decision, logits)
    if counting is not None and not errors:
        counting.add(texts, given)
    answers: list[Answer] = []
    begin = 0
    for options, run in groupby(parts, lambda part: part.options):
        sizes = [part.texts for part in run]
        for size, answer in zip(
            sizes, _run_answers(served, texts, logits, given, options, sizes, begin), strict=True
        ):
            for row in errors.keys() & set(range(begin, begin + size)):
                if answer.status == 200:
                    answer.lines[row - begin] = errors[row]
            answers.append(answer)
            begin += size
    return answers


def _run_answers(
    served: Served,
    texts: pa.LargeStringArray,
    logits: np.ndarray,
    given: np.ndarray,
    options: str,
    sizes: list[int],
    begin: int,
) -> list[Answer]:
    """Of parts of these sizes, side by side from the row `begin` on, that ask for the same: all at
    once, or each by itself where that fails.
    """
    rows = slice(begin, begin + sum(sizes))
    own = texts.slice(begin, rows.stop - begin)
    ends = list(accumulate(sizes))
    try:
        lines = lines_of(served, own, logits[rows], given[rows], options)
        return [Answer(200, lines[end - size : end]) for size, end in zip(sizes, ends, strict=True)]
    except Exception as error:
        if len(sizes) == 1:
            return [_refused(error, alone=sizes[0] == 1)]
    return [
        _run_answers(served, texts, logits, given, options, [size], begin + end - size)[0]
        for size, end in zip(sizes, ends, strict=True)
    ]


def _refused(error: Exception, *, alone: bool) -> Answer:
    """Of a part that fails; one text alone fails without those that are beside it."""
    if isinstance(error, TextkindError):
        return Answer(CANNOT, [json.dumps(refusal_of(CANNOT, error).error)])
    if alone:
        return Answer(200, [_failed_line(error)])
    return Answer(FAILED, [json.dumps(_failure(error).error)])  # ours to mend: the worker goes on


def _one_by_one(served: Served, texts: pa.LargeStringArray) -> tuple[np.ndarray, dict[int, str]]:
    """Logits, zeros for a text that fails, and the lines of those that do by their rows."""
    logits = np.zeros((len(texts), len(served.names)), np.float32)
    errors = {}
    for row in range(len(texts)):
        try:
            logits[row] = _finite_logits(served, texts.slice(row, 1))[0]
        except Exception as error:
            errors[row] = _failed_line(error)
    return logits, errors


def _finite_logits(served: Served, texts: pa.LargeStringArray) -> np.ndarray:
    logits = served.classifier.model.logits(texts, served.threads)
    if not np.isfinite(logits).all():
        raise ArithmeticError("the model gave logits that are no numbers")
    return logits


def _failed_line(error: Exception) -> str:
    return json.dumps({"error": _failure(error).error})


def _failure(error: Exception) -> RefusalError:
    """Of a fault that is not the client's: its kind, and nothing that might hold a text."""
    return RefusalError(
        FAILED,
        "the model failed on this text",
        found=type(error).__name__,
        hint="other texts are not concerned",
    )
