"""Imbalance through the recipes: what auto does and tells, and what is shown of its effect."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from textkind.classifier import predict_probabilities
from textkind.cli import main
from textkind.data.texts import as_texts
from textkind.decision.rule import Rule
from textkind.decision.rule_settings import RuleSettings
from textkind.errors import SettingsError
from textkind.estimator import TextClassifier
from textkind.models.settings import LinearSettings
from textkind.progress import Notes
from textkind.workflow.effect import TRAINED_AGAIN, USUAL_RULE
from textkind.workflow.train import TrainSettings, train

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "metrics.schema.json").read_text())
WORDS = {"rare": ["prize", "claim", "call"], "common": ["call", "lunch", "claim", "home"]}


def mail(share, rows=500, seed=0):
    """Texts of which so many are of the rare label, with words of both."""
    random = np.random.default_rng(seed)
    labels = np.where(random.random(rows) < share, "rare", "common")
    texts = [
        " ".join([*random.choice(WORDS[label], 2), *random.choice(["the", "now"], 2), str(row)])
        for row, label in enumerate(labels)
    ]
    return {"text": texts, "label": labels.tolist()}


def run_of(folder, share, imbalance, talk=None, **more):
    settings = LinearSettings(
        features="words", strength=1.0, naive_bayes=False, imbalance=imbalance
    )
    talk = Notes() if talk is None else talk
    return train(mail(share), TrainSettings(out=folder, model=settings, **more), talk)


def test_auto_leaves_labels_alone_that_are_about_equal_and_says_so(tmp_path):
    talk = Notes()
    run = run_of(tmp_path / "run", 0.48, "auto", talk)
    assert run.metrics["fit"]["imbalance"]["method"] == "none"
    assert run.metrics["effect"] is None
    assert run.classifier.decision.rule == Rule()
    (told,) = [note for note in talk.told if note.startswith("imbalance")]
    assert "times as many texts of 'common' as of 'rare': nothing is done" in told


def test_auto_chooses_labels_by_the_prior_where_they_are_unequal_and_says_so(tmp_path):
    talk = Notes()
    run = run_of(tmp_path / "run", 0.15, "auto", talk)
    fit, effect = run.metrics["fit"], run.metrics["effect"]
    assert fit["imbalance"]["method"] == fit["settings"]["imbalance"] == "post-hoc"
    assert fit["asked"]["imbalance"] == "auto"
    assert fit["imbalance"]["ratio"] > 1.5
    assert fit["decision"]["rule"]["asked"] == "prior"
    assert effect["against"] == USUAL_RULE
    by_label = {one["label"]: one for one in effect["per_label"]}
    assert by_label["rare"]["recall"]["value"] >= by_label["rare"]["recall"]["without"]
    assert by_label["common"]["recall"]["value"] <= by_label["common"]["recall"]["without"]
    assert by_label["rare"]["train_texts"] < by_label["common"]["train_texts"]
    assert any("times as many texts" in note for note in talk.told)
    jsonschema.validate(run.metrics, SCHEMA)


def test_post_hoc_leaves_the_probabilities_as_they_are(tmp_path):
    texts = as_texts(mail(0.15)["text"])
    given = [
        predict_probabilities(run_of(tmp_path / name, 0.15, name).classifier, texts)
        for name in ("none", "post-hoc")
    ]
    np.testing.assert_array_equal(*given)


@pytest.mark.parametrize("imbalance", ["weights", "root-weights"])
def test_a_linear_model_with_weights_is_shown_beside_one_without(imbalance, tmp_path):
    run = run_of(tmp_path / "run", 0.15, imbalance, rule=RuleSettings("most-probable"))
    plain = run_of(tmp_path / "plain", 0.15, "none")
    effect = run.metrics["effect"]
    assert effect["against"] == TRAINED_AGAIN
    assert effect["accuracy"]["without"] == plain.metrics["test"]["accuracy"]["value"]
    assert effect["macro_f1"]["without"] == plain.metrics["test"]["macro_f1"]["value"]
    assert effect["macro_f1"]["value"] == run.metrics["test"]["macro_f1"]["value"]
    by_label = {one["label"]: one["recall"] for one in effect["per_label"]}
    assert by_label["rare"]["value"] > by_label["rare"]["without"]


def test_weights_do_not_cost_calibrated_probabilities(tmp_path):
    weighed = run_of(tmp_path / "run", 0.15, "weights").metrics["fit"]["decision"]
    assert weighed["log_loss_after"] <= weighed["log_loss_before"]


def test_a_value_is_the_exponent_of_the_prior(tmp_path):
    run = run_of(tmp_path / "run", 0.15, "post-hoc=0.5")
    counts = [one["train_texts"] for one in run.metrics["effect"]["per_label"]]
    low, high = run.classifier.decision.rule.weights
    assert high / low == pytest.approx((counts[0] / counts[1]) ** 0.5)


def test_a_rule_of_its_own_goes_before_auto_and_not_with_post_hoc(tmp_path):
    rule = RuleSettings("recall=0.9")
    talk = Notes()
    run = run_of(tmp_path / "run", 0.15, "auto", talk, rule=rule)
    assert run.metrics["fit"]["decision"]["rule"]["asked"] == "recall"
    assert any("recall chooses the labels" in note for note in talk.told)
    with pytest.raises(SettingsError, match="no other rule can choose them"):
        run_of(tmp_path / "other", 0.15, "post-hoc", rule=rule)


def test_without_a_test_part_the_effect_is_shown_on_validation(tmp_path):
    from textkind.data.settings import SplitSettings

    run = run_of(tmp_path / "run", 0.15, "weights", split=SplitSettings(test_share=0.0))
    effect = run.metrics["effect"]
    assert effect["part"] == "validation"
    assert effect["macro_f1"]["value"] == run.metrics["validation"]["macro_f1"]["value"]


def test_the_report_shows_what_it_changed(tmp_path):
    page = (run_of(tmp_path / "run", 0.15, "auto").folder / "report.html").read_text()
    assert "What it changed" in page
    plain = (run_of(tmp_path / "plain", 0.15, "none").folder / "report.html").read_text()
    assert "What it changed" not in plain


def test_the_command_line_tells_what_was_done(tmp_path, capsys):
    path = tmp_path / "mail.csv"
    pd.DataFrame(mail(0.15)).to_csv(path, index=False)
    words = ["train", str(path), "--out", str(tmp_path / "run"), "--features", "words"]
    words += ["--strength", "1", "--naive-bayes", "off", "--imbalance"]
    assert main([*words, "auto"]) == 0
    out, err = capsys.readouterr()
    assert "changed       labels by prior, imbalance post-hoc: accuracy" in out
    assert "times as many texts of 'common' as of 'rare'" in err
    assert main([*words, "focal", "--overwrite"]) == 2
    assert "imbalance focal is not for the linear model" in capsys.readouterr().err


def test_the_estimator_takes_it_too():
    data = mail(0.15)
    plain, helped = (
        TextClassifier(features="words", strength=1.0, imbalance=told).fit(*data.values())
        for told in ("none", "auto")
    )
    assert (helped.predict(data["text"]) == "rare").sum() >= (
        plain.predict(data["text"]) == "rare"
    ).sum()
    assert helped.facts_["settings"]["imbalance"] == "post-hoc"
