"""A model of label names alone: what its logits are, and that it is kept and refused rightly."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.models.encoder_folders import write_encoder
from tests.models.test_model_contract import ODD_TEXTS, arrow
from textkind.classifier import Classifier
from textkind.data.label_names import label_names
from textkind.decision.decision import Decision
from textkind.errors import MissingPackageError, SettingsError
from textkind.models.encoder_folder import bundled_folder
from textkind.models.zero_shot import label_head, label_vectors, zero_shot_model
from textkind.models.zero_shot_settings import ZeroShotSettings
from textkind.progress import Talk
from textkind.storage.model_folder import Provenance, load_model, save_model

NAMES = label_names([("the_cat", "the cat sat"), ("redDog", ""), ("blueWalk", "blue walks")])


class Noted(Talk):
    """Keeps what is told."""

    def __init__(self):
        self.told = []

    def note(self, message):
        self.told.append(message)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoder") / "bert")


@pytest.fixture(scope="module")
def model(folder):
    return zero_shot_model(NAMES, ZeroShotSettings(encoder=folder), threads=1)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_logits_are_cosines_with_the_mean_of_a_labels_sentences(model):
    texts = ["the dog ran", "blue cats", "talk"]
    sentences = {
        "blueWalk": ["blue Walk", "This text is about blue Walk.", "blue walks"],
        "redDog": ["red Dog", "This text is about red Dog."],
        "the_cat": ["the cat", "This text is about the cat.", "the cat sat"],
    }
    assert model.labels.names == tuple(sentences)
    rows = unit(np.stack([model.vectors(arrow(own)).mean(axis=0) for own in sentences.values()]))
    vectors = model.vectors(arrow(texts))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(model.logits(arrow(texts)), vectors @ rows.T / 0.06, atol=1e-3)


def test_unlabelled_texts_move_the_point_that_cosines_are_measured_from(folder, model):
    few = arrow(["the dog ran", "red cats", "walk the dog"])
    moved = zero_shot_model(NAMES, ZeroShotSettings(encoder=folder), few, threads=1)
    center = model.vectors(few).mean(axis=0)
    plain = model.network.head.weight.detach().numpy() * 0.06
    rows = unit(plain - plain.mean(axis=0))
    texts = arrow(["blue cats", "talk"])
    expected = (model.vectors(texts) - center) @ rows.T / 0.06
    np.testing.assert_allclose(moved.logits(texts), expected, atol=1e-3)
    assert moved.facts["zero_shot"]["centered_on"] == 3


def test_label_vectors_are_means_of_unit_length():
    vectors = np.array([[2.0, 0.0], [0.0, 2.0], [0.0, -3.0]], np.float32)
    rows = label_vectors(vectors, np.array([0, 0, 1]), centered=False)
    np.testing.assert_allclose(rows, [[0.5**0.5, 0.5**0.5], [0, -1]], atol=1e-6)
    head = label_head(rows, np.array([0.0, 1.0]), 0.5)
    np.testing.assert_allclose(head.bias, [-2 * 0.5**0.5, 2], atol=1e-6)


def test_the_same_after_saving_and_texts_of_all_kinds_are_safe(model, tmp_path):
    classifier = Classifier(model, Decision(False), model.labels.names)
    save_model(classifier, tmp_path / "model", Provenance("labels.txt", 0, 0))
    loaded = load_model(tmp_path / "model").model
    texts = arrow([text[:2000] for text in ODD_TEXTS])
    np.testing.assert_array_equal(model.logits(texts), loaded.logits(texts))
    assert np.isfinite(model.logits(texts)).all()


def test_two_labels_and_templates_of_ones_own(folder):
    settings = ZeroShotSettings(encoder=folder, templates=("a {label} walk", "{label}"))
    names = label_names([("cat", ""), ("dog", "")])
    two = zero_shot_model(names, settings, threads=1)
    assert two.logits(arrow(["the cat"])).shape == (1, 2)
    assert two.facts["zero_shot"]["templates"] == ["a {label} walk", "{label}"]


def test_a_description_that_is_missing_is_told(folder):
    talk = Noted()
    zero_shot_model(NAMES, ZeroShotSettings(encoder=folder), threads=1, talk=talk)
    assert "1 of 3 labels lack a description" in talk.told


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"templates": ("about it",)}, "must hold {label}"),
        ({"templates": ()}, "must hold {label}"),
        ({"temperature": 0.0}, "temperature must be"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, words):
    with pytest.raises(SettingsError, match=words):
        ZeroShotSettings(**wrong)


def test_the_bundled_encoder_knows_what_names_mean():
    try:
        bundled_folder()
    except MissingPackageError:
        pytest.skip("the package with the bundled encoder is not installed")
    names = label_names([("lost_card", ""), ("exchangeRate", ""), ("cash machine", "")])
    made = zero_shot_model(names, threads=1)
    texts = arrow(["I cannot find my card", "how many euros for a pound", "where is an ATM"])
    given = [made.labels.names[number] for number in made.logits(texts).argmax(axis=1)]
    assert given == ["lost_card", "exchangeRate", "cash machine"]
