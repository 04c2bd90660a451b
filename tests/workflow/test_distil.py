"""Distil: a student beside its teacher, on the same split, with texts that have no label."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from tests.workflow.conftest import COMMON, FIXED, WORDS, tickets, write_csv
from textkind.data.settings import SplitSettings
from textkind.errors import DataError, ModelFolderError, SettingsError
from textkind.models.neural_settings import default_settings
from textkind.workflow.compare import CompareSettings, compare
from textkind.workflow.distil import STUDENTS, DistilSettings, Student, distil
from textkind.workflow.predict import predict
from textkind.workflow.train import TrainSettings, train

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "metrics.schema.json").read_text())


def texts_of(words, rows, seed):
    """Texts of two words of a label and three common ones, with their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(sorted(words), rows).tolist()
    return [
        (" ".join([*rng.choice(words[label], 2), *rng.choice(COMMON, 3), str(row)]), label)
        for row, label in enumerate(labels)
    ]


def model_of(metrics, name):
    return next(one for one in metrics["distil"]["models"] if one["name"] == name)


@pytest.fixture(scope="module")
def student(run, ticket_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "student"
    return distil(run.folder, ticket_file, DistilSettings(to="linear", out=out))


def test_the_student_is_a_run_that_predicts(student, ticket_file, tmp_path):
    jsonschema.validate(student.metrics, SCHEMA)
    assert student.metrics == json.loads((student.folder / "metrics.json").read_text())
    assert student.metrics["fit"]["model"] == "linear"
    assert predict(student.folder, ticket_file, tmp_path / "out.csv").predicted == 401
    page = (student.folder / "report.html").read_text()
    assert "Beside the teacher" in page
    assert "labels alone" in page


def test_the_test_texts_are_those_that_the_teacher_has_not_seen(student, run):
    for name in ("parts", "split"):
        assert student.metrics["data"][name] == run.metrics["data"][name]
    assert not any("flatter" in note or "not known" in note for note in student.metrics["notes"])
    told = model_of(student.metrics, "teacher")
    assert told["test"]["accuracy"] == run.metrics["test"]["accuracy"]
    assert told["agreement"] == 1


def test_the_figures_of_the_student_are_those_of_its_run(student):
    told = model_of(student.metrics, "student")
    assert told["test"]["log_loss"] == student.metrics["test"]["log_loss"]
    pairs = student.metrics["distil"]["pairs"]
    assert [(pair["name"], pair["against"]) for pair in pairs] == [
        ("student", "teacher"),
        ("student", "labels alone"),
    ]
    assert told["cost"]["disk_mb"] == pytest.approx(
        sum(file.stat().st_size for file in (student.folder / "model").iterdir()) / 1e6, rel=0.01
    )


@pytest.mark.parametrize(
    ("split", "told"),
    [
        ({"seed": 7}, "not split as it was for the teacher"),
        ({"test_share": 0.3}, "not split as it was for the teacher"),
    ],
)
def test_another_split_than_the_teachers_is_told(run, ticket_file, tmp_path, split, told):
    settings = DistilSettings(to="linear", out=tmp_path / "student", split=split)
    notes = distil(run.folder, ticket_file, settings).metrics["notes"]
    assert any(told in note for note in notes)


def test_a_teacher_that_was_tested_on_another_file_has_seen_this_one(ticket_file, tmp_path):
    test = write_csv(tmp_path / "test.csv", ("text", "label"), texts_of(WORDS, 60, 5))
    settings = TrainSettings(out=tmp_path / "teacher", model=FIXED, test=test)
    folder = train(ticket_file, settings).folder
    alone = DistilSettings(to="linear", out=tmp_path / "alone")
    notes = distil(folder, ticket_file, alone).metrics["notes"]
    assert any("test.csv: it has seen" in note and "--test" in note for note in notes)
    given = replace(alone, out=tmp_path / "given", test=test)
    notes = distil(folder, ticket_file, given).metrics["notes"]
    assert not any("flatter" in note or "may have learned" in note for note in notes)


@pytest.mark.parametrize(("shares", "has_seen"), [({}, False), ({"test_share": 0.3}, True)])
def test_a_teacher_without_validation_has_seen_what_its_own_split_left_in_train(
    ticket_file, tmp_path, shares, has_seen
):
    settings = TrainSettings(
        out=tmp_path / "teacher", model=FIXED, split=SplitSettings(validation_share=0)
    )
    folder = train(ticket_file, settings).folder
    metrics = distil(
        folder, ticket_file, DistilSettings(to="linear", out=tmp_path / "s", split=shares)
    ).metrics
    assert metrics["data"]["parts"]["validation"]["rows"] > 0  # the student's choices need one
    told = "flatter" if has_seen else "the validation part is not the teacher's"
    assert any(told in note for note in metrics["notes"])
    assert any("flatter" in note for note in metrics["notes"]) == has_seen


def test_a_student_without_validation_has_the_teachers_test_texts(run, ticket_file, tmp_path):
    split = {"validation_share": 0.0}
    settings = DistilSettings(to="linear", out=tmp_path / "s", split=split)
    metrics = distil(run.folder, ticket_file, settings).metrics
    assert model_of(metrics, "teacher")["test"]["accuracy"] == run.metrics["test"]["accuracy"]
    assert not any("teacher" in note for note in metrics["notes"])


def test_a_teacher_of_folds_has_seen_most_of_its_file(ticket_file, tmp_path, rungs_here):
    settings = CompareSettings(models=("linear",), folds=3, threads=1, out=tmp_path / "folds")
    folder = compare(ticket_file, settings).folder / "models" / "linear"
    alone = DistilSettings(to="linear", out=tmp_path / "s")
    notes = distil(folder, ticket_file, alone).metrics["notes"]
    assert not any("None" in note for note in notes)
    assert any("by folds" in note and "--test" in note for note in notes)


def test_a_model_folder_without_its_run_tells_the_seed_alone(ticket_file, tmp_path):
    settings = TrainSettings(out=tmp_path / "teacher", model=FIXED, split=SplitSettings(seed=3))
    folder = (train(ticket_file, settings).folder / "model").rename(tmp_path / "alone")
    out = DistilSettings(to="linear", out=tmp_path / "student")
    metrics = distil(folder, ticket_file, out).metrics
    assert metrics["data"]["split"]["seed"] == 3
    assert any("only the seed" in note for note in metrics["notes"])


def test_texts_without_a_label_teach_words_that_the_labelled_ones_lack(tmp_path):
    few = {label: words[:2] for label, words in WORDS.items()}
    rare = {label: words[2:] for label, words in WORDS.items()}
    header = ("text", "label")
    whole = write_csv(tmp_path / "whole.csv", header, texts_of(WORDS, 900, 0))
    small = write_csv(tmp_path / "small.csv", header, texts_of(few, 300, 1))
    test = write_csv(tmp_path / "test.csv", header, texts_of(rare, 200, 2))
    more = [(text, "nonsense") for text, _ in texts_of(rare, 400, 3)]
    unlabelled = write_csv(
        tmp_path / "more.csv", header, [*more, more[0], ("", "x"), *texts_of(rare, 1, 2)]
    )
    teacher = train(whole, TrainSettings(out=tmp_path / "teacher", model=FIXED)).folder
    metrics = distil(
        teacher,
        small,
        DistilSettings(to="linear", out=tmp_path / "s", test=test, unlabelled=unlabelled),
    ).metrics
    accuracy = {
        one["name"]: one["test"]["accuracy"]["value"] for one in metrics["distil"]["models"]
    }
    assert accuracy["student"] > 0.95
    assert accuracy["labels alone"] < 0.6
    told = metrics["distil"]["unlabelled"]
    assert told["read"] == 403
    assert told["used"] <= 401
    assert metrics["fit"]["texts"] == 300 + told["used"]
    assert any("left out" in note for note in metrics["notes"])
    assert any("not the file" in note for note in metrics["notes"])


def test_validation_texts_are_learned_in_the_last_fit_as_training_texts_are(run, tmp_path):
    """Words that stand in validation alone, with the wrong label: their teacher knows better."""
    rare = {label: words[2:] for label, words in WORDS.items()}
    few = {label: words[:2] for label, words in WORDS.items()}
    wrong = dict(zip(rare, [*list(rare)[1:], next(iter(rare))], strict=True))
    header = ("text", "label")
    files = {
        "train": texts_of(few, 300, 1),
        "validation": [(text, wrong[label]) for text, label in texts_of(rare, 300, 2)],
        "test": texts_of(rare, 100, 3),
    }
    train_file, validation, test = (
        write_csv(tmp_path / f"{name}.csv", header, rows) for name, rows in files.items()
    )
    settings = DistilSettings(
        to="linear", out=tmp_path / "s", label_share=0, validation=validation, test=test
    )
    metrics = distil(run.folder, train_file, settings).metrics
    accuracy = model_of(metrics, "student")["test"]["accuracy"]["value"]
    assert accuracy > 0.8
    assert metrics["fit"]["texts"] == 600


def test_a_text_of_the_test_part_is_not_learned_without_its_label(run, ticket_file, tmp_path):
    settings = DistilSettings(to="linear", out=tmp_path / "s", unlabelled=ticket_file)
    told = distil(run.folder, ticket_file, settings).metrics["distil"]["unlabelled"]
    assert told["used"] == 0


def test_several_labels_are_distilled(tag_run, tag_file, tmp_path):
    settings = DistilSettings(to="linear", out=tmp_path / "s", unlabelled=[
        {"text": "invoice parcel late"}, {"text": "password locked"},
    ])  # fmt: skip
    metrics = distil(tag_run.folder, tag_file, settings).metrics
    jsonschema.validate(metrics, SCHEMA)
    assert metrics["distil"]["headline"] == "micro_f1"
    assert metrics["distil"]["unlabelled"]["used"] == 2
    assert model_of(metrics, "student")["test"]["micro_f1"]["value"] > 0.9


def tiny_network():
    settings = default_settings("mean_pool")
    return replace(settings, training=replace(settings.training, epochs=8, learning_rate=0.02))


@pytest.mark.parametrize("file", ["ticket_file", "tag_file"])
def test_a_network_is_a_student_at_a_temperature(file, request, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setitem(STUDENTS, "static", Student(tiny_network, tiny_network, softens=True))
    teacher = request.getfixturevalue("run" if file == "ticket_file" else "tag_run")
    settings = DistilSettings(to="static", out=tmp_path / "s", temperature=2.0, label_share=0.3)
    metrics = distil(teacher.folder, request.getfixturevalue(file), settings).metrics
    key = metrics["distil"]["headline"]
    assert metrics["fit"]["model"] == "mean_pool"
    assert model_of(metrics, "student")["test"][key]["value"] > 0.8
    assert "temperature 2" in (tmp_path / "s" / "report.html").read_text().replace(
        '<data value="2.0">2.000</data>', "2"
    )


def test_labels_that_the_teacher_does_not_have_are_named(run, tmp_path):
    texts, labels = tickets(90)
    rows = [*zip(texts, labels, strict=True), ("where is it", "other"), ("no idea", "unclear")]
    file = write_csv(tmp_path / "more.csv", ("text", "label"), rows)
    with pytest.raises(DataError, match="does not have: 'other', 'unclear'") as caught:
        distil(run.folder, file, DistilSettings(to="linear", out=tmp_path / "s"))
    assert "billing" in str(caught.value.found)
    assert not (tmp_path / "s").exists()


def test_a_file_without_rows_is_refused(run, ticket_file, tmp_path):
    (tmp_path / "empty.csv").write_text("text\n")
    settings = DistilSettings(to="linear", out=tmp_path / "s", unlabelled=tmp_path / "empty.csv")
    with pytest.raises(DataError, match="no rows"):
        distil(run.folder, ticket_file, settings)


def test_a_teacher_that_is_none_is_refused(ticket_file, tmp_path):
    with pytest.raises(ModelFolderError):
        distil(tmp_path, ticket_file, DistilSettings(to="linear", out=tmp_path / "s"))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"to": "lineer"}, "did you mean 'linear'"),
        ({"label_share": 1.5}, "label_share must be"),
        ({"temperature": 0.0}, "temperature must be"),
        ({"to": "linear", "temperature": 2.0}, "as they are"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options, problem):
    with pytest.raises(SettingsError) as caught:
        DistilSettings(**options)
    assert problem in str(caught.value)
