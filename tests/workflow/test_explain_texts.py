"""explain_texts: the method that fits, what is explained, captum beside it, and bad input."""

import json
from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from tests.models.test_model_contract import brief, fit, toy
from textkind.classifier import Classifier, predict_probabilities
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.decision.rule import Rule
from textkind.errors import DataError, SettingsError
from textkind.explain.settings import ExplainSettings
from textkind.models.prior import PriorModel
from textkind.progress import Talk
from textkind.stack import StackModel
from textkind.workflow.explain import explain_texts

TEXT = "my invoice was wrong; the refund, please! It is late 🙂"
OCCLUDED = ExplainSettings(method="leave-one-out")


def only(classifier, text=TEXT, settings=ExplainSettings()):
    (told,) = explain_texts(classifier, [text], settings)
    (found,) = told.explanations
    return found


def logits(classifier, *texts):
    return classifier.model.logits(pa.array(texts, pa.large_string()))


@pytest.fixture(scope="module")
def prior():
    labels = LabelSet(("a", "b"))
    scores = np.log(np.array([0.75, 0.25], np.float32))
    return Classifier(PriorModel(labels, scores, {}), Decision(False), labels.names)


def test_the_label_of_the_decision_is_explained_against_the_rest(run):
    row = logits(run.classifier, TEXT)[0]
    found = only(run.classifier)
    assert (found.label, found.against, found.method) == ("billing", None, "weights")
    assert found.difference == pytest.approx(row[0] - row[1:].mean(), abs=1e-5)
    likely = predict_probabilities(run.classifier, pa.array([TEXT], pa.large_string()))
    assert found.probability == pytest.approx(float(likely[0, 0]), abs=1e-6)
    heaviest = max(found.pieces, key=lambda piece: piece.weight)
    assert heaviest.text in ("invoice", "refund")


def test_of_the_linear_model_words_and_ngrams_add_up_to_the_difference(run):
    empty = logits(run.classifier, "")[0]
    found = only(run.classifier, settings=ExplainSettings(label="login", against="billing"))
    row = logits(run.classifier, TEXT)[0]
    assert found.difference == pytest.approx(row[2] - row[0], abs=1e-5)
    assert found.baseline_difference == pytest.approx(empty[2] - empty[0], abs=1e-6)
    for parts in (found.pieces, found.ngrams):
        total = sum(part.weight for part in parts)
        assert total == pytest.approx(found.difference - found.baseline_difference, abs=1e-5)
    assert found.completeness.passed
    assert found.completeness.steps is None


def test_what_two_words_add_together_is_half_of_each(run):
    found = only(run.classifier, "refund late")
    by_name = {one.ngram: one.weight for one in found.ngrams}
    pair = by_name.get("refund late", 0.0)
    first, second = found.pieces
    assert first.weight == pytest.approx(by_name["refund"] + pair / 2, abs=1e-9)
    assert second.weight == pytest.approx(by_name["late"] + pair / 2, abs=1e-9)


def test_a_contrast_turned_round_changes_the_sign(run):
    one = only(run.classifier, settings=ExplainSettings(label="login", against="billing"))
    other = only(run.classifier, settings=ExplainSettings(label="billing", against="login"))
    assert one.difference == -other.difference
    assert [p.weight for p in one.pieces] == pytest.approx([-p.weight for p in other.pieces])


def test_of_several_labels_each_that_is_given_is_explained_by_its_own_logit(tag_run):
    text = "the invoice and the parcel, courier, refund"
    (told,) = explain_texts(tag_run.classifier, [text])
    assert told.decided == ("billing", "delivery")
    assert tuple(one.label for one in told.explanations) == told.decided
    row = logits(tag_run.classifier, text)[0]
    for label, one in enumerate(told.explanations):
        assert one.difference == pytest.approx(float(row[label]), abs=1e-5)
        assert one.completeness.passed


