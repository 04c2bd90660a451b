"""Does a run that is updated slice by slice know what a training on everything knows?

A training file comes in five slices. By `labels` new labels come with each, those of before no
more; by `rows` each slice has all labels; by `time` the rows come in the order of their dates.
After each slice the test texts of the labels that were seen are judged: those of labels of before,
and those of labels that are new. Beside the update stand a training on all slices so far, and one
on the slice alone; sides take turns. Seconds are those of a whole call, report included.
"""

import csv
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.data import Part, joined, read_part
from bench.places import DATA
from bench.results import Answer, Row, at_most
from textkind.classifier import Classifier, predict_ids
from textkind.progress import SILENT
from textkind.workflow.train import TrainSettings, train
from textkind.workflow.update import UpdateSettings, update

SLICES = 5
TENTH = 10
# name of a question -> set, how its slices are cut
SETS = {
    "banking77-labels": ("banking77", "labels"),
    "banking77-rows": ("banking77", "rows"),
    "trec-rows": ("trec", "rows"),
    "amazon_gift_cards-time": ("amazon_gift_cards", "time"),
}
MOST_LOST = 1.0  # points of accuracy, of all texts after the last slice


def ask(runs: int, sets: tuple[str, ...] = tuple(SETS)) -> Answer:
    """One turn is enough: nothing but the seconds differs from one to another."""
    rows: list[Row] = []
    goals = []
    for name in sets:
        told = _followed(*SETS[name])
        rows += [{"set": name} | row for row in told]
        last = {str(row["side"]): float(str(row["all"])) for row in told[-4:]}
        for side in ("update, all kept", "update, a tenth kept"):
            lost = last["retraining"] - last[side]
            goals.append(at_most(f"{name}, {side}: lost to retraining", lost, MOST_LOST, " points"))
    return Answer(rows, goals)


def _followed(name: str, kind: str) -> list[Row]:
    """Every side after every slice but the first."""
    slices, test = sliced(name, kind)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = [_written(folder / f"slice-{number}.csv", one) for number, one in enumerate(slices)]
        few = max(20, len(slices[0].texts) // TENTH)
        runs = {}
        for side, kept in (("update, all kept", 10_000), ("update, a tenth kept", few)):
            runs[side] = folder / f"{kept}-0"
            train(files[0], TrainSettings(out=runs[side], keep_texts=kept, map="none"))
        for number in range(1, SLICES):
            every = _written(folder / f"until-{number}.csv", joined(slices[: number + 1]))
            sides: dict[str, Callable[[], Classifier]] = {
                "retraining": lambda file=every, n=number: _trained(folder / f"all-{n}", file),
                "new slice alone": lambda n=number: _trained(folder / f"new-{n}", files[n]),
            }
            for side, kept in (("update, all kept", 10_000), ("update, a tenth kept", few)):
                sides[side] = lambda side=side, kept=kept, n=number: _updated(
                    runs, side, files[n], folder / f"{kept}-{n}", kept
                )
            before = {label for one in slices[:number] for label in one.labels}
            now = {*slices[number].labels} - before
            for side, work in sides.items():
                began = time.perf_counter()
                classifier = work()
                seconds = time.perf_counter() - began
                told = {
                    title: _right(classifier, test, labels)
                    for title, labels in (("old labels", before), ("new labels", now),
                                          ("all", before | now))
                }  # fmt: skip
                rows.append(
                    {"slice": number + 1, "side": side, **told, "seconds": round(seconds, 2)}
                )
    return rows


def _trained(out: Path, file: Path) -> Classifier:
    return train(file, TrainSettings(out=out, map="none", keep_texts=0), SILENT).classifier


def _updated(runs: dict[str, Path], side: str, file: Path, out: Path, kept: int) -> Classifier:
    settings = UpdateSettings(out=out, force=True, map="none", keep_texts=kept)
    found = update(runs[side], file, settings)
    runs[side] = out
    return found.classifier


def sliced(name: str, kind: str) -> tuple[list[Part], Part]:
    """The slices of a set's training part, and its test part."""
    drawn = random.Random(0)
    if kind == "time":
        with (DATA / name / "all.csv").open(newline="", encoding="utf-8") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: row["date"])
        rows = [row for row in rows if row["text"].strip()]
        cut = len(rows) * 4 // 5  # the latest are tested
        train_rows = [(row["text"], row["label"]) for row in rows[:cut]]
        test = Part([row["text"] for row in rows[cut:]], [row["label"] for row in rows[cut:]])
    else:
        whole, test = read_part(DATA / name, "train"), read_part(DATA / name, "test")
        train_rows = [*zip(whole.texts, whole.labels, strict=True)]
        drawn.shuffle(train_rows)
        if kind == "labels":
            names = sorted({*whole.labels})
            drawn.shuffle(names)
            slice_of = {name: place * SLICES // len(names) for place, name in enumerate(names)}
            train_rows.sort(key=lambda row: slice_of[row[1]])
            ends = np.cumsum(np.bincount([slice_of[label] for _, label in train_rows]))
            parts = np.split(np.arange(len(train_rows)), ends[:-1])
            return [_part([train_rows[row] for row in rows]) for rows in parts], test
    parts = np.array_split(np.arange(len(train_rows)), SLICES)
    return [_part([train_rows[row] for row in rows]) for rows in parts], test


def _part(rows: list[tuple[str, str]]) -> Part:
    return Part([text for text, _ in rows], [label for _, label in rows])


def _written(path: Path, part: Part) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(zip(part.texts, part.labels, strict=True))
    return path


def _right(classifier: Classifier, test: Part, labels: set[str]) -> str:
    """Per cent of the test texts of some labels that are given theirs; nothing of none."""
    rows = [row for row, label in enumerate(test.labels) if label in labels]
    if not rows:
        return ""
    texts = pa.array([test.texts[row] for row in rows], pa.large_string())
    given = predict_ids(classifier, texts)
    names = classifier.labels.names
    right = [names[answer] == test.labels[row] for answer, row in zip(given, rows, strict=True)]
    return f"{100 * np.mean(right):.1f}"
