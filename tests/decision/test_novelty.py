"""Novelty: scores by other people's code, thresholds that keep what they say, what is refused."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from scipy.stats import binom, expon
from sklearn.covariance import ledoit_wolf

from textkind.decision.novelty import (
    fit_novelty,
    novelty_arrays,
    novelty_from_arrays,
    novelty_scores,
    rejection_threshold,
    scores_of,
    tail_log,
)
from textkind.decision.novelty_scores import (
    NEIGHBOURS,
    SCORES,
    Reference,
    Signs,
    in_bytes,
    raw_scores,
    reference_of,
    whitened_means,
)
from textkind.encoding.similarity import unit_length
from textkind.errors import ModelFolderError, SettingsError

LABELS, WIDTH = 5, 16


def drawn(rows, seed, outside=False):
    """Vectors about the means of five labels, or about none; logits by the means; unseen shares."""
    random = np.random.default_rng(seed)
    means = np.random.default_rng(99).normal(size=(LABELS, WIDTH)) * 2
    targets = random.integers(0, LABELS, rows)
    vectors = random.normal(size=(rows, WIDTH)) + (0 if outside else means[targets])
    unseen = random.beta(4, 4, rows) if outside else random.beta(1, 6, rows)
    logits = (vectors @ means.T / 4).astype(np.float32)
    return Signs(logits, vectors.astype(np.float32), unseen), targets


def fitted(names=SCORES, outside=None):
    train, targets = drawn(1000, 0)
    validation, gold = drawn(400, 1)
    return fit_novelty(names, train.vectors, targets, validation, gold, outside)


@pytest.mark.parametrize("names", [*((name,) for name in SCORES), SCORES])
def test_texts_out_of_scope_score_higher_and_those_in_scope_stay(names):
    novelty = fitted(names)
    inside, _ = drawn(4000, 2)
    outside, _ = drawn(1000, 3, outside=True)
    highest = rejection_threshold(novelty, 0.95)
    assert np.mean(novelty_scores(novelty, inside) <= highest) == pytest.approx(0.95, abs=0.025)
    assert np.mean(novelty_scores(novelty, outside) > highest) > 0.3


def test_several_scores_tell_more_than_the_best_of_them():
    def unsure(rows, seed, outside=False):
        """As drawn, with logits that say little."""
        signs, targets = drawn(rows, seed, outside)
        logits = np.random.default_rng(seed).normal(size=(rows, LABELS))
        logits[np.arange(rows), targets] += 0 if outside else 3
        return Signs(logits.astype(np.float32), None, signs.unseen), targets

    (outside, _), (inside, _) = unsure(2000, 3, outside=True), unsure(2000, 2)

    def chance(*names):
        """That a text out of scope scores above one in scope."""
        novelty = fit_novelty(names, None, np.empty(0), *unsure(400, 1))
        high, low = novelty_scores(novelty, outside), novelty_scores(novelty, inside)
        return (high[:, None] > low).mean()

    assert chance("energy", "unseen") > 0.01 + max(chance("energy"), chance("unseen"))


def test_scores_are_those_of_the_papers():
    train, targets = drawn(300, 0)
    signs, gold = drawn(60, 1)
    reference = reference_of(SCORES, train.vectors, targets, signs.logits, gold)
    raw = raw_scores(SCORES, reference, signs)
    np.testing.assert_allclose(
        raw["energy"], -logsumexp(signs.logits.astype(float) / reference.temperature, axis=1)
    )
    kept = reference.nearest.astype(np.float64)
    cosines = cdist(signs.vectors.astype(np.float64), kept, "cosine")
    np.testing.assert_allclose(raw["knn"], np.sort(cosines)[:, NEIGHBOURS - 1], atol=1e-5)
    own = unit_length(train.vectors).astype(np.float64)
    means = np.stack([own[targets == label].mean(axis=0) for label in range(LABELS)])
    new = unit_length(signs.vectors).astype(np.float64)
    within, _ = ledoit_wolf(own - means[targets], assume_centered=True)
    of_all, _ = ledoit_wolf(own - own.mean(axis=0), assume_centered=True)
    nearest = cdist(new, means, "mahalanobis", VI=np.linalg.inv(within)).min(axis=1)
    background = cdist(new, own.mean(axis=0)[None], "mahalanobis", VI=np.linalg.inv(of_all))[:, 0]
    np.testing.assert_allclose(raw["mahalanobis"], nearest**2 - background**2, rtol=1e-3, atol=1e-3)
    several = Reference(True, temperature=2.0)
    joint = np.log1p(np.exp(signs.logits.astype(float) / 2)).sum(axis=1)
    np.testing.assert_allclose(raw_scores(("energy",), several, signs)["energy"], -joint)


def test_bytes_keep_unit_length():
    vectors = np.random.default_rng(0).normal(size=(200, 384)).astype(np.float32)
    kept = unit_length(in_bytes(vectors).astype(np.float32))
    assert (kept * unit_length(vectors)).sum(axis=1).min() > 0.9999
    assert not in_bytes(np.zeros((2, 3), np.float32)).any()


def test_a_tail_of_exponential_scores_is_their_own():
    random = np.random.default_rng(0)
    seen = np.sort(random.exponential(2.0, 20_000))
    scores = np.array([0.5, 2.0, 10.0, 40.0])
    np.testing.assert_allclose(tail_log(seen, scores), -expon.logsf(scores / 2), rtol=0.05)
    rising = tail_log(seen, np.linspace(0, 50, 500))
    assert (np.diff(rising) >= 0).all()
    constant = tail_log(np.ones(60), np.array([0.0, 1.0, 2.0]))
    assert constant[0] == constant[1] == 0
    assert np.isfinite(constant).all()
    assert constant[2] > 0


@pytest.mark.parametrize("kept", [0.5, 0.9, 0.95])
def test_the_share_that_is_asked_for_stays(kept):
    stayed = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        novelty = fit_novelty(
            ("energy",), None, np.empty(0, int),
            Signs(random.normal(size=(200, 2)).astype(np.float32)), random.integers(0, 2, 200),
        )  # fmt: skip
        new = Signs(random.normal(size=(500, 2)).astype(np.float32))
        stayed += (novelty_scores(novelty, new) <= rejection_threshold(novelty, kept)).sum()
    low, high = binom.interval(0.999, 40 * 500, kept)
    slack = 3 * 500 * np.sqrt(40 * kept * (1 - kept) / 200)  # the thresholds waver as well
    assert low - slack < stayed < high + slack


def test_given_texts_out_of_scope_weigh_the_scores():
    outside, _ = drawn(500, 5, outside=True)
    blind = Signs(outside.logits, outside.vectors, drawn(500, 6)[0].unseen)  # unseen says nothing
    novelty = fitted(outside=blind)
    assert novelty.weights["unseen"] < max(novelty.weights.values()) / 4
    assert min(novelty.weights.values()) >= 0


def test_what_there_is_none_of_is_not_fitted():
    assert fitted(()) is None
    train, targets = drawn(1000, 0)
    few, gold = drawn(49, 1)
    assert fit_novelty(("energy",), train.vectors, targets, few, gold) is None


def test_labels_with_one_text_have_a_mean():
    vectors = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    means, whitening = whitened_means(vectors, np.arange(4))
    assert means.shape == (4, 3)
    assert np.isfinite(whitening).all()


@pytest.mark.parametrize(
    ("choice", "gives", "expected"),
    [
        ("auto", {"unseen"}, ("energy", "unseen")),
        ("auto", {"vectors"}, ("energy", "knn", "mahalanobis")),
        ("auto", {"vectors", "several"}, ("energy", "knn")),
        ("knn", {"vectors"}, ("knn",)),
        ("none", {"vectors"}, ()),
    ],
)
def test_a_choice_stands_for_scores(choice, gives, expected):
    assert chosen(choice, *gives) == expected


def chosen(choice, *gives):
    return scores_of(choice, **{name: name in gives for name in ("vectors", "unseen", "several")})


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: chosen("knn", "unseen"), "cannot tell novelty by knn.*energy, unseen"),
        (lambda: chosen("mahalanobis", "vectors", "several"), "by mahalanobis.*by energy, knn"),
        (lambda: chosen("unsen", "unseen"), "no such score .*did you mean 'unseen'"),
        (lambda: rejection_threshold(fitted(("energy",)), 1.0), "above 0 and below 1; found 1.0"),
        (lambda: rejection_threshold(fitted(("energy",)), 0.999), "too few .* found 400"),
    ],
)
def test_what_makes_no_sense_is_refused(attempt, words):
    with pytest.raises(SettingsError, match=f"(?s){words}"):
        attempt()


@pytest.mark.parametrize("names", [("energy",), ("knn",), SCORES])
def test_novelty_comes_back_as_it_was_saved(names):
    novelty, (signs, _) = fitted(names), drawn(50, 7)
    again = novelty_from_arrays(novelty_arrays(novelty), several=False)
    np.testing.assert_array_equal(novelty_scores(again, signs), novelty_scores(novelty, signs))
    assert novelty_from_arrays(novelty_arrays(None), several=False) is None


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("validation", lambda a: a[::-1].copy(), "validation does not rise"),
        ("validation", lambda a: a[:20], "its validation texts"),
        ("seen knn", lambda a: a[:-1], "the shape of seen knn"),
        ("weights", lambda a: -a, "its weights"),
        ("temperature", lambda a: a * 0, "its temperature"),
        ("nearest", lambda a: a.astype(np.int16), "its arrays are not"),
        ("nearest", lambda a: a[:0], "the shape of nearest"),
        ("whitening", lambda a: a[:-1], "the shape of whitening"),
        ("centre", lambda a: np.repeat(a, 2, axis=0), "the shape of centre"),
    ],
)
def test_damaged_novelty_is_refused(name, change, problem):
    saved = novelty_arrays(fitted())
    saved[name] = change(saved[name])
    with pytest.raises(ModelFolderError, match=f"the score of novelty is damaged: {problem}"):
        novelty_from_arrays(saved, several=False)
