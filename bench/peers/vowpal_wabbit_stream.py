"""Vowpal Wabbit on a file in its own format, in a process of its own, several passes by its cache.

python -m bench.peers.vowpal_wabbit_stream JSON     prints its facts as a line of JSON
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import vowpalwabbit

from bench.data import read_part
from bench.measure import resident_mb
from bench.peers.tokens import wabbit_example


def main() -> None:
    asked: dict[str, Any] = json.loads(sys.argv[1])
    folder, data = Path(asked["folder"]), Path(asked["data"])
    names = sorted(set(read_part(data, "train").labels))
    test = read_part(data, "test")
    learn = (
        f"--oaa {len(names)} --loss_function {asked['loss']} --ngram 2 -b {asked['bits']} --quiet "
        f"-d {folder / 'train.vw'} --passes {asked['passes']} --holdout_off -k "
        f"--cache_file {folder / 'train.cache'}"
    )
    start = time.perf_counter()
    model = vowpalwabbit.Workspace(learn)
    seconds = time.perf_counter() - start
    given = [names[model.predict(wabbit_example(text)) - 1] for text in test.texts]
    right = sum(a == b for a, b in zip(given, test.labels, strict=True))
    print(
        json.dumps(
            {
                "seconds": seconds,
                "peak_mb": resident_mb("VmHWM"),
                "passes": asked["passes"],
                "accuracy": 100 * right / len(given),
            }
        )
    )


if __name__ == "__main__":
    main()
