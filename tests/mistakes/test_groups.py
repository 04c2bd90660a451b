"""Groups of mistakes: the detectors on made answers, the counts, and what is in none."""

import numpy as np
import pyarrow as pa
import pytest

from textkind.mistakes.causes import CAUSES, Judged
from textkind.mistakes.groups import grouped
from textkind.mistakes.neighbours import CLUSTER, clusters, support
from textkind.mistakes.overrepresented import text_ngrams


def judged(texts, targets, probabilities, **more):
    given = np.array(probabilities, np.float32)
    targets = np.array(targets, np.int32)
    predicted = given.argmax(axis=1) if targets.ndim == 1 else (given >= 0.5).astype(np.uint8)
    return Judged(pa.array(texts, pa.large_string()), targets, given, predicted, **more)


def found(one, together=None):
    return grouped(one, text_ngrams(one.texts), together)


def by_name(result):
    return {group["group"]: group for group in result.figures["groups"]}


def test_every_detector_finds_its_rows():
    more = 10  # of each label, so that labels can be doubted
    one = judged(
        ["a plain text of five", "it does not work at all", "yeah right, a fine text",
         "the parcel was sent today", "another plain text of mine",
         *["some other plain text"] * 2 * more],
        [0, 1, 0, 1, 0, *[0, 1] * more],
        [[0.55, 0.45], [0.2, 0.8], [0.97, 0.03], [0.98, 0.02], [0.1, 0.9],
         *[[0.95, 0.05], [0.05, 0.95]] * more],
        support=np.append([1, 1, 0.2, 1, 1], np.ones(2 * more)),
        tokens=(np.append([5, 9, 5, 5, 5], np.full(2 * more, 5)), np.full(5 + 2 * more, 5)),
    )  # fmt: skip
    members = {name: np.flatnonzero(rows).tolist() for name, rows in found(one).members.items()}
    assert members == {
        "ambiguous": [0],
        "other_neighbours": [2],
        "missing_context": [1],
        "label_noise": [3, 4],
        "negation": [1],
        "irony": [2],
        "truncated": [1],
    }
    assert set(found(one).figures["not_looked_for"]) == {"rare_words", "unlike_training"}


def test_rates_lifts_and_rows_in_no_group_add_up():
    rng = np.random.default_rng(0)
    texts = [f"{'no ' if n % 4 == 0 else ''}plain text about number {n}" for n in range(400)]
    targets = rng.integers(0, 2, 400)
    wrong = rng.random(400) < np.where(np.arange(400) % 4 == 0, 0.4, 0.1)
    sure = np.where(wrong, 0.65, 0.95)  # of mistakes too little for confident learning
    given = np.where((targets == 0) ^ wrong, sure, 1 - sure)
    one = judged(texts, targets, np.stack([given, 1 - given], axis=1))
    result = found(one)
    group = by_name(result)["negation"]
    inside = np.arange(400) % 4 == 0
    assert (group["rows"], group["mistakes"]) == (100, int((wrong & inside).sum()))
    assert group["rate"]["value"] == pytest.approx(wrong[inside].mean())
    assert group["lift"]["value"] == pytest.approx(wrong[inside].mean() / wrong.mean())
    assert group["lift"]["low"] > 1
    assert group["p"] < 0.01
    assert group["of_mistakes"] == pytest.approx((wrong & inside).sum() / wrong.sum())
    in_any = np.any(list(result.members.values()), axis=0)
    assert result.figures["without_a_group"] == (wrong & ~in_any).sum() > 0
    assert all(wrong[row] and inside[row] for row in group["examples"])
    assert result.groups_of(0) == ["negation"]


def test_examples_are_the_surest_mistakes():
    rng = np.random.default_rng(0)
    given = rng.dirichlet(np.full(5, 0.5), 60)
    one = judged(["it is not so"] * 60, rng.integers(0, 5, 60), given)
    examples = by_name(found(one))["negation"]["examples"]
    wrong = np.flatnonzero(one.wrong)
    expected = wrong[np.argsort(-given[wrong].max(axis=1), kind="stable")][:3]
    assert examples == expected.tolist()