def test_of_several_labels_the_most_probable_is_explained_where_none_is_given(tag_run):
    strict = replace(tag_run.classifier.decision, rule=Rule(thresholds=1.0))
    (told,) = explain_texts(replace(tag_run.classifier, decision=strict), ["the invoice"])
    assert told.decided == ()
    assert [one.label for one in told.explanations] == ["billing"]


def test_leaving_out_gives_the_weights_of_captum(run):
    torch = pytest.importorskip("torch")
    captum = pytest.importorskip("captum.attr")
    settings = ExplainSettings(label="login", against="billing", method="leave-one-out")
    found = only(run.classifier, settings=settings)

    def difference(kept):
        texts = []
        for row in kept.numpy():
            text = TEXT
            for piece, keep in reversed(list(zip(found.pieces, row, strict=True))):
                text = text if keep else text[: piece.start] + text[piece.end :]
            texts.append(text)
        told = logits(run.classifier, *texts)
        return torch.from_numpy(told[:, 2] - told[:, 0])

    whole = torch.ones(1, len(found.pieces))
    judged = captum.FeatureAblation(difference).attribute(whole)[0].numpy()
    np.testing.assert_allclose([piece.weight for piece in found.pieces], judged, atol=1e-6)


def test_a_stack_is_explained_by_leaving_words_out(run, prior):
    members = (run.classifier, run.classifier)
    model = StackModel(run.classifier.labels, members, np.array([0.5, 1.0]), {})
    found = only(Classifier(model, Decision(False), run.classifier.classes))
    assert found.method == "leave-one-out"
    assert found.completeness is None
    assert found.baseline_difference is None
    assert [piece.text for piece in found.pieces][:5] == ["my", "invoice", "was", "wrong", ";"]
    assert max(found.pieces, key=lambda piece: piece.weight).text in ("invoice", "refund")


def test_the_prior_says_that_it_reads_nothing(prior):
    found = only(prior)
    assert {piece.weight for piece in found.pieces} == {0.0}
    assert "the prior reads no text" in found.notes[0]


def test_a_folder_is_as_good_as_the_classifier_in_it(run):
    assert explain_texts(run.folder, [TEXT]) == explain_texts(run.classifier, [TEXT])


def test_the_result_is_json(run):
    told = [asdict(one) for one in explain_texts(run.classifier, [TEXT, ""])]
    first = json.loads(json.dumps(told, allow_nan=False))[0]["explanations"][0]["pieces"][0]
    assert list(first) == ["text", "start", "end", "weight"]
    assert (first["text"], first["start"], first["end"]) == ("my", 0, 2)


@pytest.mark.parametrize("settings", [ExplainSettings(), OCCLUDED])
def test_an_empty_text_and_one_without_a_known_word_weigh_nothing(run, settings):
    for text in ("", " \n", "qqq zzz xxx"):
        found = only(run.classifier, text, settings)
        assert all(piece.weight == pytest.approx(0, abs=1e-6) for piece in found.pieces)
        assert len(found.pieces) == len(text.split())


@pytest.mark.parametrize("settings", [ExplainSettings(), OCCLUDED])
def test_a_text_of_a_megabyte_is_explained(run, settings):
    text = "please refund the charge. " * 40_000
    found = only(run.classifier, text, settings)
    assert found.label == "billing"
    assert all(text[piece.start : piece.end] == piece.text for piece in found.pieces)
    told = " ".join(found.notes)
    assert ("the text is long: " in told) == (settings == OCCLUDED)


