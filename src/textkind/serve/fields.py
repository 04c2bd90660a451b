"""The fields of an answer, as JSON: what is asked of a text to what is told of it."""

import json
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier
from textkind.decision.conformal import ConformalSettings
from textkind.decision.decision import decide
from textkind.errors import SettingsError
from textkind.explain.settings import ExplainSettings
from textkind.progress import SILENT
from textkind.workflow.explain import explain_texts
from textkind.workflow.novelty import read_signs
from textkind.workflow.promised import Promises, PromiseSettings, promised, promises_of
from textkind.workflow.similar import KnownTexts, nearest_texts
from textkind.workflow.trace import TOP, trace_text

MOST_KEPT = 64  # options whose thresholds are remembered: clients choose them


@dataclass(frozen=True, eq=False)
class Served:
    """A classifier in a worker, the threads it may use, and the options it has seen.

    texts are the training texts that may be told; None: none.
    """

    classifier: Classifier
    threads: int = 1
    texts: KnownTexts | None = None
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
    similar: int  # training texts; 0: none
    trace: int  # rows a table; 0: no trace


def lines_of(
    served: Served,
    texts: pa.LargeStringArray,
    logits: np.ndarray,
    given: np.ndarray,
    asked: str,
) -> list[str]:
    """One JSON object a text; the fields and their order are those of docs/serve.md."""
    options = _options_of(served, asked)
    classifier, promises = served.classifier, options.promises
    signs = read_signs(classifier, texts, served.threads, logits, novelty=promises.of_novelty)
    found = promised(promises, classifier, texts, signs, given)
    fields = [(name, _promised_values(served, told, given)) for name, told in found.told.items()]
    if options.tokens:
        counts = classifier.model.token_counts(texts, served.threads)
        assert counts is not None
        fields.append(("tokens_read", list(map(str, counts[1].tolist()))))
        fields.append(("tokens_unread", list(map(str, (counts[0] - counts[1]).tolist()))))
    if options.explain is not None:
        fields.append(("explanations", _explanations(classifier, texts, options.explain)))
    if options.similar and served.texts is not None:
        fields.append(("similar", _neighbours(served, served.texts, texts, given, options.similar)))
    if options.trace:
        fields.append(("trace", _traces(served, texts, options.trace)))
    best = _best(served, given, found.answered & ~found.novel)
    if options.top > 1:
        best.append(("top", _top_lists(served, given, options.top)))
    columns = [[f'"{name}": {value}' for value in values] for name, values in [*best, *fields]]
    return ["{" + ", ".join(row) + "}" for row in zip(*columns, strict=True)]


def _promised_values(served: Served, told: np.ndarray, given: np.ndarray) -> list[str]:
    """What is told of each row: a flag, a number, or a set of labels."""
    if told.ndim == 2:
        return _name_lists(served, _given(told, given))
    return list(map(json.dumps, told.tolist()))


def _explanations(
    classifier: Classifier, texts: pa.LargeStringArray, settings: ExplainSettings
) -> list[str]:
    """The explanations of each text as docs/explain.md describes them."""
    return [
        json.dumps([asdict(one) for one in text.explanations])
        for text in explain_texts(classifier, texts, settings)
    ]


def _neighbours(
    served: Served,
    known: KnownTexts,
    texts: pa.LargeStringArray,
    given: np.ndarray,
    top: int,
) -> list[str]:
    """The nearest training texts of each text as docs/similar.md describes them."""
    found = nearest_texts(
        known, texts, top,
        answers=decide(served.classifier.decision, given), threads=served.threads,
    )  # fmt: skip
    return [
        json.dumps(None if one.nearest is None else list(map(asdict, one.nearest))) for one in found
    ]


def _traces(served: Served, texts: pa.LargeStringArray, top: int) -> list[str]:
    """The road of each text as docs/trace.md describes it."""
    return [
        json.dumps(asdict(trace_text(served.classifier, text, top, served.texts, served.threads)))
        for text in texts.to_pylist()
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


def digits(shares: np.ndarray) -> list[str]:
    """(N,) float32 as JSON, with as few digits as tell them apart from other float32."""
    return list(map(str, shares.astype(np.float32)))


def _options_of(served: Served, options: str) -> _Options:
    """What the options come to for this classifier; SettingsError where it cannot do that."""
    found = served.known.get(options)
    if found is None:
        told = json.loads(options) if options else {}
        found = _read_options(served, told)
        served.known[options] = found
        if len(served.known) > MOST_KEPT:
            served.known.popitem(last=False)
    return found


def _read_options(served: Served, told: dict[str, Any]) -> _Options:
    classifier = served.classifier
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
        explain = ExplainSettings(**names, threads=served.threads)
    similar = told.get("similar", 0)
    if similar and served.texts is None:
        raise SettingsError(
            "this service tells no training texts",
            hint="start it with --similar, on a run that keeps texts",
        )
    trace = 0
    if "trace" in told:
        trace = int(told["trace"]["top"]) if isinstance(told["trace"], dict) else TOP
    return _Options(told.get("top", 1), tokens, promises, explain, similar, trace)
