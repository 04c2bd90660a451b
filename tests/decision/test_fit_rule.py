"""Rules chosen on validation: what they promise there, what is told, what is refused."""

import json

import numpy as np
import pytest
from scipy.special import expit, logit, softmax
from sklearn.metrics import f1_score, precision_score, recall_score

from textkind.data.labels import LabelSet
from textkind.data.targets import label_counts
from textkind.decision.beta import Beta
from textkind.decision.fit_rule import fit_rule
from textkind.decision.isotonic import Isotonic
from textkind.decision.platt import Platt
from textkind.decision.rule import Rule, given_labels
from textkind.decision.rule_choice import at_threshold, label_shares, prior_weights
from textkind.decision.rule_settings import NAMES, RuleSettings
from textkind.decision.temperature import Temperature
from textkind.errors import DataError, SettingsError

TWO, FOUR = LabelSet(("ham", "spam")), LabelSet(("a", "b", "c", "d"))
SEVERAL = LabelSet(("a", "b", "c", "d"), several=True)
FACTS = {"asked", "asked_value", "positive", "exponent", "borrowed", "figure", "value", "low",
         "high", "plain", "notes"}  # fmt: skip


def drawn(labels, rows=400, seed=0):
    """Probabilities that are as sure as they are right, of labels from common to rare."""
    random = np.random.default_rng(seed)
    rarity = -np.linspace(0, 3.5, len(labels))
    truth = random.normal(size=(rows, len(labels))) * 1.5 + rarity
    if labels.several:
        shares = expit(truth - 0.5)
        return shares.astype(np.float32), (random.random(shares.shape) < shares).astype(np.uint8)
    shares = softmax(truth, axis=1)
    targets = (shares.cumsum(axis=1) > random.random((rows, 1))).argmax(axis=1)
    return shares.astype(np.float32), targets.astype(np.int32)


def mean_f1(gold, given):
    return sum(f1_score(gold, given, average=average) for average in ("macro", "micro")) / 2


def shares_of(targets, labels):
    return label_shares(label_counts(targets, labels), len(targets))


def fitted(labels, settings, seed=0):
    shares, targets = drawn(labels, seed=seed)
    rule, facts = fit_rule(
        settings,
        labels,
        shares_of(targets, len(labels)),
        shares,
        targets,
    )
    return given_labels(rule, shares, labels.several), targets, rule, facts


CASES = [
    (TWO, "auto"), (TWO, "most-probable"), (TWO, "prior"), (TWO, "prior=1"), (TWO, "f1"),
    (TWO, "macro-f1"), (TWO, "precision=0.8"), (TWO, "recall=0.8"), (TWO, 0.3), (TWO, "0.3"),
    (FOUR, "auto"), (FOUR, "most-probable"), (FOUR, "macro-f1"), (FOUR, "prior"),
    (FOUR, "prior=0.5"),
    (SEVERAL, "auto"), (SEVERAL, "prior"), (SEVERAL, "prior=0.5"), (SEVERAL, "micro-f1"),
    (SEVERAL, "macro-f1"), (SEVERAL, "per-label-f1"), (SEVERAL, "precision=0.8"),
    (SEVERAL, "recall=0.8"), (SEVERAL, "per-label-precision=0.7"),
    (SEVERAL, "per-label-recall=0.7"), (SEVERAL, 0.3),
]  # fmt: skip


@pytest.mark.parametrize(("labels", "threshold"), CASES)
def test_the_facts_of_every_rule_are_json_and_bound_its_figure(labels, threshold):
    *_, facts = fitted(labels, RuleSettings(threshold))
    assert set(facts) == FACTS
    json.dumps(facts, allow_nan=False)
    if facts["figure"] is not None:
        assert facts["low"] <= facts["value"] <= facts["high"]


def test_every_name_has_a_case():
    assert {str(threshold).partition("=")[0] for _, threshold in CASES} - {"0.3"} == set(NAMES)


