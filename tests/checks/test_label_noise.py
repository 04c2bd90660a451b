"""Labels that are likely wrong are those of cleanlab 2.9.0; what cannot be judged is left alone."""

import numpy as np
import pytest
from hypothesis import given, strategies

from textkind.checks.finding import Audited
from textkind.checks.label_noise import FEWEST_OF_LABEL, label_noise
from textkind.checks.table import CHECKS
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet


def one_label(rows=120, classes=4):
    """Labels of which 15 % are drawn anew, and probabilities that know better."""
    random = np.random.default_rng(7)
    truth = random.integers(0, classes, rows)
    odds = random.dirichlet(np.ones(classes), rows) * 2 + 3 * np.eye(classes)[truth]
    probabilities = np.round(odds / odds.sum(1, keepdims=True), 3)
    drawn = random.random(rows) < 0.15
    return np.where(drawn, random.integers(0, classes, rows), truth), probabilities


def several_labels(rows=80, labels=3):
    random = np.random.default_rng(3)
    truth = (random.random((rows, labels)) < 0.4).astype(int)
    noisy = truth * 0.6 + 0.2 + random.normal(0, 0.15, truth.shape)
    probabilities = np.round(np.clip(noisy, 0.01, 0.99), 3)
    return np.where(random.random(truth.shape) < 0.08, 1 - truth, truth), probabilities


# find_label_issues(filter_by="confident_learning"), get_label_quality_scores, estimate_joint
FOUND = [7, 34, 53, 54, 67, 75, 77, 79, 82, 109]
QUALITY = [0.316, 0.048, 0.088, 0.032, 0.179, 0.106, 0.005, 0.114, 0.104, 0.177]
SHARE = 13 / 120  # cleanlab rounds its counts to whole rows
FOUND_OF_SEVERAL = [6, 8, 16, 19, 20, 28, 34, 35, 49, 51, 57, 60, 69, 70, 73]


def test_rows_quality_and_share_are_those_of_cleanlab():
    targets, probabilities = one_label()
    noise = label_noise(targets, probabilities)
    assert sorted(noise.rows.tolist()) == FOUND
    np.testing.assert_allclose(noise.quality[FOUND], QUALITY, atol=1e-9)
    assert (np.diff(noise.quality[noise.rows]) >= 0).all()
    assert noise.share == pytest.approx(SHARE, abs=4 / 120)
    assert noise.judged == 120


def test_with_several_labels_each_is_judged_by_itself_as_by_cleanlab():
    targets, probabilities = several_labels()
    noise = label_noise(targets, probabilities)
    assert sorted(noise.rows.tolist()) == FOUND_OF_SEVERAL
    changed = noise.suggested != targets
    assert changed.any(axis=1).nonzero()[0].tolist() == FOUND_OF_SEVERAL
    surer = np.where(noise.suggested, probabilities, 1 - probabilities)
    assert (surer[changed] > 0.5).all()


def test_a_label_too_rare_to_be_learned_is_neither_doubted_nor_suggested():
    few = FEWEST_OF_LABEL - 1
    targets = np.repeat([0, 1, 2], [20, 20, few])
    probabilities = np.full((len(targets), 3), [0.9, 0.05, 0.05])
    probabilities[20:40] = [0.05, 0.9, 0.05]
    probabilities[0] = [0.01, 0.04, 0.95]
    noise = label_noise(targets, probabilities)
    assert noise.rows.tolist() == []
    assert noise.judged == 40
    enough = label_noise(np.append(targets, 2), np.vstack([probabilities, [0.9, 0.05, 0.05]]))
    assert {0, 40, 41, 42, 43, 44} == set(enough.rows.tolist())


def test_nothing_to_judge_has_no_share():
    noise = label_noise(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]]))
    assert (noise.rows.size, noise.judged, noise.share) == (0, 0, None)


@given(strategies.integers(0, 2**32 - 1), strategies.integers(2, 6))
def test_a_row_is_named_only_for_a_label_that_is_more_probable(seed, classes):
    random = np.random.default_rng(seed)
    targets = random.integers(0, classes, 60)
    probabilities = random.dirichlet(np.ones(classes), 60).astype(np.float32)
    noise = label_noise(targets, probabilities)
    better = probabilities[np.arange(60), noise.suggested]
    named = np.isin(np.arange(60), noise.rows)
    assert (better[named] > probabilities[np.arange(60), targets][named]).all()
    assert (noise.suggested[~named] == targets[~named]).all()
    assert noise.share is None or 0 <= noise.share <= 1


def test_the_finding_names_rows_with_the_labels_suggested():
    import pyarrow as pa

    targets, probabilities = one_label()
    texts = pa.array([f"text {row}" for row in range(120)], pa.large_string())
    corpus = Corpus(texts, targets.astype(np.int32), LabelSet(tuple("abcd")), np.arange(120) + 2)
    check = CHECKS["likely_wrong_labels"]
    assert check(Audited(corpus, None)) == []
    (finding,) = check(Audited(corpus, corpus, probabilities={"test": probabilities}))
    assert (finding.part, finding.rows, finding.severity) == ("test", len(FOUND), "warning")
    assert sorted(finding.all_rows.tolist()) == [row + 2 for row in FOUND]
    first = finding.examples[0]
    assert (first["row"], first["quality"]) == (79, 0.005)
    assert first["suggested"] != first["labels"]
