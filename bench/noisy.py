"""Corpora of any size: real rows over and over, each time with other noise words among their own.

Written as shards in Parquet and as lines for Vowpal Wabbit, a shard at a time.
"""

import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.data import Part
from bench.peers.tokens import wabbit_example

ROWS_A_SHARD = 100_000
NOISE_WORDS = 3  # in each text
VOCABULARY = 1_000_000  # of noise, a word the rarer the higher its number (Zipf's law)


def noisy_rows(part: Part, rows: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Texts and labels: the part in another order each time round, with noise words put in."""
    draw = random.Random(seed)
    places = list(range(len(part.texts)))
    shares = list(accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))
    noise = iter(())
    for number in range(rows):
        if number % len(places) == 0:
            draw.shuffle(places)
        if number % 10_000 == 0:
            found = draw.choices(range(VOCABULARY), cum_weights=shares, k=NOISE_WORDS * 10_000)
            noise = iter(found)
        row = places[number % len(places)]
        words = part.texts[row].split(" ")
        for _ in range(NOISE_WORDS):
            words.insert(draw.randrange(len(words) + 1), f"noise{next(noise):x}")
        yield " ".join(words), part.labels[row]


def write_noisy(folder: Path, part: Part, rows: int, rows_a_shard: int = ROWS_A_SHARD) -> None:
    """folder/shards/*.parquet with the columns text and label; folder/train.vw the same."""
    (folder / "shards").mkdir(parents=True)
    number = {name: place + 1 for place, name in enumerate(sorted(set(part.labels)))}
    texts: list[str] = []
    labels: list[str] = []
    written = 0

    def flush() -> None:
        nonlocal written
        table = pa.table({"text": pa.array(texts, pa.large_string()), "label": labels})
        pq.write_table(table, folder / "shards" / f"part-{written:04d}.parquet")
        pairs = zip(labels, texts, strict=True)
        lines.writelines(f"{number[label]} {wabbit_example(text)}\n" for label, text in pairs)
        written += 1
        texts.clear()
        labels.clear()

    with (folder / "train.vw").open("w", encoding="utf-8") as lines:
        for text, label in noisy_rows(part, rows):
            texts.append(text)
            labels.append(label)
            if len(texts) == rows_a_shard:
                flush()
        if texts:
            flush()