@pytest.mark.parametrize(
    ("labels", "threshold", "figure"),
    [
        (TWO, "f1", lambda gold, given: f1_score(gold, given)),
        (TWO, "macro-f1", lambda gold, given: f1_score(gold, given, average="macro")),
        (FOUR, "macro-f1", lambda gold, given: f1_score(gold, given, average="macro")),
        (TWO, "prior", mean_f1),
        (FOUR, "prior", mean_f1),
        (SEVERAL, "auto", mean_f1),
        (SEVERAL, "prior", mean_f1),
        (TWO, 0.2, lambda gold, given: f1_score(gold, given)),
        (SEVERAL, "micro-f1", lambda gold, given: f1_score(gold, given, average="micro")),
        (SEVERAL, "macro-f1", lambda gold, given: f1_score(gold, given, average="macro")),
        (SEVERAL, "per-label-f1", lambda gold, given: f1_score(gold, given, average="macro")),
        (SEVERAL, "precision=0.8", lambda *both: precision_score(*both, average="micro")),
        (SEVERAL, "per-label-recall=0.8", lambda *both: recall_score(*both, average="macro")),
    ],
)  # fmt: skip
def test_the_figure_told_is_scikit_learns_and_no_rule_loses_to_none(labels, threshold, figure):
    given, targets, _, facts = fitted(labels, RuleSettings(threshold))
    assert facts["value"] == pytest.approx(figure(targets, given))
    plain = given_labels(Rule(), drawn(labels)[0], labels.several)
    assert facts["plain"] == pytest.approx(figure(targets, plain))
    if threshold != 0.2:
        assert facts["value"] >= facts["plain"]


@pytest.mark.parametrize("floor", [0.6, 0.8, 0.95])
@pytest.mark.parametrize("positive", ["ham", "spam"])
def test_floors_hold_for_the_label_that_is_named(floor, positive):
    for name, score in (("precision", precision_score), ("recall", recall_score)):
        settings = RuleSettings(f"{name}={floor}", positive=positive)
        given, targets, _, facts = fitted(TWO, settings)
        label = TWO.id_of(positive)
        assert score(targets == label, given == label) >= floor
        assert facts["positive"] == positive
        assert facts["figure"] == f"{name} of {positive}"


def test_floors_hold_for_every_label_where_they_are_asked_for_every_label():
    given, targets, _, _ = fitted(SEVERAL, RuleSettings("per-label-recall=0.9"))
    assert (recall_score(targets, given, average=None) >= 0.9).all()
    given, targets, _, _ = fitted(SEVERAL, RuleSettings("recall=0.9"))
    assert recall_score(targets, given, average="micro") >= 0.9


def test_a_threshold_of_two_labels_gives_the_positive_one_from_there_on():
    shares = np.array([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7]], np.float32)
    for positive, expected in ((1, [0, 1, 1]), (0, [0, 0, 1])):
        rule = at_threshold(TWO, positive, 0.35)
        assert given_labels(rule, shares, several=False).tolist() == expected


def test_a_threshold_of_0_or_1_gives_the_label_always_or_never():
    shares = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    always, never = (
        given_labels(at_threshold(TWO, 1, end), shares, several=False).tolist() for end in (0, 1)
    )
    assert (always, never) == ([1, 1], [0, 0])


def test_prior_weights_lower_the_logits_by_the_log_of_the_prior():
    # Menon et al. 2021, equation 9: argmax of f(x) - exponent * log prior
    random = np.random.default_rng(1)
    logits, prior = random.normal(size=(200, 4)) * 2, np.array([0.7, 0.2, 0.07, 0.03])
    for exponent in (0.0, 0.5, 1.0):
        rule = Rule(weights=prior_weights(prior, exponent))
        given = given_labels(rule, softmax(logits, axis=1), several=False)
        np.testing.assert_array_equal(given, (logits - exponent * np.log(prior)).argmax(axis=1))


def test_the_prior_helps_rare_labels_where_there_are_rows_to_show_it():
    shares, targets = drawn(FOUR, rows=5000)
    prior = shares_of(targets, 4)
    rule, facts = fit_rule(RuleSettings("macro-f1"), FOUR, prior, shares, targets)
    given, plain = (given_labels(one, shares, several=False) for one in (rule, Rule()))
    rare, before = (recall_score(targets, one, average=None)[3] for one in (given, plain))
    assert rare > before
    assert facts["value"] > facts["plain"]
    assert 0 < facts["exponent"] <= 1


