"""The stack: weights against scikit-learn, and a classifier that survives its folder."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit, log_softmax, logit
from sklearn.linear_model import LogisticRegression

from textkind.classifier import Classifier, fit_function, predict_ids, predict_probabilities
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.decision.temperature import Temperature
from textkind.errors import ModelFolderError, SettingsError
from textkind.models.prior import PriorSettings, fit_prior
from textkind.models.settings import LinearSettings
from textkind.stack import PENALTY, StackModel, added_logits, fit_weights
from textkind.storage.model_folder import Provenance, load_model, save_model
from textkind.workflow.learn import learn

TEXTS = pa.array(
    ["good", "bad", "good film", "bad film", "", "good and bad"] * 8, pa.large_string()
)
LABELS = LabelSet(("no", "yes"))
CORPUS = Corpus(TEXTS, np.array([1, 0, 1, 0, 0, 1] * 8, np.int32), LABELS, np.arange(48))


def members(rng, rows, labels, skills):
    """Probabilities of members that know the target so well."""
    targets = rng.integers(0, labels, rows)
    given = []
    for skill in skills:
        logits = rng.normal(size=(rows, labels))
        logits[np.arange(rows), targets] += skill
        given.append(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    return np.stack(given), targets


def test_weights_are_those_of_logistic_regression():
    """Two labels and one score each, the difference of the logs: what scikit-learn fits."""
    given, targets = members(np.random.default_rng(0), 600, 2, (1.0, 0.8, 0.6))
    logs = np.log(given)
    features = (logs[:, :, 1] - logs[:, :, 0]).T
    expected = LogisticRegression(C=1 / (600 * PENALTY), fit_intercept=False, tol=1e-8)
    expected.fit(features, targets)
    np.testing.assert_allclose(fit_weights(given, targets), expected.coef_[0], atol=2e-3)


def test_of_several_labels_every_label_is_an_observation():
    rng = np.random.default_rng(1)
    targets = rng.integers(0, 2, (300, 4)).astype(np.uint8)
    given = np.stack([
        expit(skill * (2.0 * targets - 1) + rng.normal(size=targets.shape)) for skill in (1.0, 0.8)
    ])  # fmt: skip
    features = logit(given).reshape(2, -1).T
    expected = LogisticRegression(C=1 / (300 * PENALTY), fit_intercept=False, tol=1e-8)
    expected.fit(features, targets.ravel())
    np.testing.assert_allclose(fit_weights(given, targets), expected.coef_[0], atol=2e-3)


def test_a_member_that_adds_nothing_has_no_weight():
    given, targets = members(np.random.default_rng(2), 500, 3, (3.0, 0.0))
    given[1] = 1 / 3
    assert fit_weights(given, targets)[1] == 0


def test_a_member_that_is_always_wrong_is_not_turned_round():
    given, targets = members(np.random.default_rng(4), 500, 3, (2.0, -2.0))
    assert fit_weights(given, targets)[1] == 0


def test_the_stack_is_never_less_likely_than_its_best_member():
    given, targets = members(np.random.default_rng(3), 300, 4, (1.0, 1.2, 0.7))
    rows = np.arange(300)
    added = log_softmax(added_logits(given, fit_weights(given, targets), several=False), axis=1)
    alone = [np.log(one[rows, targets]).mean() for one in given]
    assert added[rows, targets].mean() >= max(alone) - PENALTY


def test_weights_stay_finite_where_every_text_is_right():
    given, targets = members(np.random.default_rng(5), 50, 3, (40.0, 40.0))
    assert np.isfinite(fit_weights(given, targets)).all()


@pytest.fixture(scope="module")
def stack():
    settings = LinearSettings(features="words", strength=1.0, naive_bayes=False)
    linear = learn(CORPUS, None, settings).classifier
    prior = Classifier(
        fit_prior(CORPUS, None, PriorSettings()).model, Decision(False), LABELS.names
    )
    model = StackModel(LABELS, (linear, prior), np.array([0.75, 0.25]), {"texts": 48})
    return Classifier(model, Decision(False, Temperature(0.5)), LABELS.names)


def test_it_adds_up_what_its_members_say(stack):
    first, second = (np.log(predict_probabilities(member, TEXTS)) for member in stack.model.members)
    np.testing.assert_allclose(stack.model.logits(TEXTS), 0.75 * first + 0.25 * second, atol=1e-5)
    assert (predict_ids(stack, TEXTS) == CORPUS.targets).mean() > 0.8


def test_it_is_the_same_after_saving_and_loading(stack, tmp_path):
    save_model(stack, tmp_path / "model", Provenance("toy", 48, 0))
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(
        predict_probabilities(again, TEXTS), predict_probabilities(stack, TEXTS)
    )
    assert [member.model.name for member in again.model.members] == ["linear", "prior"]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda config, arrays: config.update(members=[]), "no members"),
        (
            lambda config, arrays: arrays.update(weights=np.array([0.9, -0.9])),
            "weights make no sense",
        ),
        (lambda config, arrays: arrays.update(weights=np.array([1.0])), "weights make no sense"),
        (lambda config, arrays: arrays.pop("weights"), "weights make no sense"),
        (lambda config, arrays: config["members"][0].update(kind="magic"), "no known kind"),
        (lambda config, arrays: config["members"][0].update(kind="stack"), "stack within a stack"),
        (lambda config, arrays: arrays.pop("1/scores"), "the prior in this folder is damaged"),
    ],
)
def test_a_damaged_stack_is_refused(stack, damage, words):
    config, arrays = stack.model.state()
    damage(config, arrays)
    with pytest.raises(ModelFolderError, match=words):
        StackModel.from_state(config, arrays, LABELS)


def test_it_cannot_be_learned_from_texts_alone():
    with pytest.raises(SettingsError, match="made of fitted models") as caught:
        fit_function("stack")
    assert "textkind compare" in caught.value.hint


class Reading:
    """A member's model that reads so many words of a text."""

    def __init__(self, most):
        self.most = most

    def token_counts(self, texts, threads=None):
        if self.most is None:
            return None
        whole = np.array([len(text.split()) for text in texts.to_pylist()])
        return whole, np.minimum(whole, self.most)


@pytest.mark.parametrize(
    ("limits", "read"), [((None, 5, 2), [1, 2, 0, 2]), ((4, None), [1, 4, 0, 3]), ((None,), None)]
)
def test_what_a_stack_does_not_read_is_what_its_shortest_sighted_member_does_not(limits, read):
    members = tuple(Classifier(Reading(most), Decision(False), LABELS.names) for most in limits)
    stack = StackModel(LABELS, members, np.ones(len(members)), {})
    texts = pa.array(["one", "one two three four five six", "", "one two three"], pa.large_string())
    counts = stack.token_counts(texts)
    if read is None:
        assert counts is None
    else:
        assert (counts[0].tolist(), counts[1].tolist()) == ([1, 6, 0, 3], read)
