"""How accurate is our default, chosen on validation alone, beside each peer at its best setting?

A peer's best is the best of its grid on the TEST part, set by set: more than its user could have.
Peers do not change, so their accuracy is kept in `.bench/results/peers_quality.json` and a setting
is fitted once.
"""

import json
import tempfile
from statistics import mean

from bench.data import SMALL
from bench.places import RESULTS
from bench.results import Answer, Goal, Row, at_least
from bench.sides import DEFAULT, Contender, Workers

KEPT = RESULTS / "peers_quality.json"
SLACK = 0.5  # points a set may lie below the best peer
SHORT = ("banking77", "sst2", "trec", "tweeteval_emotion")  # few enough words for 100 epochs
FEATURES = ("words 1-1", "words 1-2", "characters 2-5")
STRENGTHS = (0.1, 0.3, 1.0, 3.0)


def grid(name: str) -> list[Contender]:
    """Every setting of every peer that is tried on this set."""
    learn = [
        Contender(
            f"LinearSVC {features} C={strength}",
            "scikit-learn",
            {"features": features, "classifier": "LinearSVC", "strength": strength},
        )
        for features in FEATURES
        for strength in STRENGTHS
    ]
    for classifier, strength in (("LogisticRegression", 10.0), ("ComplementNB", 1.0)):
        setting = {"features": "words 1-2", "classifier": classifier, "strength": strength}
        learn.append(Contender(classifier, "scikit-learn", setting))
    sizes = [(10, 5), (10, 25), (100, 5), (100, 25)] + ([(100, 100)] if name in SHORT else [])
    fast = [
        Contender(f"fastText d{dim} e{epochs}", "fastText", {"dim": dim, "epochs": epochs})
        for dim, epochs in sizes
    ]
    wabbit = [
        Contender(
            f"{method} {loss} p{passes}",
            "Vowpal Wabbit",
            {"method": method, "loss": loss, "passes": passes},
        )
        for method, loss in (("oaa", "logistic"), ("oaa", "squared"), ("csoaa", "squared"))
        for passes in (1, 10)
    ]
    return learn + fast + wabbit


def peers_accuracy(name: str) -> dict[str, dict[str, float]]:
    """accuracy[side][setting], from what is kept or measured now."""
    kept: dict[str, dict[str, dict[str, float]]] = (
        json.loads(KEPT.read_text()) if KEPT.exists() else {}
    )
    found = kept.setdefault(name, {})
    missing = [
        contender for contender in grid(name) if contender.name not in found.get(contender.side, {})
    ]
    if missing:
        with Workers() as workers, tempfile.TemporaryDirectory() as cache:
            workers.load(missing, [name], warm_up=None)
            for contender in missing:
                reuse = {"cache": cache} if contender.side == "scikit-learn" else {}
                worker = workers.of(contender)
                worker.ask("fit", setting={**contender.setting, **reuse})
                found.setdefault(contender.side, {})[contender.name] = worker.ask("predict")[
                    "accuracy"
                ]
                KEPT.parent.mkdir(parents=True, exist_ok=True)
                KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    return found


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    for name in SMALL:
        peers = peers_accuracy(name)
        best = {
            side: max(settings.items(), key=lambda pair: pair[1])
            for side, settings in peers.items()
        }
        with Workers() as workers:
            workers.load([DEFAULT], [name])
            chosen = workers.say(DEFAULT, "fit").get("chosen")
            ours = workers.say(DEFAULT, "predict")["accuracy"]
        top = max(best.items(), key=lambda pair: pair[1][1])
        rows.append(
            {
                "set": name,
                "textkind": ours,
                **{side: accuracy for side, (_, accuracy) in best.items()},
                "difference": ours - top[1][1],
                "best peer": f"{top[0]}, {top[1][0]}",
                "ours chose": chosen,
            }
        )
    sides = [side for side in rows[0] if side in ("scikit-learn", "fastText", "Vowpal Wabbit")]
    means = {side: mean(float(str(row[side])) for row in rows) for side in ("textkind", *sides)}
    differences = {str(row["set"]): float(str(row["difference"])) for row in rows}
    worst = min(differences, key=lambda name: differences[name])
    goals = [
        Goal(
            f"mean accuracy, {len(rows)} sets, against {side}",
            f"above {means[side]:.2f}",
            f"{means['textkind']:.2f}",
            means["textkind"] > means[side],
        )
        for side in sides
    ]
    goals.append(
        at_least(f"furthest below the best peer: {worst}", differences[worst], -SLACK, " points")
    )
    return Answer([*rows, {"set": "mean", **means}], goals)
