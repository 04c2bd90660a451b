"""The public data sets the bench reads: texts and label names in the order asked for.

Standard library only: the peers' environments import it too.
"""

import csv
import gzip
import io
import random
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from bench.places import DATA

LARGE = ("newsgroups20", "imdb")
SMALL = ("banking77", "sst2", "trec", "r8", "r52", "clinc150", "tweeteval_emotion")
ORDERS = ("delivered", "shuffled", "reversed")


@dataclass(frozen=True)
class Part:
    """Texts and the label name of each, in the same order."""

    texts: list[str]
    labels: list[str]


@dataclass(frozen=True)
class DataSet:
    """The training and the test part of one or several public sets."""

    train: Part
    test: Part


def missing() -> str:
    """Why the bench cannot run here, or an empty string when the data are there."""
    if DATA.is_dir():
        return ""
    return f"no data in {DATA}: set TEXTKIND_DATA to a folder with {', '.join(LARGE + SMALL)}"


def part_file(folder: Path, name: str) -> Path:
    """`<name>.csv` or `<name>.csv.gz` in the folder."""
    plain = folder / f"{name}.csv"
    return plain if plain.exists() else plain.with_suffix(".csv.gz")


def read_part(folder: Path, name: str) -> Part:
    """A part of the folder, columns text and label."""
    csv.field_size_limit(10**8)
    file = part_file(folder, name)
    content = file.read_bytes()
    if file.suffix == ".gz":
        content = gzip.decompress(content)
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    return Part([row["text"] for row in rows], [row["label"] for row in rows])


def joined(parts: list[Part]) -> Part:
    texts = [text for part in parts for text in part.texts]
    return Part(texts, [label for part in parts for label in part.labels])


def in_order(part: Part, order: str) -> Part:
    """The part as delivered, reversed, or shuffled by seed 0."""
    places = list(range(len(part.texts)))
    if order == "reversed":
        places.reverse()
    elif order == "shuffled":
        random.Random(0).shuffle(places)
    elif order != "delivered":
        raise ValueError(f"order is one of {ORDERS}, not {order!r}")
    return Part([part.texts[i] for i in places], [part.labels[i] for i in places])


def drawn(part: Part, *numbers: int) -> list[Part]:
    """Parts of so many rows each, drawn by seed 0, no row in two of them."""
    order = random.Random(0).sample(range(len(part.texts)), sum(numbers))
    parts, begin = [], 0
    for number in numbers:
        places = order[begin : begin + number]
        parts.append(Part([part.texts[i] for i in places], [part.labels[i] for i in places]))
        begin += number
    return parts


def few_a_class(part: Part, texts: int, seed: int) -> Part:
    """So many rows of every class, drawn by the seed and shuffled."""
    places: dict[str, list[int]] = {}
    for place, label in enumerate(part.labels):
        places.setdefault(label, []).append(place)
    chance = random.Random(seed)
    chosen = [place for label in sorted(places) for place in chance.sample(places[label], texts)]
    chance.shuffle(chosen)
    return Part([part.texts[i] for i in chosen], [part.labels[i] for i in chosen])


def repeated(part: Part, rows: int) -> Part:
    """The part over and over, cut at `rows`; every text a string of its own, as a file gives it."""
    texts = [("." + text)[1:] for text in islice(cycle(part.texts), rows)]
    return Part(texts, list(islice(cycle(part.labels), rows)))


def spread(part: Part, rows: int) -> Part:
    """About `rows` rows at even distances: something small to warm up with."""
    step = max(1, len(part.texts) // rows)
    return Part(part.texts[::step], part.labels[::step])


def load(names: list[str], order: str = "delivered", rows: int | None = None) -> DataSet:
    """The named sets as one; the training part in this order, repeated to `rows` rows if asked."""
    train = in_order(joined([read_part(DATA / name, "train") for name in names]), order)
    test = joined([read_part(DATA / name, "test") for name in names])
    return DataSet(train if rows is None else repeated(train, rows), test)
