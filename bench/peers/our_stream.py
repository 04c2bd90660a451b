"""`textkind train` on shards, in a process of its own: from a stream or in memory.

python -m bench.peers.our_stream JSON     prints its facts as a line of JSON
"""

import json
import sys
from pathlib import Path
from typing import Any

from bench.measure import resident_mb
from textkind.data.settings import SplitSettings
from textkind.models.settings import LinearSettings
from textkind.workflow.train import TrainSettings, train


def main() -> None:
    asked: dict[str, Any] = json.loads(sys.argv[1])
    result = train(
        asked["shards"],
        TrainSettings(
            test=asked["test"],
            out=Path(asked["out"]),
            split=SplitSettings(validation_share=0),
            model=LinearSettings(**asked["setting"]),
            novelty="none",
            keep_texts=0,
            map="none",
            stream=asked["stream"],
        ),
    )
    fit, test = result.metrics["fit"], result.metrics["test"]
    seconds = fit["seconds"]
    print(
        json.dumps(
            {
                "seconds": sum(seconds[step] for step in ("read", "split", "fit")),
                "peak_mb": resident_mb("VmHWM"),
                "passes": fit["passes"],
                "accuracy": 100 * test["accuracy"]["value"],
            }
        )
    )


if __name__ == "__main__":
    main()
