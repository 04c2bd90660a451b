"""The linear model learns on as if it had kept all texts, from some of them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_array
from sklearn.svm import LinearSVC

from textkind.data.corpus import Corpus, joined
from textkind.data.labels import LabelSet
from textkind.models.linear import fit_linear
from textkind.models.linear_update import update_linear
from textkind.models.problems import Problems, Stopping
from textkind.models.replay import Replay
from textkind.models.settings import LinearSettings
from textkind.models.solvers import BinaryDescent, Standing

THREE, FOUR = LabelSet(("a", "b", "c")), LabelSet(("a", "b", "c", "d"))
SETTINGS = LinearSettings(features="words", strength=1.0, naive_bayes=False, tolerance=1e-4)


def made(rows, labels, seed, present=None):
    """Texts of words that lean to their label."""
    random = np.random.default_rng(seed)
    present = np.arange(len(labels)) if present is None else np.array(present)
    count = 40
    targets = random.choice(present, rows).astype(np.int32)
    texts = [
        " ".join(
            [f"w{target}_{random.integers(count)}" for _ in range(2)]
            + [f"w{random.integers(len(labels))}_{random.integers(count)}" for _ in range(4)]
        )
        for target in targets
    ]
    return Corpus(pa.array(texts, pa.large_string()), targets, labels, np.arange(rows))


def nothing(labels):
    return made(0, labels, 0)


def replayed(model, old, held_out, logits, *, kept=None, learned=True, seed=5):
    """A replay of all old texts, or of `kept` of them with their weights."""
    if kept is None:
        return Replay(old, np.ones(len(old)), held_out, logits, learned, complete=True)
    rows = np.random.default_rng(seed).choice(len(old), kept, replace=False)
    weights = np.full(kept, len(old) / kept)
    return Replay(old.take(rows), weights, held_out, logits, learned, complete=False)


def right(model, part):
    return float((model.logits(part.texts).argmax(axis=1) == part.targets).mean())


def relabelled(part, labels):
    return replace(part, labels=labels)


@pytest.mark.parametrize("settings", [SETTINGS, LinearSettings()])
def test_where_all_texts_are_kept_it_is_the_fit_to_all_of_them(settings):
    old, held_out, new, more = (made(n, THREE, s) for s, n in enumerate((300, 60, 200, 40)))
    fit = fit_linear(old, held_out, settings)
    replay = replayed(fit.model, old, held_out, fit.validation_logits)
    found = update_linear(fit.model, replay, new, more)
    again = fit_linear(joined(old, new), joined(held_out, more), settings)
    texts = made(200, THREE, 9).texts
    np.testing.assert_array_equal(found.model.logits(texts), again.model.logits(texts))
    np.testing.assert_array_equal(found.validation_logits, again.validation_logits)
    assert found.model.facts["texts"] == 600


@pytest.mark.parametrize("objective", ["squared_hinge", "logistic", "multinomial"])
def test_where_half_of_the_texts_are_kept_it_is_near_the_fit_to_all_of_them(objective):
    settings = replace(SETTINGS, objective=objective, minimum_document_frequency=1)
    old, held_out, new, test = (made(n, THREE, s) for s, n in enumerate((800, 60, 200, 2000)))
    fit = fit_linear(old, held_out, settings)
    replay = replayed(fit.model, old, held_out, fit.validation_logits, kept=400)
    found = update_linear(fit.model, replay, new, nothing(THREE))
    whole = fit_linear(joined(old, new), held_out, settings)
    assert right(found.model, test) > right(whole.model, test) - 0.03
    assert len(found.validation_logits) == 60


def test_a_weight_of_two_is_a_row_that_stands_twice():
    corpus = made(120, THREE, 1)
    random = np.random.default_rng(0)
    twice = random.random(120) < 0.5
    texts = pa.concat_arrays([corpus.texts, corpus.take(np.flatnonzero(twice)).texts])
    targets = np.concatenate([corpus.targets, corpus.targets[twice]])
    from textkind.encoding.ngrams import NgramSettings, fit_ngrams

    encoder, rows = fit_ngrams(texts, NgramSettings(words=(1, 1)))
    costs, classes = np.ones((2, 3), np.float32), np.arange(3)
    for objective in ("squared_hinge", "logistic"):
        weights = []
        for number, sample in ((120, 1.0 + twice), (len(texts), None)):
            problems = Problems(targets[:number], classes, costs, weights=sample)
            descent = BinaryDescent(
                rows.part(slice(0, number)), len(encoder), problems, objective,
                canonical=np.arange(number), stopping=Stopping(1e-6, 500),
            )  # fmt: skip
            solution = descent.finish()
            assert abs(solution.facts["relative_gap"]) < 1e-4
            weights.append(solution.weights)
        np.testing.assert_allclose(*weights, atol=2e-3)


def test_sample_weights_reach_the_optimum_of_scikit_learn():
    from textkind.encoding.ngrams import NgramSettings, fit_ngrams
    from textkind.models.linear_update import _matrix

    corpus = made(150, LabelSet(("a", "b")), 3)
    encoder, rows = fit_ngrams(corpus.texts, NgramSettings(words=(1, 1)))
    sample = np.random.default_rng(0).uniform(0.5, 4, 150)
    problems = Problems(corpus.targets, np.array([1]), np.ones((2, 1), np.float32), weights=sample)
    descent = BinaryDescent(
        rows, len(encoder), problems, "squared_hinge", canonical=np.arange(150),
        stopping=Stopping(1e-7, 1000),
    )  # fmt: skip
    solution = descent.finish()
    features = csr_array(_matrix(rows, len(encoder)).toarray()[:, :-1])
    peer = LinearSVC(C=1.0, tol=1e-8, max_iter=100_000).fit(features, corpus.targets, sample)
    np.testing.assert_allclose(solution.weights[0, :, 0], peer.coef_[0], atol=2e-3)


def test_the_gap_to_the_minimum_holds_with_a_centre():
    from textkind.encoding.ngrams import NgramSettings, fit_ngrams

    corpus = made(150, THREE, 3)
    encoder, rows = fit_ngrams(corpus.texts, NgramSettings(words=(1, 1)))
    random = np.random.default_rng(0)
    centre = random.normal(0, 0.1, (len(encoder) + 1, 3)).astype(np.float32)
    problems = Problems(corpus.targets, np.arange(3), np.ones((2, 3), np.float32))
    for objective, state in (("squared_hinge", 0.0), ("logistic", -80.0)):
        descent = BinaryDescent(
            rows, len(encoder), problems, objective, canonical=np.arange(150),
            stopping=Stopping(1e-7, 1000),
        )  # fmt: skip
        states = np.full((150, 3), state, np.float32)
        descent.begin(Standing(centre[:-1], centre[-1], states, np.zeros(3), centre))
        assert 0 <= descent.finish().facts["relative_gap"] < 1e-4


def test_a_sample_with_the_old_weights_is_nearly_as_good_as_all_texts():
    test = made(1500, THREE, 7)
    old, held_out, new = made(3000, THREE, 1), made(300, THREE, 2), made(400, THREE, 3)
    fit = fit_linear(old, held_out, SETTINGS)
    whole = replayed(fit.model, old, held_out, fit.validation_logits)
    few = replayed(fit.model, old, held_out, fit.validation_logits, kept=200)
    anew = replace(few, complete=True)  # the old weights are not gone on from
    all_of_it, on, sample_alone = (
        right(update_linear(fit.model, one, new, nothing(THREE)).model, test)
        for one in (whole, few, anew)
    )
    assert on > all_of_it - 0.015
    assert on > sample_alone + 0.02


def test_new_labels_are_learned_and_the_old_ones_kept():
    old, held_out = made(1500, THREE, 1), made(150, THREE, 2)
    fit = fit_linear(old, held_out, SETTINGS)
    new, more = made(500, FOUR, 3, present=[3]), made(50, FOUR, 4, present=[3])
    before = made(600, THREE, 5)
    known = replayed(fit.model, relabelled(old, FOUR), relabelled(held_out, FOUR),
                     fit.validation_logits, kept=200)  # fmt: skip
    found = update_linear(fit.model, known, new, more)
    assert found.model.labels == FOUR
    assert right(found.model, relabelled(before, FOUR)) > right(fit.model, before) - 0.04
    assert right(found.model, made(300, FOUR, 6, present=[3])) > 0.8
    naive = fit_linear(new, None, SETTINGS)
    assert right(naive.model, relabelled(before, FOUR)) < 0.5  # it forgets


def test_two_labels_become_three():
    known = [made(rows, THREE, seed, present=[0, 2]) for seed, rows in enumerate((900, 60, 500))]
    two = LabelSet(("a", "c"))
    old, held_out, test = (replace(one, targets=one.targets // 2, labels=two) for one in known)
    fit = fit_linear(old, held_out, replace(SETTINGS, naive_bayes=True))
    new = made(300, THREE, 3, present=[1])
    replay = replayed(fit.model, *known[:2], fit.validation_logits, kept=150)
    found = update_linear(fit.model, replay, new, nothing(THREE))
    assert found.model.biases.shape == (3,)
    among = found.model.logits(test.texts)[:, [0, 2]].argmax(axis=1)
    assert (among == test.targets).mean() > right(fit.model, test) - 0.03
    assert np.isfinite(found.validation_logits).all()


@pytest.mark.parametrize("kept", [None, 150])
def test_validation_logits_are_no_better_than_on_texts_that_nothing_has_seen(kept):
    old, held_out = made(1200, THREE, 1), made(400, THREE, 2)
    fit = fit_linear(old, held_out, SETTINGS)
    replay = replayed(fit.model, old, held_out, fit.validation_logits, kept=kept)
    found = update_linear(fit.model, replay, made(200, THREE, 3), made(200, THREE, 4))
    told = (found.validation_logits.argmax(axis=1)[:400] == held_out.targets).mean()
    unseen = right(found.model, made(3000, THREE, 8))
    refitted = right(found.model, held_out)
    assert told < refitted  # the last fit has learned from them
    assert told == pytest.approx(unseen, abs=0.05)


def test_several_labels_go_on():
    labels = LabelSet(("a", "b", "c"), several=True)

    def several(rows, seed):
        one = made(rows, THREE, seed)
        targets = np.eye(3, dtype=np.uint8)[one.targets]
        targets[::7] = 0
        return replace(one, targets=targets, labels=labels)

    old, held_out, new = several(800, 1), several(100, 2), several(200, 3)
    fit = fit_linear(old, held_out, SETTINGS)
    replay = replayed(fit.model, old, held_out, fit.validation_logits, kept=100)
    found = update_linear(fit.model, replay, new, several(50, 4))
    test = several(800, 5)
    given = [(one.logits(test.texts) > 0) == test.targets for one in (fit.model, found.model)]
    assert given[1].mean() > given[0].mean() - 0.01


def test_it_is_the_same_in_any_order_of_the_new_rows():
    old, held_out, new = made(300, THREE, 1), made(50, THREE, 2), made(100, THREE, 3)
    fit = fit_linear(old, held_out, SETTINGS)
    replay = replayed(fit.model, old, held_out, fit.validation_logits, kept=80)
    found, other = (
        update_linear(fit.model, replay, new.take(order), nothing(THREE)).model
        for order in (np.arange(100), np.arange(100)[::-1])
    )
    texts = made(50, THREE, 9).texts
    np.testing.assert_allclose(found.logits(texts), other.logits(texts), atol=1e-4)
