"""How many texts a second are trained on, beside a plain PyTorch loop over the same network?

The clock covers training steps only: the texts are token ids before, the first steps are left out.
Both sides have the same vocabulary, widths, layers and dropout, take every step with 32 texts of at
most 256 tokens, in float32, and go once through the same texts. Ours differs in positions (rotary,
beside the plain loop's learned ones), and has no dropout inside the attention.

Mean pooling is asked twice: with words alone, and with pairs of words in buckets, our default.
Nothing else may run meanwhile: two cores shared with a third thread slow the plain loop's OpenMP
threads up to twenty times, and a ratio taken then says nothing.
"""

from bench.measure import Facts, median
from bench.results import Answer, Row, at_least
from bench.sides import OUR_LOOP, PLAIN_TORCH, Contender, Workers

TARGETS = {  # times the plain loop
    "mean_pool": 4.0,
    "mean_pool, pairs": 4.0,
    "cnn": 4.0,
    "rnn": 2.5,
    "transformer": 2.5,
}
STEPS = {  # a turn: a few seconds of the plain loop
    "banking77": dict(zip(TARGETS, (300, 50, 150, 150, 150), strict=True)),
    "imdb": dict(zip(TARGETS, (200, 50, 40, 20, 20), strict=True)),
}
SIDES = (OUR_LOOP, PLAIN_TORCH)


def setting(which: str, steps: int) -> Facts:
    network, _, pairs = which.partition(", ")
    return {"network": network, "ngrams": 2 if pairs else 1, "steps": steps}


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    for name, steps in STEPS.items():
        with Workers() as workers:
            for which, target in TARGETS.items():
                pair = [Contender(side, side, setting(which, steps[which])) for side in SIDES]
                if not workers.open:
                    workers.load(pair, [name], warm_up=None)
                replies = workers.in_turn(pair, max(runs, 3), ("fit",))
                ours, plain = (replies[side]["fit"] for side in SIDES)
                ratio = median(ours, "texts_s") / median(plain, "texts_s")
                rows.append(
                    {
                        "set": name,
                        "network": which,
                        "vocabulary": ours[0]["vocabulary"],
                        "texts/s": median(ours, "texts_s"),
                        "plain loop": median(plain, "texts_s"),
                        "times": ratio,
                        "texts a step": ours[0]["step_texts"],
                        "plain loop's": plain[0]["step_texts"],
                        "steps": steps[which],
                    }
                )
                goals.append(at_least(f"{name}, training of {which}", ratio, target, "x"))
    return Answer(rows, goals)
