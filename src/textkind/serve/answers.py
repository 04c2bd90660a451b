"""Texts to answers, each a line of JSON: what a worker does with a batch.

    answers = batch_answers(served, texts, parts)

A batch holds the texts of several requests. The model reads all of them at once; then each request
gets what it asked for. What `textkind predict` says of the same texts is the same.
"""

import json
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier
from textkind.decision.conformal import ConformalSettings, label_sets
from textkind.decision.decision import decide, probabilities
from textkind.decision.evidence import text_shares
from textkind.errors import SettingsError, TextkindError
from textkind.progress import SILENT
from textkind.serve.refusals import RefusalError, refusal_of
from textkind.workflow.explain import ExplainSettings, explain_texts
from textkind.workflow.novelty import text_novelty
from textkind.workflow.promised import Promises, PromiseSettings, is_answered, promises_of

MOST_KEPT = 64  # options whose thresholds are remembered: clients choose them
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


@dataclass(frozen=True, eq=False)
class Served:
    """A classifier in a worker, the threads it may use, and the options it has seen."""

    classifier: Classifier
    threads: int = 1
    known: "OrderedDict[str, _Options]" = field(default_factory=OrderedDict)
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        names = [json.dumps(str(name)) for name in self.classifier.labels.names]
        object.__setattr__(self, "names", names)


@dataclass(frozen=True, eq=False)
class _Options:
    top: int
    tokens: bool
    promises: Promises
    explain: ExplainSettings | None


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
        return Answer(200, _lines(served, texts, logits, given, options))
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


def _options_of(served: Served, options: str) -> _Options:
    """What the options come to for this classifier; SettingsError where it cannot do that."""
    found = served.known.get(options)
    if found is None:
        told = json.loads(options) if options else {}
        found = _read_options(served.classifier, told, served.threads)
        served.known[options] = found
        if len(served.known) > MOST_KEPT:
            served.known.popitem(last=False)
    return found


def _read_options(classifier: Classifier, told: dict[str, Any], threads: int) -> _Options:
    asked = told.get("sets")
    sets = ConformalSettings(**asked) if isinstance(asked, dict) else None
    if isinstance(asked, int | float):
        sets = ConformalSettings(coverage=asked)
    promises = promises_of(
        classifier,
        PromiseSettings(
            max_error=told.get("max_error"),
            sets=sets,
            novelty=told.get("novelty", False),
            keep_known=told.get("reject_novel"),
        ),
        SILENT,
    )
    tokens = told.get("tokens", False)
    if tokens and classifier.model.token_counts(pa.array([], pa.large_string())) is None:
        raise SettingsError(
            f"this {classifier.model.name} model has no limit: it reads every text whole",
            hint="leave tokens out",
        )
    explain = None
    if "explain" in told:
        names = told["explain"] if isinstance(told["explain"], dict) else {}
        explain = ExplainSettings(**names, threads=threads)
    return _Options(told.get("top", 1), tokens, promises, explain)


def _lines(
    served: Served,
    texts: pa.LargeStringArray,
    logits: np.ndarray,
    given: np.ndarray,
    asked: str,
) -> list[str]:
    """One JSON object a text; the fields and their order are those of docs/serve.md."""
    options = _options_of(served, asked)
    classifier, promises = served.classifier, options.promises
    number = len(texts)
    fields: list[tuple[str, list[str]]] = []
    answered, novel = np.ones(number, bool), np.zeros(number, bool)
    if promises.least is not None:
        answered = is_answered(promises.least, classifier, given)
        fields.append(("answered", _flags(answered)))
    if promises.sets is not None:
        member = label_sets(promises.sets, given, text_shares(texts))
        fields.append(("label_set", _name_lists(served, _given(member, given))))
    if promises.tells or promises.highest is not None:
        scores = text_novelty(classifier, texts, served.threads, logits)
        if promises.tells:
            fields.append(("novelty", list(map(repr, scores.tolist()))))
        if promises.highest is not None:
            novel = scores > promises.highest
            fields.append(("novel", _flags(novel)))
    if options.tokens:
        counts = classifier.model.token_counts(texts, served.threads)
        assert counts is not None
        fields.append(("tokens_read", list(map(str, counts[1].tolist()))))
        fields.append(("tokens_unread", list(map(str, (counts[0] - counts[1]).tolist()))))
    if options.explain is not None:
        fields.append(("explanations", _explanations(classifier, texts, options.explain)))
    best = _best(served, given, answered & ~novel)
    if options.top > 1:
        best.append(("top", _top_lists(served, given, options.top)))
    columns = [[f'"{name}": {value}' for value in values] for name, values in [*best, *fields]]
    return ["{" + ", ".join(row) + "}" for row in zip(*columns, strict=True)]


def _explanations(
    classifier: Classifier, texts: pa.LargeStringArray, settings: ExplainSettings
) -> list[str]:
    """The explanations of each text as docs/explain.md describes them."""
    return [
        json.dumps([asdict(one) for one in text.explanations])
        for text in explain_texts(classifier, texts, settings)
    ]


def _best(served: Served, given: np.ndarray, labelled: np.ndarray) -> list[tuple[str, list[str]]]:
    """Label and probability of each row, or the lists of those given; the label null where not
    labelled.
    """
    names, chosen = served.names, decide(served.classifier.decision, given)
    tells = labelled.tolist()
    if served.classifier.labels.several:
        lists = _given(chosen, given)
        labels = _name_lists(served, lists)
        return [
            ("labels", [one if told else "null" for one, told in zip(labels, tells, strict=True)]),
            ("probabilities", _share_lists(lists, given)),
        ]
    ids = chosen.tolist()
    shares = given[np.arange(len(chosen)), chosen]
    return [
        ("label", [names[one] if told else "null" for one, told in zip(ids, tells, strict=True)]),
        ("probability", digits(shares)),
    ]


def _given(member: np.ndarray, given: np.ndarray) -> list[list[int]]:
    """The labels (N, K) of each row as ids, most probable first, equal ones in label order."""
    row, label = np.nonzero(member)
    order = np.lexsort((label, -given[row, label], row))
    ends = np.cumsum(member.sum(axis=1))[:-1]
    return [part.tolist() for part in np.split(label[order], ends)]


def _top_lists(served: Served, given: np.ndarray, top: int) -> list[str]:
    """The most probable labels of each row with their probabilities."""
    order = np.argsort(-given, axis=1, kind="stable")[:, :top]
    shares = np.take_along_axis(given, order, axis=1)
    told = digits(shares.ravel())
    width, lists = order.shape[1], []
    for row, ids in enumerate(order.tolist()):
        pairs = zip(ids, told[row * width : (row + 1) * width], strict=True)
        lists.append(
            "["
            + ", ".join(
                f'{{"label": {served.names[one]}, "probability": {share}}}' for one, share in pairs
            )
            + "]"
        )
    return lists


def _name_lists(served: Served, lists: list[list[int]]) -> list[str]:
    return ["[" + ", ".join(served.names[one] for one in ids) + "]" for ids in lists]


def _share_lists(lists: list[list[int]], given: np.ndarray) -> list[str]:
    return [
        "[" + ", ".join(digits(given[row, ids])) + "]" if ids else "[]"
        for row, ids in enumerate(lists)
    ]


def _flags(values: np.ndarray) -> list[str]:
    return ["true" if value else "false" for value in values.tolist()]


def digits(shares: np.ndarray) -> list[str]:
    """(N,) float32 as JSON, with as few digits as tell them apart from other float32."""
    return list(map(str, shares.astype(np.float32)))
