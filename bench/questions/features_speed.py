"""How fast do texts become weighted sparse features?

Words and word pairs, sublinear TF-IDF, unit length. MB are bytes of UTF-8.
"""

from bench.measure import median
from bench.results import Answer, Row, at_least
from bench.sides import OURS, Contender, Workers

DATA = "imdb"
TARGET = 80.0  # MB/s
CONTENDERS = [
    Contender("textkind, from Arrow", OURS, {"source": "Arrow"}),
    Contender("textkind, from a list", OURS, {"source": "list"}),
    Contender("TfidfVectorizer", "scikit-learn", {"features": "words 1-2"}),
    Contender("HashingVectorizer", "scikit-learn", {"features": "hashed words 1-2"}),
]


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    with Workers() as workers:
        size = workers.load(CONTENDERS, [DATA], warm_up="features")["bytes"] / 1e6
        replies = workers.in_turn(CONTENDERS, runs, ("features",))
    speed = {name: size / median(verbs["features"]) for name, verbs in replies.items()}
    for name, verbs in replies.items():
        facts = verbs["features"][0]
        ratio = speed[CONTENDERS[1].name] / speed[name]
        rows.append(
            {
                "side": name,
                "MB/s": speed[name],
                "list of ours faster by": ratio,
                "columns": facts["columns"],
                "entries": facts["entries"],
            }
        )
    goals = [
        at_least(f"features, {DATA}, {side.name}", speed[side.name], TARGET, " MB/s")
        for side in CONTENDERS
        if side.side == OURS
    ]
    return Answer(rows, goals)
