"""What a classifier costs here: how fast it answers, and the memory that its process took."""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier, predict_probabilities

SINGLE = 100  # texts whose latency is measured one by one
WARM_UP = 5  # texts before that, for what is loaded or compiled on first use
BRIEF = 0.2  # seconds; a test part that takes less is read again, up to REPEATS times
REPEATS = 5


def measured_speed(
    classifier: Classifier, texts: pa.LargeStringArray, threads: int | None
) -> tuple[np.ndarray, dict[str, float]]:
    """Probabilities (N, K) of the texts, and how fast they come: all at once, and one by one."""
    for place in range(min(WARM_UP, len(texts))):
        predict_probabilities(classifier, texts.slice(place, 1), 1)
    all_texts = partial(predict_probabilities, classifier, texts, threads)
    given, seconds = _timed(all_texts)
    runs = [seconds]
    while sum(runs) < BRIEF and len(runs) < REPEATS:
        runs.append(_timed(all_texts)[1])
    single = []
    for place in range(min(SINGLE, len(texts))):
        one = texts.slice(place, 1).take(pa.array([0]))
        single.append(_timed(partial(predict_probabilities, classifier, one, 1))[1])
    return given, {
        "texts_per_second": len(texts) / min(runs),
        "one_text_ms": 1000 * statistics.median(single),
    }


def _timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def peak_mb() -> float:
    """The most memory that this process held, in MB of 1,000,000 bytes."""
    try:
        # not ru_maxrss, which a child inherits from the process that started it
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6
