"""Counts of the service in Prometheus' text format; no label holds anything a client sent."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

HELP = {
    "textkind_requests_total": ("counter", "Requests answered, by route and status."),
    "textkind_request_seconds": ("histogram", "From the whole request to its answer."),
    "textkind_texts_total": ("counter", "Texts that a model has read."),
    "textkind_batch_texts": ("histogram", "Texts of a batch."),
    "textkind_batch_seconds": ("histogram", "What a model took for a batch."),
    "textkind_queue_requests": ("gauge", "Requests that wait for a model."),
    "textkind_workers": ("gauge", "Workers of a model that are there."),
    "textkind_model_info": ("gauge", "1 for the version of each model that answers."),
    "textkind_seen_texts_total": (
        "counter",
        "Texts by the cell that they fall in, of each figure.",
    ),
    "textkind_drift_texts": ("gauge", "Texts that drift is told of."),
    "textkind_drift_index": ("gauge", "Population stability index beside validation."),
    "textkind_drift_limit": ("gauge", "Index beyond which texts have drifted."),
    "textkind_worker_restarts_total": ("counter", "Workers that ended and were replaced."),
    "textkind_reloads_total": ("counter", "New models, by what became of them."),
    "textkind_abandoned_total": ("counter", "Requests whose client left before the answer."),
    "textkind_connections": ("gauge", "Open connections."),
    "textkind_log_lines_lost_total": ("counter", "Lines that the log could not take."),
}

Labels = tuple[tuple[str, str], ...]
Gauges = Callable[[], Iterable[tuple[str, dict[str, str], float]]]


class Histogram:
    """Counts by upper border, and the sum."""

    def __init__(self, borders: tuple[float, ...]) -> None:
        self.borders = borders
        self.counts = [0] * (len(borders) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.borders, value)] += 1
        self.sum += value


class Metrics:
    """All counts; gauges are asked when someone looks."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, Labels], float] = defaultdict(float)
        self._histograms: dict[tuple[str, Labels], Histogram] = {}
        self.gauges: list[Gauges] = []

    def count(self, name: str, value: float = 1, **labels: str) -> None:
        """Add to a counter."""
        self._counters[name, tuple(labels.items())] += value

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request answered."""
        self.count("textkind_requests_total", route=route, code=str(status))
        self._observe("textkind_request_seconds", (("route", route),), SECONDS, seconds)

    def batch(self, model: str, texts: int, seconds: float) -> None:
        """One batch answered."""
        labels = (("model", model),)
        self.count("textkind_texts_total", texts, model=model)
        self._observe("textkind_batch_texts", labels, TEXTS, texts)
        self._observe("textkind_batch_seconds", labels, SECONDS, seconds)

    def _observe(self, name: str, labels: Labels, borders: tuple[float, ...], value: float) -> None:
        found = self._histograms.get((name, labels))
        if found is None:
            found = self._histograms[name, labels] = Histogram(borders)
        found.observe(value)

    def text(self) -> str:
        """Everything, in the text format 0.0.4."""
        lines: dict[str, list[str]] = {name: [] for name in HELP}
        for (name, labels), value in self._counters.items():
            lines[name].append(_line(name, labels, value))
        for gauge in self.gauges:
            for name, told, value in gauge():
                lines[name].append(_line(name, tuple(told.items()), value))
        for (name, labels), histogram in self._histograms.items():
            lines[name] += _histogram_lines(name, labels, histogram)
        blocks = [
            [f"# HELP {name} {HELP[name][1]}", f"# TYPE {name} {HELP[name][0]}", *found]
            for name, found in lines.items()
        ]
        return "\n".join(line for block in blocks for line in block) + "\n"


def _histogram_lines(name: str, labels: Labels, histogram: Histogram) -> list[str]:
    found, total = [], 0
    borders = [*(f"{border:g}" for border in histogram.borders), "+Inf"]
    for border, count in zip(borders, histogram.counts, strict=True):
        total += count
        found.append(_line(f"{name}_bucket", (*labels, ("le", border)), total))
    found.append(_line(f"{name}_sum", labels, histogram.sum))
    found.append(_line(f"{name}_count", labels, total))
    return found


def _line(name: str, labels: Labels, value: float) -> str:
    told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{told}}} {value:.17g}" if told else f"{name} {value:.17g}"


def _escaped(text: str) -> str:
    """The name of a label may hold anything."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
