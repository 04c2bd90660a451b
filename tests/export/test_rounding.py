"""int8: what it changes is counted on texts and told, and refused where that is too much."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("transformers")

from tests.export.conftest import TEXTS
from textkind.errors import SettingsError
from textkind.export import rounding
from textkind.export.golden import answers_of
from textkind.export.graphs.whole import text_graph
from textkind.export.rounding import (
    numbers_in_float,
    rounded_graph,
    some_of,
)
from textkind.export.settings import ExportSettings
from textkind.export.targets import Subject
from textkind.models.evening import block_layers
from textkind.progress import Notes
from textkind.workflow.export import export_model, load_exported

INT8 = ExportSettings(precision="int8")
MANY = TEXTS * 3  # more than those by which matrices are ordered


@pytest.fixture(scope="module")
def subject(fitted):
    return Subject(fitted("encoder"), None, pa.array(MANY, pa.large_string()), "some texts")


def unsteady(subject, wrong):
    """A stand-in for onnxruntime: of the answers' labels so many are wrong, fewer by each graph."""
    sizes = []

    def computed(data, texts):
        answers = answers_of(subject.classifier, texts)
        labels = list(answers.labels)
        if len(texts) == len(MANY):
            for row in range(wrong[len(sizes)]):
                labels[row] = "other"
            sizes.append(len(data))
        return replace(answers, labels=labels)

    return computed, sizes


def test_a_quarter_of_the_bytes_and_nearly_the_same_answers(subject, tmp_path):
    told = Notes()
    settings = replace(INT8, check={"text": TEXTS}, most_changed=0.2)
    result = export_model(subject.classifier, tmp_path / "int8", settings, told)
    plain = export_model(subject.classifier, tmp_path / "float32")
    graph = "model.onnx"
    sizes = [(tmp_path / name / graph).stat().st_size for name in ("int8", "float32")]
    assert sizes[0] < sizes[1]
    own, found = (
        answers_of(subject.classifier, TEXTS),
        load_exported(tmp_path / "int8").answers(TEXTS),
    )
    gap = np.abs(own.probabilities - found.probabilities).max()
    assert 0 < gap < 0.25  # an encoder of 16 numbers rounds coarsely
    facts = result.facts["rounding"]
    assert facts["texts"] == len(TEXTS)
    # probabilities are float32: a difference of two has an error of some 1e-7
    assert facts["probabilities_moved"]["most"] == pytest.approx(gap, abs=1e-6)
    assert any(
        note.startswith(f"int8 changes {facts['changed']} of 60 labels") for note in told.told
    )
    assert plain.facts == {"precision": "float32"}


def test_matrices_stay_in_float32_until_few_enough_labels_change(subject):
    computed, sizes = unsteady(subject, [9, 5, 0])
    _, facts = rounded_graph(subject, INT8, computed, Notes())
    assert facts["changed"] == 0
    assert len(facts["in_float"]) == 2  # none, one, two
    assert sizes[0] < sizes[1] < sizes[2]
    assert set(facts["in_float"]) <= set(block_layers(subject.classifier.model.network))


def test_every_graph_is_evened_out_by_the_same_sizes(subject, monkeypatch):
    layers, given = block_layers(subject.classifier.model.network), []

    def written(classifier, precision, in_float, sizes=None):
        if len(in_float) < len(layers):  # else all stays in float32
            given.append(sizes)
        return text_graph(classifier, precision, in_float, sizes)

    monkeypatch.setattr(rounding, "text_graph", written)
    rounded_graph(subject, INT8, unsteady(subject, [9, 0])[0], Notes())
    assert len(given) == 2 + len(layers)
    assert all(set(sizes) == set(layers.values()) for sizes in given)
    assert all(sizes is given[0] for sizes in given)


def test_too_many_changed_labels_are_refused_with_their_number(subject):
    tries = len(numbers_in_float(len(block_layers(subject.classifier.model.network))))
    computed, sizes = unsteady(subject, [9] * tries)
    with pytest.raises(SettingsError) as caught:
        rounded_graph(subject, INT8, computed, Notes())
    assert len(sizes) == tries
    assert "int8 changes the labels of 9 of 180 texts" in str(caught.value)
    assert "more than the 0.5 % that are allowed" in str(caught.value)
    assert "--max-changed" in caught.value.hint
    computed, _ = unsteady(subject, [27])
    _, facts = rounded_graph(subject, replace(INT8, most_changed=0.15), computed, Notes())
    assert facts["changed_share"] == 0.15


def test_without_texts_nothing_can_be_counted(subject, tmp_path):
    with pytest.raises(SettingsError, match="there are none") as caught:
        export_model(subject.classifier, tmp_path / "int8", INT8)
    assert "--check FILE" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_most_of_the_texts_and_half_of_the_matrices_are_the_end():
    assert some_of(list("abcdefg"), 3) == ["a", "d", "g"]
    assert some_of(list("abc"), 3) == list("abc")
    assert numbers_in_float(24) == [0, 1, 2, 4, 8]
    assert numbers_in_float(0) == [0]
