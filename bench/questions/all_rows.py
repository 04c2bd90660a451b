"""What has a pretrained encoder from the rows that are held out for validation?

The fits of bench/questions/pretrained_quality.py once more, on the whole training part, as the
published figures were trained: of the sets that have no validation part of their own. What is left
open is then the usual, not chosen, and probabilities stay uncalibrated.
"""

from dataclasses import replace
from statistics import mean

from bench.questions.pretrained_quality import TASKS, measured, scores_of
from bench.results import Answer, Row, at_least, at_most

SETS = ("banking77", "trec", "subj", "cr")


def ask(runs: int, sets: tuple[str, ...] = SETS) -> Answer:
    rows: list[Row] = []
    goals = []
    for name in sets:
        task = TASKS[name]
        changes = task.changes | {"validation_share": 0.0}
        fits, judged, _ = measured(name, replace(task, changes=changes, with_linear=False), runs)
        longest = max(facts["seconds"] for facts in fits)
        row = scores_of(name, task, judged) | {
            "longest fit s": longest,
            "peak MB": max(facts["peak_mb"] for facts in fits),
            "calibration error": mean(facts["calibration_error"] for facts in judged),
            "log loss": mean(facts["log_loss"] for facts in judged),
        }
        rows.append(row)
        print(row, flush=True)
        score = float(str(row["mean"]))
        goals.append(at_least(f"{name}, all rows, {task.metric}", score, task.target, " %"))
        if task.minutes is not None:
            goals.append(at_most(f"{name}, all rows, fit", longest, 60 * task.minutes, " s"))
    return Answer(rows, goals)
