"""What the questions of the service are asked of: models of ours, and what they say offline."""

import hashlib
import json
from pathlib import Path
from typing import Any

from bench.checked_load import Asked
from bench.data import drawn, load, part_file
from bench.places import DATA, ROOM
from textkind.errors import ModelFolderError
from textkind.models.settings import LinearSettings
from textkind.storage.model_folder import load_model
from textkind.workflow.labelling import PredictSettings
from textkind.workflow.predict import predict
from textkind.workflow.train import TrainSettings, train

FOLDER = ROOM / "models" / "serve"
PORT = 8471
SHORT, LONG = "banking77", "imdb"
LISTED = 10  # texts of a request that has several


def linear_run(name: str, strength: float = 1.0) -> Path:
    """A run on words and pairs of them, as scikit-learn's vectoriser makes them; kept."""
    out = FOLDER / f"{name}-{strength:g}"
    if not is_usable(out):
        model = LinearSettings(features="words", strength=strength, naive_bayes=False)
        train(part_file(DATA / name, "train"), TrainSettings(out=out, model=model, overwrite=True))
    return out


def is_usable(folder: Path) -> bool:
    """Whether a model is there, in the format of today."""
    try:
        load_model(folder)
    except ModelFolderError:
        return False
    return True


def version_of(run: Path) -> str:
    """As the service tells it."""
    return hashlib.sha256((run / "model" / "MANIFEST.json").read_bytes()).hexdigest()[:16]


def texts_of(name: str, number: int) -> list[str]:
    """So many test texts, drawn by seed 0."""
    return drawn(load([name]).test, number)[0].texts


def bodies_of(texts: list[str]) -> list[bytes]:
    """One request a text."""
    return [json.dumps({"text": text}).encode() for text in texts]


def mixed_requests(runs: list[Path]) -> list[Asked]:
    """Single texts, short and long, and lists of both; with what each run says of them offline."""
    short, long = texts_of(SHORT, 1500), texts_of(LONG, 300)
    bodies: list[dict[str, Any]] = [{"text": text} for text in short + long]
    both = [text for pair in zip(short, long, strict=False) for text in pair]
    bodies += [{"texts": both[at : at + LISTED]} for at in range(0, len(both), LISTED)]
    texts = list(dict.fromkeys([*short, *long]))
    said = {version_of(run): dict(zip(texts, offline(run, texts), strict=True)) for run in runs}
    requests = []
    for number in range(len(bodies)):
        body = bodies[number * 997 % len(bodies)]  # 997 is prime: all of them, in a mixed order
        wanted = [body["text"]] if "text" in body else body["texts"]
        expected = {version: [told[text] for text in wanted] for version, told in said.items()}
        requests.append(Asked(body, expected))
    return requests


def offline(run: Path, texts: list[str]) -> list[Any]:
    """What `textkind predict` says of texts, as the service words it."""
    source, out = FOLDER / "texts.jsonl", FOLDER / "said.jsonl"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    predict(run, source, out, PredictSettings(overwrite=True))
    lines = out.read_text(encoding="utf-8").split("\n")  # and no other end of a line
    rows = [json.loads(line) for line in lines if line]
    return [{"label": row["label"], "probability": row["probability"]} for row in rows]