def test_a_group_that_only_mistakes_can_be_in_has_no_lift():
    texts = ["a text of some words"] * 21
    one = judged(texts, [0, *[0, 1] * 10], [[0.01, 0.99], *[[0.9, 0.1], [0.1, 0.9]] * 10])
    group = by_name(found(one))["label_noise"]
    assert (group["rows"], group["mistakes"], group["p"]) == (1, 1, None)
    assert group["lift"] == {"value": None, "low": None, "high": None}


def test_without_a_mistake_every_lift_is_null_and_no_ngram_is_told():
    one = judged(["not one mistake"] * 20, [0] * 20, [[0.9, 0.1]] * 20)
    figures = found(one).figures
    assert figures["mistakes"]["hits"] == figures["without_a_group"] == 0
    assert {group["lift"]["value"] for group in figures["groups"]} == {None}
    assert {group["of_mistakes"] for group in figures["groups"]} == {None}
    assert figures["ngrams"] == []
    assert figures["clusters"] is None


def test_several_labels_are_wrong_as_a_set():
    more = 8
    one = judged(
        ["one text here now", "two texts here now", "three texts here now",
         *["four texts here now"] * 2 * more],
        [[1, 0, 1], [0, 1, 0], [0, 0, 1], *[[1, 0, 1], [0, 1, 0]] * more],
        [[0.9, 0.1, 0.97], [0.55, 0.6, 0.45], [0.1, 0.96, 0.9],
         *[[0.9, 0.1, 0.9], [0.1, 0.9, 0.1]] * more],
    )  # fmt: skip
    result = found(one)
    assert result.figures["mistakes"]["hits"] == 2
    assert np.flatnonzero(result.members["ambiguous"]).tolist() == [1]
    assert np.flatnonzero(result.members["label_noise"]).tolist() == [2]


def test_clusters_part_what_lies_apart_and_the_worst_comes_first():
    rng = np.random.default_rng(0)
    side = np.repeat([0, 1], CLUSTER)
    vectors = rng.normal(0, 0.05, (2 * CLUSTER, 4)).astype(np.float32)
    vectors[np.arange(2 * CLUSTER), side] += 1
    together = clusters(vectors, 0)
    assert len(np.unique(together[side == 0])) == len(np.unique(together[side == 1])) == 1
    given = np.where((side == 1) & (rng.random(2 * CLUSTER) < 0.6), 0.2, 0.9)
    texts = [f"{'apples' if one else 'pears'} of the garden {n}" for n, one in enumerate(side)]
    one = judged(texts, np.zeros(2 * CLUSTER), np.stack([given, 1 - given], axis=1))
    result = found(one, together)
    first, second = result.figures["clusters"]
    assert (first["cluster"], second["cluster"]) == (1, 2)
    assert first["words"][0] == "apples"
    assert first["lift"]["low"] > 1
    assert second["mistakes"] == 0
    assert (result.clusters == np.where(side == 1, 1, 2)).all()
    assert clusters(vectors[: 2 * CLUSTER - 1]) is None


def test_neighbours_that_agree_are_counted_among_the_nearest():
    rng = np.random.default_rng(1)
    known, vectors = (rng.normal(size=(n, 6)).astype(np.float32) for n in (40, 7))
    expected = np.argsort(-(vectors @ known.T), axis=1)[:, :5]
    labels = rng.integers(0, 3, 40)
    predicted = rng.integers(0, 3, 7)
    shares = (labels[expected] == predicted[:, None]).mean(axis=1)
    assert support(known, labels, vectors, predicted).tolist() == shares.tolist()
    assert support(known[:4], labels[:4], vectors, predicted) is None


def test_every_cause_says_what_it_is_and_what_helps():
    assert all(cause.what and cause.helps for cause in CAUSES.values())
