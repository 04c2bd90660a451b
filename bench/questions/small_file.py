"""How small can the file of a linear model be, and what is lost?

A linear model is learned from the training file, exported as a compact file at several sizes, and
every file asked for the labels of the test texts by its reader in Python. Beside it fastText's
command trains on the same rows, and its `quantize` prunes to so many words and trains them anew.

    python -m bench.scale small_file                 imdb
    python -m bench.scale small_file:banking77       many labels
"""

import tempfile
from pathlib import Path

from bench.data import load, part_file
from bench.peers.fasttext import FastText
from bench.places import DATA
from bench.results import Answer, Goal, Row
from bench.sides import FASTTEXT

SETS = ("imdb", "banking77")
SIZES = (None, 1.0, 0.5, 0.25, 0.1)  # MB
CUTOFFS = (100_000, 20_000)  # words and pairs that fastText keeps
LARGEST, LOSS = 2.0, 0.3  # MB, points of accuracy


def ask(runs: int, sets: tuple[str, ...] = SETS[:1]) -> Answer:
    """runs is not used: one seed gives one model."""
    rows: list[Row] = []
    goals: list[Goal] = []
    for name in sets:
        ours, whole = our_rows(name)
        peer = fasttext_rows(name)
        rows += ours + peer
        small = [row for row in ours if "kept" in row and row["MB"] <= LARGEST]  # type: ignore[operator]
        if not small:
            continue
        best = min(small, key=lambda row: row["points lost"])  # type: ignore[arg-type, return-value]
        goals.append(
            Goal(
                f"linear model file, {name}", f"under {LARGEST:g} MB, at most {LOSS} points lost",
                f"{best['MB']:.2f} MB, {best['points lost']:.2f} points of {whole:.2f} lost",
                best["points lost"] <= LOSS,  # type: ignore[operator]
            )
        )  # fmt: skip
        smallest = min(
            (row for row in small if row["points lost"] <= LOSS),  # type: ignore[operator]
            key=lambda row: row["MB"], default=None,  # type: ignore[arg-type, return-value]
        )  # fmt: skip
        told = "none" if smallest is None else f"{smallest['MB']:.3g} MB"
        goals.append(
            Goal(
                f"smallest file with {LOSS} points lost, {name}", "told", told, smallest is not None
            )
        )
    return Answer(rows, goals)


def our_rows(name: str) -> tuple[list[Row], float]:
    """A row for each size, and the accuracy of the model itself."""
    from textkind import ExportSettings, export_model
    from textkind.export.readers.textkind_reader import load as load_compact
    from textkind.workflow.train import TrainSettings, train

    test = load([name]).test
    files = {part: part_file(DATA / name, part) for part in ("train", "test")}
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "run"
        metrics = train(files["train"], TrainSettings(out=out, test=files["test"])).metrics
        whole = 100 * metrics["test"]["accuracy"]["value"]
        folder = sum(path.stat().st_size for path in (out / "model").iterdir()) / 1e6
        rows.append(
            {"set": name, "side": "textkind, model folder", "MB": folder, "accuracy": whole}
        )
        for size in SIZES:
            settings = ExportSettings(
                "compact", most_mb=size, training=files["train"] if size else None,
                most_lost=100.0 if size else None, overwrite=True,
            )  # fmt: skip
            facts = export_model(out, Path(place) / "small", settings).facts
            file = Path(place) / "small" / "model.compact"
            reader = load_compact(file)
            right = [reader.predict(text) for text in test.texts]
            accuracy = 100 * sum(map(str.__eq__, right, test.labels)) / len(right)
            rows.append(
                {
                    "set": name,
                    "side": "textkind, as it is" if size is None else f"textkind, {size:g} MB",
                    "MB": file.stat().st_size / 1e6,
                    "accuracy": accuracy,
                    "points lost": whole - accuracy,
                    "kept": facts["rows"],
                    "lost on validation": facts.get("lost"),
                }
            )
    return rows, whole


def fasttext_rows(name: str) -> list[Row]:
    """fastText's model, and its quantised files."""
    data = load([name], order="shuffled")  # it learns poorly from rows in order
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as place:
        side = FastText(Path(place))
        side.take(data)
        side.fit(FASTTEXT.setting)

        def measured(told: str, file: Path) -> Row:
            given = side.predict(data.test.texts)
            right = sum(map(str.__eq__, given, data.test.labels))
            return {
                "set": name, "side": told, "MB": file.stat().st_size / 1e6,
                "accuracy": 100 * right / len(given),
            }  # fmt: skip

        rows.append(measured(FASTTEXT.name, Path(place) / "model.bin"))
        for cutoff in CUTOFFS:
            file = side.quantize(cutoff)
            row = measured(f"{FASTTEXT.name}, quantised to {cutoff:,} words", file)
            lost = rows[0]["accuracy"] - row["accuracy"]  # type: ignore[operator]
            rows.append(row | {"points lost": lost, "kept": cutoff})
        side.close()
    return rows
