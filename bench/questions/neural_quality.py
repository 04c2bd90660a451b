"""How accurate are the neural models, each chosen on validation alone?

Every candidate is fitted with three seeds, on the training part less a tenth for validation, or
with the validation part that the set has (sst2). Of the candidates for a goal the one with the
highest mean accuracy on validation counts: it is trained again on training and validation part
together, and judged by its mean accuracy on the test part.
"""

from dataclasses import dataclass
from statistics import mean

from bench.measure import Facts
from bench.results import Answer, Goal, Row, at_least
from bench.sides import OURS_NEURAL, Contender, Workers

SEEDS = (0, 1, 2)

# what may be chosen: bench/peers/ours_neural.py says what a setting holds
CANDIDATES: dict[str, Facts] = {
    "mean pool": {"network": "mean_pool"},
    "mean pool, GloVe": {"network": "mean_pool", "vectors": "glove"},
    "perceptron": {"network": "perceptron"},
    "CNN, GloVe": {"network": "cnn", "vectors": "glove"},
    "CNN, GloVe, higher rate": {
        "network": "cnn",
        "vectors": "glove",
        "training": {"learning_rate": 0.003, "token_rate": 1.0},
    },
    "LSTM, GloVe": {"network": "rnn", "vectors": "glove"},
    "GRU, GloVe": {"network": "rnn", "vectors": "glove", "layers": {"cell": "gru"}},
    "GRU of 200, GloVe": {
        "network": "rnn",
        "vectors": "glove",
        "layers": {"cell": "gru", "units": 200},
    },
}
CNNS = ("CNN, GloVe", "CNN, GloVe, higher rate")
RNNS = ("LSTM, GloVe", "GRU, GloVe")
LONG = ("mean pool", "perceptron", "CNN, GloVe")  # for news articles: minutes a fit are enough
WITH_VECTORS = ("mean pool, GloVe", *CNNS, *RNNS)


@dataclass(frozen=True)
class Task:
    """A figure to reach: percent of the set's test part, by the best of some candidates."""

    name: str
    which: str
    target: float
    candidates: tuple[str, ...]


TASKS = [
    Task("trec", "CNN with vectors", 93.0, CNNS),
    Task("trec", "best of LSTM and GRU", 93.5, (*RNNS, "GRU of 200, GloVe")),
    Task("subj", "CNN with vectors", 93.0, CNNS),
    Task("mr", "best with vectors", 79.5, (*WITH_VECTORS, "GRU of 200, GloVe")),
    Task("sst2", "best with vectors", 83.0, WITH_VECTORS),
    Task("r8", "best network", 97.0, LONG),
    Task("r52", "best network", 94.0, LONG),
]


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    for name in dict.fromkeys(task.name for task in TASKS):
        tasks = [task for task in TASKS if task.name == name]
        wanted = dict.fromkeys(candidate for task in tasks for candidate in task.candidates)
        with Workers() as workers:
            side = Contender(OURS_NEURAL, OURS_NEURAL, {"network": "mean_pool"})
            workers.load([side], [name])
            found = {candidate: measured(workers, candidate) for candidate in wanted}
            rows += [
                {"set": name, "candidate": candidate, **row} for candidate, row in found.items()
            ]
            again: dict[str, Row] = {}
            for task in tasks:
                best = max(task.candidates, key=lambda one: float(str(found[one]["validation"])))
                if best not in again:
                    again[best] = measured(workers, best, refit=True)
                    rows.append({"set": name, "candidate": f"{best}, again", **again[best]})
                goals.append(goal(task, best, again[best]))
    return Answer(rows, goals)


def measured(workers: Workers, candidate: str, *, refit: bool = False) -> Row:
    """Means over the seeds: accuracy on validation and test, seconds of a fit, epochs."""
    fits, tests = [], []
    for seed in SEEDS:
        changes = {"seed": seed, "refit": refit, "official_validation": True}
        side = Contender(candidate, OURS_NEURAL, CANDIDATES[candidate] | changes)
        fits.append(workers.say(side, "fit"))
        tests.append(workers.say(side, "predict")["accuracy"])
    return {
        "validation": mean(fit["validation_accuracy"] for fit in fits),
        "test": mean(tests),
        "test, lowest": min(tests),
        "highest": max(tests),
        "fit s": mean(fit["seconds"] for fit in fits),
        "best epoch": mean(fit["best_epoch"] for fit in fits),
    }


def goal(task: Task, candidate: str, again: Row) -> Goal:
    """What the chosen candidate reaches on the test part, trained again."""
    what = f"{task.name}, {task.which}: {candidate}"
    return at_least(what, float(str(again["test"])), task.target, " %")
