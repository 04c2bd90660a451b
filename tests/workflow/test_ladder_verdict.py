"""The verdict: who may win, who wins, and the words for it."""

import pytest

from textkind.errors import SettingsError
from textkind.workflow.ladder_verdict import Limits, verdict


def rung(name, value, ms=1.0, mb=1.0, seconds=3.0):
    figure = {"value": value, "low": value - 0.02, "high": min(value + 0.02, 1.0)}
    cost = {"one_text_ms": ms, "disk_mb": mb, "fit_seconds": seconds}
    return {"name": name, "test": {"accuracy": figure}, "cost": cost}


def compared(p_values):
    """What the paired comparison says: p by the name of the first."""

    def pair(first, second):
        p = p_values.get(first, 0.5)
        return {
            "name": first,
            "against": second,
            "value": -0.01,
            "low": -0.03,
            "high": 0.01,
            "p": p,
        }

    return pair


def judge(rungs, p_values=None, limits=Limits(), rows=500):
    return verdict(rungs, "accuracy", rows, limits, compared(p_values or {}))


PRIOR, LINEAR = rung("prior", 0.3, 0.01, 0.01), rung("linear", 0.86, 0.05, 4)
CNN, TRANSFORMER = rung("cnn", 0.87, 1.0, 8), rung("transformer", 0.90, 3.0, 90, 300)
LADDER = [PRIOR, LINEAR, CNN, TRANSFORMER]


def test_the_simplest_that_is_not_significantly_worse_wins():
    found = judge(LADDER, {"prior": 1e-9, "linear": 1e-4, "cnn": 0.2})
    assert (found["winner"], found["best"]) == ("cnn", "transformer")
    first, second = found["sentences"]
    assert first.startswith("cnn is the model to use: 87.0 % accuracy on 500 test texts (95 %")
    assert "not significantly worse than the best, transformer with 90.0 %" in first
    assert "p = 0.2)" in first
    assert "transformer in 5.0 min, takes 3 ms a text and 90 MB on disk" in second


def test_the_best_wins_where_every_simpler_one_is_worse():
    found = judge(LADDER, {"prior": 1e-9, "linear": 1e-4, "cnn": 0.001})
    assert (found["winner"], found["best"]) == ("transformer", "transformer")
    assert (
        "no model is better, and every simpler one is significantly worse" in found["sentences"][0]
    )


def test_p_values_are_adjusted_for_the_number_of_comparisons():
    # 0.03 alone would count as worse; as the third of three it does not
    found = judge(LADDER, {"prior": 0.03, "linear": 0.03, "cnn": 0.03})
    assert found["winner"] == "prior"
    assert [test["p_holm"] for test in found["tests"]] == pytest.approx([0.09] * 3)
    assert "do not show that any model learned something" in found["sentences"][0]


def test_of_equally_good_models_the_simplest_is_the_best():
    found = judge([rung("linear", 0.9), rung("cnn", 0.9)])
    assert (found["winner"], found["best"]) == ("linear", "linear")


@pytest.mark.parametrize(
    ("limits", "names", "reason"),
    [
        (Limits(milliseconds=2), ["transformer"], "3 ms a text, above 2"),
        (Limits(megabytes=50), ["transformer"], "90 MB on disk, above 50"),
        (Limits(2, 5), ["cnn", "transformer"], "8 MB on disk, above 5"),
    ],
)
def test_limits_exclude_and_the_verdict_says_what(limits, names, reason):
    found = judge(LADDER, {"prior": 1e-9, "linear": 1e-4}, limits)
    assert [one["name"] for one in found["excluded"]] == names
    assert reason in found["sentences"][-1]
    assert "transformer is better, with 90.0 %" in found["sentences"][-1]
    assert found["best"] not in names
    assert f"{found['best']} with" in found["sentences"][0] or (
        "no model that keeps to the limits is better" in found["sentences"][0]
    )


def test_what_was_excluded_and_no_better_is_said_to_be_so():
    slow = rung("cnn", 0.7, 9.0)
    found = judge([PRIOR, LINEAR, slow], {"prior": 1e-9}, Limits(milliseconds=2))
    assert found["sentences"][-1].endswith("none of these is better.")


def test_limits_that_leave_no_model_leave_no_winner():
    found = judge(LADDER, limits=Limits(milliseconds=0.001))
    assert found["winner"] is None
    assert found["sentences"][0].startswith("No model keeps to the limits: prior: 0.01 ms a text")


def test_a_cheaper_model_higher_on_the_ladder_is_named():
    static = rung("static", 0.865, 0.02, 2)
    found = judge([LINEAR, static], {"linear": 0.6})
    assert found["winner"] == "linear"
    assert "static stands higher on the ladder but is no worse either" in found["sentences"][1]


def test_one_model_alone_is_judged_without_a_comparison():
    found = judge([LINEAR])
    assert found["winner"] == "linear"
    assert found["sentences"][0].endswith("the only one finished.")


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_a_limit_that_makes_no_sense_is_refused(value):
    with pytest.raises(SettingsError, match="the limit of milliseconds must be a number above 0"):
        Limits(milliseconds=value)
