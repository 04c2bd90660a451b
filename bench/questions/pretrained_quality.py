"""How good is a pretrained encoder at its defaults, and how long does a fit take?

Fitted with a seed for each run, on the training part less a tenth for validation, or with the
validation part that the set has; judged by the mean on the test part. Of sets with long texts it is
told what is read of them, and how good the encoder is mixed with the linear model. Of one label a
text, whether the probabilities are calibrated; that is to be reached of the sets of
bench/questions/calibration_error.py.
"""

from dataclasses import dataclass, field
from statistics import mean

from bench.measure import Facts
from bench.questions.calibration_error import SETS as CALIBRATED
from bench.questions.calibration_error import TARGET as CALIBRATION_ERROR
from bench.results import Answer, Goal, Row, at_least, at_most
from bench.sides import OURS_PRETRAINED, Contender, Workers

TRUST = ("calibration_error", "by_chance", "log_loss", "log_loss_before")
SHORT, LONG = 3, 30  # minutes that a fit may take


@dataclass(frozen=True)
class Task:
    """A figure to reach, in percent of the test part.

    stack is the one to reach together with the linear model, if any; changes are those of the
    defaults, as bench/peers/ours_neural.py has them.
    """

    metric: str
    target: float
    minutes: float | None = None
    stack: float | None = None
    with_linear: bool = False
    changes: Facts = field(default_factory=dict)


TASKS = {
    "banking77": Task("accuracy", 94.0, SHORT),
    "trec": Task("accuracy", 97.2, SHORT),
    "sst2": Task("accuracy", 90.5, SHORT),
    "subj": Task("accuracy", 96.5, SHORT),
    "cr": Task("accuracy", 90.5, SHORT),
    "clinc150": Task("accuracy", 96.9),
    "newsgroups20": Task("accuracy", 88.0, stack=89.0, with_linear=True),
    # ends in time on two cores: the rate falls with the time that is spent
    "imdb": Task("accuracy", 92.5, LONG, with_linear=True, changes={"training": {"budget": 21.0}}),
    "r8": Task("accuracy", 98.0, with_linear=True),
    "r52": Task("accuracy", 96.0, with_linear=True),
    "reuters21578": Task("micro_f1", 89.0, with_linear=True),
    "goemotions": Task("macro_f1", 48.0),
    "tweeteval_sentiment": Task("macro_recall", 68.0),
    "tweeteval_offensive": Task("macro_f1", 78.0),
    "tweeteval_emotion": Task("macro_f1", 76.0),
}


def ask(runs: int, sets: tuple[str, ...] = tuple(TASKS)) -> Answer:
    rows: list[Row] = []
    goals = []
    for name in sets:
        task = TASKS[name]
        fits, judged, stacked = measured(name, task, runs)
        seconds = [facts["seconds"] for facts in fits]
        row = scores_of(name, task, judged) | {
            "fit s": mean(seconds),
            "longest fit s": max(seconds),
            "epochs": mean(facts["epochs"] for facts in fits),
            "peak MB": max(facts["peak_mb"] for facts in fits),
            "read": fits[0]["strategy"],
            "precision": fits[0]["precision"],
        }
        for key in TRUST:
            if key in judged[0]:
                row[key.replace("_", " ")] = mean(facts[key] for facts in judged)
        if stacked:
            row["with linear"] = mean(facts[task.metric] for facts in stacked)
        rows.append(row)
        print(row, flush=True)  # a set may take an hour
        goals += goals_of(name, task, row)
    return Answer(rows, goals)


def scores_of(name: str, task: Task, judged: list[Facts]) -> Row:
    """The columns that tell how good the fits are."""
    scores = [facts[task.metric] for facts in judged]
    return {
        "set": name,
        "metric": task.metric,
        "mean": mean(scores),
        "lowest": min(scores),
        "highest": max(scores),
    }


def measured(name: str, task: Task, runs: int) -> tuple[list[Facts], list[Facts], list[Facts]]:
    """Facts of the fits, figures of each, and figures of each mixed with the linear model."""
    fits, judged, stacked = [], [], []
    with Workers() as workers:
        setting = {"network": "pretrained"} | task.changes
        for seed in range(runs):
            side = Contender(name, OURS_PRETRAINED, setting | {"seed": seed})
            if seed == 0:
                workers.load([side], [name], order="delivered", warm_up=None)
            fits.append(workers.say(side, "fit"))
            judged.append(workers.say(side, "judge"))
            if task.with_linear:
                stacked.append(workers.of(side).ask("stack", seed=seed))
    return fits, judged, stacked


def goals_of(name: str, task: Task, row: Row) -> list[Goal]:
    """Quality, that of the stack, calibration, and time."""
    goals = [at_least(f"{name}, {task.metric}", float(str(row["mean"])), task.target, " %")]
    if task.stack is not None:
        mixed = float(str(row["with linear"]))
        goals.append(at_least(f"{name}, with linear", mixed, task.stack, " %"))
    if name in CALIBRATED:
        error, after, before = (
            float(str(row[key])) for key in ("calibration error", "log loss", "log loss before")
        )
        goals.append(at_most(f"{name}, calibration error", error, CALIBRATION_ERROR, ""))
        goals.append(at_most(f"{name}, log loss", after, before, ""))
    if task.minutes is not None:
        longest = float(str(row["longest fit s"]))
        goals.append(at_most(f"{name}, longest fit", longest, 60 * task.minutes, " s"))
    return goals
