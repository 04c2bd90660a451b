"""Auto: which step is kept, when the climb ends, and what is said of it."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from textkind.classifier import predict_ids
from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.split import split_corpus
from textkind.errors import MissingPackageError, SettingsError
from textkind.models.neural_settings import default_settings
from textkind.models.prior import PriorSettings
from textkind.models.settings import LinearSettings
from textkind.progress import SILENT, Talk
from textkind.workflow import auto
from textkind.workflow.auto import AutoSettings, climb_to_model
from textkind.workflow.learn import learn
from textkind.workflow.train import TrainSettings, train

FIXED = LinearSettings(features="words", strength=1.0, naive_bayes=False, refit=False)


class Remembers(Talk):
    def __init__(self):
        self.tasks = []

    def task(self, name):
        self.tasks.append(name)
        return nullcontext()


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


def test_the_chosen_network_is_trained_once_more_on_validation_too_if_asked(
    steps, parts, monkeypatch
):
    pytest.importorskip("torch")
    network = default_settings("mean_pool")
    network = replace(network, training=replace(network.training, epochs=4, precision="float32"))
    steps("prior", "mean_pool")
    monkeypatch.setitem(auto.LADDER, "mean_pool", lambda: network)
    talk = Remembers()
    rows, more = len(parts.train), len(parts.validation)
    settings = AutoSettings(refit=True, budget=None)
    again = climb_to_model(parts.train, parts.validation, settings, seed=0, threads=1, talk=talk)
    assert again.facts["chosen"] == "mean_pool"
    assert again.settings.refit
    assert talk.tasks.count("training the mean_pool") == 2  # to compare it, and once more
    model = again.learned.classifier.model
    assert model.facts["texts"] == rows + more
    assert model.facts["settings"]["refit"]
    whole = learn(
        parts.train, parts.validation, replace(network, refit=True), seed=0, threads=1
    ).classifier
    np.testing.assert_array_equal(
        again.learned.classifier.model.logits(parts.validation.texts, 1),
        whole.model.logits(parts.validation.texts, 1),
    )
    assert again.learned.classifier.decision == whole.decision


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


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """An encoder with random weights in the place of the one that is at hand."""
    for package in ("torch", "tokenizers", "transformers"):
        pytest.importorskip(package)
    from tests.models.encoder_folders import write_encoder
    from textkind.models import encoder_folder

    folder = write_encoder(tmp_path / "encoder", scale=0.1)
    sha256 = encoder_folder.open_encoder(folder).sha256
    monkeypatch.setattr(encoder_folder, "bundled_folder", lambda: folder)
    monkeypatch.setattr(encoder_folder, "BUNDLED_SHA256", sha256)


@pytest.mark.usefixtures("bundled")
def test_it_climbs_to_the_encoder_as_it_is_and_trained(monkeypatch):
    random = np.random.default_rng(0)
    topics = {"animal": ["cat", "dog"], "color": ["red", "blue"], "way": ["walk", "talk"]}
    rows = []
    for label in random.choice(sorted(topics), 400).tolist():
        words = [*random.choice(["the", "sat", "ran"], 3), random.choice(topics[label])]
        rows.append({"text": " ".join(random.permutation(words)), "label": label})
    corpus = read_corpus(rows, ReadSettings()).corpus
    parts = split_corpus(corpus, SplitSettings(duplicates_on_one_side=False))
    monkeypatch.setattr(auto, "STEPS", ("prior", "frozen", "pretrained"))
    found = climbed(parts, AutoSettings(refit=True))
    prior, frozen, pretrained = found.facts["steps"]
    assert (frozen["against"], pretrained["against"]) == ("prior", "frozen")
    assert frozen["validation"] > prior["validation"] + 0.3
    first, second = found.facts["sentences"]
    gain = f"{100 * frozen['validation']:.1f} % on validation, {100 * frozen['gain']:+.1f} points"
    assert first.startswith(f"frozen is chosen: {gain} to prior (p = ")
    later = f"later steps gained pretrained {100 * pretrained['gain']:+.1f} (p = "
    assert second.startswith(f"The climb ended as the ladder was at its end; in points, {later}")
    assert parts.test is not None
    test = parts.test.open("the test of a test")
    given = predict_ids(found.learned.classifier, test.texts, threads=1)
    assert (given == test.targets).mean() > 0.9


@pytest.mark.parametrize("budget", [0, -1.0, float("inf"), float("nan")])
def test_a_budget_that_makes_no_sense_is_refused(budget):
    with pytest.raises(SettingsError, match="budget must be a number above 0"):
        AutoSettings(budget=budget)
