"""Similar texts: the kept training texts of a run, searched by its model."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pytest

from tests.workflow.conftest import FIXED, tickets, write_csv
from textkind import SimilarSettings, known_texts, nearest_texts, similar_texts
from textkind.classifier import predict_ids
from textkind.data.settings import ReadSettings
from textkind.errors import DataError, ModelFolderError, SettingsError
from textkind.storage.kept_texts import kept_bytes, kept_facts, read_kept
from textkind.workflow.train import TrainSettings, train

SCHEMA = Path(__file__).parents[2] / "docs" / "metrics.schema.json"
ASKED = ["the refund of my invoice", "courier late with my parcel", "zq", ""]


@pytest.fixture(scope="module")
def network(ticket_file, tmp_path_factory):
    """A run of a small network, which has vectors of its own."""
    pytest.importorskip("torch")
    from textkind.models.networks.settings import MeanPoolSettings
    from textkind.models.neural_settings import NeuralSettings
    from textkind.training.settings import TrainingSettings

    model = NeuralSettings(
        layers=MeanPoolSettings(width=16), training=TrainingSettings(epochs=4, learning_rate=0.01)
    )
    out = tmp_path_factory.mktemp("runs") / "network"
    return train(ticket_file, TrainSettings(out=out, model=model, keep_texts=100))


def test_a_run_keeps_its_training_texts_with_their_places_and_labels(run, ticket_file):
    kept = read_kept(run.folder, run.classifier.labels)
    jsonschema.validate(run.metrics, json.loads(SCHEMA.read_text()))
    assert len(kept.texts) == kept.total == run.metrics["data"]["parts"]["train"]["rows"]
    lines = ticket_file.read_text().splitlines()
    for text, row, target in zip(kept.texts.to_pylist(), kept.rows, kept.targets, strict=True):
        assert lines[row - 1].split(",")[1:] == [text, run.classifier.labels.names[target]]
    assert kept.vectors is None
    log = (run.folder / "log.txt").read_text()
    assert f"{kept.total} of {kept.total} training texts are kept in kept.arrow" in log


def test_the_nearest_are_those_of_the_whole_matrix(run):
    known = known_texts(run.classifier, run.folder)
    (found,) = nearest_texts(known, ASKED[:1], top=7)
    vector = known.space.vectors(pa.array(ASKED[:1], pa.large_string())).toarray()[0]
    every = known.vectors.toarray() @ vector
    order = np.argsort(-every, kind="stable")[:7]
    assert [one.row for one in found.nearest] == known.rows[order].tolist()
    np.testing.assert_allclose([one.similarity for one in found.nearest], every[order], atol=1e-6)
    assert [one.text for one in found.nearest] == known.texts.take(pa.array(order)).to_pylist()
    assert {one.labels for one in found.nearest} == {("billing",)}
    assert not any(one.differs for one in found.nearest)


def test_answers_that_are_known_are_taken_and_labels_beside_them_are_marked(run):
    known = known_texts(run.classifier, run.folder)
    wrong = np.array([run.classifier.labels.id_of("login")], np.int32)
    (found,) = nearest_texts(known, ASKED[:1], answers=wrong)
    assert found.predicted == ("login",)
    assert all(one.differs for one in found.nearest)


def test_texts_are_compared_with_one_another_and_with_what_is_kept(run):
    result = similar_texts(run.folder, ASKED)
    assert (result.space, result.searched) == (
        "weighted n-grams of the model",
        "the training texts",
    )
    table = result.similarities
    assert table[0][0] == pytest.approx(1)
    assert table[0][1] == table[1][0] < 0.5
    assert [row[2:] for row in table[:2]] == [[None, None]] * 2
    assert [one.nearest is None for one in result.texts] == [False, False, True, True]
    assert [one.predicted[0] for one in result.texts[:2]] == ["billing", "delivery"]
    document = json.loads(json.dumps(asdict(result), allow_nan=False))
    assert document["texts"][0]["nearest"][0]["labels"] == ["billing"]


def test_a_training_text_is_the_nearest_to_itself(run):
    kept = read_kept(run.folder, run.classifier.labels)
    (found,) = similar_texts(run.folder, [kept.texts[5].as_py()]).texts
    assert found.nearest[0].row == kept.rows[5]
    assert found.nearest[0].similarity == pytest.approx(1, abs=1e-6)
    assert found.nearest[0].similarity <= 1


@pytest.mark.parametrize("number", [0, 30])
def test_only_so_many_are_kept_drawn_by_the_seed(ticket_file, tmp_path, number):
    settings = TrainSettings(out=tmp_path / "run", model=FIXED, keep_texts=number)
    found = train(ticket_file, settings)
    assert (found.folder / "kept.arrow").exists() == bool(number)
    if not number:
        assert found.metrics["kept"] is None
        with pytest.raises(SettingsError, match="this run keeps no training texts"):
            similar_texts(found.folder, ["late"])
        return
    again = train(ticket_file, replace(settings, out=tmp_path / "again"))
    kept, same = (read_kept(one.folder, one.classifier.labels) for one in (found, again))
    assert len(kept.texts) == 30
    assert kept.total > 30
    assert kept.rows.tolist() == same.rows.tolist()


def test_a_network_is_searched_by_its_vectors(network):
    kept = read_kept(network.folder, network.classifier.labels)
    assert kept.vectors.shape == (100, 16)
    known = known_texts(network.classifier, network.folder)
    expected = network.classifier.model.vectors(kept.texts)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(known.vectors, expected, atol=2e-3)
    (found,) = nearest_texts(known, ASKED[:1])
    vector = network.classifier.model.vectors(pa.array(ASKED[:1], pa.large_string()))[0]
    vector /= np.linalg.norm(vector)
    best = np.sort(expected @ vector)[::-1][:5]
    np.testing.assert_allclose([one.similarity for one in found.nearest], best, atol=2e-3)
    assert found.nearest[0].labels == ("billing",)


def test_vectors_of_another_model_are_refused(network, tmp_path):
    kept = read_kept(network.folder, network.classifier.labels)
    for vectors in (kept.vectors[::-1], kept.vectors[:, :8], None):
        other = replace(kept, vectors=vectors)
        data = kept_bytes(other)
        (tmp_path / "kept.arrow").write_bytes(data)
        (tmp_path / "metrics.json").write_text(json.dumps({"kept": kept_facts(other, data)}))
        with pytest.raises(ModelFolderError, match="those of another model"):
            known_texts(network.classifier, tmp_path)


def test_other_texts_are_searched_with_labels_or_without(run, tmp_path):
    texts, labels = tickets(50, seed=9)
    labelled = write_csv(tmp_path / "a.csv", ("text", "label"), zip(texts, labels, strict=True))
    bare = write_csv(tmp_path / "b.csv", ("text", "other"), zip(texts, labels, strict=True))
    found, without = (
        similar_texts(run.folder / "model", ASKED[:1], SimilarSettings(source=one, top=3))
        for one in (labelled, bare)
    )
    assert (found.known, found.of, found.searched) == (50, 50, str(labelled))
    rows = [one.row for one in found.texts[0].nearest]
    assert rows == [one.row for one in without.texts[0].nearest]
    for one in found.texts[0].nearest:
        assert (one.text, one.labels[0]) == (texts[one.row - 2], labels[one.row - 2])
    assert all(one.labels is one.differs is None for one in without.texts[0].nearest)
    named = SimilarSettings(source=labelled, top=3, reading=ReadSettings(label="label"))
    in_memory = similar_texts(run.classifier, ASKED[:1], named)
    assert in_memory.texts == found.texts


def test_several_labels_differ_as_sets(tag_run):
    known = known_texts(tag_run.classifier, tag_run.folder)
    (found,) = nearest_texts(known, ["refund the invoice courier late"], top=20)
    names = tag_run.classifier.labels.names
    answer = predict_ids(
        tag_run.classifier, pa.array(["refund the invoice courier late"], pa.large_string())
    )[0]
    assert found.predicted == tuple(np.array(names)[answer.astype(bool)].tolist())
    assert [one.differs for one in found.nearest] == [
        one.labels != found.predicted for one in found.nearest
    ]
    assert len({one.differs for one in found.nearest}) == 2


def test_many_texts_are_not_told_with_one_another(run):
    result = similar_texts(run.folder, ["the late parcel"] * 51, SimilarSettings(top=1))
    assert result.similarities is None
    assert len(result.texts) == 51


def test_texts_in_which_nothing_is_known_are_not_searched(run, tmp_path):
    file = write_csv(tmp_path / "a.csv", ("text",), [("zq",), ("late parcel",), ("",)])
    result = similar_texts(run.folder, ["late parcel"], SimilarSettings(source=file))
    assert (result.known, result.of) == (1, 3)
    assert [one.text for one in result.texts[0].nearest] == ["late parcel"]


@pytest.mark.parametrize(
    ("texts", "words"),
    [([], "there is no text to compare"), (["a", 3], "a text is a number, not a string")],
)
def test_what_cannot_be_compared_is_refused(run, texts, words):
    with pytest.raises(DataError, match=words):
        similar_texts(run.folder, texts)


def test_settings_and_classifiers_that_cannot_be_are_refused(run):
    with pytest.raises(SettingsError, match="the texts to tell must be 1 or more"):
        SimilarSettings(top=0)
    with pytest.raises(SettingsError, match="the texts to keep must be 0 or more"):
        TrainSettings(keep_texts=-1)
    with pytest.raises(SettingsError, match="a classifier in memory keeps no training texts"):
        similar_texts(run.classifier, ["late"])
