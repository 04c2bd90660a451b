"""How long do near duplicates in a million texts of 20 words take, and how many pairs are missed?

The texts are runs of 20 words of real reviews; every twentieth is the one before it with up to
three words changed. Missed are pairs at the similarity asked for or above that no cluster joins;
they are counted by comparing all pairs of a sample with as many near duplicates.
"""

import itertools
import json
import resource
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa

from bench.data import read_part
from bench.places import DATA, ROOT
from bench.results import Answer, Row, at_least, at_most
from textkind.checks.near_duplicates import near_duplicates

TEXTS, WORDS, SAMPLE, SIMILARITY = 1_000_000, 20, 3_000, 0.8
SECONDS, MEGABYTES, RECALL = 60.0, 3000.0, 0.99


def ask(runs: int) -> Answer:
    del runs  # once takes long enough, in a process of its own
    command = [sys.executable, "-m", "bench.questions.near_duplicates"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"near duplicates failed:\n{ended.stderr[-2000:]}")
    row: Row = json.loads(ended.stdout)
    seconds, peak, recall = (float(str(row[name])) for name in ("seconds", "peak MB", "recall"))
    return Answer(
        [row],
        [
            at_most(f"near duplicates in {TEXTS:,} texts", seconds, SECONDS, " s"),
            at_most("peak memory", peak, MEGABYTES, " MB"),
            at_least(f"pairs found at {SIMILARITY:g}", recall, RECALL, ""),
        ],
    )


def made_texts(number: int, seed: int) -> list[str]:
    """Runs of words of real reviews, every twentieth nearly the one before it."""
    folder = DATA / "imdb"
    told = " ".join(read_part(folder, "train").texts[:5000]).split()
    words = np.array([word for word in told if word.isalpha()], object)
    random = np.random.default_rng(seed)
    texts: list[str] = []
    for place, begin in enumerate(random.integers(0, len(words) - WORDS, number)):
        run = words[begin : begin + WORDS]
        if place % 20 == 19:
            run = np.array(texts[-1].split(), object)
            run[random.integers(0, len(run), random.integers(1, 4))] = f"changed{place}"
        texts.append(" ".join(run))
    return texts


def shingles(text: str) -> frozenset[object]:
    words = text.lower().split()
    return frozenset(words) | frozenset(itertools.pairwise(words))


def recall_of(texts: list[str]) -> float:
    """The share of all pairs at the similarity that are in one cluster."""
    cluster = near_duplicates(pa.array(texts, pa.large_string()), SIMILARITY)
    sets = [shingles(text) for text in texts]
    found = []
    for one, other in itertools.combinations(range(len(texts)), 2):
        shared = len(sets[one] & sets[other])
        if shared >= SIMILARITY * (len(sets[one]) + len(sets[other]) - shared):
            found.append(cluster[one] == cluster[other])
    return float(np.mean(found))


def measured() -> Row:
    near_duplicates(pa.array(made_texts(1000, 1), pa.large_string()), SIMILARITY)  # compiled
    texts = pa.array(made_texts(TEXTS, 0), pa.large_string())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    cluster = near_duplicates(texts, SIMILARITY)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "texts": TEXTS,
        "seconds": seconds,
        "peak MB": peak / 1024,
        "peak before MB": before / 1024,
        "clusters of more": int((np.bincount(cluster) > 1).sum()),
        "recall": recall_of(made_texts(SAMPLE, 2)),
    }


if __name__ == "__main__":
    print(json.dumps(measured()))
