"""Auto: which step is kept, when the climb ends, and what is said of it."""

import pytest
from scipy import stats

from textkind.classifier import predict_ids
from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.split import split_corpus
from textkind.errors import MissingPackageError, SettingsError
from textkind.models.prior import PriorSettings
from textkind.models.settings import LinearSettings
from textkind.progress import SILENT
from textkind.workflow import auto
from textkind.workflow.auto import AutoSettings, climb_to_model
from textkind.workflow.train import TrainSettings, train

FIXED = LinearSettings(features="words", strength=1.0, naive_bayes=False, refit=False)


def broken():
    raise MissingPackageError("the package torch is not installed")


@pytest.fixture
def steps(monkeypatch):
    """Sets the steps of the climb."""
    ladder = {
        "prior": PriorSettings,
        "again": PriorSettings,
        "linear": lambda: FIXED,
        "broken": broken,
    }

    def take(*names):
        monkeypatch.setattr(auto, "LADDER", ladder)
        monkeypatch.setattr(auto, "STEPS", names)

    return take


@pytest.fixture(scope="module")
def parts(ticket_file):
    corpus = read_corpus(ticket_file, ReadSettings()).corpus
    return split_corpus(corpus, SplitSettings())


def climbed(parts, settings=AutoSettings()):
    return climb_to_model(parts.train, parts.validation, settings, seed=0, threads=1, talk=SILENT)


def test_a_step_that_gains_significantly_is_kept(steps, parts):
    steps("prior", "linear")
    found = climbed(parts)
    assert found.facts["chosen"] == "linear"
    assert found.settings == FIXED
    first, second = found.facts["steps"]
    assert second["gain"] == pytest.approx(second["validation"] - first["validation"])
    # the linear model is right on all, so every disagreement is its gain
    assert second["validation"] == 1.0
    rows = round(second["gain"] * len(parts.validation))
    assert second["p"] == pytest.approx(stats.binomtest(0, rows).pvalue - 0.5**rows)
    assert found.facts["sentences"][0].startswith("linear is chosen: 100.0 % on validation, +")
    given = predict_ids(found.learned.classifier, parts.validation.texts)
    assert (given == parts.validation.targets).all()


def test_the_climb_ends_after_two_steps_without_a_gain(steps, parts):
    steps("linear", "prior", "again", "broken")
    found = climbed(parts)
    assert found.facts["chosen"] == "linear"
    assert [step["name"] for step in found.facts["steps"]] == ["linear", "prior", "again"]
    assert found.facts["ended"] == "2 steps in a row gained nothing significant"
    assert "no later step is better" in found.facts["sentences"][0]


def test_a_step_that_cannot_be_fitted_is_left_out_and_told(steps, parts, monkeypatch):
    steps("prior", "broken", "linear")
    monkeypatch.setitem(auto.LADDER, "broken", lambda: LinearSettings(solver="sgd"))
    found = climbed(parts)
    assert found.facts["chosen"] == "linear"
    assert found.facts["steps"][1] == {
        "name": "broken",
        "reason": "the sgd solver minimises the multinomial objective only",
    }


def test_a_spent_budget_ends_the_climb(steps, parts):
    steps("linear", "prior")
    found = climbed(parts, AutoSettings(budget=1e-6))
    assert [step["name"] for step in found.facts["steps"]] == ["linear"]
    assert found.facts["ended"] == "the time was spent"


def test_the_chosen_one_is_fitted_on_validation_too_if_asked(steps, parts):
    steps("prior", "linear")
    rows = len(parts.train)
    assert climbed(parts).learned.classifier.model.facts["texts"] == rows
    again = climbed(parts, AutoSettings(refit=True))
    assert again.learned.classifier.model.facts["texts"] == rows + len(parts.validation)
    assert again.settings.refit


def test_without_validation_the_first_step_is_taken_and_told(steps, parts):
    steps("linear", "prior")
    found = climb_to_model(
        parts.train, parts.validation.take(parts.validation.rows[:0]), AutoSettings(),
        seed=0, threads=1, talk=SILENT,
    )  # fmt: skip
    assert found.facts["chosen"] == "linear"
    assert "too few texts to compare models" in found.facts["ended"]


def test_it_writes_a_normal_run_folder(steps, ticket_file, tmp_path):
    steps("prior", "linear")
    result = train(ticket_file, TrainSettings(out=tmp_path / "run", model=AutoSettings()))
    assert result.metrics["fit"]["model"] == "linear"
    assert result.metrics["fit"]["auto"]["chosen"] == "linear"
    assert result.metrics["fit"]["asked"]["strength"] == 1.0
    assert result.classifier.model.name == "linear"
    log = (tmp_path / "run" / "log.txt").read_text()
    assert all(sentence in log for sentence in result.metrics["fit"]["auto"]["sentences"])


@pytest.mark.parametrize("budget", [0, -1.0, float("inf"), float("nan")])
def test_a_budget_that_makes_no_sense_is_refused(budget):
    with pytest.raises(SettingsError, match="budget must be a number above 0"):
        AutoSettings(budget=budget)
