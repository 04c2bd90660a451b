"""How much better than the defaults is `textkind tune`, on validation and on the test part?

By the command line, with a budget of ten minutes a search, or as many as TUNE_MINUTES says; the
defaults are what `textkind train` makes of the same split. Each run has a seed of its own, and so
another validation part. On the test part both models are compared row by row by `textkind diff`.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.measure import Facts
from bench.places import DATA, ROOM, ROOT
from bench.results import Answer, Goal, Row, at_least

MODELS = {"trec": "cnn", "banking77": "linear"}
MINUTES = float(os.environ.get("TUNE_MINUTES", "10"))
LEAST = 1e-4  # nats of log loss that are a gain


def ask(runs: int, sets: tuple[str, ...] = tuple(MODELS)) -> Answer:
    rows: list[Row] = []
    goals: list[Goal] = []
    for name in sets:
        told = [searched(name, MODELS[name], seed) for seed in range(runs)]
        for row in told:
            rows.append(row)
            print(row, flush=True)  # a search takes minutes
        mean = sum(float(str(row["log loss gained"])) for row in told) / len(told)
        what = f"{name}, {MODELS[name]}: log loss gained on validation over the defaults"
        goals.append(at_least(what, mean, LEAST, ""))
    return Answer(rows, goals)


def searched(name: str, model: str, seed: int) -> Row:
    """One search beside the defaults."""
    ROOM.mkdir(exist_ok=True)
    files = [str(DATA / name / "train.csv"), "--test", str(DATA / name / "test.csv")]
    asked = [*files, "--model", model, "--seed", str(seed), "--keep-texts", "0", "--map", "none"]
    with tempfile.TemporaryDirectory(dir=ROOM) as room:
        usual, tuned = (str(Path(room) / one) for one in ("usual", "tuned"))
        plain = told_by("train", *asked, "--out", usual)
        budget = f"{MINUTES:g}m"
        tuning = told_by("tune", *asked, "--out", tuned, "--budget", budget)
        diff = told_by("diff", usual, tuned, str(DATA / name / "test.csv"))
        figures = json.loads((Path(tuned) / "metrics.json").read_text(encoding="utf-8"))
    best = next(one for one in tuning["trials"] if one["number"] == tuning["best"])
    first = tuning["trials"][0]["figures"]
    gain, elsewhere = tuning["gain"], tuning["elsewhere"]
    row: Row = {
        "set": name,
        "model": model,
        "seed": seed,
        "minutes": MINUTES,
        "trials": len(tuning["trials"]),
        "validation %": 100 * first["headline"],
        "tuned %": 100 * best["figures"]["headline"],
        "log loss": first["log_loss"],
        "log loss gained": first["log_loss"] - best["figures"]["log_loss"],
        "p of accuracy": None if gain is None else gain["headline"]["p"],
        "gained elsewhere": None if elsewhere is None else elsewhere["log_loss"]["value"],
        "beyond chance": tuning["clear"],
        "test %": 100 * plain["test"]["accuracy"]["value"],
        "test tuned %": 100 * figures["test"]["accuracy"]["value"],
        "test log loss": plain["test"]["log_loss"]["value"],
        "test log loss tuned": figures["test"]["log_loss"]["value"],
    }
    return row | {"test p": p_of(diff)}


def p_of(diff: Facts) -> float | None:
    """McNemar's p of the headline figure."""
    found: float | None = diff["figures"]["accuracy"]["p"]
    return found


def told_by(*words: str, variables: Mapping[str, str] | None = None) -> Facts:
    """The JSON that a command prints; RuntimeError with its last words if it prints none.

    variables of its environment, beside ours.

    `diff` prints it and ends with 1 where the second model is worse.
    """
    ended = subprocess.run(
        [sys.executable, "-m", "textkind", *words, "--json"],
        cwd=ROOT, text=True, capture_output=True, check=False,
        env={**os.environ, **(variables or {})},
    )  # fmt: skip
    if not ended.stdout:
        raise RuntimeError(f"textkind {words[0]} failed:\n{ended.stderr[-2000:]}")
    facts: Facts = json.loads(ended.stdout)
    return facts
