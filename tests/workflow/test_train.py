"""The recipe of training: what the run folder holds, and that it is there whole or not at all."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from tests.workflow.conftest import tickets, write_csv
from textkind.classifier import predict_ids
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.texts import as_texts
from textkind.decision.calibrate import CalibrationSettings
from textkind.errors import ColumnError, DataError, OutputError, SettingsError
from textkind.models.settings import LinearSettings
from textkind.progress import Notes
from textkind.storage.model_folder import load_model, read_card
from textkind.workflow import material, scored_parts
from textkind.workflow import train as train_module
from textkind.workflow.origin import run_folder_for
from textkind.workflow.train import TrainSettings, train

FIXED = LinearSettings(features="words", strength=1.0, naive_bayes=False)
SCHEMA = Path(__file__).parents[2] / "docs" / "metrics.schema.json"


def test_the_run_folder_holds_what_is_promised(run):
    names = {path.name for path in run.folder.iterdir()}
    expected = {"model", "metrics.json", "mistakes.jsonl", "rejected.jsonl", "report.html",
                "report.md", "card.md", "kept.arrow", "held_out.arrow"}  # fmt: skip
    assert names == expected | {"log.txt"}
    assert json.loads((run.folder / "metrics.json").read_text()) == run.metrics
    assert "<html" in (run.folder / "report.html").read_text()
    assert "rejected" in (run.folder / "log.txt").read_text()
    [rejected] = map(json.loads, (run.folder / "rejected.jsonl").read_text().splitlines())
    assert rejected["line"] == 5


def test_metrics_follow_their_schema(run, tag_run):
    schema = json.loads(SCHEMA.read_text())
    for metrics in (run.metrics, tag_run.metrics):
        jsonschema.validate(metrics, schema)


def test_rows_add_up(run):
    data = run.metrics["data"]
    assert data["read"] == 401
    assert data["accepted"] + data["rejected"] == data["read"]
    assert sum(part["rows"] for part in data["parts"].values()) == data["accepted"]
    assert run.metrics["test"]["rows"] == data["parts"]["test"]["rows"]


def test_it_learns_and_beats_the_baseline(run, tag_run):
    for result in (run, tag_run):
        assert result.metrics["test"]["accuracy"]["value"] > 0.9
        assert result.metrics["baseline"]["accuracy"] < 0.6


def test_the_saved_model_is_the_one_that_was_measured(run, ticket_file):
    loaded = load_model(run.folder)
    frame = pd.read_csv(ticket_file, keep_default_na=False)
    texts = frame["text"].tolist()
    np.testing.assert_array_equal(
        predict_ids(loaded, as_texts(texts)), predict_ids(run.classifier, as_texts(texts))
    )
    origin = read_card(run.folder)["provenance"]
    parts = run.metrics["data"]["parts"]
    assert origin["rows"] == parts["train"]["rows"] + parts["validation"]["rows"]
    assert origin["source"].endswith("tickets.csv")


def test_the_same_seed_gives_the_same_model_and_figures(run, ticket_file, tmp_path):
    again = train(ticket_file, TrainSettings(out=tmp_path / "again", model=FIXED, threads=1))
    for name in ("weights.safetensors", "golden.json"):
        first = (run.folder / "model" / name).read_bytes()
        assert (again.folder / "model" / name).read_bytes() == first
    assert again.metrics["test"] == run.metrics["test"]


def test_mistakes_carry_the_ngrams_that_led_there(tmp_path):
    texts = ["good film", "fine film", "bad film", "poor film"] * 60
    labels = ["yes", "yes", "no", "no"] * 60
    texts += [f"good film {n}" for n in range(30)]
    labels += ["no"] * 30
    frame = pd.DataFrame({"text": texts, "label": labels})
    result = train(frame, TrainSettings(out=tmp_path / "run", model=FIXED))
    lines = (result.folder / "mistakes.jsonl").read_text().splitlines()
    mistakes = [json.loads(line) for line in lines]
    assert mistakes
    shares = [mistake["probability"] for mistake in mistakes]
    assert shares == sorted(shares, reverse=True)
    for mistake in mistakes:
        assert mistake["gold"] != mistake["predicted"]
        assert all(one["weight"] > 0 for one in mistake["ngrams"])


def test_given_files_are_validated_and_tested_on(ticket_file, tmp_path):
    settings = TrainSettings(
        test=ticket_file, validation=ticket_file, out=tmp_path / "run", model=FIXED
    )
    metrics = train(ticket_file, settings).metrics
    assert [metrics["data"]["parts"][p]["rows"] for p in ("train", "validation", "test")] == [
        400
    ] * 3
    assert metrics["data"]["split"]["method"] == "given"
    assert metrics["data"]["rejected"] == 3
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"rejected.jsonl", "rejected.test.jsonl", "rejected.validation.jsonl"} <= names


def test_with_few_rows_there_is_no_validation_part_and_it_is_told(tmp_path):
    frame = pd.DataFrame({"text": ["good one", "bad one"] * 20, "label": ["a", "b"] * 20})
    frame["text"] += [f" {n}" for n in range(40)]
    notes = Notes()
    metrics = train(frame, TrainSettings(out=tmp_path / "run"), notes).metrics
    assert metrics["validation"] is None
    assert metrics["test"]["rows"] == 8
    assert any("no validation part" in note for note in notes.told)


def test_without_a_test_part_nothing_is_tested(ticket_file, tmp_path):
    settings = TrainSettings(
        out=tmp_path / "run", model=FIXED, split=SplitSettings(test_share=0, validation_share=0.2)
    )
    metrics = train(ticket_file, settings).metrics
    assert metrics["test"] is None
    assert metrics["baseline"] is None
    assert metrics["validation"]["rows"] > 0
    assert (tmp_path / "run" / "report.html").exists()


def test_the_default_folder_is_the_next_free_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_folder_for("data/tickets.csv.gz") == Path("runs/tickets-1")
    (tmp_path / "runs" / "tickets-1").mkdir(parents=True)
    assert run_folder_for("data/tickets.csv.gz") == Path("runs/tickets-2")
    assert run_folder_for("-") == Path("runs/pipe-1")
    assert run_folder_for(pd.DataFrame()) == Path("runs/run-1")


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"reading": ReadSettings(text=("txt",))}, ColumnError),
        ({"model": replace(FIXED, solver="sgd")}, SettingsError),
        ({"test": "missing.csv"}, DataError),
    ],
)
def test_after_an_error_there_is_no_run_folder(ticket_file, tmp_path, settings, error):
    with pytest.raises(error):
        train(ticket_file, TrainSettings(out=tmp_path / "run", **{"model": FIXED} | settings))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "step",
    ["read_sources", "split_readings", "learn", "score_part", "mistake_records", "write_report"],
)
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_failure_in_any_step_leaves_the_old_run(
    run, ticket_file, tmp_path, monkeypatch, step, error
):
    settings = TrainSettings(out=tmp_path / "run", model=FIXED, overwrite=True)
    train(ticket_file, settings)
    before = (tmp_path / "run" / "metrics.json").read_bytes()

    def failing(*args, **kwargs):
        raise error

    modules = (train_module, material, scored_parts)
    module = next(module for module in modules if hasattr(module, step))
    monkeypatch.setattr(module, step, failing)
    with pytest.raises((KeyboardInterrupt, OSError)) as info:
        train(ticket_file, settings)
    assert "as it was" in " ".join(info.value.__notes__)
    assert (tmp_path / "run" / "metrics.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_an_existing_run_is_refused_before_any_work(run, ticket_file, monkeypatch):
    monkeypatch.setattr(material, "read_sources", lambda *a, **k: pytest.fail("it read"))
    with pytest.raises(SettingsError, match="exists already"):
        train(ticket_file, TrainSettings(out=run.folder, model=FIXED))


def test_a_place_that_cannot_be_written_is_told_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(material, "read_sources", lambda *a, **k: pytest.fail("it read"))
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        train("x.csv", TrainSettings(out=tmp_path / "file" / "run"))


def test_the_test_labels_are_opened_after_everything_is_chosen(ticket_file, tmp_path, monkeypatch):
    """Other test labels, the same model: nothing was learned from them."""
    frame = pd.read_csv(ticket_file, keep_default_na=False)
    frame = frame[frame.text != ""]
    test = frame.iloc[300:]
    wrong = test.assign(label=test.label.to_numpy()[::-1])
    folders = []
    for name, given in (("right", test), ("wrong", wrong)):
        settings = TrainSettings(test=given, out=tmp_path / name, model=FIXED)
        folders.append(train(frame.iloc[:300], settings).folder / "model")
    for file in ("weights.safetensors", "golden.json"):
        assert (folders[0] / file).read_bytes() == (folders[1] / file).read_bytes()
    cards = [read_card(folder) for folder in folders]
    assert cards[0]["decision"] == cards[1]["decision"]


def test_the_calibration_asked_for_is_fitted_saved_and_told(ticket_file, tmp_path):
    asked = CalibrationSettings("platt")
    settings = TrainSettings(out=tmp_path / "run", model=FIXED, calibration=asked)
    result = train(ticket_file, settings)
    assert read_card(result.folder)["decision"]["calibrator"]["name"] == "platt"
    assert load_model(result.folder).decision == result.classifier.decision
    told = result.metrics["fit"]["decision"]
    assert (told["asked"], told["calibrator"]) == ("platt", "platt")
    assert {one["name"] for one in told["candidates"]} <= {"none", "platt"}
    validation = result.metrics["validation"]
    for name, key in (("log_loss", "log_loss"), ("ece", "ece_mass"), ("ece_width", "ece_width")):
        assert validation[key]["value"] == pytest.approx(told[f"{name}_after"], abs=1e-12)


def test_the_figures_before_calibration_are_those_of_the_model_alone(ticket_file, tmp_path, run):
    plain = TrainSettings(
        out=tmp_path / "run", model=FIXED, calibration=CalibrationSettings("none")
    )
    alone = train(ticket_file, plain).metrics
    assert alone["uncalibrated"] is None
    before = run.metrics["uncalibrated"]
    for name in ("log_loss", "brier", "ece_width", "ece_mass"):
        assert before[name] == pytest.approx(alone["test"][name]["value"], abs=1e-12)
    assert before["reliability"] == alone["test"]["reliability"]
    assert run.metrics["test"]["log_loss"]["value"] < before["log_loss"]


def test_figures_are_told_with_and_without_the_test_texts_that_are_in_train(tmp_path):
    texts, labels = tickets(400)
    copied, wrong = 10, ["login" if label != "login" else "billing" for label in labels]
    nearly = [f"{text} indeed" for text in texts[copied : 2 * copied]]
    fresh, gold = tickets(100, seed=1)
    fresh = [f"{text} new{row}" for row, text in enumerate(fresh)]
    tested = [*texts[:copied], *nearly, *fresh]
    header = ("text", "label")
    learned = write_csv(tmp_path / "train.csv", header, zip(texts, labels, strict=True))
    # what is in train is labelled another way in test: those rows alone are got wrong
    rows = zip(tested, [*wrong[: 2 * copied], *gold], strict=True)
    given = write_csv(tmp_path / "test.csv", header, rows)
    talk = Notes()
    settings = TrainSettings(out=tmp_path / "run", model=FIXED, test=given)
    metrics = train(learned, settings, talk).metrics
    jsonschema.validate(metrics, json.loads(SCHEMA.read_text()))
    clean = metrics["clean"]
    assert (clean["rows"], clean["left_out"]) == (100, {"same": copied, "near": copied})
    assert clean["accuracy"]["value"] == pytest.approx(1.0, abs=0.02)
    assert metrics["test"]["accuracy"]["value"] == pytest.approx(100 / 120, abs=0.02)
    assert "10 of 120 test texts are in train, and 10 nearly" in " ".join(talk.told)
    report = (tmp_path / "run" / "report.html").read_text()
    assert "10 of them are in training too, and 10 nearly; of the other 100" in report
    serious = [one for one in metrics["findings"] if one["severity"] == "serious"]
    assert [(one["check"], one["rows"]) for one in serious] == [
        ("test_texts_in_train", copied),
        ("near_duplicates_in_train", copied),
        ("conflicting_labels", 2 * copied),
    ]
    assert "10 of 120 test rows have a text that is in train" in report
    assert "serious: 10 texts have different labels in different rows" in " ".join(talk.told)


def test_users_on_both_sides_of_a_split_are_told_by_rows_of_the_file(tmp_path):
    texts, labels = tickets(300)
    users = [f"{label}{number % 20}" for number, label in enumerate(labels)]
    file = write_csv(tmp_path / "users.csv", ("text", "label", "user"),
                     zip(texts, labels, users, strict=True))  # fmt: skip
    talk = Notes()
    settings = TrainSettings(out=tmp_path / "run", model=FIXED)
    found = {one["check"]: one for one in train(file, settings, talk).metrics["findings"]}
    groups = found["groups_on_both_sides"]
    assert (groups["severity"], groups["facts"]["column"]) == ("serious", "user")
    assert groups["facts"]["right"] == groups["rows"]
    for one in groups["examples"]:
        assert one["user"] == users[one["row"] - 2]
        assert one["labels"] == [labels[one["row"] - 2]]
    assert "serious: " in " ".join(talk.told)
    assert "--group user" in " ".join(talk.told)


def test_without_a_test_part_what_is_learned_from_is_looked_at(tmp_path):
    texts, labels = tickets(200)
    file = write_csv(tmp_path / "all.csv", ("text", "label"),
                     zip([*texts, *texts[:4]], [*labels, *labels[:4]], strict=True))  # fmt: skip
    settings = TrainSettings(out=tmp_path / "run", model=FIXED, split=SplitSettings(test_share=0))
    found = {one["check"]: one for one in train(file, settings).metrics["findings"]}
    assert (found["repeated_texts"]["rows"], found["repeated_texts"]["of"]) == (4, 204)


def test_a_clean_test_part_is_told_once(run):
    assert run.metrics["clean"] is None
