"""How fast do texts become WordPiece ids, and are they those of Hugging Face's tokenizers?

The tokenizer is that of all-MiniLM-L6-v2, without special tokens and without an end. MB are bytes
of UTF-8. The ids are compared text by text on every part of every set in the data folder.
"""

from bench.measure import median
from bench.places import DATA
from bench.results import Answer, Row, at_least, at_most
from bench.sides import WORDPIECES, Contender, Workers

NAMES = ("imdb", "newsgroups20", "banking77")
TARGET = 50.0  # MB/s, from Arrow
OURS = Contender("textkind, from Arrow", WORDPIECES, {"by": "textkind", "source": "Arrow"})
LISTED = Contender("textkind, from a list", WORDPIECES, {"by": "textkind", "source": "list"})
THEIRS = Contender("tokenizers, from a list", WORDPIECES, {"by": "tokenizers", "source": "list"})
CONTENDERS = [OURS, LISTED, THEIRS]


def sets() -> list[str]:
    """Every set in the data folder: those that have a training part."""
    return sorted({path.parent.name for path in DATA.glob("*/train.*")})


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    with Workers() as workers:
        for name in NAMES:
            size = workers.load(CONTENDERS, [name], warm_up="features")["bytes"] / 1e6
            replies = workers.in_turn(CONTENDERS, max(runs, 3), ("features",))
            speed = {side: size / median(verbs["features"]) for side, verbs in replies.items()}
            for side, verbs in replies.items():
                rows.append(
                    {
                        "set": name,
                        "side": side,
                        "MB/s": speed[side],
                        "times tokenizers": speed[side] / speed[THEIRS.name],
                        "tokens": verbs["features"][0]["tokens"],
                    }
                )
            goals.append(
                at_least(f"WordPiece, {name}, from Arrow", speed[OURS.name], TARGET, " MB/s")
            )
        compared = {name: workers.of(OURS).ask("compare", name=name) for name in sets()}
    rows += [{"set": name, **facts} for name, facts in compared.items()]
    differing = sum(facts["differing"] for facts in compared.values())
    goals.append(at_most(f"texts of other WordPiece ids, {len(compared)} sets", differing, 0, ""))
    return Answer(rows, goals)
