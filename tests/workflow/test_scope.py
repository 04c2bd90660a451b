"""Texts out of scope by their label: not learned, weighed and measured by, counted."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from tests.workflow.conftest import FIXED, tickets
from textkind.cli import main
from textkind.data.read import read_corpus
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.errors import DataError, SettingsError
from textkind.progress import SILENT
from textkind.workflow.evaluate import EvaluateSettings, evaluate
from textkind.workflow.scope import scoped, with_label, without_label
from textkind.workflow.train import TrainSettings, train

STRANGE = ["galaxy", "violin", "recipe", "glacier", "enzyme", "poem", "chess", "volcano"]


def rows_of(known, strange, seed=0, several=False):
    """Tickets of three labels, and other texts with the label none, in a drawn order."""
    random = np.random.default_rng(seed)
    texts, labels = tickets(known, seed)
    texts += [" ".join(random.choice(STRANGE, 4)) + f" {row}" for row in range(strange)]
    labels += ["none"] * strange
    order = random.permutation(len(texts))
    key = "labels" if several else "label"
    return [{"text": texts[row], key: [labels[row]] if several else labels[row]} for row in order]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def columns(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


def asked(label="none", file=None, share=0.2, seed=0):
    split = SplitSettings(test_share=share, seed=seed)
    return SimpleNamespace(
        out_of_scope=file, out_of_scope_label=label, reading=ReadSettings(), split=split
    )


@pytest.mark.parametrize("several", [False, True])
def test_the_label_and_its_texts_go_and_the_others_stay_as_they_were(several):
    rows = rows_of(300, 50, several=several)
    whole = read_corpus(columns(rows), ReadSettings(several=several))
    reading, strange = without_label(whole, "none")
    key = "labels" if several else "label"
    outside = [row["text"] for row in rows if "none" in row[key]]
    left = [row for row in rows if "none" not in row[key]]
    assert strange.to_pylist() == outside
    corpus = reading.corpus
    assert corpus.labels.names == ("billing", "delivery", "login")
    assert corpus.labels.several is several
    assert corpus.texts.to_pylist() == [row["text"] for row in left]
    assert reading.table["text"].to_pylist() == corpus.texts.to_pylist()
    names = np.array(corpus.labels.names)
    targets = corpus.targets.argmax(axis=1) if several else corpus.targets
    expected = [row[key][0] if several else row[key] for row in left]
    assert names[targets].tolist() == expected
    assert corpus.targets.dtype == whole.corpus.targets.dtype


def test_a_part_as_large_as_the_test_part_is_put_aside_by_the_seed():
    readings = {"train": read_corpus(columns(rows_of(200, 60)), ReadSettings())}
    _, found = scoped(readings, asked(), SILENT)
    assert (len(found.known), len(found.aside), len(found)) == (48, 12, 60)
    assert not set(found.known.to_pylist()) & set(found.aside.to_pylist())
    again = scoped(readings, asked(), SILENT)[1]
    assert again.aside.equals(found.aside)
    assert not scoped(readings, asked(seed=1), SILENT)[1].aside.equals(found.aside)


def test_those_of_a_test_file_measure_and_the_others_are_known():
    given = (("train", rows_of(200, 60)), ("test", rows_of(90, 7, seed=1)))
    readings = {name: read_corpus(columns(rows), ReadSettings()) for name, rows in given}
    left, found = scoped(readings, asked(), SILENT)
    assert (len(found.known), len(found.aside)) == (60, 7)
    assert [len(reading.corpus) for reading in left.values()] == [200, 90]


def test_a_file_is_known_beside_the_label(tmp_path):
    file = write(tmp_path / "more.jsonl", [{"text": f"purple rain {row}"} for row in range(40)])
    readings = {"train": read_corpus(columns(rows_of(200, 60)), ReadSettings())}
    assert len(scoped(readings, asked(file=file), SILENT)[1]) == 100
    same, found = scoped(readings, asked(label=None, file=file), SILENT)
    assert same is readings
    assert (len(found.known), len(found.aside)) == (32, 8)


def test_without_either_nothing_changes():
    readings = {"train": read_corpus(columns(rows_of(30, 10)), ReadSettings())}
    assert scoped(readings, asked(label=None), SILENT) == (readings, None)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scope")
    train_file = write(folder / "train.jsonl", rows_of(900, 120))
    return train_file, write(folder / "new.jsonl", rows_of(300, 80, seed=1))


def trained(files, out, novelty="auto", **more):
    split = SplitSettings(test_share=0.2, validation_share=0.2)
    settings = TrainSettings(
        out=out, model=FIXED, split=split, novelty=novelty, out_of_scope_label="none", **more
    )
    return train(files[0], settings)


def test_a_run_does_not_learn_the_label_and_tells_how_it_is_known(files, tmp_path):
    run = trained(files, tmp_path / "run")
    assert run.metrics["labels"] == ["billing", "delivery", "login"]
    data, novelty = run.metrics["data"], run.metrics["novelty"]
    assert (data["read"], data["accepted"], data["out_of_scope"]) == (1020, 900, 120)
    assert (novelty["weighed_by"], novelty["out_of_scope"]) == (96, 24)
    assert novelty["in_scope"] == run.metrics["test"]["rows"]
    assert novelty["scores"] == run.classifier.novelty.weights
    assert novelty["scores"] != dict.fromkeys(novelty["scores"], 1.0)
    assert novelty["roc_auc"] > 0.95
    assert novelty["rejected"] > 0.8
    told = " ".join(run.metrics["notes"])
    assert "120 texts with the label 'none' are out of scope" in told
    report = (run.folder / "report.html").read_text()
    assert "If a text has none of the labels" in report
    assert f"{100 * novelty['rejected']:.1f}" in report
    figures = evaluate(run.folder, files[1], EvaluateSettings(out_of_scope_label="none"))
    assert (figures.read, figures.accepted, figures.rejected) == (380, 300, 0)
    assert (figures.novelty["in_scope"], figures.novelty["out_of_scope"]) == (300, 80)
    assert figures.novelty["rejected"] > 0.8
    plain = evaluate(run.folder, files[1])
    assert plain.rejected == 80
    assert plain.figures == figures.figures


def test_a_single_score_has_nothing_to_weigh_and_is_measured_by_all(files, tmp_path):
    novelty = trained(files, tmp_path / "run", novelty="energy").metrics["novelty"]
    assert novelty["scores"] == {"energy": 1.0}
    assert (novelty["weighed_by"], novelty["out_of_scope"]) == (0, 120)


def test_without_texts_out_of_scope_the_threshold_is_told_alone(run):
    novelty = run.metrics["novelty"]
    assert novelty is None or novelty["roc_auc"] is novelty["rejected"] is None


def test_a_model_without_novelty_tells_none(files, tmp_path):
    split = SplitSettings(test_share=0.2)
    run = train(
        files[0], TrainSettings(out=tmp_path / "r", model=FIXED, split=split, novelty="none")
    )
    assert run.metrics["novelty"] is None
    assert "none of the labels" not in (run.folder / "report.html").read_text()


def test_the_options_of_both_commands(files, tmp_path, capsys):
    out = str(tmp_path / "run")
    command = ["train", str(files[0]), "--out", out, "--quiet", "--features", "words",
               "--strength", "1", "--naive-bayes", "off"]  # fmt: skip
    assert main([*command, "--out-of-scope-label", "none"]) == 0
    assert "of 120 texts turned away where" in capsys.readouterr().out
    evaluation = ["evaluate", out, str(files[1]), "--out-of-scope-label", "none", "--quiet"]
    assert main(evaluation) == 0
    assert "80 texts out of scope, by energy" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("label", "more", "error", "words"),
    [
        ("nonne", {}, DataError, "a label that the label set does not have"),
        ("none", {"novelty": "none"}, SettingsError, "known by a score of novelty"),
    ],
)
def test_what_cannot_be_is_refused(files, tmp_path, label, more, error, words):
    settings = TrainSettings(out=tmp_path / "run", model=FIXED, out_of_scope_label=label, **more)
    with pytest.raises(error, match=words):
        train(files[0], settings)
    assert list(tmp_path.iterdir()) == []


def test_two_labels_must_be_left():
    rows = [{"text": f"{label} {row}", "label": label} for row in range(9) for label in "ab"]
    with pytest.raises(DataError, match="beside 'b' there are not two labels"):
        without_label(read_corpus(columns(rows), ReadSettings()), "b")


def test_a_label_that_the_model_gives_is_in_its_scope(run):
    with pytest.raises(SettingsError, match="texts that have it are in its scope"):
        with_label(run.classifier.labels, "login")