def test_a_gain_that_may_be_chance_does_not_move_a_label():
    # one rare row would be won and one common row lost: macro F1 rises by half a point
    sure, torn = [[0.95, 0.05]] * 36, [[0.6, 0.4]]
    shares = np.array([*sure, *torn, *[[0.05, 0.95]] * 5, *torn], np.float32)
    targets = np.array([0] * 37 + [1] * 6, np.int32)
    prior = shares_of(targets, 2)
    moved, moved_facts = fit_rule(RuleSettings("prior=0.5"), TWO, prior, shares, targets)
    assert moved_facts["value"] > moved_facts["plain"]
    rule, facts = fit_rule(RuleSettings("prior"), TWO, prior, shares, targets)
    assert facts["exponent"] == 0
    assert (
        given_labels(rule, shares, several=False).tolist()
        != given_labels(moved, shares, several=False).tolist()
    )


def test_costs_lower_the_mean_cost():
    costs = {"ham": {"ham": 0, "spam": 9}, "spam": {"ham": 1, "spam": 0}}
    given, targets, _, facts = fitted(TWO, RuleSettings(costs=costs))
    table = np.array([[0, 9], [1, 0]])
    assert facts["figure"] == "mean cost"
    assert facts["value"] == pytest.approx(table[targets, given].mean())
    assert facts["value"] < facts["plain"]
    assert facts["low"] <= facts["value"] <= facts["high"]


def test_a_label_without_a_validation_row_borrows_the_threshold_of_all_and_it_is_told():
    shares, targets = drawn(SEVERAL)
    targets[:, 2] = 0
    prior = np.full(4, 0.25)
    for threshold in ("per-label-f1", "per-label-precision=0.5"):
        rule, facts = fit_rule(RuleSettings(threshold), SEVERAL, prior, shares, targets)
        name = threshold.removeprefix("per-label-").replace("f1", "micro-f1")
        together, _ = fit_rule(RuleSettings(name), SEVERAL, prior, shares, targets)
        assert rule.thresholds[2] == together.thresholds
        assert facts["borrowed"] == ["c"]
        assert "no validation row has 'c'" in facts["notes"][0]


@pytest.mark.parametrize("threshold", ["auto", "micro-f1", "per-label-f1", "precision=0.8"])
def test_thresholds_of_several_labels_do_not_hang_on_the_curves_of_single_labels(threshold):
    shares, targets = drawn(SEVERAL)
    logits, prior = logit(shares), shares_of(targets, 4)
    given, values = [], []
    for kind in (Temperature, Platt, Beta, Isotonic):
        calibrator = kind.fit(logits, targets, Temperature(1.25))
        rule, facts = fit_rule(
            RuleSettings(threshold), SEVERAL, prior, np.zeros_like(shares), targets, 0, logits,
            calibrator,
        )  # fmt: skip
        given.append(given_labels(rule, calibrator.transform(logits, several=True), several=True))
        values.append(facts["value"])
    assert given[0].any()
    assert values == values[:1] * 4
    for other in given[1:]:
        np.testing.assert_array_equal(other, given[0])


