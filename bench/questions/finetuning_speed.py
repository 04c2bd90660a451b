"""How many tokens a second is an encoder fine-tuned on, beside Hugging Face's Trainer?

Both sides start from all-MiniLM-L6-v2 and go once through the same texts; tokens are real ones,
those of the frame among them, padding not. The Trainer takes 32 texts a step, in float32 and, where
the processor has it, in bfloat16; ours is as `fit_neural` has it, with the precision that it
chooses. The clock covers steps alone, the first left out. What our fit does before them, reading
all texts once and fitting the head, is told apart, and so is the rate over a whole fit of four
epochs with it.
"""

from bench.machine import has_bfloat16
from bench.measure import Facts, median
from bench.results import Answer, Row, at_least
from bench.sides import OUR_FINE_TUNING, TRAINER, Contender, Workers

SETS = ("banking77", "sst2")
STEPS = 40  # of the Trainer, half a minute of them
FREEZE = 3  # of six layers
FLOAT32, BFLOAT16 = 9.0, 4.5  # times the Trainer in that precision
EPOCHS = 4  # of sets of this size: models/usual_training.py


def contenders() -> dict[str, Contender]:
    """Ours as it is and with frozen layers, and the Trainer in what the processor has."""
    sides: dict[str, tuple[str, Facts]] = {
        "textkind": (OUR_FINE_TUNING, {"freeze": 0, "precision": "auto"}),
        f"textkind, {FREEZE} layers frozen": (
            OUR_FINE_TUNING,
            {"freeze": FREEZE, "precision": "auto"},
        ),
        "Trainer": (TRAINER, {"bfloat16": False}),
    }
    if has_bfloat16():
        sides["textkind, float32"] = OUR_FINE_TUNING, {"freeze": 0, "precision": "float32"}
        sides["Trainer, bfloat16"] = TRAINER, {"bfloat16": True}
    return {
        name: Contender(name, side, setting | {"steps": STEPS})
        for name, (side, setting) in sides.items()
    }


def ask(runs: int, sets: tuple[str, ...] = SETS) -> Answer:
    rows: list[Row] = []
    goals = []
    for name in sets:
        sides = contenders()
        with Workers() as workers:
            workers.load(list(sides.values()), [name], warm_up=None)
            replies = workers.in_turn(list(sides.values()), runs, ("fit",))
        rate = {side: median(told["fit"], "tokens_s") for side, told in replies.items()}
        for side, told in replies.items():
            first = told["fit"][0]
            row: Row = {
                "set": name,
                "side": side,
                "precision": first["precision"],
                "tokens/s": rate[side],
                "times the Trainer": rate[side] / rate["Trainer"],
                "steps": first["steps"],
                "tokens": first["tokens"],
            }
            if "before_s" in first:
                before, steps = median(told["fit"], "before_s"), median(told["fit"])
                row["before s"] = before
                whole = EPOCHS * first["tokens"] / (EPOCHS * steps + before)
                row[f"{EPOCHS} epochs, tokens/s"] = whole
            else:
                row["of its positions real"] = f"{100 * first['real_share']:.0f} %"
            rows.append(row)
        what = f"{name}, fine-tuning"
        goals.append(at_least(what, rate["textkind"] / rate["Trainer"], FLOAT32, "x"))
        if "Trainer, bfloat16" in rate:
            ratio = rate["textkind"] / rate["Trainer, bfloat16"]
            goals.append(at_least(f"{what}, both in bfloat16", ratio, BFLOAT16, "x"))
        else:
            rows.append(
                {"set": name, "side": "Trainer, bfloat16", "precision": "none here: not asked"}
            )
    return Answer(rows, goals)