@given(text=st.text(max_size=50))
@limits(max_examples=60)
@pytest.mark.parametrize("settings", [ExplainSettings(), OCCLUDED])
def test_pieces_are_where_they_say(run, settings, text):
    end = 0
    for piece in only(run.classifier, text, settings).pieces:
        assert end <= piece.start < piece.end <= len(text)
        assert text[piece.start : piece.end] == piece.text
        end = piece.end


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"label": "loggin"}, ["the model has no such label", "'loggin'", "did you mean 'login'"]),
        ({"label": "login", "against": "x"}, ["the model has no such label", "'x'", "'billing'"]),
        ({"label": "login", "against": "login"}, ["a label cannot be compared with itself"]),
        ({"against": "login"}, ["a label to compare with needs one", "give both labels"]),
        ({"method": "lime"}, ["there is no such method", "'lime'", "known: 'auto'"]),
        (
            {"method": "gradients"},
            ["gradients cannot explain this model", "leave-one-out, weights"],
        ),
        ({"most_steps": 0}, ["most_steps must be a whole number from 1"]),
        ({"most_pieces": 1.5}, ["most_pieces must be a whole number from 1"]),
        ({"seed": -1}, ["seed must be a whole number from 0"]),
        ({"tolerance": 0}, ["tolerance must be a number above 0"]),
    ],
)
def test_what_cannot_be_asked_is_said(run, settings, words):
    with pytest.raises(SettingsError) as caught:
        explain_texts(run.classifier, [TEXT], ExplainSettings(**settings))
    for part in words:
        assert part in str(caught.value)


def test_weights_are_of_the_linear_model_alone(prior):
    with pytest.raises(SettingsError, match="weights cannot explain this model"):
        explain_texts(prior, [TEXT], ExplainSettings(method="weights"))


def test_a_single_string_is_no_list_of_texts(run):
    with pytest.raises(DataError, match="one text was given"):
        explain_texts(run.classifier, TEXT)


@pytest.fixture(scope="module")
def network():
    pytest.importorskip("torch")
    model = fit("mean_pool", toy(60), **brief("mean_pool"))
    return Classifier(model, Decision(False), model.labels.names)


def test_a_text_too_long_for_gradients_has_words_left_out_and_says_so(network, monkeypatch):
    monkeypatch.setattr("textkind.explain.tokens.MOST_TOKENS", 4)
    found = only(network, "the red cat so blue")
    assert found.method == "leave-one-out"
    assert found.notes == ("the text is too long for gradients: words are left out",)
    assert only(network, "the red cat").method == "gradients"
    with pytest.raises(DataError, match="the text is too long for gradients; found '19 char"):
        only(network, "the red cat so blue", ExplainSettings(method="gradients"))


def test_of_a_long_text_fewer_steps_are_taken_and_a_missed_sum_is_told(monkeypatch):
    pytest.importorskip("torch")
    model = fit("transformer rotary", toy(60), **brief("transformer rotary"))
    classifier = Classifier(model, Decision(False), model.labels.names)
    monkeypatch.setattr("textkind.explain.integrated.MOST_POSITIONS", 100)
    found = only(classifier, "the red cat so blue", ExplainSettings(tolerance=1e-9))
    assert found.completeness.steps == 32
    assert not found.completeness.passed
    assert found.notes[-1].startswith("the weights miss the difference by ")


def test_tokens_that_are_not_read_have_no_piece_and_are_counted():
    pytest.importorskip("torch")
    model = fit("rnn retrieve", toy(60), **brief("rnn retrieve"))
    text = " ".join(["the"] * 20 + ["red", "cat"] + ["so"] * 20)
    found = only(Classifier(model, Decision(False), model.labels.names), text)
    assert found.notes[0] == "8 of 42 tokens are read: the others add nothing"
    assert len(found.pieces) == 8
    whole = model.encoder.encode(pa.array([text], pa.large_string()))
    spellings = model.encoder.spellings()
    read = [spellings[one] for one in model.reading.read(whole).ids]
    assert [piece.text for piece in found.pieces] == read


def test_in_fewer_digits_words_are_left_out_and_gradients_are_refused(network):
    rounded = replace(network, model=replace(network.model, precision="bfloat16"))
    told = []

    class Remembers(Talk):
        def note(self, message):
            told.append(message)

    (explained,) = explain_texts(rounded, ["the red cat"], talk=Remembers())
    assert explained.explanations[0].method == "leave-one-out"
    assert told == ["the network is read in fewer digits, without gradients: leaving words out"]
    with pytest.raises(SettingsError, match="gradients cannot explain this model"):
        explain_texts(rounded, ["the red cat"], ExplainSettings(method="gradients"))
