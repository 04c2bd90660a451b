"""The rule that training chose goes with the model: to its folder, to evaluate and to predict."""

import numpy as np
import pandas as pd
import pytest

from textkind.classifier import predict_ids, predict_probabilities
from textkind.data.settings import ReadSettings
from textkind.data.texts import as_texts
from textkind.decision.rule_settings import RuleSettings
from textkind.errors import SettingsError
from textkind.estimator import TextClassifier
from textkind.models.settings import LinearSettings
from textkind.progress import Notes
from textkind.storage.model_folder import load_model
from textkind.workflow.evaluate import evaluate
from textkind.workflow.labelling import PredictSettings
from textkind.workflow.predict import predict
from textkind.workflow.train import TrainSettings, train

FIXED = LinearSettings(features="words", strength=1.0, naive_bayes=False)


def mail(rows=400, seed=0):
    """Rare spam whose words also stand in ham."""
    random = np.random.default_rng(seed)
    labels = np.where(random.random(rows) < 0.15, "spam", "ham")
    words = {"spam": ["prize", "claim", "call"], "ham": ["call", "lunch", "claim", "home"]}
    texts = [
        " ".join([*random.choice(words[label], 2), *random.choice(["the", "now"], 2), str(row)])
        for row, label in enumerate(labels)
    ]
    return texts, labels.tolist()


@pytest.fixture(scope="module")
def mail_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("mail") / "mail.csv"
    pd.DataFrame(dict(zip(("text", "label"), mail(), strict=True))).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    "rule",
    [
        RuleSettings("recall=0.9"),
        RuleSettings(0.05),
        RuleSettings(costs={"ham": {"ham": 0, "spam": 1}, "spam": {"ham": 30, "spam": 0}}),
    ],
    ids=["recall", "number", "costs"],
)
def test_a_rule_gives_more_of_the_rare_label_everywhere(rule, mail_file, tmp_path):
    run = train(mail_file, TrainSettings(out=tmp_path / "run", model=FIXED, rule=rule))
    loaded = load_model(tmp_path / "run" / "model")
    assert loaded.decision == run.classifier.decision
    texts = as_texts(mail(seed=1)[0])
    ids = predict_ids(loaded, texts)
    given = predict_probabilities(loaded, texts)
    assert ids.sum() > given.argmax(axis=1).sum()  # of the second label, spam
    result = evaluate(tmp_path / "run", mail_file)
    assert sum(one["predicted"] for one in result.figures["per_label"]) == 400
    predict(tmp_path / "run", mail_file, tmp_path / "out.csv", PredictSettings(top=2))
    table = pd.read_csv(tmp_path / "out.csv")
    assert (table["predicted_label"] != table["predicted_label_2"]).all()
    assert (
        table["predicted_probability"] < table["predicted_probability_2"]
    ).any()  # where the rule favors spam
    assert (table["predicted_label"] == "spam").sum() == result.figures["per_label"][1]["predicted"]


def test_what_a_rule_did_is_told_in_the_metrics(mail_file, tmp_path):
    settings = TrainSettings(out=tmp_path / "run", model=FIXED, rule=RuleSettings("precision=1"))
    talk = Notes()
    metrics = train(mail_file, settings, talk).metrics
    rule = metrics["fit"]["decision"]["rule"]
    assert (rule["asked"], rule["asked_value"], rule["positive"]) == ("precision", 1, "spam")
    assert rule["figure"] == "precision of spam"
    assert set(rule["notes"]) <= set(talk.told)
    (told,) = [note for note in talk.told if note.startswith("labels by precision")]
    assert f"precision of spam {rule['value']:.3f} on validation" in told


def test_several_labels_are_given_by_thresholds_unless_top_is_asked_for(tag_file, tmp_path):
    reading = ReadSettings(label="labels")
    run = train(tag_file, TrainSettings(out=tmp_path / "one", model=FIXED, reading=reading))
    assert len(run.classifier.decision.rule.thresholds) == 3
    assert run.metrics["fit"]["decision"]["rule"]["figure"] == "mean of macro and micro F1"
    rule = RuleSettings(top=2)
    settings = TrainSettings(out=tmp_path / "two", model=FIXED, reading=reading, rule=rule)
    run = train(tag_file, settings)
    assert (predict_ids(run.classifier, as_texts(["parcel late", "code"])).sum(axis=1) == 2).all()


def test_a_rule_for_other_labels_is_refused_before_anything_is_fitted(mail_file, tmp_path):
    settings = TrainSettings(out=tmp_path / "run", model=FIXED, rule=RuleSettings(top=2))
    with pytest.raises(SettingsError, match="several labels"):
        train(mail_file, settings)
    assert not (tmp_path / "run").exists()


def test_the_estimator_takes_a_rule():
    texts, labels = mail()
    plain = TextClassifier(features="words", strength=1.0).fit(texts, labels)
    careful = TextClassifier(features="words", strength=1.0, threshold="recall=0.95")
    careful.fit(texts, labels)
    np.testing.assert_array_equal(careful.predict_proba(texts), plain.predict_proba(texts))
    assert (careful.predict(texts) == "spam").sum() > (plain.predict(texts) == "spam").sum()
    assert careful.facts_["decision"]["rule"]["asked"] == "recall"
    with pytest.raises(SettingsError, match="did you mean"):
        TextClassifier(threshold="recal").fit(texts, labels)
