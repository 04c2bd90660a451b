"""What a classifier costs: memory of its own process alone, and answers that are not changed."""

import subprocess
import sys

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier, predict_probabilities
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.models.prior import PriorSettings, fit_prior
from textkind.workflow.costs import SINGLE, measured_speed

PEAK = """
import numpy as np
from textkind.workflow.costs import peak_mb
before = peak_mb()
np.ones({size}, np.uint8)
print(before, peak_mb())
"""


def test_peak_memory_is_that_of_the_process_and_stays_when_it_is_freed():
    held = np.ones(900_000_000, np.uint8)  # by this process, which starts the other
    words = [sys.executable, "-c", PEAK.format(size=300_000_000)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    before, after = map(float, told)
    assert before < held.size / 1e6
    assert 290 < after - before < 330


def test_the_answers_are_those_of_the_classifier_and_every_text_is_timed():
    labels = LabelSet(("a", "b"))
    texts = pa.array([f"text {row}" for row in range(SINGLE + 20)], pa.large_string())
    corpus = Corpus(
        texts, (np.arange(len(texts)) % 2).astype(np.int32), labels, np.arange(len(texts))
    )
    classifier = Classifier(
        fit_prior(corpus, None, PriorSettings()).model, Decision(False), labels.names
    )
    given, speed = measured_speed(classifier, texts, 1)
    np.testing.assert_array_equal(given, predict_probabilities(classifier, texts))
    assert set(speed) == {"texts_per_second", "one_text_ms"}
    assert min(speed.values()) > 0
