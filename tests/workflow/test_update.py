"""A run learns on: what it is told, what it keeps honest, what it refuses."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pytest

from tests.workflow.conftest import FIXED, tickets, write_csv
from textkind.classifier import predict_ids
from textkind.data.settings import ReadSettings
from textkind.errors import (
    ColumnError,
    DataError,
    ModelFolderError,
    RegressionError,
    SettingsError,
)
from textkind.models.prior import PriorSettings
from textkind.storage.held_out import read_held_out
from textkind.storage.kept_texts import read_kept
from textkind.workflow.train import TrainSettings, train
from textkind.workflow.update import UpdateSettings, update

SCHEMA = Path(__file__).parents[2] / "docs" / "metrics.schema.json"
RETURNS = ["label", "exchange", "size", "unworn", "swap"]


def returns(rows, seed=50):
    """Texts of a label that the run does not know."""
    rng = np.random.default_rng(seed)
    return [f"{' '.join(rng.choice(RETURNS, 3))} please {row} returned" for row in range(rows)]


def new_file(path, rows=120, seed=7, fresh=0):
    texts, labels = tickets(rows, seed=seed)
    texts = [f"{text} more" for text in texts]
    pairs = [*zip(texts, labels, strict=True), *((text, "returns") for text in returns(fresh))]
    return write_csv(path, ("text", "label"), pairs)


@pytest.fixture(scope="module")
def fresh_file(tmp_path_factory):
    return new_file(tmp_path_factory.mktemp("data") / "march.csv", fresh=100)


@pytest.fixture(scope="module")
def updated(run, fresh_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "updated"
    return update(run.folder, fresh_file, UpdateSettings(out=out, map="none"))


def texts_of(found):
    return {"kept": read_kept(found.folder, found.classifier.labels),
            "held_out": read_held_out(found.folder, found.classifier.labels)}  # fmt: skip


def test_the_new_label_is_learned_and_the_old_ones_stay(run, updated):
    jsonschema.validate(updated.metrics, json.loads(SCHEMA.read_text()))
    told = updated.metrics["update"]
    assert told["new_labels"] == ["returns"]
    assert updated.classifier.labels.names == ("billing", "delivery", "login", "returns")
    assert told["new_test"]["of_new_labels"]["second"] > 15
    assert told["new_test"]["of_new_labels"]["first"] == 0
    assert told["old_test"]["figures"]["accuracy"]["second"] > 0.95
    assert told["old_test"]["among_old_labels"]["second"] > 0.95
    assert not told["forced"]
    given = predict_ids(updated.classifier, pa.array(returns(20, seed=9), pa.large_string()))
    assert (given == updated.classifier.labels.id_of("returns")).mean() > 0.8


def test_old_and_new_rows_add_up_and_each_is_in_one_part(run, updated):
    told, parts = updated.metrics["update"], updated.metrics["data"]["parts"]
    before = run.metrics["data"]["parts"]
    for name in ("train", "validation", "test"):
        assert parts[name]["rows"] == before[name]["rows"] + told["rows"][name]
    left_out = sum(told["rows"][name] for name in ("in_held_out", "near_held_out", "known"))
    new = sum(told["rows"][name] for name in ("train", "validation", "test"))
    assert new + left_out == updated.metrics["data"]["accepted"] == 220
    kept, held = texts_of(updated).values()
    every = [*kept.texts.to_pylist(), *held.texts.to_pylist()]
    assert len(set(every)) == len(every)


def test_the_test_part_stays_what_it_was_and_is_never_learned(run, updated):
    before, after = read_held_out(run.folder, run.classifier.labels), texts_of(updated)
    old_test = set(before.texts.filter(pa.array(before.tested)).to_pylist())
    held = after["held_out"]
    assert old_test <= set(held.texts.filter(pa.array(held.tested)).to_pylist())
    assert not old_test & set(after["kept"].texts.to_pylist())
    assert updated.metrics["update"]["old_test"]["rows"] == len(old_test)


def test_what_it_learned_from_is_told_over_several_updates(run, updated, fresh_file, tmp_path):
    second = new_file(tmp_path / "april.csv", seed=21, fresh=20)
    again = update(
        updated.folder, second, UpdateSettings(out=tmp_path / "again", map="none")
    ).metrics
    jsonschema.validate(again, json.loads(SCHEMA.read_text()))
    told = again["update"]
    assert (told["number"], told["run"], told["source"]) == (2, "updated", "april.csv")
    assert [one["source"] for one in told["history"]] == [
        "tickets.csv", "march.csv", "april.csv"
    ]  # fmt: skip
    digest = hashlib.sha256(fresh_file.read_bytes()).hexdigest()
    assert told["history"][1]["sha256"] == digest
    for name in ("train", "validation", "test"):
        whole = sum(one[name] for one in told["history"])
        assert again["data"]["parts"][name]["rows"] == whole
    counts = dict(zip([*again["labels"], None], again["kept"]["counts"], strict=True))
    assert counts == again["data"]["parts"]["train"]["labels"] | {None: 0}


def test_a_run_with_few_kept_texts_goes_on_from_its_weights(ticket_file, tmp_path):
    small = train(ticket_file, TrainSettings(out=tmp_path / "small", model=FIXED, keep_texts=20))
    new = new_file(tmp_path / "march.csv", fresh=60)
    out = UpdateSettings(out=tmp_path / "on", keep_texts=20, map="none")
    found = update(small.folder, new, out)
    told = found.metrics["update"]
    assert told["replay"] == {
        "texts": 20, "of": small.metrics["data"]["parts"]["train"]["rows"], "complete": False
    }  # fmt: skip
    assert told["old_test"]["figures"]["accuracy"]["second"] > 0.9
    kept = read_kept(found.folder, found.classifier.labels)
    assert len(kept.texts) <= 20
    assert kept.total == told["replay"]["of"] + told["rows"]["train"]
    assert kept.sample.counts.sum() == kept.total
    again = update(found.folder, new_file(tmp_path / "april.csv", seed=33), replace(
        out, out=tmp_path / "once more"))  # fmt: skip
    assert again.metrics["update"]["old_test"]["figures"]["accuracy"]["second"] > 0.9


def test_rows_of_the_test_part_are_left_out_and_told(run, tmp_path):
    held = read_held_out(run.folder, run.classifier.labels)
    tested = held.texts.filter(pa.array(held.tested)).to_pylist()
    kept = read_kept(run.folder, run.classifier.labels)
    names = run.classifier.labels.names
    texts, labels = tickets(60, seed=11)
    pairs = [
        *zip([f"{text} other" for text in texts], labels, strict=True),
        *((text.upper() + "  ", "billing") for text in tested[:7]),  # but for case and space
        (f"{'word ' * 1}{tested[8]} {tested[8]}", "billing"),  # nearly: the same words twice
        *((kept.texts[row].as_py(), names[kept.targets[row]]) for row in range(5)),
        (kept.texts[9].as_py(), names[(kept.targets[9] + 1) % 3]),
    ]
    file = write_csv(tmp_path / "new.csv", ("text", "label"), pairs)
    found = update(run.folder, file, UpdateSettings(out=tmp_path / "out", map="none"))
    rows = found.metrics["update"]["rows"]
    assert rows["in_held_out"] == 7
    assert rows["known"] == 5
    assert rows["relabelled"] == 1
    notes = " ".join(found.metrics["notes"])
    assert "7 new rows stand in the run's test or validation part, and are left out" in notes
    assert "5 new rows repeat a training text with its labels, and are left out" in notes
    assert "1 new rows label a training text otherwise: the new label counts" in notes
    after = read_kept(found.folder, found.classifier.labels)
    place = after.texts.to_pylist().index(kept.texts[9].as_py())
    assert after.targets[place] == (kept.targets[9] + 1) % 3


def wrong_file(path):
    """Every label is another one."""
    texts, labels = tickets(400, seed=3)
    other = {"billing": "delivery", "delivery": "login", "login": "billing"}
    rows = [(f"{text} later", other[label]) for text, label in zip(texts, labels, strict=True)]
    return write_csv(path, ("text", "label"), rows)


def test_what_is_significantly_worse_is_refused_unless_forced(run, tmp_path):
    file, out = wrong_file(tmp_path / "wrong.csv"), tmp_path / "out"
    before = sorted(tmp_path.iterdir())
    with pytest.raises(RegressionError) as caught:
        update(run.folder, file, UpdateSettings(out=out, map="none"))
    told = str(caught.value)
    assert "the updated model is significantly worse on the old test texts (80): accuracy" in told
    assert "a difference of -0." in told
    assert "p < 0.001" in told
    assert "--force" in caught.value.hint
    assert caught.value.exit_code == 2
    assert sorted(tmp_path.iterdir()) == before
    forced = update(run.folder, file, UpdateSettings(out=out, force=True, map="none"))
    assert forced.metrics["update"]["forced"]
    assert forced.metrics["update"]["old_test"]["regression"]
    assert any(note.startswith("written all the same") for note in forced.metrics["notes"])
    assert "significantly worse" in (out / "report.html").read_text()


def test_a_run_without_texts_is_updated_from_its_file(ticket_file, fresh_file, tmp_path):
    settings = TrainSettings(out=tmp_path / "private", model=FIXED, keep_texts=0)
    private = train(ticket_file, settings)
    out = UpdateSettings(out=tmp_path / "out", map="none")
    with pytest.raises(SettingsError, match="this run keeps no texts") as caught:
        update(private.folder, fresh_file, out)
    assert "--old FILE" in caught.value.hint
    found = update(private.folder, fresh_file, replace(out, old=ticket_file))
    assert found.metrics["update"]["replay"]["complete"]
    kept = train(ticket_file, replace(settings, out=tmp_path / "kept", keep_texts=10_000))
    same = update(kept.folder, fresh_file, replace(out, out=tmp_path / "same"))
    texts = pa.array(tickets(50, seed=77)[0], pa.large_string())
    np.testing.assert_allclose(
        found.classifier.model.logits(texts), same.classifier.model.logits(texts), atol=1e-5
    )
    for key in ("old_test", "new_test"):
        assert found.metrics["update"][key] == same.metrics["update"][key]
    with pytest.raises(DataError, match="this is not the file, to the byte") as caught:
        update(private.folder, fresh_file, replace(out, old=fresh_file, out=tmp_path / "no"))
    assert "the run learned from tickets.csv" in caught.value.hint
    with pytest.raises(DataError, match="and more before"):
        update(found.folder, fresh_file, replace(out, old=fresh_file, out=tmp_path / "no"))


def test_a_small_file_of_one_label_is_learned(run, tmp_path):
    file = write_csv(tmp_path / "one.csv", ("text", "label"), [("a swap of size", "returns")])
    found = update(run.folder, file, UpdateSettings(out=tmp_path / "out", map="none"))
    told = found.metrics["update"]
    assert (told["rows"]["train"], told["rows"]["test"], told["new_test"]) == (1, 0, None)
    notes = " ".join(found.metrics["notes"])
    assert "all new texts have one label, 'returns'" in notes
    assert "no new text is tested" in notes
    jsonschema.validate(found.metrics, json.loads(SCHEMA.read_text()))


def test_labels_that_differ_in_writing_alone_are_told(run, tmp_path):
    texts, _ = tickets(40, seed=2)
    rows = [
        (f"{text} x", label) for text, label in zip(texts, ["Log-In", "billing"] * 20, strict=True)
    ]
    file = write_csv(tmp_path / "new.csv", ("text", "label"), rows)
    settings = UpdateSettings(out=tmp_path / "out", force=True, map="none")
    notes = " ".join(update(run.folder, file, settings).metrics["notes"])
    assert "the new label 'Log-In' differs from 'login' in case or separators alone" in notes
    assert "did you mean that?" in notes


def test_what_cannot_be_updated_is_refused_with_what_to_do(run, fresh_file, tmp_path):
    out = UpdateSettings(out=tmp_path / "out", map="none")
    with pytest.raises(SettingsError, match="a model folder by itself holds no texts") as caught:
        update(run.folder / "model", fresh_file, out)
    assert "run folder" in caught.value.hint
    with pytest.raises(ModelFolderError):
        update(tmp_path / "nothing", fresh_file, out)
    kept = read_kept(run.folder, run.classifier.labels)
    names = run.classifier.labels.names
    rows = [(kept.texts[row].as_py(), names[kept.targets[row]]) for row in range(10)]
    known = write_csv(tmp_path / "known.csv", ("text", "label"), rows)
    with pytest.raises(DataError, match="none of the 10 new texts is new"):
        update(run.folder, known, out)
    other = write_csv(tmp_path / "other.csv", ("subject line", "answer"), [("a", "b"), ("c", "d")])
    with pytest.raises(ColumnError):
        update(run.folder, other, out)
    several = replace(out, reading=ReadSettings(several=True))
    with pytest.raises(DataError, match="the label set has one label a text"):
        update(run.folder, fresh_file, several)
    with pytest.raises(SettingsError, match="there is no such figure"):
        UpdateSettings(figure="accurracy")
    with pytest.raises(SettingsError, match="the level must be above 0 and below 1"):
        UpdateSettings(level=0)
    with pytest.raises(SettingsError, match="a figure of texts with several labels"):
        update(run.folder, fresh_file, replace(out, figure="hamming_loss"))
    assert not (tmp_path / "out").exists()


def test_a_damaged_run_is_refused(run, fresh_file, tmp_path):
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(run.folder, broken)
    path = broken / "held_out.arrow"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ModelFolderError, match="its checksum differs"):
        update(broken, fresh_file, UpdateSettings(out=tmp_path / "out"))


def test_several_labels_are_updated(tag_run, tmp_path):
    texts, labels = tickets(150, seed=8)
    records = [
        {"text": f"{text} {' '.join(RETURNS[:3]) if row % 3 == 0 else ''}",
         "labels": [label, "returns"] if row % 3 == 0 else [label]}
        for row, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]  # fmt: skip
    file = tmp_path / "new.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    settings = UpdateSettings(
        out=tmp_path / "out", map="none", reading=ReadSettings(label="labels"), force=True
    )
    found = update(tag_run.folder, file, settings)
    jsonschema.validate(found.metrics, json.loads(SCHEMA.read_text()))
    assert found.metrics["update"]["figure"] == "micro_f1"
    assert "returns" in found.metrics["labels"]
    one = found.metrics["update"]["new_test"]["of_new_labels"]
    assert one["second"] > one["first"] == 0


def test_the_prior_counts_what_was_seen(ticket_file, fresh_file, tmp_path):
    settings = TrainSettings(out=tmp_path / "prior", model=PriorSettings(), keep_texts=30)
    before = train(ticket_file, settings)
    out = UpdateSettings(out=tmp_path / "out", force=True, map="none")
    found = update(before.folder, fresh_file, out)
    scores = found.classifier.model.scores
    counts = np.array(found.metrics["kept"]["counts"][:-1])
    np.testing.assert_allclose(np.exp(scores), (counts + 1) / (counts + 1).sum(), rtol=0.02)


def test_a_rule_that_was_asked_for_is_asked_for_again(ticket_file, fresh_file, tmp_path):
    from textkind.decision.rule_settings import RuleSettings

    asked = RuleSettings(threshold="macro-f1")
    settings = TrainSettings(out=tmp_path / "run", model=FIXED, rule=asked)
    before = train(ticket_file, settings)
    out = UpdateSettings(out=tmp_path / "out", map="none", force=True)
    found = update(before.folder, fresh_file, out)
    assert found.metrics["fit"]["decision"]["rule"]["asked"] == "macro-f1"
    costs = {one: {two: float(one != two) for two in ("billing", "delivery", "login")}
             for one in ("billing", "delivery", "login")}  # fmt: skip
    costly = train(ticket_file, replace(settings, out=tmp_path / "costs",
                                        rule=RuleSettings(costs=costs)))  # fmt: skip
    with pytest.raises(SettingsError, match="the run chooses labels by costs") as caught:
        update(costly.folder, fresh_file, replace(out, out=tmp_path / "no"))
    assert "--costs FILE" in caught.value.hint


def test_a_run_is_replaced_in_place_only_where_asked(run, fresh_file, tmp_path):
    import shutil

    own = tmp_path / "own"
    shutil.copytree(run.folder, own)
    with pytest.raises(SettingsError):
        update(own, fresh_file, UpdateSettings(out=own, map="none"))
    found = update(own, fresh_file, UpdateSettings(out=own, overwrite=True, map="none"))
    assert found.metrics["update"]["run"] == "own"
    assert update(own, new_file(tmp_path / "b.csv", seed=5), UpdateSettings(
        out=own, overwrite=True, map="none")).metrics["update"]["number"] == 2  # fmt: skip


def test_a_split_by_time_tests_the_latest_new_rows(tmp_path):
    texts, labels = tickets(300)
    rows = [(*pair, f"2024-01-{1 + day // 12:02d}")
            for day, pair in enumerate(zip(texts, labels, strict=True))]  # fmt: skip
    file = write_csv(tmp_path / "old.csv", ("text", "label", "day"), rows)
    timed = ReadSettings(time="day")
    before = train(file, TrainSettings(out=tmp_path / "run", model=FIXED, reading=timed))
    texts, labels = tickets(100, seed=4)
    rows = [(f"{text} z", label, f"2024-03-{1 + day // 10:02d}")
            for day, (text, label) in enumerate(zip(texts, labels, strict=True))]  # fmt: skip
    new = write_csv(tmp_path / "new.csv", ("text", "label", "day"), rows)
    found = update(
        before.folder, new, UpdateSettings(out=tmp_path / "out", reading=timed, map="none")
    )
    assert found.metrics["data"]["split"]["method"] == "time"
    held = read_held_out(found.folder, found.classifier.labels)
    tested = held.rows[held.tested & (np.array(held.sources.to_pylist()) == "new.csv")]
    assert tested.min() > 101 - len(tested) - 2  # the last lines of the file


def test_the_same_update_gives_the_same_bits(run, fresh_file, updated, tmp_path):
    again = update(run.folder, fresh_file, UpdateSettings(out=tmp_path / "again", map="none"))
    for name in ("weights.safetensors", "evidence.safetensors", "seen.safetensors"):
        first, second = (one.folder / "model" / name for one in (updated, again))
        assert first.read_bytes() == second.read_bytes()