@pytest.mark.parametrize(
    ("labels", "threshold", "told"),
    [
        (TWO, "precision=1.0", "a precision of 1 on validation for 'spam'"),
        (SEVERAL, "precision=1.0", "a precision of 1 on validation for all labels together"),
        (SEVERAL, "per-label-precision=1.0", "a precision of 1 on validation for 'a', 'b'"),
    ],
)
def test_a_floor_that_cannot_be_reached_is_told_and_the_nearest_taken(labels, threshold, told):
    shares, targets = drawn(labels)
    worst = shares.argmax(axis=0)  # the surest row of each label is wrong
    if labels.several:
        targets[worst, np.arange(4)] = 0
        targets[shares.ravel().argmax() // 4, shares.ravel().argmax() % 4] = 0
    else:
        targets[worst[1]] = 0
    _, facts = fit_rule(
        RuleSettings(threshold),
        labels,
        shares_of(targets, len(labels)),
        shares,
        targets,
    )
    assert told in " ".join(facts["notes"])
    assert facts["value"] < 1


@pytest.mark.parametrize("labels", [TWO, FOUR, SEVERAL])
def test_without_validation_the_usual_rule_stands_and_it_is_told(labels):
    threshold = "micro-f1" if labels.several else "prior"
    prior = np.full(len(labels), 0.2)
    empty = np.empty((0, len(labels)), np.float32), np.empty(0, np.int32)
    for shares, targets in ((None, None), empty):
        rule, facts = fit_rule(RuleSettings(threshold), labels, prior, shares, targets)
        assert rule == Rule()
        assert facts["notes"] == [
            f"no validation rows, so {threshold} cannot choose how labels are given"
        ]


def test_without_any_label_the_threshold_stays_at_a_half_and_it_is_told():
    shares = drawn(SEVERAL)[0]
    rule, facts = fit_rule(
        RuleSettings(), SEVERAL, np.full(4, 0.1), shares, np.zeros((400, 4), np.uint8)
    )
    assert rule == Rule()
    assert "the threshold stays at 0.5" in facts["notes"][0]


@pytest.mark.parametrize("settings", [RuleSettings(0.2), RuleSettings(top=2)])
def test_what_needs_no_validation_does_without(settings):
    rule, facts = fit_rule(settings, SEVERAL, np.full(4, 0.2), None, None)
    assert rule == Rule(thresholds=0.2) or rule == Rule(top=2)
    assert facts["notes"] == []


@pytest.mark.parametrize("shares", [0.0, 0.5, 1.0])
def test_constant_scores_and_probabilities_of_0_and_1_give_finite_figures(shares):
    for labels, threshold in CASES:
        targets = drawn(labels)[1]
        given = np.full((400, len(labels)), shares, np.float32)
        prior = shares_of(targets, len(labels))
        _, facts = fit_rule(RuleSettings(threshold), labels, prior, given, targets)
        json.dumps(facts, allow_nan=False)


@pytest.mark.parametrize(
    ("labels", "settings", "told"),
    [
        (FOUR, {"threshold": "f1"}, "a threshold needs two labels.*\n.*costs"),
        (FOUR, {"threshold": 0.3}, "a threshold needs two labels"),
        (TWO, {"threshold": "micro-f1"}, "micro-f1 is for texts that may have several"),
        (SEVERAL, {"threshold": "f1"}, "f1 is for texts of one label each"),
        (SEVERAL, {"threshold": "most-probable"}, "most-probable is for texts of one label"),
        (SEVERAL, {"costs": "costs.csv"}, "costs is for texts of one label each"),
        (SEVERAL, {"top": 5}, "top must be 4 at most"),
        (SEVERAL, {"threshold": 0.5, "positive": "a"}, "positive is for two labels"),
        (TWO, {"top": 1}, "top is for texts that may have several"),
        (TWO, {"at_least_one": True}, "at_least_one is for texts that may have several"),
        (TWO, {"threshold": 0.5, "positive": "spma"}, "did you mean 'spam'"),
    ],
)
def test_a_rule_that_is_not_for_these_labels_is_refused(labels, settings, told):
    with pytest.raises(SettingsError, match=told):
        RuleSettings(**settings).check_labels(labels)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"threshold": "mikro-f1"}, "did you mean 'micro-f1'"),
        ({"threshold": "1.5"}, "threshold must be a number of 0 to 1"),
        ({"threshold": float("nan")}, "threshold must be a number of 0 to 1"),
        ({"threshold": True}, "threshold must be a number of 0 to 1"),
        ({"threshold": "precision"}, "precision needs a number above 0"),
        ({"threshold": "precision=2"}, "precision needs a number above 0 and up to 1"),
        ({"threshold": "recall=high"}, "recall=0.9"),
        ({"threshold": "f1=0.3"}, "threshold must be"),
        ({"threshold": 0.3, "costs": "x"}, "no threshold beside them"),
        ({"threshold": 0.3, "top": 2}, "top gives every text"),
        ({"top": 2, "at_least_one": True}, "top gives every text"),
        ({"top": 0}, "top must be a whole number"),
        ({"positive": "spam"}, "positive names the label"),
        ({"positive": "spam", "threshold": "macro-f1"}, "positive names the label"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_where_it_is_made(settings, told):
    with pytest.raises(SettingsError, match=told):
        RuleSettings(**settings)


def test_the_costs_are_read_for_the_labels_there_are(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text("gold,ham,egg\nham,0,1\negg,1,0\n")
    shares, targets = drawn(TWO)
    with pytest.raises(DataError, match="'egg'"):
        fit_rule(RuleSettings(costs=path), TWO, np.full(2, 0.5), shares, targets)
