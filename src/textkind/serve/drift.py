"""The drift monitor: what is asked of a model beside what its validation texts were.

Counts are kept of the labels given, the confidence, the length and the novelty of texts: of all
since the version was loaded, and of the last few thousand. No text is kept.
"""

import operator
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

from textkind.evaluation.drift import Drift, drift

SLICES = 20  # of the window: as one is full, the oldest is forgotten
OF_A_TEXT = 12  # bytes at least: its cells of labels, confidence and length
WINDOW, START = "window", "start"


class Counts:
    """C counts of one figure: since the start, and over the window."""

    def __init__(self, cells: int, window: int) -> None:
        self.start = [0] * cells
        self.window = [0] * cells
        self._least = window  # texts
        self._slices = deque([[0] * cells])

    def add(self, counts: list[int]) -> None:
        """Texts that came together; the oldest leave the window where it is full without them."""
        self.start = list(map(operator.add, self.start, counts))
        self.window = list(map(operator.add, self.window, counts))
        self._slices[-1] = list(map(operator.add, self._slices[-1], counts))
        while sum(self.window) - sum(self._slices[0]) >= self._least:
            self.window = list(map(operator.sub, self.window, self._slices.popleft()))
        if sum(self._slices[-1]) * SLICES >= self._least:
            self._slices.append([0] * len(counts))


class Monitor:
    """The counts of one version of a model. told are its `profile_facts`; None: it has none."""

    def __init__(self, told: dict[str, Any] | None, window: int) -> None:
        self._told = {} if told is None else told
        self._window = window
        self._counts = {
            name: Counts(len(figure["cells"]), window) for name, figure in self._told.items()
        }
        self._waiting: list[bytes] = []
        self._waits = 0  # bytes

    def add(self, cells: bytes) -> None:
        """What a worker told of a batch (counting.py)."""
        self._waiting.append(cells)
        self._waits += len(cells)
        if self._waits >= OF_A_TEXT * self._window // SLICES:
            self._count()

    def _count(self) -> None:
        seen = Counter(memoryview(b"".join(self._waiting)).cast("i"))
        self._waiting, self._waits = [], 0
        begin = 0
        for counts in self._counts.values():
            end = begin + len(counts.start)
            counts.add([seen[cell] for cell in range(begin, end)])
            begin = end

    def figures(self) -> Iterator[tuple[str, dict[str, Any], dict[str, list[int]]]]:
        """Each figure by name: its facts, and its counts over the window and since the start."""
        self._count()
        for name, counts in self._counts.items():
            yield name, self._told[name], {WINDOW: counts.window, START: counts.start}

    def facts(self) -> dict[str, Any]:
        """JSON-able, for GET /v1/drift."""
        return {
            "window": self._window,
            "figures": {
                name: figure
                | {
                    over: {"counts": seen, **_drift_facts(_between(figure, seen))}
                    for over, seen in counts.items()
                }
                for name, figure, counts in self.figures()
            },
        }

    def gauges(self, model: str) -> Iterator[tuple[str, dict[str, str], float]]:
        """The same for Prometheus; what has no value is left out."""
        for name, figure, counts in self.figures():
            of = {"model": model, "figure": name}
            for cell, number in zip(figure["cells"], counts[START], strict=True):
                yield "textkind_seen_texts_total", of | {"cell": _cell_name(cell)}, number
            for over, seen in counts.items():
                found = _between(figure, seen)
                yield "textkind_drift_texts", of | {"over": over}, found.texts
                if found.index is not None and found.limit is not None:
                    yield "textkind_drift_index", of | {"over": over}, found.index
                    yield "textkind_drift_limit", of | {"over": over}, found.limit


def _between(figure: dict[str, Any], seen: list[int]) -> Drift:
    return drift(figure["validation"], seen)


def _drift_facts(found: Drift) -> dict[str, Any]:
    return {**vars(found), "drift": found.is_drift}


def _cell_name(cell: str | float | None) -> str:
    if cell is None:
        return "+Inf"
    return cell if isinstance(cell, str) else f"{cell:.6g}"
